package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"lojal/internal/app"
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// interference is what happens between the parts of a return.
type interference int

const (
	nothing      interference = iota
	anExpiry                  // the clock moves past expiries, and the sweep books them
	aSpending                 // points and gift value are redeemed
	aFurtherSale              // the same member buys again and earns
	aReversal                 // one return is reversed and made again
	interferences
)

var interferenceNames = [...]string{"nothing", "an expiry", "a spending", "a further sale", "a reversal"}

func (i interference) String() string { return interferenceNames[i] }

// draws makes random choices from a seed.
type draws struct{ *rand.Rand }

func one[T any](d draws, from ...T) T { return from[d.IntN(len(from))] }

func (d draws) chance(percent int) bool { return d.IntN(100) < percent }

// between gives a number from a to b, both included.
func (d draws) between(a, b int) int { return a + d.IntN(b-a+1) }

// trial is a random sale under a random programme, and what is to happen to it.
type trial struct {
	no int
	programme,
	rules string
	coupon  bool
	delay   int              // days until earned points are active
	wallets [3][]app.TestLot // of the member and of two gift cards
	basket  reward.Basket
	wish    reward.Wish
	sold    int // at which of the run's times it is sold, returned first and returned last
	first   int
	last    int
	between interference
	after   int // parts that come before the interference

	d draws
}

// drawTrial draws sale number no on a run's days.
func drawTrial(seed uint64, no int, days []clock.Day) *trial {
	d := draws{rand.New(rand.NewPCG(seed, uint64(no)))}
	t := &trial{no: no, programme: fmt.Sprintf("p%d", no), d: d, between: interference(d.IntN(int(interferences)))}
	if d.chance(25) {
		t.between = nothing
	}
	t.sold = d.IntN(len(days) - 1)
	t.first = d.between(t.sold, len(days)-2)
	t.last = t.first
	if t.between == anExpiry {
		t.last = d.between(t.first+1, len(days)-1)
	}
	t.drawRules()
	t.drawWallets(days[t.sold])
	t.drawBasket()
	t.drawWish()
	return t
}

func (t *trial) drawRules() {
	d := t.d
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("id: %s\nname: Returns\ngift: [{id: gift}]", t.programme)
	p("prices: %s", one(d, "vat_included", "vat_included", "vat_included", "net"))
	p("earn_rate: %d/%s", d.between(0, 12), one(d, "1.00", "1.00", "10.00"))
	p("points_value: %s", one(d, "0.01", "0.01", "0.05", "1/3", "1"))
	rounding := one(d, "floor", "floor", "half_up", "ceil")
	p("earn_rounding: %s", rounding)
	p("earn_base: %s", one(d, "after_rewards", "after_rewards", "before_rewards"))
	if rounding == "floor" && d.chance(50) {
		p("carry_remainder: on")
	}
	p("burn_as: %s\nburn_mode: %s", one(d, "discount", "tender"), one(d, "whole_points", "cover_total"))
	p("bucket_order: %s\nrefund_order: %s", one(d, "promo_first", "paid_first"), one(d, "proportional", "proportional", "gift_first", "cash_last"))
	p("max_burn_percent: %d\ncard_percent: %d", one(d, 0, 30, 60), one(d, 0, 0, 5, 7))
	p("return_model: %s", one(d, "allocated", "allocated", "keep", "requalify"))
	p("use_points_of_this_order: %s", one(d, "off", "off", "off", "on"))
	p("earn_cap_per_transaction: %d", one(d, 0, 0, 0, 20))
	p("discount_exclude: [gift_card_sale, %s]\nearn_exclude: [gift_card_sale, %s]\nburn_exclude: [gift_card_sale, %s]", one(d, "c", "tobacco"), one(d, "b", "tobacco"), one(d, "delivery", "tobacco"))
	t.delay = one(d, 0, 0, 0, 14)
	p("activation_delay_days: %d", t.delay)
	p("expiry: %s", one(d, "{kind: none}", "{kind: lot, n: 20, unit: days}", "{kind: lot, n: 40, unit: days}", "{kind: lot, n: 3, unit: months, end_of_month: on}"))
	if d.chance(25) {
		p("restore: strict")
	} else {
		p("restore_grace_days: %d", one(d, 30, 30, 0, 7))
	}
	p("clawback: %s", one(d, "allow", "allow", "allow", "prevent"))
	p("debt_limit: %d", one(d, 0, 0, 0, 3))
	var offers []string
	for i := range d.between(0, 5) {
		offers = append(offers, t.drawRule(fmt.Sprintf("o%d", i)))
	}
	if len(offers) > 0 {
		p("offers:\n  - %s", strings.Join(offers, "\n  - "))
	}
	if t.coupon = d.chance(40); t.coupon {
		p("coupons:\n  - %s", t.drawRule("coupon"))
	}
	t.rules = b.String()
}

