package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

const (
	baskets    = 10_240 // different ones, over all outlets
	lines      = 5
	seed       = 20_260_101
	plenty     = 1_000_000_000 // points or cents: more than a run spends
	cardDigits = 16
)

// Marks stand in a body for what differs from one sale to the next. Each has the length of what replaces it.
const (
	markID      = "@ID_______________________" // 26, as a ULID
	markReceipt = "@RECEIPT______"             // 14
	markAt      = "@AT_________________"       // 20
	markSeq     = "10000000"                   // 8 digits, never with a zero in front
	markCard    = "@CARD___________"           // 16 digits of a card
	markGift    = "@GIFT___________"
)

// Basket is a basket with its exact payments, as it is sent and as it was priced.
type Basket struct {
	Outlet int
	Body   []byte
	Lines  reward.Basket
	Wish   reward.Wish
}

// Baskets makes the baskets and prices each, so that every amount in them is exact. It fails when a rule of
// the programme applies to none of them.
func makeBaskets(v *programme.Version, at clock.Instant) ([]Basket, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]Basket, baskets)
	used := map[string]bool{}
	for i := range out {
		b := &out[i]
		b.Outlet = i % outlets
		b.Lines = drawLines(r)
		b.Wish = reward.Wish{Burn: reward.Burn{Points: int64(20 + r.IntN(80))}, Gift: []reward.GiftWish{{Value: markGift}}}
		first, err := b.price(v, at)
		if err != nil {
			return nil, fmt.Errorf("basket %d: %w", i, err)
		}
		gift := first.Remaining / 2
		b.Wish.Gift[0].Amount = gift
		b.Wish.Tenders = []reward.Tender{{Kind: reward.TenderGift, Value: markGift, Amount: gift}, {Kind: reward.TenderCash, Amount: first.Remaining - gift}}
		o, err := b.price(v, at)
		if err != nil {
			return nil, fmt.Errorf("basket %d: %w", i, err)
		}
		for _, e := range o.Effects {
			used[e.Rule] = used[e.Rule] || e.Amount > 0 || e.Points > 0 || e.Base > 0
		}
		b.Body = b.render()
	}
	for i := range v.Rules {
		if !used[v.Rules[i].ID] {
			return nil, fmt.Errorf("rule %s applies to no basket", v.Rules[i].ID)
		}
	}
	return out, nil
}

func drawLines(r *rand.Rand) reward.Basket {
	b := reward.Basket{Currency: money.EUR}
	for no := range lines {
		s := r.IntN(skus)
		qty := int64(1 + r.IntN(3))
		price := money.Amount(150 + 7*s%900 + r.IntN(5)*100)
		b.Lines = append(b.Lines, reward.Line{
			No: no + 1, Type: "goods", SKU: fmt.Sprintf("s%03d", s), EAN: fmt.Sprintf("475%010d", s*97), Name: fmt.Sprintf("Article number %03d, 500 g", s),
			Qty: reward.Qty(qty) * reward.Unit, UnitPrice: price, Total: price * money.Amount(qty), VAT: "21", Group: fmt.Sprintf("g%02d", s%groups),
		})
	}
	return b
}

// price prices the basket for a member and a gift card who have enough of everything.
func (b *Basket) price(v *programme.Version, at clock.Instant) (*reward.Outcome, error) {
	f := reward.Facts{Member: true, Points: reward.Points{Active: plenty}, Gifts: []reward.GiftFact{{Paid: plenty}}}
	return reward.Price(v, &b.Lines, &b.Wish, &f, at, outletCode(b.Outlet))
}

// render writes the body of TILL-06 with its marks.
func (b *Basket) render() []byte {
	var w bytes.Buffer
	fmt.Fprintf(&w, `{"id":"%s","kind":"sale","receipt":"%s","currency":"EUR","at":"%s","context":{"outlet":"%s","shift":"412","cashier":"c07"},"terminal_seq":%s,`,
		markID, markReceipt, markAt, outletCode(b.Outlet), markSeq)
	fmt.Fprintf(&w, `"presented":[{"kind":"scan","value":"%s","entry":"barcode"}],"lines":[`, markCard)
	for i, l := range b.Lines.Lines {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, `{"no":%d,"type":"goods","sku":"%s","ean":"%s","name":"%s","qty":"%s","unit_price":%d,"total":%d,"vat":"21","group":"%s"}`,
			l.No, l.SKU, l.EAN, l.Name, l.Qty, l.UnitPrice, l.Total, l.Group)
	}
	fmt.Fprintf(&w, `],"wish":{"burn_points":%d,"gift":[{"value":"%s","amount":%d}]},"tenders":[{"kind":"gift","value":"%s","amount":%d},{"kind":"cash","amount":%d}]}`,
		b.Wish.Burn.Points, markGift, b.Wish.Gift[0].Amount, markGift, b.Wish.Gift[0].Amount, b.Wish.Tenders[1].Amount)
	return w.Bytes()
}
