package sale

import (
	"lojal/internal/base/clock"
	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// Record is the stored document of a sale: its inputs, the version and instant by which it was judged, the
// facts that the price saw, the allocations, and the balances that it left. Nothing of it is stored twice;
// answers and explanations are rendered from it.
type Record struct {
	Kind       string         `json:"k"` // sale
	Programme  string         `json:"p,omitempty"`
	At         clock.Instant  `json:"at"`
	Outlet     string         `json:"o,omitempty"`
	Card       int64          `json:"c,omitempty"`
	Membership int64          `json:"m,omitempty"`
	Gifts      []int64        `json:"gc,omitempty"` // cards of Wish.Gift
	Masks      []string       `json:"gm,omitempty"` // as they are shown
	Gives      []int64        `json:"vc,omitempty"` // cards that lines gave
	Vouchers   []int64        `json:"v,omitempty"`  // of Wish.Coupons
	Basket     *reward.Basket `json:"b"`
	Wish       *reward.Wish   `json:"w,omitempty"`
	Facts      *reward.Facts  `json:"f,omitempty"`
	Sold       *reward.Sold   `json:"s,omitempty"`
	Balances   []Balance      `json:"bal,omitempty"`
	Note       Note           `json:"n,omitzero"`
}

// MarshalJSON writes the record in its stored form, of which pack.go and lean.go tell.
func (r *Record) MarshalJSON() ([]byte, error) { return pack(r.lean()), nil }

// UnmarshalJSON reads the stored form.
func (r *Record) UnmarshalJSON(b []byte) error {
	err := unpack(b, r)
	if err == nil {
		r.whole()
	}
	return err
}

// Balance is a wallet as the customer sees it after an operation.
type Balance struct {
	Wallet  string `json:"wallet"`
	Card    string `json:"card,omitempty"`
	Active  int64  `json:"active"`
	Pending int64  `json:"pending,omitempty"`
	Held    int64  `json:"held,omitempty"`
	Debt    int64  `json:"debt,omitempty"`
	Promo   int64  `json:"promo,omitempty"` // part of active that was given, not paid
}

func (c *commit) record(at clock.Instant, w *reward.Wish, f *reward.Facts) Record {
	r := Record{Kind: "sale", At: at, Outlet: c.OutletCode, Basket: &c.Basket, Wish: w, Facts: f, Vouchers: c.Vouchers, Note: c.Note}
	if c.Programme != nil {
		r.Programme = c.Programme.ID
	}
	if c.Primary != nil {
		r.Card, r.Membership = c.Primary.Card, c.Primary.Membership
	}
	for i := range c.Gifts {
		r.Gifts, r.Masks = append(r.Gifts, c.Gifts[i].Card), append(r.Masks, c.Gifts[i].Masked)
	}
	for i := range c.Gives {
		r.Gives = append(r.Gives, c.Gives[i].Card)
	}
	return r
}

// balances gives the wallets that the sale touched, as they stand in the view.
func (c *commit) balances(v *ledger.View) []Balance {
	var out []Balance
	if c.Primary != nil {
		out = append(out, pointsBalance(v.Holder(c.Primary.Holder()), c.Programme.Points))
		if h := v.Holder(c.Primary.Holder()); h.Balance(ledger.Credit, c.Money()) != (ledger.Balance{Kind: ledger.Credit, Unit: c.Money()}) {
			b := h.Balance(ledger.Credit, c.Money())
			out = append(out, Balance{Wallet: "credit", Active: b.Posted, Held: b.Held})
		}
	}
	for i := range c.Gifts {
		out = append(out, giftBalance(v.Holder(c.Gifts[i].Card), c.Money(), c.Gifts[i].Masked))
	}
	for i := range c.Gives {
		out = append(out, giftBalance(v.Holder(c.Gives[i].Card), c.Money(), c.Gives[i].Masked))
	}
	return out
}

func pointsBalance(h *ledger.Holder, u ledger.Unit) Balance {
	b := h.Balance(ledger.Points, u)
	return Balance{
		Wallet: "points", Active: b.Posted, Held: b.Held, Pending: h.Balance(ledger.Pending, u).Posted,
		Debt: -h.Balance(ledger.Points.Debt(), u).Posted,
	}
}

func giftBalance(h *ledger.Holder, u ledger.Unit, masked string) Balance {
	if h == nil {
		return Balance{Wallet: "gift", Card: masked}
	}
	paid, promo := h.Balance(ledger.Paid, u), h.Balance(ledger.Promo, u)
	return Balance{
		Wallet: "gift", Card: masked, Active: paid.Posted + promo.Posted, Promo: promo.Posted, Held: paid.Held + promo.Held,
		Debt: -h.Balance(ledger.Paid.Debt(), u).Posted - h.Balance(ledger.Promo.Debt(), u).Posted,
	}
}
