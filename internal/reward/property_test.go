package reward

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// world is a random programme with a random sale under it.
type world struct {
	head    string
	rules   map[string][]string // section → rules as YAML
	b       Basket
	w       Wish
	f       Facts
	quantum money.Amount
}

var (
	someGroups = []string{"a", "b", "c"}
	someTypes  = []string{"goods", "goods", "goods", "delivery", "gift_card_sale"}
)

func pick[T any](t *rapid.T, label string, from ...T) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(t, label)]
}

func drawWorld(t *rapid.T) *world {
	w := &world{rules: map[string][]string{}, quantum: 1}
	currency, unit := "EUR", "1.00"
	if rapid.IntRange(0, 3).Draw(t, "huf") == 0 {
		currency, unit, w.quantum = "HUF", "100", 100
	}
	p := func(format string, args ...any) { w.head += fmt.Sprintf(format+"\n", args...) }
	p("id: pro_1\ncurrency: %s", currency)
	p("prices: %s", pick(t, "prices", "vat_included", "vat_included", "net"))
	p("earn_rate: %d/%s", rapid.IntRange(0, 7).Draw(t, "rate"), unit)
	p("points_value: %s", pick(t, "worth", "0.01", "1", "1/3", "0.07", "2/3", "10"))
	p("earn_rounding: %s", pick(t, "rounding", "floor", "floor", "half_up", "ceil"))
	p("earn_base: %s", pick(t, "base", "after_rewards", "before_rewards"))
	p("burn_as: %s\nburn_mode: %s", pick(t, "as", "discount", "tender"), pick(t, "mode", "whole_points", "cover_total"))
	p("bucket_order: %s\nrefund_order: %s", pick(t, "bucket", "promo_first", "paid_first"), pick(t, "order", "proportional", "gift_first", "cash_last"))
	p("max_burn_percent: %d", pick(t, "cap", 0, 0, 30, 99))
	p("card_percent: %d\ntill_promo: %s", rapid.IntRange(0, 20).Draw(t, "card"), pick(t, "till", "best_of_per_line", "stack"))
	p("return_model: %s", pick(t, "model", "allocated", "allocated", "keep", "requalify"))
	p("use_points_of_this_order: %s\nmax_points_balance: %d", pick(t, "own", "off", "off", "on"), pick(t, "most", 0, 0, 3000))
	p("min_payable: %d", pick(t, "least", 0, 0, 1))
	p("allow_coupon_on_gift: %s", pick(t, "cog", "on", "off"))
	p("floor_total: %d\nearn_cap_per_transaction: %d", pick(t, "floor", 0, 0, 5), pick(t, "earncap", 0, 0, 20))
	p("discount_exclude: gift_card_sale, %s\nearn_exclude: gift_card_sale, %s\nburn_exclude: gift_card_sale, %s", pick(t, "dx", "c", "alcohol"), pick(t, "ex", "b", "alcohol"), pick(t, "bx", "delivery", "alcohol"))
	for i := range rapid.IntRange(0, 6).Draw(t, "offers") {
		w.rules["offers"] = append(w.rules["offers"], drawRule(t, fmt.Sprintf("o%d", i), ""))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "coupons") {
		id := fmt.Sprintf("c%d", i)
		w.rules["coupons"] = append(w.rules["coupons"], drawRule(t, id, ""))
		for n := range rapid.IntRange(0, 2).Draw(t, "vouchers") {
			w.w.Coupons = append(w.w.Coupons, CouponWish{Ref: fmt.Sprintf("v%d%d", i, n)})
			w.f.Coupons = append(w.f.Coupons, CouponFact{Def: id, Left: 1, Expires: clock.Day(rapid.IntRange(21000, 21003).Draw(t, "x"))})
		}
	}
	if rapid.Bool().Draw(t, "reward") {
		w.rules["rewards"] = []string{drawRule(t, "r0", "price: 3")}
		w.w.Rewards = []string{"r0"}
	}
	w.drawBasket(t)
	w.drawWish(t)
	return w
}