func (t *trial) drawRule(id string) string {
	d := t.d
	kind := one(d, "percent_line", "fixed_line", "fixed_price", "buy_get", "percent_basket", "fixed_basket", "multiplier", "bonus_points")
	parts := []string{"id: " + id, "kind: " + kind}
	switch kind {
	case "percent_line", "percent_basket":
		parts = append(parts, fmt.Sprintf("percent: %d", d.between(1, 60)))
	case "fixed_line", "fixed_basket":
		parts = append(parts, fmt.Sprintf("amount: %d.%02d", d.between(0, 5), d.between(1, 99)))
	case "fixed_price":
		parts = append(parts, fmt.Sprintf("amount: %d.49", d.between(1, 9)))
	case "buy_get":
		parts = append(parts, fmt.Sprintf("buy: {qty: %d}, get: {qty: 1, groups: [%s]}", d.between(1, 2), one(d, "a", "b", "c")))
	case "multiplier":
		parts = append(parts, "multiplier: "+one(d, "2", "1.5", "0.5"))
	case "bonus_points":
		parts = append(parts, fmt.Sprintf("points: %d", d.between(1, 9)))
	}
	if d.chance(50) {
		parts = append(parts, "groups: ["+one(d, "a", "b", "c")+"]")
	}
	if d.chance(25) {
		parts = append(parts, "min_basket: 20")
	}
	if d.chance(15) {
		parts = append(parts, "exclusive: x")
	}
	if d.chance(20) {
		parts = append(parts, "return_model: "+one(d, "keep", "allocated", "requalify"))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// drawWallets gives the member points in lots of different ends, or a debt, and each gift card paid and
// promotional value.
func (t *trial) drawWallets(today clock.Day) {
	d := t.d
	lot := func(k ledger.Kind, most int) app.TestLot {
		l := app.TestLot{Kind: k, Qty: int64(d.between(1, most))}
		if d.chance(75) {
			l.Until = today + clock.Day(one(d, 1, 3, 10, 20, 25, 40, 60, 90, 400))
		}
		return l
	}
	for range d.between(0, 5) {
		t.wallets[0] = append(t.wallets[0], lot(ledger.Points, 300))
	}
	if d.chance(7) {
		t.wallets[0] = []app.TestLot{{Kind: ledger.Points, Qty: -int64(d.between(1, 30))}}
	}
	if d.chance(20) {
		t.wallets[0] = append(t.wallets[0], app.TestLot{Kind: ledger.Credit, Qty: int64(d.between(1, 900))})
	}
	for g := 1; g < len(t.wallets); g++ {
		for range d.between(1, 3) {
			t.wallets[g] = append(t.wallets[g], lot(ledger.Promo, 400))
		}
		for range d.between(0, 2) {
			t.wallets[g] = append(t.wallets[g], lot(ledger.Paid, 1200))
		}
	}
}

func (t *trial) drawBasket() {
	d := t.d
	t.basket.Currency = money.EUR
	for i := range d.between(1, 6) {
		l := reward.Line{No: i + 1, Type: one(d, "goods", "goods", "goods", "goods", "delivery"), Group: one(d, "a", "b", "c"), VAT: one(d, "21", "21", "12", "5", "0")}
		l.Qty = reward.Qty(d.between(1, 4)) * reward.Unit
		if d.chance(20) {
			l.Qty = reward.Qty(d.between(1, 3000))
		}
		l.Total = money.Amount(d.between(1, 2500))
		if d.chance(5) {
			l.Total = 0
		}
		l.UnitPrice = l.Total * 1000 / money.Amount(l.Qty)
		if d.chance(25) {
			l.UnitPrice += l.UnitPrice / 10
		}
		l.Locked = d.chance(10)
		if d.chance(15) {
			l.RegClass = "tobacco"
		}
		t.basket.Lines = append(t.basket.Lines, l)
	}
}

// drawWish asks for points, both gift cards and credit; the tenders follow from a quote.
func (t *trial) drawWish() {
	d := t.d
	t.wish.Burn.Max = d.chance(75)
	for range t.wallets[1:] {
		g := reward.GiftWish{Spend: reward.Spend{Max: true}}
		if d.chance(30) {
			g.Spend = reward.Spend{Amount: money.Amount(d.between(1, 200))}
			g.AllowPartial = true
		}
		t.wish.Gift = append(t.wish.Gift, g)
	}
	t.wish.Credit.Max = d.chance(50)
}

// ask is one return: some lines by quantity or by amount.
type ask []reward.AskLine

// partition cuts a sale into returns that give all of it back.
func (t *trial) partition(s *reward.Sold) []ask {
	d := t.d
	parts := make([]ask, one(d, 2, 2, 2, 2, 3, 3, 3, 4))
	put := func(a reward.AskLine) {
		for range 8 { // a line stands once in a return
			p := &parts[d.IntN(len(parts))]
			if !slices.ContainsFunc(*p, func(o reward.AskLine) bool { return o.No == a.No }) {
				*p = append(*p, a)
				return
			}
		}
		parts = append(parts, ask{a})
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		qty, paid := int64(l.Qty), int64(l.Paid)
		switch how := d.IntN(10); {
		case how < 5 || paid == 0:
			for _, q := range t.pieces(qty) {
				put(reward.AskLine{No: l.No, Qty: reward.Qty(q)})
			}
		case how < 8 || l.KeepQty > 0 || qty == 1:
			for _, a := range t.pieces(paid) {
				put(reward.AskLine{No: l.No, Amount: money.Amount(a)})
			}
		default: // some by quantity, the rest by amount
			q := int64(d.between(1, int(qty-1)))
			put(reward.AskLine{No: l.No, Qty: reward.Qty(q)})
			if rest := l.Paid - l.Paid.Part(q, qty, 1); rest > 0 {
				for _, a := range t.pieces(int64(rest)) {
					put(reward.AskLine{No: l.No, Amount: money.Amount(a)})
				}
			}
		}
	}
	return slices.DeleteFunc(parts, func(a ask) bool { return len(a) == 0 })
}

// pieces cuts a number into one to three.
func (t *trial) pieces(n int64) []int64 {
	var out []int64
	for k := t.d.between(0, 2); k > 0 && n > 1; k-- {
		part := int64(t.d.between(1, int(n-1)))
		if t.d.chance(30) && n%1000 == 0 && n > 1000 { // whole units
			part = 1000 * int64(t.d.between(1, int(n/1000)-1))
		}
		out, n = append(out, part), n-part
	}
	return append(out, n)
}

// maxOrders is how many orders of one partition are tried.
const maxOrders = 24

// orders gives all orders of n parts, or as many random ones as are tried; the first is as drawn.
func (t *trial) orders(n int) [][]int {
	var out [][]int
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if n <= 4 {
		all(order, 0, func(o []int) { out = append(out, slices.Clone(o)) })
		return out
	}
	for range maxOrders {
		out = append(out, slices.Clone(order))
		t.d.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return out
}

func all(s []int, k int, do func([]int)) {
	if k == len(s) {
		do(s)
	}
	for i := k; i < len(s); i++ {
		s[k], s[i] = s[i], s[k]
		all(s, k+1, do)
		s[k], s[i] = s[i], s[k]
	}
}
