package api

import (
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/reward"
	"lojal/internal/sale"
)

// Place says where an operation happens, in the words of tills.
type Place struct {
	Outlet   string `json:"outlet,omitempty" doc:"Code of the outlet."`
	Terminal string `json:"terminal,omitempty" doc:"TID of the terminal."`
	Shift    string `json:"shift,omitempty"`
	Cashier  string `json:"cashier,omitempty"`
	Receipt  string `json:"receipt,omitempty"`
}

// Presented is what a customer showed.
type Presented struct {
	Kind  string `json:"kind" enum:"scan,keyed,stripe,nfc,phone,session"`
	Value string `json:"value"`
	Entry string `json:"entry,omitempty" enum:"barcode,qr,stripe,rfid,nfc,keyed"`
}

// Line is a line of a basket.
type Line struct {
	No        int           `json:"no"`
	Type      string        `json:"type,omitempty" doc:"goods, service, gift_card_sale, pass_sale, card_fee, delivery, deposit, bag, donation, top_up, bill, lottery, other; goods when absent."`
	SKU       string        `json:"sku,omitempty"`
	EAN       string        `json:"ean,omitempty"`
	Name      string        `json:"name,omitempty"`
	Qty       reward.Qty    `json:"qty" doc:"A decimal number of at most three places, as a string."`
	UnitPrice money.Amount  `json:"unit_price"`
	Total     money.Amount  `json:"total" doc:"After the till's own promotion."`
	VAT       string        `json:"vat,omitempty"`
	Group     string        `json:"group,omitempty"`
	RegClass  *string       `json:"reg_class,omitempty" doc:"alcohol, tobacco, medicines …"`
	Locked    bool          `json:"locked,omitempty"`
	Promo     bool          `json:"promo,omitempty"`
	Reward    string        `json:"reward,omitempty"`
	Give      *Give         `json:"give,omitempty"`
	Paid      *money.Amount `json:"paid,omitempty"`
}

// Give is what a gift_card_sale or pass_sale line activates.
type Give struct {
	Value   string `json:"value"`
	Product string `json:"product,omitempty"`
}

// Wish is what the customer wants to use.
type Wish struct {
	Burn    *Most      `json:"burn_points,omitempty"`
	Coupons []string   `json:"coupons,omitempty"`
	Rewards []string   `json:"rewards,omitempty"`
	Gift    []GiftWish `json:"gift,omitempty"`
	Credit  *Most      `json:"credit,omitempty"`
	Pass    string     `json:"pass,omitempty"`
}

// GiftWish presents a gift card, in the order presented.
type GiftWish struct {
	Value   string `json:"value"`
	Amount  Most   `json:"amount"`
	Partial bool   `json:"allow_partial,omitempty"`
}

// Tender is how the till was paid.
type Tender struct {
	Kind     string       `json:"kind" enum:"gift,credit,points,cash,card,transfer,other,unspecified"`
	Value    string       `json:"value,omitempty"`
	Amount   money.Amount `json:"amount"`
	Rounding money.Amount `json:"rounding,omitempty"`
}

// Verify is a proof of possession.
type Verify struct {
	Method    string `json:"method" enum:"otp_sms,otp_email,otp_push,pin,rotating_qr,passkey"`
	Challenge string `json:"challenge,omitempty"`
	Code      string `json:"code,omitempty"`
}

// Basket is a sale as a shop's system sends it.
type Basket struct {
	Receipt   string          `json:"receipt,omitempty"`
	Order     string          `json:"order,omitempty" doc:"The shop's order number: it is sold once."`
	Currency  string          `json:"currency" doc:"ISO 4217 code."`
	Base      *money.Value    `json:"base,omitempty" doc:"The amount in the tenant's currency, of an order in another one."`
	At        *Moment         `json:"at,omitempty"`
	Context   *Place          `json:"context,omitempty"`
	Programme string          `json:"programme,omitempty"`
	Presented []Presented     `json:"presented,omitempty"`
	Lines     []Line          `json:"lines"`
	Wish      *Wish           `json:"wish,omitempty"`
	Tenders   []Tender        `json:"tenders,omitempty"`
	Verify    *Verify         `json:"verify,omitempty"`
	Fiscal    json.RawMessage `json:"fiscal,omitempty" doc:"The fiscal device's own record, kept as it is sent; at most 2,000 bytes."`
}

// Limits of single fields, as on the till API.
const (
	maxWord   = 200
	maxField  = 100
	maxFiscal = 2000
)

