package bench

import (
	"fmt"
	"strings"
)

const (
	groups   = 40
	skus     = 400
	outlets  = 8
	tills    = 64 // one a connection
	programs = "pro_bench"
)

// rulesOf gives the programme: 40 offers as a chain has them. Each applies to some basket, which the set-up
// proves, and none depends on the hour, so that what was priced before the run holds through all of it.
func rulesOf() string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\nname: Bench\nzone: Europe/Riga\ncurrency: EUR\nmax_burn_percent: 50\nearn_exclude: gift_card_sale, tobacco\noffers:\n", programs)
	for i := range 10 {
		fmt.Fprintf(&b, "  - {id: group_%d, kind: percent_line, percent: %d, groups: [g%02d], date_from: 2020-01-01, date_to: 2089-12-31}\n", i, 5+i, i)
	}
	for i := range 6 {
		fmt.Fprintf(&b, "  - {id: off_%d, kind: fixed_line, amount: 0.%d5, skus: [s%03d, s%03d]}\n", i, 1+i%3, 110+i, 120+i)
	}
	for i := range 4 {
		fmt.Fprintf(&b, "  - {id: price_%d, kind: fixed_price, amount: 0.99, skus: [s%03d], member: on}\n", i, 150+i)
	}
	for i := range 5 {
		fmt.Fprintf(&b, "  - {id: more_%d, kind: buy_get, groups: [g%02d], buy: {qty: 2}, get: {qty: 1}}\n", i, 20+i)
	}
	for i := range 4 {
		fmt.Fprintf(&b, "  - {id: basket_%d, kind: percent_basket, percent: %d, min_basket: 40.00, outlets: ['%s', '%s']}\n", i, 2+i, outletCode(i), outletCode(i+4))
	}
	for i := range 2 {
		fmt.Fprintf(&b, "  - {id: cut_%d, kind: fixed_basket, amount: 1.50, min_basket: %d.00, outlets: ['%s']}\n", i, 30+i, outletCode(i))
	}
	for i := range 5 {
		fmt.Fprintf(&b, "  - {id: times_%d, kind: multiplier, multiplier: %d, groups: [g%02d], weekdays: [mon, tue, wed, thu, fri, sat, sun]}\n", i, 2+i%2, 30+i)
	}
	for i := range 4 {
		fmt.Fprintf(&b, "  - {id: bonus_%d, kind: bonus_points, points: %d, skus: [s%03d]}\n", i, 5+i, 210+i)
	}
	return b.String()
}

func outletCode(i int) string { return fmt.Sprintf("%03d", i+1) }

// tid gives the terminal number of a till, whose outlet is the till's place modulo the outlets.
func tid(i int) string { return fmt.Sprintf("%08d", 20010001+i) }
