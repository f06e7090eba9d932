package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lojal/internal/ledger"
)

// maxTold is how many sales that went wrong are told.
const maxTold = 3

// judge compares the histories of every sale.
func (h *house) judge() {
	told := 0
	for _, p := range h.trials {
		problem := p.judge()
		if problem == "" {
			continue
		}
		if told++; told <= maxTold {
			h.t.Errorf("sale %d, %s after %d returns:\n%s%s", p.no, p.between, p.after, problem, p.story())
		}
	}
	if told > maxTold {
		h.t.Errorf("%d sales in all", told)
	}
}

// judge gives the first two histories that should agree and do not.
func (p *played) judge() string {
	if p.sale == nil {
		return ""
	}
	full := p.copies[0]
	if problem := p.complete(full.facts); problem != "" {
		return problem
	}
	same := map[string]*history{}
	for _, c := range p.copies {
		if diff := differ(p.lasting(full.facts), p.lasting(c.facts)); diff != "" {
			return fmt.Sprintf("%s and %s do not come to the same:\n%s", full.name, c.name, diff)
		}
		class := c.class()
		first := same[class]
		if first == nil {
			same[class] = c
			continue
		}
		if diff := differ(first.firm(c), c.firm(first)); diff != "" {
			return fmt.Sprintf("%s and %s differ:\n%s", first.name, c.name, diff)
		}
	}
	return ""
}

// complete holds a full return against its sale: all that was paid, taxed, burned and earned is taken back.
func (p *played) complete(facts map[string]int64) string {
	want := map[string]int64{"clawed": p.sale.Earn.Points, "restored": p.sale.Points}
	for _, t := range p.sale.Tenders {
		want["refund"] += int64(t.Amount)
	}
	for _, v := range p.sale.VAT {
		want["tax "+v.Rate] += int64(v.Tax)
		want["net "+v.Rate] += int64(v.Net)
	}
	for _, l := range p.sale.Lines {
		want["restored"] += l.Points
	}
	got := map[string]int64{}
	for k := range want {
		got[k] = facts[k]
	}
	if diff := differ(want, got); diff != "" {
		return "the full return does not give back the sale:\n" + diff
	}
	return ""
}

// class names the histories that must agree in everything.
func (c *history) class() string {
	if c.between == nothing || c.between == aReversal {
		return ""
	}
	before := slices.Clone(c.order[:c.before()])
	if len(c.sale.Tenders) <= 1 && c.sale.Requalify == nil {
		slices.Sort(before)
	}
	return fmt.Sprint(before)
}

// firm leaves of the facts what two histories of one class must share.
func (c *history) firm(other *history) map[string]int64 {
	out := maps.Clone(c.facts)
	if c.late || other.late {
		maps.DeleteFunc(out, func(k string, _ int64) bool { return strings.HasPrefix(k, "lot of member "+ledger.Points.String()) })
	}
	return out
}

// lasting leaves of the facts what nothing that lies between the returns may change.
func (p *played) lasting(facts map[string]int64) map[string]int64 {
	out := map[string]int64{}
	kept := func(prefix ...string) {
		for k, n := range facts {
			if slices.ContainsFunc(prefix, func(s string) bool { return strings.HasPrefix(k, s) }) {
				out[k] = n
			}
		}
	}
	kept("refund", "tax", "net", "tender", "clawed", "restored")
	sum := func(name string, kinds ...string) {
		for _, k := range kinds {
			out[name] += facts[k] + facts[k+" expired"]
		}
	}
	points := "member " + ledger.Points.String()
	sum("value of points", points, "member "+ledger.Pending.String(), "member "+ledger.Points.Debt().String())
	out["value of points"] -= facts["forgiven"]
	sum("value of credit", "member "+ledger.Credit.String())
	for _, who := range []string{"gift 1 ", "gift 2 "} {
		paid, promo := who+ledger.Paid.String(), who+ledger.Promo.String()
		if p.between == aSpending {
			sum("value of "+who, paid, promo)
			continue
		}
		sum("value of "+paid, paid)
		sum("value of "+promo, promo)
	}
	if p.between != anExpiry && p.delay == 0 {
		kept("member ", "forgiven")
	}
	maps.DeleteFunc(out, func(_ string, n int64) bool { return n == 0 })
	return out
}

// differ tells in what two sets of facts differ.
func differ(a, b map[string]int64) string {
	var out strings.Builder
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if a[k] != b[k] {
			fmt.Fprintf(&out, "  %s: %d and %d\n", k, a[k], b[k])
		}
	}
	return out.String()
}

// story tells a trial so that it can be understood.
func (p *played) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", p.rules)
	for i, w := range p.wallets {
		fmt.Fprintf(&b, "wallet %d:", i)
		for _, l := range w {
			fmt.Fprintf(&b, " %d %s until %s;", l.Qty, l.Kind, l.Until)
		}
		fmt.Fprintln(&b)
	}
	for i, l := range p.basket.Lines {
		fmt.Fprintf(&b, "line %d: %s %s %s of %d, %s%%, %s locked %t", l.No, l.Qty, l.Type, l.Group, l.Total, l.VAT, l.RegClass, l.Locked)
		if p.sale != nil {
			fmt.Fprintf(&b, ": %+v", p.sale.Lines[i])
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintf(&b, "wish %+v\nsold on day %d, returned on %d and %d, spent %+v\n", p.wish, p.trial.sold, p.first, p.last, p.spend)
	if p.sale != nil {
		fmt.Fprintf(&b, "earned %+v, tenders %+v\n", p.sale.Earn, p.sale.Tenders)
	}
	for i, a := range p.parts {
		fmt.Fprintf(&b, "return %d: %+v\n", i, a)
	}
	for _, c := range p.copies[:min(len(p.copies), 3)] {
		fmt.Fprintf(&b, "%s: %v\n", c.name, c.facts)
	}
	return b.String()
}
