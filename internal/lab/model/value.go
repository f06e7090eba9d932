package model

import (
	"cmp"
	"slices"
)

// Kinds of accounts, by the numbers under which the books show them.
const (
	Paid    = 1
	Promo   = 2
	Credit  = 3
	Points  = 4
	Pending = 5
	Visits  = 6

	debt = 32

	unitsIssued   = 64
	unitsRedeemed = 65
	promoExpense  = 66
	cashClearing  = 67
	tillClearing  = 68
	breakage      = 69
	adjustment    = 77
)

// Lot is an open part of a purse. Until is its last day, 0 for none; Starts the instant of its activation, 0
// for at once; Cost what was paid, in millionths.
type Lot struct {
	Seen                      int64 // order of appearance: the last tie of R12
	Left, Starts, Until, Cost int64
}

func before(a, b Lot) int {
	last := func(until int64) int64 {
		if until == 0 {
			return 1 << 60
		}
		return until
	}
	return cmp.Or(cmp.Compare(last(a.Until), last(b.Until)), cmp.Compare(a.Starts, b.Starts), cmp.Compare(a.Seen, b.Seen))
}

// Purse is an account of a holder together with its debt.
type Purse struct {
	Kind               int64
	Posted, Held, Owed int64
	Lots               []Lot
}

// Hold is a reservation. At is the instant that it froze.
type Hold struct {
	Entry, Kind, Amount, Ends, At int64
}

// Holder owns purses: a card, or a membership.
type Holder struct {
	ID     int64
	Status string
	Purses []*Purse
	Holds  []Hold
	Day    int64 // on which Loaded was put on the card
	Loaded int64
	Seqs   []int64 // the latest entries that touched it
}

// Purse gives a purse to read; an empty one when it was never touched.
func (h *Holder) Purse(kind int64) Purse {
	if h != nil {
		for _, p := range h.Purses {
			if p.Kind == kind {
				return *p
			}
		}
	}
	return Purse{Kind: kind}
}

func (h *Holder) purse(kind int64) *Purse {
	for _, p := range h.Purses {
		if p.Kind == kind {
			return p
		}
	}
	h.Purses = append(h.Purses, &Purse{Kind: kind})
	slices.SortFunc(h.Purses, func(a, b *Purse) int { return cmp.Compare(a.Kind, b.Kind) })
	return h.purse(kind)
}

func (h *Holder) clone() *Holder {
	c := *h
	c.Purses = make([]*Purse, len(h.Purses))
	for i, p := range h.Purses {
		q := *p
		q.Lots = slices.Clone(p.Lots)
		c.Purses[i] = &q
	}
	c.Holds = slices.Clone(h.Holds)
	c.Seqs = slices.Clone(h.Seqs)
	return &c
}

// Line is a posting; Move a lot opened or used, by its terms.
type (
	Line struct{ Holder, Kind, Unit, Amount int64 }
	Move struct{ Holder, Kind, Qty, Starts, Until, Cost, seen int64 }
)

func (t *deed) line(holder, kind, unit, amount int64) {
	if amount == 0 {
		return
	}
	t.e.Lines = append(t.e.Lines, Line{holder, kind, unit, amount})
	switch {
	case kind >= unitsIssued:
		return
	case kind >= debt:
		t.touch(holder).purse(kind - debt).Owed -= amount
	default:
		t.touch(holder).purse(kind).Posted += amount
	}
}

func (b *Book) unit(kind int64) int64 {
	switch kind &^ debt {
	case Points, Pending:
		return b.set.Points
	case Visits:
		return b.set.Visits
	}
	return b.set.Money
}

// terms are the conditions of a lot.
type terms struct{ starts, until, cost int64 }

// give puts value on a purse; earning and loading repay its debt first (J19).
func (t *deed) give(from, holder, kind, qty int64, k terms, repays bool) {
	if qty == 0 {
		return
	}
	u := t.b.unit(kind)
	t.line(0, from, u, -qty)
	if repays {
		back := min(qty, t.look(holder).Purse(kind).Owed)
		t.line(holder, kind+debt, u, back)
		qty -= back
	}
	if qty > 0 {
		t.line(holder, kind, u, qty)
		t.open(holder, kind, qty, k)
	}
}

// open adds a lot, or adds to one of the same terms.
func (t *deed) open(holder, kind, qty int64, k terms) {
	if k.starts <= t.now {
		k.starts = 0
	}
	p := t.touch(holder).purse(kind)
	for i := range p.Lots {
		if l := &p.Lots[i]; l.Starts == k.starts && l.Until == k.until && l.Cost == k.cost {
			l.Left += qty
			t.e.Adds = append(t.e.Adds, Move{holder, kind, qty, k.starts, k.until, k.cost, l.Seen})
			return
		}
	}
	t.openApart(holder, kind, qty, k)
}

// openApart adds a lot of its own and gives its number.
func (t *deed) openApart(holder, kind, qty int64, k terms) int64 {
	t.b.lots++
	t.e.Adds = append(t.e.Adds, Move{holder, kind, qty, k.starts, k.until, k.cost, t.b.lots})
	t.touch(holder).purse(kind).insert(Lot{t.b.lots, qty, k.starts, k.until, k.cost})
	return t.b.lots
}

func (p *Purse) insert(l Lot) {
	p.Lots = append(p.Lots, l)
	slices.SortStableFunc(p.Lots, before)
}

func (b *Book) dead(l Lot, at int64) bool { return l.Until != 0 && at >= b.cal.start(l.Until+1) }

func (b *Book) usable(l Lot, at int64) bool { return l.Starts <= at && !b.dead(l, at) }

