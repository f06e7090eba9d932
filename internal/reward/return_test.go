package reward

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// account sums what returns gave back.
type account struct {
	Refund         money.Amount
	Clawback, Back int64
	Promo, Tenders map[int]money.Amount
	Net, Tax       []money.Amount
	Points         int64
}

func (a *account) add(t *rapid.T, p *Part) {
	if p.Refund < 0 || p.Clawback < 0 || p.Restored < 0 { // I43: a return never earns and never burns
		t.Fatalf("%+v", p)
	}
	a.Refund, a.Clawback, a.Back = a.Refund+p.Refund, a.Clawback+p.Clawback, a.Back+p.Restored
	var sum money.Amount
	for _, x := range p.Tenders {
		a.Tenders[x.At] += x.Amount
		a.Points += x.Points
		sum += x.Amount
		if x.Amount < 0 || x.Points < 0 {
			t.Fatalf("%+v", x)
		}
	}
	if sum != p.Refund {
		t.Fatalf("tenders %d of refund %d", sum, p.Refund)
	}
	for _, x := range p.Promo {
		a.Promo[x.Gift] += x.Amount
	}
	for i, row := range p.VAT {
		if len(a.Net) <= i {
			a.Net, a.Tax = append(a.Net, 0), append(a.Tax, 0)
		}
		a.Net[i] += row.Net
		a.Tax[i] += row.Tax
	}
}

func newAccount() *account {
	return &account{Promo: map[int]money.Amount{}, Tenders: map[int]money.Amount{}}
}

// A full set of partial returns, in any order, is one full return (I42): money, points, promo value,
// tenders and tax.
func TestRefund_PartsSumToTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		v := w.version(t)
		o := w.sell(t, v)
		if o == nil {
			return
		}
		b, _ := json.Marshal(o.Sold(v))
		sold := &Sold{}
		if err := json.Unmarshal(b, sold); err != nil {
			t.Fatal(err)
		}
		whole, err := Refund(sold, nil, Ask{All: true}, v)
		if err != nil {
			t.Fatal(err)
		}
		want := newAccount()
		want.add(t, whole)
		w.checkWhole(t, o, whole, want)
		parts, got := w.inParts(t, sold, v)
		if !parts[len(parts)-1].Full {
			t.Fatal("nothing is left, yet the last part is not full")
		}
		same(t, "sums", want, got)
		if _, err := Refund(sold, parts, Ask{All: true}, v); !fault.Is(err, ErrOverReturn) {
			t.Fatal(err)
		}
	})
}

// checkWhole compares a full return with the sale.
func (w *world) checkWhole(t *rapid.T, o *Outcome, p *Part, a *account) {
	if a.Refund != o.Totals.Payable || a.Clawback != o.Earn.Points || a.Back != o.Burn.Total() || !p.Full {
		t.Fatalf("full return %+v of %+v %+v %+v", a, o.Totals, o.Earn, o.Burn)
	}
	for i, row := range o.Totals.VAT {
		if a.Net[i] != row.Net || a.Tax[i] != row.Tax {
			t.Fatalf("tax of the full return %v %v, sold %v", a.Net, a.Tax, o.Totals.VAT)
		}
	}
	for i, g := range o.Gifts {
		if a.Promo[i] != g.Promo {
			t.Fatalf("promo %v, taken %d", a.Promo, g.Promo)
		}
	}
	for i, x := range o.Tenders {
		if a.Tenders[i] != x.Amount {
			t.Fatalf("tender %d: %d of %d", i, a.Tenders[i], x.Amount)
		}
	}
}

func (w *world) inParts(t *rapid.T, sold *Sold, v *programme.Version) ([]Part, *account) {
	var parts []Part
	got := newAccount()
	left := make([]Qty, len(sold.Lines))
	for i := range left {
		left[i] = sold.Lines[i].Qty
	}
	for range rapid.IntRange(0, 8).Draw(t, "returns") {
		i := rapid.IntRange(0, len(left)-1).Draw(t, "line")
		ask := Ask{Lines: []AskLine{{No: sold.Lines[i].No}}}
		byAmount := rapid.IntRange(0, 2).Draw(t, "by") == 0
		switch {
		case byAmount:
			ask.Lines[0].Amount = money.Amount(rapid.IntRange(1, 400).Draw(t, "amount")) * w.quantum
		case left[i] == 0:
			continue
		default:
			ask.Lines[0].Qty = Qty(rapid.Int64Range(1, int64(left[i])).Draw(t, "q"))
		}
		p, err := Refund(sold, parts, ask, v)
		if err != nil {
			if !byAmount || !fault.Is(err, ErrOverReturn) {
				t.Fatal(err)
			}
			continue
		}
		left[i] -= ask.Lines[0].Qty
		got.add(t, p)
		parts = append(parts, *p)
	}
	p, err := Refund(sold, parts, Ask{All: true}, v)
	if err == nil {
		got.add(t, p)
		parts = append(parts, *p)
	} else if !fault.Is(err, ErrOverReturn) || len(parts) == 0 {
		t.Fatal(err)
	}
	return parts, got
}
