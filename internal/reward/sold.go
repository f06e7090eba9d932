package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Sold is the stored allocation of a sale: what a return needs, and only that. Lines keep the order of the
// basket, so that the whole of it is read by position.
type Sold struct {
	Day       clock.Day        `json:"day"` // programme day of the sale
	Currency  money.Currency   `json:"cur"`
	Prices    programme.Prices `json:"pr,omitempty"` // empty: VAT included
	Lines     []SoldLine       `json:"l"`
	VAT       []VATRow         `json:"vat,omitempty"`
	Tenders   []TenderOutcome  `json:"t,omitempty"`
	Gifts     []SoldGift       `json:"g,omitempty"`
	Earn      SoldEarn         `json:"e,omitzero"`
	Points    int64            `json:"tp,omitempty"` // points paid as a tender
	Coupons   []string         `json:"c,omitempty"`  // vouchers used, that a full return may restore
	Requalify *Requalify       `json:"rq,omitempty"`
}

// SoldLine is what a line was sold for.
type SoldLine struct {
	No      int          `json:"n"`
	Qty     Qty          `json:"q"`
	Paid    money.Amount `json:"p"`            // payable, or the till's lower price
	VAT     int          `json:"v"`            // index into Sold.VAT
	Points  int64        `json:"b,omitempty"`  // points burned as discount or for a reward, allocated here
	Value   money.Amount `json:"ba,omitempty"` // burn and promo value that paid here; requalify needs it
	Weight  int64        `json:"w,omitempty"`  // earn base × multiplier, in ten-thousandths
	Bonus   int64        `json:"x,omitempty"`  // fixed bonus points that fall here
	KeepQty Qty          `json:"kq,omitempty"` // units that carry a kept discount (R10 keep)
	KeepCut money.Amount `json:"kc,omitempty"` // that discount
}

// SoldGift is the promo value of one card per line, as (position, amount).
type SoldGift struct {
	Value string      `json:"g"`
	Promo []SoldPromo `json:"p,omitempty"`
}

// SoldPromo is the promo value that fell on the line at a position.
type SoldPromo struct {
	At     int          `json:"i"`
	Amount money.Amount `json:"a"`
}

// SoldEarn is how the award came about, so that what is kept can be computed (R8).
type SoldEarn struct {
	Points   int64          `json:"p,omitempty"`
	Rate     money.Rate     `json:"r,omitzero"` // points per minor unit
	Carry    money.Rate     `json:"c,omitzero"` // that was there before
	Rounding money.Rounding `json:"m,omitempty"`
	Bonus    int64          `json:"x,omitempty"`
}

// Requalify keeps the inputs where an applied rule asks that the rest be priced again on a return.
type Requalify struct {
	Basket *Basket       `json:"b"`
	Wish   *Wish         `json:"w"`
	Facts  *Facts        `json:"f"`
	At     clock.Instant `json:"at"`
	Outlet string        `json:"o,omitempty"`
}

// Ask is what is returned: lines, or everything that is left.
type Ask struct {
	On    clock.Day `json:"on"` // programme day of the return
	Lines []AskLine `json:"lines,omitempty"`
	All   bool      `json:"all,omitempty"`
}

// AskLine returns part of a line, by quantity or by amount.
type AskLine struct {
	No     int          `json:"original_no"`
	Qty    Qty          `json:"qty,omitempty"`
	Amount money.Amount `json:"amount,omitempty"`
}

// Part is one return of a sale. Parts of a full set sum to one full return.
type Part struct {
	On       clock.Day    `json:"on"`
	Lines    []PartLine   `json:"l"`
	Refund   money.Amount `json:"refund"`
	VAT      []VATRow     `json:"vat"`
	Tenders  []PartTender `json:"t,omitempty"`
	Clawback int64        `json:"claw,omitempty"`
	Restored int64        `json:"back,omitempty"` // burned points that go back to their lots
	Promo    []PartPromo  `json:"g,omitempty"`
	Full     bool         `json:"full,omitempty"` // nothing of the sale is left
	Coupons  []string     `json:"c,omitempty"`    // vouchers to restore, where still valid
}

// PartLine is what one return took of a line. Refund may be negative where requalify makes a kept line dearer.
type PartLine struct {
	At     int          `json:"i"` // position in Sold.Lines
	No     int          `json:"n"`
	Qty    Qty          `json:"q,omitempty"`
	Amount money.Amount `json:"a,omitempty"` // asked by amount
	Refund money.Amount `json:"r"`           // net in net prices
	Points int64        `json:"b,omitempty"`
	Bonus  int64        `json:"x,omitempty"`
}

// PartTender is what goes back by one tender of the sale.
type PartTender struct {
	At     int          `json:"i"` // position in Sold.Tenders
	Kind   TenderKind   `json:"kind"`
	Value  string       `json:"value,omitempty"`
	Amount money.Amount `json:"amount"`
	Points int64        `json:"points,omitempty"` // of a points tender
}

// PartPromo is promo value that goes back to a card.
type PartPromo struct {
	Gift   int          `json:"i"` // position in Sold.Gifts
	Value  string       `json:"value"`
	Amount money.Amount `json:"amount"`
}
