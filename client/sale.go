package client

import (
	"context"
	"time"
)

// Line is one line of a receipt. Qty is a decimal number; Total is what the line costs after the till's own
// promotions, UnitPrice before them. Type is goods (the default), service, gift_card_sale, pass_sale,
// card_fee, delivery, deposit, bag, donation, top_up, bill, lottery or other.
type Line struct {
	No        int    `json:"no"`
	Type      string `json:"type,omitempty"`
	SKU       string `json:"sku,omitempty"`
	EAN       string `json:"ean,omitempty"`
	Name      string `json:"name,omitempty"`
	Qty       string `json:"qty"`
	UnitPrice int64  `json:"unit_price"`
	Total     int64  `json:"total"`
	VAT       string `json:"vat"` // percent: "21"
	Group     string `json:"group,omitempty"`
	RegClass  string `json:"reg_class,omitempty"`
	Locked    bool   `json:"locked,omitempty"`
	Promo     bool   `json:"promo,omitempty"`
	Reward    string `json:"reward,omitempty"`
	Give      *Give  `json:"give,omitempty"`
	Paid      *int64 `json:"paid,omitempty"` // commit: what the customer paid for the line
}

// Give is what a gift_card_sale or pass_sale line activates.
type Give struct {
	Value   string `json:"value"`
	Product string `json:"product,omitempty"`
}

// Wish is what the customer wants to use.
type Wish struct {
	BurnPoints Amount     `json:"burn_points,omitzero"`
	Coupons    []string   `json:"coupons,omitempty"`
	Rewards    []string   `json:"rewards,omitempty"`
	Gift       []GiftWish `json:"gift,omitempty"`
	Credit     Amount     `json:"credit,omitzero"`
	Pass       string     `json:"pass,omitempty"`
}

// GiftWish pays from one gift card.
type GiftWish struct {
	Value        string `json:"value"`
	Amount       Amount `json:"amount"`
	AllowPartial bool   `json:"allow_partial,omitempty"`
}

// Tender is a means of payment: Kind gift, credit, points, cash, card, transfer, other or unspecified.
// Amount is before cash rounding.
type Tender struct {
	Kind     string `json:"kind"`
	Value    string `json:"value,omitempty"`
	Amount   int64  `json:"amount"`
	Rounding int64  `json:"rounding,omitempty"`
}

// QuoteRequest asks for a price. With Hold the wished value is reserved, and ID and TerminalSeq are needed.
type QuoteRequest struct {
	ID          string      `json:"id,omitempty"`
	TerminalSeq int64       `json:"terminal_seq,omitempty"`
	Session     string      `json:"session,omitempty"`
	Context     *Context    `json:"context,omitempty"`
	Presented   []Presented `json:"presented,omitempty"`
	Programme   string      `json:"programme,omitempty"`
	Receipt     string      `json:"receipt"`
	Currency    string      `json:"currency"`
	Hold        bool        `json:"hold"`
	Lines       []Line      `json:"lines"`
	Wish        Wish        `json:"wish,omitzero"`
	Order       string      `json:"order,omitempty"`
	Base        *Money      `json:"base,omitempty"`
	Cashier     string      `json:"cashier,omitempty"`
	Verify      *Verify     `json:"verify,omitempty"`
}

// Discount is one reduction of a line.
type Discount struct {
	Rule   string `json:"rule"`
	Amount int64  `json:"amount"`
	Label  string `json:"label"`
}

// PricedLine is a line of a quote. Excluded names the classes that keep it out of offers.
type PricedLine struct {
	No        int        `json:"no"`
	Discounts []Discount `json:"discounts"`
	Payable   int64      `json:"payable"`
	Excluded  []string   `json:"excluded"`
}

// Totals are the sums of a receipt.
type Totals struct {
	Before   int64 `json:"before"`
	Discount int64 `json:"discount"`
	Payable  int64 `json:"payable"`
	Refund   int64 `json:"refund"`
	VAT      []VAT `json:"vat"`
}

// VAT is the tax of one rate, in percent.
type VAT struct {
	Rate string `json:"rate"`
	Net  int64  `json:"net"`
	Tax  int64  `json:"tax"`
}

// Reason says why something did not apply, in the words of the error codes.
type Reason struct {
	Offer  string         `json:"offer"`
	Reason string         `json:"reason"`
	Params map[string]any `json:"params"`
}

