package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Rule names of effects that are not rules of the programme.
const (
	RuleCard  = "card"  // card or tier percentage
	RuleBurn  = "burn"  // points as discount
	RulePromo = "promo" // promotional gift value
	RuleTill  = "till"  // the till's own reduction, by a lower paid
	RuleEarn  = "earn"  // the rate of the programme
)

// Outcome is the price of a basket with everything that follows from it. It refers to the basket, wish and
// facts for Sold alone; none of them is ever changed.
type Outcome struct {
	Version   string           `json:"rules_version"`
	At        clock.Instant    `json:"at"`
	Currency  money.Currency   `json:"currency"`
	Prices    programme.Prices `json:"prices"`
	Lines     []LineOutcome    `json:"lines"`
	Totals    Totals           `json:"totals"`
	Burn      BurnOutcome      `json:"burn"`
	Gifts     []GiftOutcome    `json:"gifts,omitempty"` // one per Wish.Gift, same order
	Credit    money.Amount     `json:"credit,omitempty"`
	Tenders   []TenderOutcome  `json:"tenders"`
	Remaining money.Amount     `json:"remaining_to_pay"` // what wish and points leave to the till
	Earn      EarnOutcome      `json:"earn"`
	Rewards   []RewardOutcome  `json:"rewards,omitempty"`
	Gives     []GiveOutcome    `json:"gives,omitempty"`
	Uses      []Use            `json:"uses,omitempty"`
	Dropped   []Dropped        `json:"dropped,omitempty"`
	Effects   []Effect         `json:"effects,omitempty"` // in the order of evaluation
	Turnover  money.Amount     `json:"turnover"`          // net turnover and spend of R6
	sold      sources
}

// LineOutcome is the price of a line.
type LineOutcome struct {
	No        int          `json:"no"`
	Discounts []Discount   `json:"discounts"`
	Payable   money.Amount `json:"payable"`
	Paid      money.Amount `json:"paid"`               // payable, or the till's lower price
	Excluded  []string     `json:"excluded,omitempty"` // why an exclusion list names the line
	Earn      int64        `json:"earn,omitempty"`
	Base      money.Amount `json:"earn_base,omitempty"`
	weight    int64
	bonus     int64
	keepQty   int64
	keepCut   money.Amount
	vat       int // position in Totals.VAT
}

// Discount is what one effect took off a line.
type Discount struct {
	Rule   string       `json:"rule"`
	Kind   string       `json:"kind"`
	Amount money.Amount `json:"amount"`
}

// Totals of the basket. In net prices Before and Discount are net and Tax is what is added.
type Totals struct {
	Before   money.Amount `json:"before"`
	Discount money.Amount `json:"discount"`
	Till     money.Amount `json:"till,omitempty"` // the till's own reductions by a lower paid
	Tax      money.Amount `json:"tax,omitempty"`
	Payable  money.Amount `json:"payable"`
	VAT      []VATRow     `json:"vat"`
}

// VATRow is the tax of one rate.
type VATRow struct {
	Rate string       `json:"rate"`
	Net  money.Amount `json:"net"`
	Tax  money.Amount `json:"tax"`
}

// BurnOutcome is what points pay. Points do not include the price of rewards.
type BurnOutcome struct {
	Points    int64        `json:"points"`
	Amount    money.Amount `json:"amount"`
	MaxPoints int64        `json:"max_points"`
	LimitedBy string       `json:"limited_by,omitempty"`
	Rounding  money.Amount `json:"rounding,omitempty"` // worth burned beyond the due (cover_total)
	Rewards   int64        `json:"rewards,omitempty"`  // points that rewards cost
	Tender    bool         `json:"tender,omitempty"`   // points paid as a tender
}

// Total gives all points that leave the account.
func (b BurnOutcome) Total() int64 { return b.Points + b.Rewards }

// GiftOutcome is what a presented gift card pays.
type GiftOutcome struct {
	Value string       `json:"value"`
	Promo money.Amount `json:"promo"` // a discount
	Paid  money.Amount `json:"paid"`  // a tender
	Left  money.Amount `json:"balance_after"`
}

// TenderOutcome is a payment of the priced sale. Their sum is Totals.Payable.
type TenderOutcome struct {
	Kind     TenderKind   `json:"kind"`
	Value    string       `json:"value,omitempty"`
	Amount   money.Amount `json:"amount"`
	Rounding money.Amount `json:"rounding,omitempty"`
}

// EarnOutcome is what the sale awards.
type EarnOutcome struct {
	Points     int64      `json:"points"`
	Computed   int64      `json:"computed"`
	Bonus      int64      `json:"bonus,omitempty"` // part of Computed that fixed bonuses give
	CappedBy   string     `json:"capped_by,omitempty"`
	NotAwarded int64      `json:"not_awarded,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	CarryAfter money.Rate `json:"carry_after,omitzero"`
	ActiveOn   clock.Day  `json:"active_on,omitempty"`
}

// RewardOutcome is a reward taken for points.
type RewardOutcome struct {
	Reward string       `json:"reward"`
	No     int          `json:"no,omitempty"` // the line that is taken, 0 for a reward of the whole basket
	Points int64        `json:"points"`
	Amount money.Amount `json:"amount"`
}

// GiveOutcome is what a line puts on a card: the price paid as paid value, the rest of the face and the
// promo on load as promo value.
type GiveOutcome struct {
	No      int          `json:"no"`
	Value   string       `json:"value"`
	Product string       `json:"product,omitempty"`
	Paid    money.Amount `json:"paid"`
	Promo   money.Amount `json:"promo"`
}

// Use is what the caller books of vouchers and budgets.
type Use struct {
	Rule   string       `json:"rule"`
	Coupon string       `json:"coupon,omitempty"` // the voucher; empty for an offer or reward
	Amount money.Amount `json:"amount"`
	Points int64        `json:"points,omitempty"`
}

// Dropped is a presented coupon or reward that had no effect and was not used, of which the cashier is told.
type Dropped struct {
	Ref     string       `json:"ref"`
	Rule    string       `json:"rule"`
	Reason  string       `json:"reason"`
	Missing money.Amount `json:"missing,omitempty"`
}

// Effect is one step of the explanation. Step is that of R2.
type Effect struct {
	Rule     string            `json:"rule"`
	Coupon   string            `json:"coupon,omitempty"`
	Label    programme.Text    `json:"label,omitempty"`
	Kind     string            `json:"kind"`
	Step     int               `json:"step"`
	Percent  programme.Percent `json:"percent,omitempty"`
	Base     money.Amount      `json:"base"`
	Amount   money.Amount      `json:"amount"`
	Points   int64             `json:"points,omitempty"`
	Rounding string            `json:"rounding,omitempty"`
	CappedBy string            `json:"capped_by,omitempty"`
	Lines    []Share           `json:"lines,omitempty"`
}

// Share is the part of an effect that falls on a line.
type Share struct {
	No     int          `json:"no"`
	Amount money.Amount `json:"amount"`
}

// Reason is an offer that did not apply, with the missing condition (EVAL-15).
type Reason struct {
	Offer  string         `json:"offer"`
	Reason string         `json:"reason"`
	Params map[string]any `json:"params,omitempty"`
}

// sources are what Sold is built from; they live as long as the outcome and are not rendered.
type sources struct {
	day    clock.Day
	basket *Basket
	wish   *Wish
	facts  *Facts
	outlet string
	model  string
}