func drawRule(t *rapid.T, id, more string) string {
	kinds := []string{"percent_line", "fixed_line", "fixed_price", "buy_get", "percent_basket", "fixed_basket", "multiplier", "bonus_points"}
	if id[0] == 'r' {
		kinds = kinds[:6]
	}
	parts := []string{"id: " + id}
	if more != "" {
		parts = append(parts, more)
	}
	kind := pick(t, "kind", kinds...)
	parts = append(parts, "kind: "+kind)
	switch kind {
	case "percent_line", "percent_basket":
		parts = append(parts, fmt.Sprintf("percent: %d", rapid.IntRange(1, 100).Draw(t, "percent")))
	case "fixed_line", "fixed_price", "fixed_basket":
		parts = append(parts, fmt.Sprintf("amount: %d", rapid.IntRange(1, 30).Draw(t, "amount")))
	case "buy_get":
		parts = append(parts, fmt.Sprintf("buy: {qty: %d}, get: {qty: %d, groups: [%s]}", rapid.IntRange(1, 2).Draw(t, "buy"), rapid.IntRange(1, 2).Draw(t, "get"), pick(t, "of", someGroups...)))
	case "multiplier":
		parts = append(parts, "multiplier: "+pick(t, "x", "2", "1.5", "0.5"))
	case "bonus_points":
		parts = append(parts, "points: 7")
	}
	if rapid.Bool().Draw(t, "narrow") {
		parts = append(parts, "groups: ["+pick(t, "g", someGroups...)+"]")
	}
	if x := rapid.IntRange(0, 4).Draw(t, "x"); x < 2 {
		parts = append(parts, fmt.Sprintf("exclusive: x%d", x))
	} else if x == 2 && id[0] != 'r' && rapid.Bool().Draw(t, "alone") {
		parts = append(parts, "stack: alone")
	}
	if rapid.IntRange(0, 3).Draw(t, "min") == 0 {
		parts = append(parts, "min_basket: 20")
	}
	if rapid.IntRange(0, 3).Draw(t, "max") == 0 {
		parts = append(parts, "max_amount: 3, budget: {money: 100}")
	}
	if rapid.IntRange(0, 7).Draw(t, "keep") == 0 {
		parts = append(parts, "return_model: keep")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (w *world) drawBasket(t *rapid.T) {
	w.b.Currency, _ = money.Find(map[money.Amount]string{1: "EUR", 100: "HUF"}[w.quantum])
	for i := range rapid.IntRange(1, 6).Draw(t, "lines") {
		l := Line{No: i + 1, Type: pick(t, "type", someTypes...), Group: pick(t, "group", someGroups...), VAT: pick(t, "vat", "21", "12", "0")}
		l.Qty = Qty(rapid.IntRange(1, 4).Draw(t, "qty")) * Unit
		if rapid.IntRange(0, 4).Draw(t, "weighed") == 0 {
			l.Qty = Qty(rapid.IntRange(1, 3000).Draw(t, "grams"))
		}
		l.Total = money.Amount(rapid.IntRange(0, 3000).Draw(t, "total")) * w.quantum
		l.UnitPrice = l.Total * 1000 / money.Amount(l.Qty)
		if rapid.IntRange(0, 3).Draw(t, "promo") == 0 {
			l.UnitPrice += l.UnitPrice / 10
		}
		l.Locked = rapid.IntRange(0, 5).Draw(t, "locked") == 0
		if rapid.IntRange(0, 5).Draw(t, "class") == 0 {
			l.RegClass = "alcohol"
		}
		w.b.Lines = append(w.b.Lines, l)
	}
}

func (w *world) drawWish(t *rapid.T) {
	w.f.Member = rapid.IntRange(0, 5).Draw(t, "member") > 0
	w.f.Points.Active = int64(rapid.IntRange(0, 5000).Draw(t, "points"))
	w.w.Burn.Max = rapid.Bool().Draw(t, "burn")
	for i := range rapid.IntRange(0, 2).Draw(t, "gifts") {
		w.w.Gift = append(w.w.Gift, GiftWish{Value: fmt.Sprintf("g%d", i), Spend: Spend{Max: true}})
		w.f.Gifts = append(w.f.Gifts, GiftFact{Promo: money.Amount(rapid.IntRange(0, 800).Draw(t, "p")) * w.quantum, Paid: money.Amount(rapid.IntRange(0, 3000).Draw(t, "q"))*w.quantum + money.Amount(rapid.IntRange(0, 9).Draw(t, "odd"))})
	}
	w.w.Credit.Max = rapid.IntRange(0, 3).Draw(t, "credit") == 0
	w.f.Credit = money.Amount(rapid.IntRange(0, 500).Draw(t, "cr")) * w.quantum
}

func (w *world) version(t *rapid.T) *programme.Version {
	text := w.head
	for _, section := range []string{"offers", "coupons", "rewards"} {
		if len(w.rules[section]) > 0 {
			text += section + ":\n  - " + strings.Join(w.rules[section], "\n  - ") + "\n"
		}
	}
	d, problems := programme.Parse([]byte(text))
	if len(problems) > 0 {
		t.Fatal(problems, text)
	}
	v, err := programme.Compile(d, "1", 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const noon = clock.Instant(1_795_334_400_000_000)

// sell prices the world; a refusal must be one that the world can deserve.
func (w *world) sell(t *rapid.T, v *programme.Version) *Outcome {
	o, err := Price(v, &w.b, &w.w, &w.f, noon, "017")
	if err != nil {
		if !fault.Is(err, ErrTenderNotAllowed) && !fault.Is(err, ErrInsufficientPoints) {
			t.Fatal(err)
		}
		return nil
	}
	return o
}

func same(t *rapid.T, what string, a, b any) {
	if diff := cmp.Diff(a, b, cmpopts.IgnoreUnexported(Outcome{}, LineOutcome{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: %s", what, diff)
	}
}

func TestPrice_Invariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		v := w.version(t)
		o := w.sell(t, v)
		if o == nil {
			return
		}
		var before, discount, paid, earn money.Amount
		off := map[int]money.Amount{}
		for _, e := range o.Effects { // I40
			var sum money.Amount
			for _, s := range e.Lines {
				sum += s.Amount
				off[s.No] += s.Amount
				if s.Amount < 0 || s.Amount%w.quantum != 0 {
					t.Fatalf("%s takes %d off line %d", e.Rule, s.Amount, s.No)
				}
			}
			if e.Amount != sum && e.Kind != string(TenderPoints) {
				t.Fatalf("%s: lines sum to %d of %d", e.Rule, sum, e.Amount)
			}
		}
		for i, l := range o.Lines {
			in := &w.b.Lines[i]
			if l.Payable < 0 || off[l.No] != in.Total-l.Payable {
				t.Fatalf("line %d: %d − %d is not %d", l.No, in.Total, off[l.No], l.Payable)
			}
			if in.Locked && l.Payable != in.Total {
				t.Fatalf("locked line %d was discounted", l.No)
			}
			if in.Type == "gift_card_sale" && (l.Base != 0 || l.Earn != 0) { // I44
				t.Fatalf("stored value earns %d", l.Earn)
			}
			before, discount, paid, earn = before+in.Total, discount+off[l.No], paid+l.Paid, earn+money.Amount(l.Earn)
		}
		if o.Totals.Before != before || o.Totals.Discount != discount || o.Totals.Payable != paid+o.Totals.Tax || int64(earn) != o.Earn.Points {
			t.Fatalf("totals %+v, earn %d of %d", o.Totals, earn, o.Earn.Points)
		}
		w.checkTenders(t, o)
		again, err := Price(v, &w.b, &w.w, &w.f, noon, "017") // I39
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a second time", o, again)
	})
}

// checkTenders holds I41 and I45.
func (w *world) checkTenders(t *rapid.T, o *Outcome) {
	var sum, stored, gifts money.Amount
	for _, x := range o.Tenders {
		sum += x.Amount
		if x.Amount < 0 {
			t.Fatal(x)
		}
		if x.Kind == TenderGift || x.Kind == TenderCredit {
			stored += x.Amount
		}
	}
	for i := range o.Lines {
		if w.b.Lines[i].Type == "gift_card_sale" {
			gifts += o.Lines[i].Paid
		}
	}
	if sum != o.Totals.Payable || stored > max(o.Totals.Payable-gifts, 0) {
		t.Fatalf("tenders %d of %d, stored value %d beside gift cards %d", sum, o.Totals.Payable, stored, gifts)
	}
}

// A commit repeats the quote with every max replaced by its amount and gets the same price (A11).
func TestPrice_CommitOfTheQuotedAmountsIsTheQuote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		v := w.version(t)
		quote := w.sell(t, v)
		if quote == nil {
			return
		}
		w.w.Burn = Burn{Points: quote.Burn.Points}
		for i := range w.w.Gift {
			w.w.Gift[i].Spend = Spend{Amount: quote.Gifts[i].Promo + quote.Gifts[i].Paid}
		}
		w.w.Credit = Spend{Amount: quote.Credit}
		for i := range w.b.Lines {
			w.b.Lines[i].Paid = &quote.Lines[i].Payable
		}
		w.w.Tenders = []Tender{}
		for _, x := range quote.Tenders {
			kind := x.Kind
			if kind == TenderUnspecified {
				kind = TenderCash
			}
			w.w.Tenders = append(w.w.Tenders, Tender{Kind: kind, Value: x.Value, Amount: x.Amount})
		}
		commit, err := Price(v, &w.b, &w.w, &w.f, noon, "017")
		if err != nil {
			t.Fatal(err, w.head)
		}
		same(t, "lines", quote.Lines, commit.Lines)
		same(t, "totals", quote.Totals, commit.Totals)
		same(t, "earn", quote.Earn, commit.Earn)
		same(t, "gifts", quote.Gifts, commit.Gifts)
		same(t, "uses", quote.Uses, commit.Uses)
	})
}