// free gives what may be spent of a purse: nothing while there is debt, else what is posted less what is
// held, less what may not be used now and no hold keeps alive.
func (t *deed) free(holder, kind, at int64) int64 {
	p := t.look(holder).Purse(kind)
	if p.Owed > 0 {
		return 0
	}
	var asleep int64
	for _, l := range p.Lots {
		if !t.b.usable(l, at) {
			asleep += l.Left
		}
	}
	return max(0, p.Posted-p.Held-max(0, asleep-p.Held))
}

// take spends what is known to be there.
func (t *deed) take(to, holder, kind, qty, at int64) {
	if qty == 0 {
		return
	}
	u := t.b.unit(kind)
	t.line(holder, kind, u, -qty)
	t.line(0, to, u, qty)
	t.consume(holder, kind, qty, func(l Lot) bool { return t.b.usable(l, at) })
}

// consume takes from lots in the order of R12.
func (t *deed) consume(holder, kind, qty int64, may func(Lot) bool) int64 {
	p := t.touch(holder).purse(kind)
	for i := range p.Lots {
		l := &p.Lots[i]
		part := min(qty, l.Left)
		if part == 0 || !may(*l) {
			continue
		}
		l.Left -= part
		qty -= part
		t.e.Uses = append(t.e.Uses, Move{holder, kind, part, l.Starts, l.Until, l.Cost, l.Seen})
	}
	p.Lots = slices.DeleteFunc(p.Lots, func(l Lot) bool { return l.Left == 0 })
	return qty
}

// overdraw spends what has been handed out already: what is there, the rest as debt (J12).
func (t *deed) overdraw(to, holder, kind, qty, at int64) int64 {
	have := min(qty, t.free(holder, kind, at))
	t.take(to, holder, kind, have, at)
	short := qty - have
	t.line(holder, kind+debt, t.b.unit(kind), -short)
	t.line(0, to, t.b.unit(kind), short)
	return short
}

// refill gives a use back to its lot with its own date.
func (t *deed) refill(m Move) {
	t.line(m.Holder, m.Kind, t.b.unit(m.Kind), m.Qty)
	back := m
	back.Qty = -m.Qty
	t.e.Uses = append(t.e.Uses, back)
	p := t.touch(m.Holder).purse(m.Kind)
	for i := range p.Lots {
		if l := &p.Lots[i]; l.Seen == m.seen && l.Until == m.Until {
			l.Left += m.Qty
			return
		}
	}
	p.insert(Lot{m.seen, m.Qty, m.Starts, m.Until, m.Cost})
}

// restore gives a use back to its lot, or to one of its own where it is to last longer (R11): its number then.
func (t *deed) restore(from int64, m Move, atLeast int64) int64 {
	if m.Qty == 0 {
		return 0
	}
	u := t.b.unit(m.Kind)
	t.line(0, from, u, -m.Qty)
	if m.Until != 0 && m.Until < atLeast {
		t.line(m.Holder, m.Kind, u, m.Qty)
		return t.openApart(m.Holder, m.Kind, m.Qty, terms{m.Starts, atLeast, m.Cost})
	}
	t.refill(m)
	return 0
}

// reclaim takes value back that was given: from its own lots, then from others, then from the last ones one
// by one; points that wait before those that do not, nothing that is held. It gives what is not there.
func (t *deed) reclaim(holder, kind, qty int64, own []Move, last []int64) int64 {
	kinds := []int64{kind}
	if kind == Points {
		kinds = []int64{Pending, Points}
	}
	mine := func(l Lot) bool {
		return slices.ContainsFunc(own, func(m Move) bool { return m.seen == l.Seen && m.Holder == holder })
	}
	late := func(l Lot) bool { return slices.Contains(last, l.Seen) }
	turns := []func(Lot) bool{
		func(l Lot) bool { return mine(l) && !late(l) },
		func(l Lot) bool { return !mine(l) && !late(l) },
	}
	for _, seen := range last {
		turns = append(turns, func(l Lot) bool { return l.Seen == seen })
	}
	for _, may := range turns {
		for _, k := range kinds {
			p := t.look(holder).Purse(k)
			part := min(qty, max(0, p.Posted-p.Held))
			if part == 0 {
				continue
			}
			left := t.consume(holder, k, part, may)
			t.line(holder, k, t.b.unit(k), left-part)
			qty -= part - left
		}
	}
	return qty
}

// move hands value to the same purse of another holder, lot by lot.
func (t *deed) move(from, to, kind, qty int64, may func(Lot) bool) {
	u, first := t.b.unit(kind), len(t.e.Uses)
	t.line(from, kind, u, -qty)
	t.line(to, kind, u, qty)
	t.consume(from, kind, qty, may)
	for _, m := range t.e.Uses[first:] {
		t.open(to, kind, m.Qty, terms{m.Starts, m.Until, m.Cost})
	}
}

// expirable gives what has expired and no hold keeps alive.
func (t *deed) expirable(holder, kind, at int64) int64 {
	p := t.look(holder).Purse(kind)
	var dead int64
	for _, l := range p.Lots {
		if t.b.dead(l, at) {
			dead += l.Left
		}
	}
	return max(0, dead-p.Held)
}

func (t *deed) expire(holder, kind, qty int64) {
	if qty == 0 {
		return
	}
	u := t.b.unit(kind)
	t.line(holder, kind, u, -qty)
	t.line(0, breakage, u, qty)
	t.consume(holder, kind, qty, func(l Lot) bool { return t.b.dead(l, t.now) })
}
