package client

import "context"

// Context says where an operation happens.
type Context struct {
	Outlet   string `json:"outlet"`
	Terminal string `json:"terminal"`
	Shift    string `json:"shift,omitempty"`
	Cashier  string `json:"cashier,omitempty"`
	Receipt  string `json:"receipt,omitempty"`
}

// Presented is what a customer showed or said: Kind scan, keyed, stripe, nfc, phone or session; Entry
// barcode, qr, stripe, rfid, nfc or keyed.
type Presented struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	Entry string `json:"entry,omitempty"`
}

// Scan gives a scanned card number.
func Scan(number string) Presented { return Presented{Kind: "scan", Value: number, Entry: "barcode"} }

// Verify is a proof of possession: Method otp_sms, otp_email, otp_push, pin, rotating_qr or passkey.
type Verify struct {
	Method    string `json:"method"`
	Challenge string `json:"challenge,omitempty"`
	Code      string `json:"code,omitempty"`
}

// IdentifyRequest asks who or what was presented.
type IdentifyRequest struct {
	Presented Presented `json:"presented"`
	Context   Context   `json:"context"`
}

// Identity is the answer: a session to quote and commit with, and what the till may show. Display is a
// short name.
type Identity struct {
	Answer
	Session  string    `json:"session"`
	Status   string    `json:"status"`
	Member   *Customer `json:"member"`
	Cards    []CardRef `json:"cards"`
	Balances []Balance `json:"balances"`
	Offers   []struct {
		Ref   string `json:"ref"`
		Label string `json:"label"`
		Auto  bool   `json:"auto"`
	} `json:"offers"`
	Verify *struct {
		For     []string `json:"for"`
		Methods []string `json:"methods"`
	} `json:"verify"`
	Display string   `json:"display"`
	Prompts []string `json:"prompts"`
}

// Customer is what a till may know of a member.
type Customer struct {
	Display       string `json:"display"`
	Tier          string `json:"tier"`
	PhotoURL      string `json:"photo_url"`
	Language      string `json:"language"`
	BirthdayToday bool   `json:"birthday_today"`
}

// CardRef is a card as a till sees it.
type CardRef struct {
	Ref     string `json:"ref"`
	Product string `json:"product"`
	Status  string `json:"status"`
	Masked  string `json:"masked"`
}

// Balance is one wallet after the operation: points, gift, credit, visits or coupons.
type Balance struct {
	Wallet   string `json:"wallet"`
	Card     string `json:"card,omitempty"` // masked
	Active   int64  `json:"active"`
	Pending  int64  `json:"pending"`
	Debt     int64  `json:"debt"`
	Unit     string `json:"unit"`
	Worth    *Money `json:"worth"`
	Expiring []struct {
		Amount int64  `json:"amount"`
		On     string `json:"on"`
	} `json:"expiring"`
}

// Identify finds the card or member behind what was presented. It books nothing.
func (c *Client) Identify(ctx context.Context, in IdentifyRequest) (Identity, error) {
	var out Identity
	err := c.ask(ctx, "/pos/v1/identify", in, &out)
	return out, err
}

// Challenge is a started proof of possession.
type Challenge struct {
	Answer
	Challenge string `json:"challenge"`
	Sent      string `json:"sent"`
	ExpiresAt string `json:"expires_at"`
}

// Prove starts a proof for a purpose (burn, gift) up to an amount: the customer gets a code by the method.
func (c *Client) Prove(ctx context.Context, id, session, purpose, method string, amount int64) (Challenge, error) {
	var out Challenge
	err := c.till(ctx, "/verify/otp", id, map[string]any{
		"id": id, "session": session, "purpose": purpose, "method": method, "amount": amount,
	}, &out)
	return out, err
}