// request gives the basket as the sale room takes it.
func (b *Basket) request(c *call) (*sale.Request, error) {
	q := &sale.Request{
		ID: c.key, Kind: "sale", Fingerprint: c.print, Receipt: b.Receipt, Order: b.Order, Currency: b.Currency, Base: b.Base, Programme: b.Programme,
		Fiscal: string(b.Fiscal),
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	if b.At != nil {
		q.At = clock.Instant(*b.At)
	}
	if b.Context != nil {
		q.Context = sale.Context{Outlet: b.Context.Outlet, Terminal: b.Context.Terminal, Shift: b.Context.Shift, Cashier: b.Context.Cashier, Receipt: b.Context.Receipt}
		if q.Receipt == "" {
			q.Receipt = b.Context.Receipt
		}
	}
	if q.Context.Cashier == "" {
		q.Context.Cashier = c.caller.Actor()
	}
	for _, p := range b.Presented {
		if p.Kind == "session" {
			q.Session = p.Value
			continue
		}
		q.Presented = append(q.Presented, card.Presented{Kind: p.Kind, Value: p.Value, Entry: p.Entry})
	}
	for i := range b.Lines {
		q.Basket.Lines = append(q.Basket.Lines, b.Lines[i].line())
	}
	b.Wish.into(&q.Wish)
	if b.Tenders != nil {
		q.Wish.Tenders = tenders(b.Tenders)
	}
	if b.Verify != nil {
		q.Verify = &sale.Verify{Method: b.Verify.Method, Challenge: b.Verify.Challenge, Code: b.Verify.Code}
	}
	return q, nil
}

// check holds the limits of a basket; what its fields mean is the room's matter.
func (b *Basket) check() error {
	switch {
	case len(b.Lines) == 0 || len(b.Lines) > reward.MaxLines:
		return fault.Invalid("lines", "1 to 1000 lines")
	case len(b.Presented) > reward.MaxRedeemables:
		return fault.Invalid("presented", "at most 30 cards")
	case len(b.Tenders) > reward.MaxTenders:
		return fault.Invalid("tenders", "at most 40 tenders")
	case len(b.Fiscal) > maxFiscal:
		return fault.Invalid("fiscal", "at most 2000 bytes")
	case len(b.Receipt) > maxField || len(b.Order) > maxField:
		return fault.Invalid("receipt", "at most 100 bytes")
	}
	if w := b.Wish; w != nil && max(len(w.Coupons), len(w.Rewards), len(w.Gift)) > reward.MaxRedeemables {
		return fault.Invalid("wish", "at most 30 of each")
	}
	for i := range b.Lines {
		l := &b.Lines[i]
		for _, text := range []string{l.SKU, l.EAN, l.Name, l.Group, l.Type, l.VAT, l.Reward} {
			if len(text) > maxWord {
				return fault.Invalid("lines", "texts of at most 200 bytes")
			}
		}
	}
	return nil
}

func (l *Line) line() reward.Line {
	out := reward.Line{
		No: l.No, Type: l.Type, SKU: l.SKU, EAN: l.EAN, Name: l.Name, Qty: l.Qty, UnitPrice: l.UnitPrice, Total: l.Total, VAT: l.VAT, Group: l.Group,
		Locked: l.Locked, Promo: l.Promo, Reward: l.Reward, Paid: l.Paid,
	}
	if l.RegClass != nil {
		out.RegClass = *l.RegClass
	}
	if l.Give != nil {
		out.Give = &reward.Give{Value: l.Give.Value, Product: l.Give.Product}
	}
	return out
}

func (w *Wish) into(q *reward.Wish) {
	if w == nil {
		return
	}
	if w.Burn != nil {
		q.Burn = reward.Burn{Points: w.Burn.N, Max: w.Burn.Max}
	}
	if w.Credit != nil {
		q.Credit = reward.Spend{Amount: money.Amount(w.Credit.N), Max: w.Credit.Max}
	}
	for _, ref := range w.Coupons {
		q.Coupons = append(q.Coupons, reward.CouponWish{Ref: ref})
	}
	for _, g := range w.Gift {
		q.Gift = append(q.Gift, reward.GiftWish{Value: g.Value, Spend: reward.Spend{Amount: money.Amount(g.Amount.N), Max: g.Amount.Max}, AllowPartial: g.Partial})
	}
	q.Rewards, q.Pass = w.Rewards, w.Pass
}

func tenders(list []Tender) []reward.Tender {
	out := []reward.Tender{}
	for _, t := range list {
		out = append(out, reward.Tender{Kind: reward.TenderKind(t.Kind), Value: t.Value, Amount: t.Amount, Rounding: t.Rounding})
	}
	return out
}