// The order in which offers, vouchers and rewards are entered changes nothing (I54).
func TestPrice_InputOrderNeverMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		first := w.sell(t, w.version(t))
		if first == nil {
			return
		}
		for _, section := range []string{"offers", "coupons"} {
			w.rules[section] = rapid.Permutation(w.rules[section]).Draw(t, section)
		}
		order := rapid.Permutation(sequence(len(w.w.Coupons))).Draw(t, "vouchers")
		coupons, facts := w.w.Coupons, w.f.Coupons
		w.w.Coupons, w.f.Coupons = nil, nil
		for _, i := range order {
			w.w.Coupons, w.f.Coupons = append(w.w.Coupons, coupons[i]), append(w.f.Coupons, facts[i])
		}
		second, err := Price(w.version(t), &w.b, &w.w, &w.f, noon, "017")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "in another order", first, second)
	})
}

func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// T80 in all 120 orders.
func TestT80_EveryOrderOfFiveOffers(t *testing.T) {
	t.Parallel()
	offers := []string{
		"{id: order_10, kind: percent_basket, percent: 10}", "{id: order_3, kind: fixed_basket, amount: 3.00}",
		"{id: mugs, kind: buy_get, groups: [mugs], buy: {qty: 2}, get: {qty: 1}}", "{id: books, kind: percent_line, percent: 15, groups: [books]}",
		"{id: never, kind: fixed_basket, amount: 9.00, groups: [none]}",
	}
	b := Basket{Currency: money.EUR, Lines: []Line{
		{No: 1, Qty: 3 * Unit, UnitPrice: 1000, Total: 3000, Group: "mugs"}, {No: 2, Qty: Unit, UnitPrice: 2000, Total: 2000, Group: "books"}, {No: 3, Qty: Unit, UnitPrice: 800, Total: 800, Group: "coffee"},
	}}
	var first []byte
	permute(offers, 0, func(order []string) {
		v := version(t, "card_percent: 5\noffers:\n  - "+strings.Join(order, "\n  - "))
		o, err := Price(v, &b, &Wish{}, &Facts{Member: true}, noon, "")
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(o)
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) || o.Totals.Payable != 3547 || o.Earn.Points != 35 {
			t.Fatalf("%v: %s", order, got)
		}
	})
}

func permute(s []string, k int, do func([]string)) {
	if k == len(s) {
		do(s)
		return
	}
	for i := k; i < len(s); i++ {
		s[k], s[i] = s[i], s[k]
		permute(s, k+1, do)
		s[k], s[i] = s[i], s[k]
	}
}
