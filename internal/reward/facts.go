package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Facts is everything of the present state that a price may depend on. It is stored with the sale, so that
// the sale can be priced again years later without asking anybody.
type Facts struct {
	Member  bool              `json:"m,omitempty"` // somebody is identified who may earn and burn
	Tier    string            `json:"tier,omitempty"`
	Percent programme.Percent `json:"pct,omitempty"` // of the presented discount card or progressive scale
	Points  Points            `json:"pts,omitzero"`
	Coupons []CouponFact      `json:"cpn,omitempty"`  // one per Wish.Coupons, same order
	Gifts   []GiftFact        `json:"gift,omitempty"` // one per Wish.Gift, same order
	Credit  money.Amount      `json:"cr,omitempty"`   // available store credit
	Loads   []LoadFact        `json:"load,omitempty"` // of the cards that lines give
	Budgets []BudgetFact      `json:"bud,omitempty"`  // of the rules with a budget or a limit per member and day
	Offset  int16             `json:"off,omitempty"`  // minutes east of UTC at the outlet, where day_zone=outlet
}

// Points is the points account with what was done today. All are at the programme's scale.
type Points struct {
	Active  int64      `json:"a,omitempty"` // posted, holds included
	Held    int64      `json:"h,omitempty"`
	Pending int64      `json:"p,omitempty"`
	Debt    int64      `json:"d,omitempty"`
	Carry   money.Rate `json:"c,omitzero"`
	Earns   int64      `json:"e,omitempty"` // sales of this programme day that earned
	Burns   int64      `json:"b,omitempty"` // sales of this programme day that burned
}

// Available gives what may be burned (R13, R14).
func (p Points) Available() int64 {
	if p.Debt > 0 {
		return 0
	}
	return max(p.Active-p.Held, 0)
}

// CouponState says why a presented voucher cannot be used.
type CouponState uint8

// The states of a presented voucher.
const (
	CouponUsable    CouponState = iota
	CouponUsed                  // no use left on it
	CouponExpired               // outside its validity
	CouponHeld                  // reserved elsewhere
	CouponMember                // the member's limit is reached
	CouponExhausted             // the limit of all is reached
)

// CouponFact is what is known of a presented voucher.
type CouponFact struct {
	Def     string      `json:"def"`
	State   CouponState `json:"s,omitempty"`
	Left    int64       `json:"left,omitempty"` // uses left, reservations taken off
	Expires clock.Day   `json:"x,omitempty"`
}

// GiftFact is what may be spent of a presented gift card, holds taken off.
type GiftFact struct {
	Promo money.Amount `json:"promo,omitempty"`
	Paid  money.Amount `json:"paid,omitempty"`
	Max   money.Amount `json:"max,omitempty"` // the most that one sale may take; 0 = no such limit
}

// LoadFact is the state of a card that a line of the basket gives.
type LoadFact struct {
	No      int          `json:"no"` // the line
	Balance money.Amount `json:"bal,omitempty"`
	Today   money.Amount `json:"today,omitempty"`
}

// BudgetFact is how much of a rule was used before this sale.
type BudgetFact struct {
	Rule        string       `json:"r"`
	Money       money.Amount `json:"m,omitempty"`
	Count       int64        `json:"n,omitempty"`
	MemberToday int64        `json:"t,omitempty"`
}
