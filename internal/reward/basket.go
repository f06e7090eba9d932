package reward

import (
	"fmt"

	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Limits of what is priced.
const (
	MaxLines       = 1000
	MaxRedeemables = 30 // coupons, rewards and gift cards of one basket
	MaxTenders     = 40
	MaxQty         = 1_000_000 * Unit
)

// Qty is a quantity in thousandths.
type Qty int64

// Unit is the quantity 1.
const Unit Qty = 1000

// String gives the decimal number without zeros at the end.
func (q Qty) String() string { return money.TrimDecimal(int64(q), 3) }

// MarshalText gives String: quantities are decimal strings (A2).
func (q Qty) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads a decimal number of at most three places.
func (q *Qty) UnmarshalText(b []byte) error {
	v, err := money.ParseDecimal(string(b), 3)
	if err != nil {
		return fmt.Errorf("quantity: %w", err)
	}
	*q = Qty(v)
	return nil
}

// Basket is what is sold, as the till sent it.
type Basket struct {
	Currency money.Currency   `json:"currency"`
	Prices   programme.Prices `json:"prices,omitempty"` // empty: as the programme says
	Lines    []Line           `json:"lines"`
}

// Line is a line of the basket (A26).
type Line struct {
	No        int           `json:"no"`
	Type      string        `json:"type,omitempty"` // empty: goods
	SKU       string        `json:"sku,omitempty"`
	EAN       string        `json:"ean,omitempty"`
	Name      string        `json:"name,omitempty"`
	Qty       Qty           `json:"qty"`
	UnitPrice money.Amount  `json:"unit_price"`
	Total     money.Amount  `json:"total"` // after the till's own promotion
	VAT       string        `json:"vat,omitempty"`
	Group     string        `json:"group,omitempty"`
	RegClass  string        `json:"reg_class,omitempty"`
	Locked    bool          `json:"locked,omitempty"`
	Promo     bool          `json:"promo,omitempty"`
	Reward    string        `json:"reward,omitempty"` // taken for points: discounted to 0
	Give      *Give         `json:"give,omitempty"`
	Paid      *money.Amount `json:"paid,omitempty"` // the till's own, lower price of the line (A25)
}

// Give is what a gift_card_sale or pass_sale line activates or loads.
type Give struct {
	Value   string `json:"value"`
	Product string `json:"product,omitempty"`
}

// Wish is what the customer wants to use, and how the rest is paid.
type Wish struct {
	Burn    Burn         `json:"burn_points,omitzero"`
	Coupons []CouponWish `json:"coupons,omitempty"`
	Rewards []string     `json:"rewards,omitempty"`
	Gift    []GiftWish   `json:"gift,omitempty"` // in the order presented (R2)
	Credit  Spend        `json:"credit,omitzero"`
	Pass    string       `json:"pass,omitempty"` // carried, not priced
	Tenders []Tender     `json:"tenders,omitempty"`
}

// Burn asks for points: an exact number, or as many as possible.
type Burn struct {
	Points int64 `json:"points,omitempty"`
	Max    bool  `json:"max,omitempty"`
}

// Spend asks for money: an exact amount, or as much as possible. Zero never means all.
type Spend struct {
	Amount money.Amount `json:"amount,omitempty"`
	Max    bool         `json:"max,omitempty"`
}

// CouponWish presents a voucher. Auto marks one that nobody asked for: without effect or no longer valid
// it is passed over, where a presented one is declined.
type CouponWish struct {
	Ref  string `json:"ref"`
	Auto bool   `json:"auto,omitempty"`
}

// GiftWish presents a gift card. The amount covers promo and paid value.
type GiftWish struct {
	Value string `json:"value"`
	Spend
	AllowPartial bool `json:"allow_partial,omitempty"` // A12
}

// Tender is how the till was paid. Nil tenders are unspecified; given ones must sum to the total.
// Gift, credit and points tenders that repeat the wish are checked against it.
type Tender struct {
	Kind     TenderKind   `json:"kind"`
	Value    string       `json:"value,omitempty"`
	Amount   money.Amount `json:"amount"` // before cash rounding
	Rounding money.Amount `json:"rounding,omitempty"`
}

// TenderKind is a kind of payment.
type TenderKind string

// The kinds of payment.
const (
	TenderGift        TenderKind = "gift"
	TenderCredit      TenderKind = "credit"
	TenderPoints      TenderKind = "points"
	TenderCash        TenderKind = "cash"
	TenderCard        TenderKind = "card"
	TenderTransfer    TenderKind = "transfer"
	TenderOther       TenderKind = "other"
	TenderUnspecified TenderKind = "unspecified"
)
