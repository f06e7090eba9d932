package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// reasonBlind counts cancelled rows of which no unit is found in an earlier sale.
const reasonBlind = "cancelled_blind"

// operation is one sale or one return of the log.
type operation struct {
	id       string // the key
	receipt  string
	at       time.Time
	outlet   int // index in plan.outlets
	customer string
	card     string // number of the customer's card
	enrols   bool   // the customer is seen for the first time
	seq      int64
	original *operation // of a return
	lines    []line
}

// line is goods of a sale; a return names the number and the quantity given back.
type line struct {
	no    int
	kind  string
	sku   string
	name  string
	qty   int64
	price int64 // minor units
	left  int64 // units not yet given back
}

func (o *operation) date() string { return o.at.Format(time.DateOnly) }

// gross gives the worth of the lines at list price, in minor units.
func (o *operation) gross() int64 {
	var sum int64
	for _, l := range o.lines {
		sum += l.qty * l.price
	}
	return sum
}

// plan is what a log comes to.
type plan struct {
	outlets    []string
	groups     [][]*operation // by minute, in order
	invoices   int
	rows       int
	booked     int
	left       map[string]int64 // rows left out, by reason
	blindUnits int64            // units of cancelled_blind and of rows matched in part
	partial    int              // booked rows of which some units are blind
}

func (p *plan) operations() (n int) {
	for _, g := range p.groups {
		n += len(g)
	}
	return n
}

// byID gives the operations by their keys.
func (p *plan) byID() map[string]*operation {
	out := make(map[string]*operation, p.operations())
	for _, g := range p.groups {
		for _, o := range g {
			out[o.id] = o
		}
	}
	return out
}

// invoice is the rows under one number, with the time of the first.
type invoice struct {
	no   string
	at   time.Time
	rows []row
}

// makePlan reads a whole log. The same log and mapping give the same plan.
func makePlan(in io.Reader, m *Mapping) (*plan, error) {
	r, err := newReader(in, m)
	if err != nil {
		return nil, err
	}
	byNo := map[string]*invoice{}
	var all []*invoice
	for {
		one, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		inv := byNo[one.invoice]
		if inv == nil {
			inv = &invoice{no: one.invoice, at: one.at}
			byNo[one.invoice] = inv
			all = append(all, inv)
		}
		inv.rows = append(inv.rows, one)
	}
	slices.SortStableFunc(all, func(a, b *invoice) int { return a.at.Compare(b.at) })
	return newPlanner(m).lay(all), nil
}

type planner struct {
	*plan
	m        *Mapping
	sold     map[[2]string][]sold // customer and SKU: lines sold, earliest first
	cards    map[string]string    // customer: card number
	outletAt map[string]int
	seqs     []int64 // last terminal_seq of each outlet
}

// sold is a line that a cancellation may give back.
type sold struct {
	sale *operation
	at   int // index of the line
}

func newPlanner(m *Mapping) *planner {
	return &planner{
		plan: &plan{left: map[string]int64{}}, m: m,
		sold: map[[2]string][]sold{}, cards: map[string]string{}, outletAt: map[string]int{},
	}
}

// plan lays all invoices out, in the order of their times.
func (p *planner) lay(all []*invoice) *plan {
	for _, inv := range all {
		p.invoices++
		p.rows += len(inv.rows)
		var kept []row
		for _, one := range inv.rows {
			if one.why != "" {
				p.left[one.why]++
				continue
			}
			kept = append(kept, one)
		}
		switch {
		case len(kept) == 0:
		case p.m.cancels(inv.no):
			p.add(p.returns(inv, kept)...)
		default:
			p.add(p.sale(inv, kept))
		}
	}
	return p.plan
}

// add numbers operations for their terminal and puts them into the group of their minute.
func (p *planner) add(ops ...*operation) {
	for _, o := range ops {
		p.seqs[o.outlet]++
		o.seq = p.seqs[o.outlet]
		last := len(p.groups) - 1
		if last >= 0 && p.groups[last][0].at.Equal(o.at) {
			p.groups[last] = append(p.groups[last], o)
		} else {
			p.groups = append(p.groups, []*operation{o})
		}
	}
}

// sale books the rows of an invoice as lines in their order.
func (p *planner) sale(inv *invoice, rows []row) *operation {
	o := &operation{
		id: "sale-" + inv.no, receipt: inv.no, at: inv.at,
		outlet: p.outlet(rows[0].outlet), customer: rows[0].customer,
	}
	if o.customer != "" && p.cards[o.customer] == "" {
		p.cards[o.customer], o.enrols = number(len(p.cards)+1), true
	}
	o.card = p.cards[o.customer]
	for i, one := range rows {
		o.lines = append(o.lines, line{
			no: i + 1, kind: p.m.lineType(one.sku), sku: one.sku, name: cmp.Or(one.name, one.sku),
			qty: one.qty, price: one.price, left: one.qty,
		})
		key := [2]string{o.customer, one.sku}
		p.sold[key] = append(p.sold[key], sold{o, i})
	}
	p.booked += len(rows)
	return o
}

// returns finds the sales that an invoice cancels: one return for each, in the order of the first line that
// needs it. A customer without a number has no earlier sales.
func (p *planner) returns(inv *invoice, rows []row) []*operation {
	var out []*operation
	of := map[*operation]*operation{}
	for _, one := range rows {
		left := -one.qty
		lines := p.sold[[2]string{one.customer, one.sku}]
		for i := len(lines) - 1; i >= 0 && left > 0 && one.customer != ""; i-- {
			from := &lines[i].sale.lines[lines[i].at]
			n := min(left, from.left)
			if n == 0 {
				continue
			}
			from.left -= n
			left -= n
			back := of[lines[i].sale]
			if back == nil {
				receipt := inv.no + "-" + strconv.Itoa(len(out)+1)
				back = &operation{
					id: "return-" + receipt, receipt: receipt, at: inv.at,
					outlet: p.outlet(one.outlet), customer: one.customer, original: lines[i].sale,
				}
				of[lines[i].sale] = back
				out = append(out, back)
			}
			back.give(*from, n)
		}
		p.count(-one.qty, left)
	}
	return out
}

// count books a cancelled row, or leaves it out when none of its units was found.
func (p *planner) count(units, blind int64) {
	p.blindUnits += blind
	switch {
	case blind == units:
		p.left[reasonBlind]++
		return
	case blind > 0:
		p.partial++
	}
	p.booked++
}

// give adds units of a sold line to a return; a line is named once.
func (o *operation) give(from line, n int64) {
	for i := range o.lines {
		if o.lines[i].no == from.no {
			o.lines[i].qty += n
			return
		}
	}
	o.lines = append(o.lines, line{no: from.no, qty: n, price: from.price})
}

func (p *planner) outlet(name string) int {
	at, known := p.outletAt[name]
	if !known {
		at = len(p.outlets)
		p.outletAt[name] = at
		p.outlets = append(p.outlets, cmp.Or(name, p.m.Name))
		p.seqs = append(p.seqs, 0)
	}
	return at
}

// number gives the n-th card: an EAN-13 of the range for use inside a shop.
func number(n int) string {
	body := fmt.Sprintf("29%010d", n)
	sum := 0
	for i, digit := range body {
		sum += int(digit-'0') * (1 + 2*(i%2))
	}
	return body + strconv.Itoa((10-sum%10)%10)
}
