package reward

import (
	"fmt"
	"strings"
	"testing"

	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// bigProgramme has n rules as a shop has them: most narrow to a few goods, an outlet or an hour.
func bigProgramme(n int) string {
	var b strings.Builder
	b.WriteString("max_burn_percent: 50\nearn_exclude: gift_card_sale, tobacco, delivery\ndiscount_exclude: gift_card_sale, tobacco\ntiers:\n  - {id: base}\n  - {id: gold, from: 1000, percent: 2, multiplier: 1.5}\noffers:\n")
	for i := range n {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&b, "  - {id: off_%d, kind: percent_line, percent: 10, groups: [group_%d], date_from: 2026-01-01, date_to: 2026-12-31}\n", i, i%40)
		case 1:
			fmt.Fprintf(&b, "  - {id: off_%d, kind: fixed_line, amount: 0.20, skus: [sku_%d, sku_%d]}\n", i, i, i+100)
		case 2:
			fmt.Fprintf(&b, "  - {id: off_%d, kind: percent_basket, percent: 3, min_basket: 500.00, outlets: ['%03d']}\n", i, i)
		case 3:
			fmt.Fprintf(&b, "  - {id: off_%d, kind: multiplier, multiplier: 2, groups: [group_%d], weekdays: [mon, tue], time_from: '08:00', time_to: '10:00'}\n", i, i%40)
		default:
			fmt.Fprintf(&b, "  - {id: off_%d, kind: buy_get, groups: [group_%d], buy: {qty: 2}, get: {qty: 1}}\n", i, i%40)
		}
	}
	return b.String()
}

func bigBasket(n int) *Basket {
	b := &Basket{Currency: money.EUR}
	for i := range n {
		b.Lines = append(b.Lines, Line{No: i + 1, Type: "goods", SKU: fmt.Sprintf("sku_%d", i*7), Name: "Goods", Qty: Unit, UnitPrice: 500 + money.Amount(i)*37, Total: 500 + money.Amount(i)*37, VAT: "21", Group: fmt.Sprintf("group_%d", i*3)})
	}
	return b
}

func bench(b *testing.B, lines, rules int) {
	v := version(b, bigProgramme(rules))
	basket := bigBasket(lines)
	w := &Wish{Burn: Burn{Points: 100}, Gift: []GiftWish{{Value: "9428", Spend: Spend{Amount: 1000}}}}
	f := &Facts{Member: true, Tier: "gold", Points: Points{Active: 5000}, Gifts: []GiftFact{{Paid: 5000}}}
	o, err := Price(v, basket, w, f, noon, "017")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d effects, payable %d", len(o.Effects), o.Totals.Payable)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Price(v, basket, w, f, noon, "017"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrice_10LinesUnder100Rules(b *testing.B)    { bench(b, 10, 100) }
func BenchmarkPrice_5LinesUnder40Rules(b *testing.B)      { bench(b, 5, 40) }
func BenchmarkPrice_1000LinesUnder1000Rules(b *testing.B) { bench(b, 1000, 1000) }

func BenchmarkRefund_OneOfTenLines(b *testing.B) {
	v := version(b, bigProgramme(100))
	o, err := Price(v, bigBasket(10), &Wish{}, &Facts{Member: true}, noon, "017")
	if err != nil {
		b.Fatal(err)
	}
	sold := o.Sold(v)
	ask := Ask{Lines: []AskLine{{No: 3, Qty: Unit}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Refund(sold, nil, ask, v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNotApplied_100Rules(b *testing.B) {
	v, basket := version(b, bigProgramme(100)), bigBasket(10)
	f := &Facts{Member: true}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NotApplied(v, basket, &Wish{}, f, noon, "017"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile_1000Rules(b *testing.B) {
	d, problems := programme.Parse([]byte(bigProgramme(1000) + "\nid: pro_1"))
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	for b.Loop() {
		if _, err := programme.Compile(d, "1", 0); err != nil {
			b.Fatal(err)
		}
	}
}