// Quote is a priced basket. Token, given back by the commit, holds the price until ValidUntil.
type Quote struct {
	Answer
	Token        string       `json:"quote"`
	RulesVersion string       `json:"rules_version"`
	ValidUntil   time.Time    `json:"valid_until"`
	Lines        []PricedLine `json:"lines"`
	Totals       Totals       `json:"totals"`
	Burn         struct {
		Points    int64  `json:"points"`
		MaxPoints int64  `json:"max_points"`
		LimitedBy string `json:"limited_by"`
	} `json:"burn"`
	Tenders []struct {
		Kind         string `json:"kind"`
		Card         string `json:"card"`
		Amount       int64  `json:"amount"`
		Bucket       string `json:"bucket"`
		BalanceAfter int64  `json:"balance_after"`
	} `json:"tenders"`
	RemainingToPay int64 `json:"remaining_to_pay"`
	EarnPreview    struct {
		Points   int64  `json:"points"`
		ActiveOn string `json:"active_on"`
	} `json:"earn_preview"`
	Needs []struct {
		Verify  string   `json:"verify"`
		Methods []string `json:"methods"`
	} `json:"needs"`
	NotApplied []Reason `json:"not_applied"`
	Warnings   []string `json:"warnings"`
	Print      []string `json:"print"`
	Display    string   `json:"display"`
}

// Quote prices a basket. It books nothing, unless Hold reserves value.
func (c *Client) Quote(ctx context.Context, in QuoteRequest) (Quote, error) {
	var out Quote
	if in.Hold {
		err := c.till(ctx, "/quotes", in.ID, in, &out)
		return out, err
	}
	err := c.ask(ctx, "/pos/v1/quotes", in, &out)
	return out, err
}

// Fiscal is the receipt of a fiscal device.
type Fiscal struct {
	Device string    `json:"device"`
	No     string    `json:"no"`
	Z      string    `json:"z,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// CommitRequest books a sale. With a quote it repeats the basket, each Max replaced by the amount that the
// quote gave, and what was paid per line; without one (one-shot) it names Context and Presented instead of
// Session.
type CommitRequest struct {
	ID           string      `json:"id"`
	Kind         string      `json:"kind"` // sale
	Quote        string      `json:"quote,omitempty"`
	Session      string      `json:"session,omitempty"`
	Context      *Context    `json:"context,omitempty"`
	Presented    []Presented `json:"presented,omitempty"`
	Programme    string      `json:"programme,omitempty"`
	Receipt      string      `json:"receipt"`
	Currency     string      `json:"currency"`
	At           time.Time   `json:"at,omitzero"`
	Cashier      string      `json:"cashier,omitempty"`
	Offline      bool        `json:"offline,omitempty"`
	RulesVersion string      `json:"rules_version,omitempty"` // advices: the rules that the till had
	TerminalSeq  int64       `json:"terminal_seq"`
	Fiscal       *Fiscal     `json:"fiscal,omitempty"`
	Lines        []Line      `json:"lines"`
	Wish         Wish        `json:"wish,omitzero"`
	Tenders      []Tender    `json:"tenders,omitempty"`
	Order        string      `json:"order,omitempty"`
	Base         *Money      `json:"base,omitempty"`
	Verify       *Verify     `json:"verify,omitempty"`
}

// Committed is a booked sale. A one-shot answer carries the lines of a quote too. RRN is the reference by
// which receipts and returns name the sale.
type Committed struct {
	Answer
	ID       string `json:"id"`
	RRN      string `json:"rrn"`
	Status   string `json:"status"`
	Approved struct {
		Gift       int64 `json:"gift"`
		Credit     int64 `json:"credit"`
		BurnPoints int64 `json:"burn_points"`
		EarnPoints int64 `json:"earn_points"`
	} `json:"approved"`
	Lines      []PricedLine `json:"lines"`
	Totals     Totals       `json:"totals"`
	Balances   []Balance    `json:"balances"`
	NotApplied []Reason     `json:"not_applied"`
	Warnings   []string     `json:"warnings"`
	Print      []string     `json:"print"`
	Display    string       `json:"display"`
}

// Commit books a sale. It returns a *Problem with quote_changed when the quote no longer holds, and with
// the code of what lacks when less is there than was quoted.
func (c *Client) Commit(ctx context.Context, in CommitRequest) (Committed, error) {
	var out Committed
	err := c.till(ctx, "/transactions", in.ID, in, &out)
	return out, err
}
