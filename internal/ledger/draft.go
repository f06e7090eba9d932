package ledger

import (
	"fmt"
	"slices"

	"lojal/internal/base/clock"
)

// MaxOpenLots is how many open lots of an account stand in its holder's row; the ones that are consumed
// last overflow into a table of their own and come back when their turn comes.
const MaxOpenLots = 64

// Draft is an entry in the making.
type Draft struct {
	Entry
	view *View
	lots int64 // lots opened by this entry
	used int64 // holds opened by this entry
}

// Terms are the conditions of value that is given: from when and through which day it may be used, and
// what was paid for it in millionths of its face.
type Terms struct {
	Starts clock.Instant
	Until  clock.Day
	Cost   int64
}

// line posts one line and keeps the balance that is cached of it.
func (d *Draft) line(op Op, a Account, amount int64) {
	if amount == 0 {
		return
	}
	d.Post.Lines = append(d.Post.Lines, Posting{op, a, amount})
	if a.Kind.System() {
		return
	}
	d.touch(a.Holder).balance(a.Kind, a.Unit).Posted += amount
}

// touch gives a holder to write and links this entry into its chain.
func (d *Draft) touch(holder int64) *Holder {
	h := d.view.change(holder)
	if h.Seq != d.Seq {
		d.Post.Touched = append(d.Post.Touched, Touched{holder, h.Seq})
		h.Seq = d.Seq
	}
	return h
}

// Touch links an entry without postings to a holder, so that its statement shows it.
func (d *Draft) Touch(holder int64) { d.touch(holder) }

// Move posts an amount between two system accounts.
func (d *Draft) Move(op Op, from, to Account, amount int64) {
	d.line(op, from, -amount)
	d.line(op, to, amount)
}

// Give puts value on a customer account. An accrual or a load repays the account's debt first (J19). It
// gives what reached the account as a lot.
func (d *Draft) Give(op Op, from, to Account, qty int64, t Terms) int64 {
	if qty < 0 {
		panic(fmt.Sprintf("ledger: give of %d", qty))
	}
	if qty = exact(qty); qty == 0 {
		return 0
	}
	d.line(op, from, -qty)
	h := d.view.change(to.Holder)
	if op == EAR || op == LOD || op == ACT {
		owed := -h.Balance(to.Kind.Debt(), to.Unit).Posted
		if back := min(owed, qty); back > 0 {
			d.line(op, Account{to.Holder, to.Kind.Debt(), to.Unit}, back)
			qty -= back
		}
	}
	if qty == 0 {
		return 0
	}
	d.line(op, to, qty)
	d.open(h, to, qty, t)
	return qty
}

// open adds a lot, or adds to one with the same terms: equal terms coalesce, so that a member who earns
// every day keeps a short row.
func (d *Draft) open(h *Holder, a Account, qty int64, t Terms) {
	if t.Starts != 0 && t.Starts <= d.view.head.now {
		t.Starts = 0
	}
	for i := range h.Lots {
		l := &h.Lots[i]
		if l.Kind == a.Kind && l.Unit == a.Unit && l.Starts == t.Starts && l.Until == t.Until && l.Cost == t.Cost {
			l.Remaining += qty
			d.Post.Adds = append(d.Post.Adds, LotMove{l.ID, a.Holder, a.Kind, a.Unit, qty, l.Starts, l.Until, l.Cost})
			if l.expired(d.view.head.now, d.view.head.zones) {
				d.remind(h, *l)
			}
			return
		}
	}
	d.openApart(h, a, qty, t)
}

// openApart adds a lot of its own, whatever there is beside it.
func (d *Draft) openApart(h *Holder, a Account, qty int64, t Terms) {
	d.lots++
	l := Lot{ID: d.Seq<<10 | d.lots, Kind: a.Kind, Unit: a.Unit, Remaining: qty, Starts: t.Starts, Until: t.Until, Cost: t.Cost}
	d.Post.Adds = append(d.Post.Adds, LotMove{l.ID, a.Holder, a.Kind, a.Unit, qty, l.Starts, l.Until, l.Cost})
	d.insert(h, l)
}

// insert puts a lot into the holder's row in its place and asks for a reminder of its dates.
func (d *Draft) insert(h *Holder, l Lot) {
	at, _ := slices.BinarySearchFunc(h.Lots, l, Lot.compare)
	h.Lots = slices.Insert(h.Lots, at, l)
	d.remind(h, l)
}

// remind asks for a look at the holder on the lot's dates.
func (d *Draft) remind(h *Holder, l Lot) {
	if l.Until != 0 {
		d.view.Remind(h.ID, l.Until.End(d.view.head.zones.Zone(l.Unit)))
	}
	if l.Starts != 0 || l.Kind == Pending { // one whose time has come already is activated at once
		d.view.Remind(h.ID, max(l.Starts, d.view.head.now))
	}
}

// Available gives what of an account may be spent at an instant: posted, less what is held, less what has
// expired and has not been booked as expired yet. Nothing is available while there is debt.
func (v *View) Available(a Account, at clock.Instant) int64 {
	h := v.Holder(a.Holder)
	if h == nil || h.Balance(a.Kind.Debt(), a.Unit).Posted < 0 {
		return 0
	}
	return max(0, v.unheld(h, a, at))
}

func (v *View) unheld(h *Holder, a Account, at clock.Instant) int64 {
	b := h.Balance(a.Kind, a.Unit)
	free := b.Posted - b.Held
	var dead int64
	for _, l := range h.Lots {
		if l.Kind == a.Kind && l.Unit == a.Unit && !l.usable(at, v.head.zones) {
			dead += l.Remaining
		}
	}
	// A hold reserves what is consumed first: it may still cover value that has expired since.
	return free - max(0, dead-min(b.Held, dead))
}

// Take spends value of a customer account, soonest expiry first. It refuses with the account's code of
// shortage when less is available, and with debits_frozen while the books are under suspicion.
func (d *Draft) Take(op Op, from, to Account, qty int64, at clock.Instant) error {
	if err := d.view.frozen(); err != nil {
		return err
	}
	if have := d.view.Available(from, at); have < qty {
		return shortage(from.Kind, qty, have)
	}
	return d.take(op, from, to, qty, at)
}

// Overdraw spends value that has been handed out already: what is there, and the rest as debt (J12). It
// gives how much became debt.
func (d *Draft) Overdraw(op Op, from, to Account, qty int64, at clock.Instant) int64 {
	have := min(qty, d.view.Available(from, at))
	if have > 0 {
		if err := d.take(op, from, to, have, at); err != nil {
			panic(err)
		}
	}
	if rest := qty - have; rest > 0 {
		d.touch(from.Holder)
		d.line(op, Account{from.Holder, from.Kind.Debt(), from.Unit}, -rest)
		d.line(op, to, rest)
		return rest
	}
	return 0
}

func (d *Draft) take(op Op, from, to Account, qty int64, at clock.Instant) error {
	if qty == 0 {
		return nil
	}
	d.line(op, from, -qty)
	d.line(op, to, qty)
	return d.consume(from, qty, func(l Lot) bool { return l.usable(at, d.view.head.zones) })
}

// consume takes a quantity from the lots that may be used, in their order, and records each use.
func (d *Draft) consume(a Account, qty int64, usable func(Lot) bool) error {
	h := d.view.change(a.Holder)
	edge, hasTail := d.view.work.tailEdge(d.view.op.Tenant, a, h)
	for i := 0; i < len(h.Lots) && qty > 0; i++ {
		l := &h.Lots[i]
		if l.Kind != a.Kind || l.Unit != a.Unit || !usable(*l) || l.Remaining == 0 {
			continue
		}
		if hasTail && !l.Before(edge) {
			break
		}
		part := min(qty, l.Remaining)
		l.Remaining -= part
		qty -= part
		d.use(h, *l, part)
	}
	h.Lots = slices.DeleteFunc(h.Lots, func(l Lot) bool { return l.Remaining == 0 })
	if qty > 0 && hasTail {
		d.view.work.wantTail(d.view.op.Tenant, a)
		d.view.ask = true
		return nil
	}
	if qty > 0 {
		panic(fmt.Sprintf("ledger: lots of account %d/%s/%d lack %d of their balance", a.Holder, a.Kind, a.Unit, qty))
	}
	return nil
}

func (d *Draft) use(h *Holder, l Lot, qty int64) {
	d.Post.Uses = append(d.Post.Uses, LotMove{l.ID, h.ID, l.Kind, l.Unit, qty, l.Starts, l.Until, l.Cost})
}

// Restore gives used value back to the lots that it came from, in reverse order of consumption, each with
// the later of its own date and the day given; 0 keeps its own (R11). What was used is told by uses.
func (d *Draft) Restore(op Op, from Account, uses []LotMove, qty int64, notBefore clock.Day) {
	for i := len(uses) - 1; i >= 0 && qty > 0; i-- {
		u := uses[i]
		part := min(qty, u.Qty)
		qty -= part
		d.giveBack(op, from, u, part, notBefore)
	}
	if qty > 0 {
		panic(fmt.Sprintf("ledger: restore of %d more than was used", qty))
	}
}

func (d *Draft) giveBack(op Op, from Account, u LotMove, qty int64, notBefore clock.Day) {
	a := Account{u.Holder, u.Kind, u.Unit}
	d.line(op, from, -qty)
	d.line(op, a, qty)
	h := d.touch(u.Holder)
	if u.Until != 0 && u.Until < notBefore {
		// Apart, so that whoever takes back later what was restored here finds it.
		d.openApart(h, a, qty, Terms{Until: notBefore, Cost: u.Cost})
		return
	}
	back := u
	back.Qty = -qty
	d.Post.Uses = append(d.Post.Uses, back)
	u.Qty = qty
	d.refill(h, u)
}

// Ended tells whether the lot of a use is past its last day by now.
func (v *View) Ended(u LotMove) bool {
	return Lot{Unit: u.Unit, Until: u.Until}.expired(v.head.now, v.head.zones)
}

// Transfer moves value between two customer accounts of one unit, lot by lot with its dates (J15).
func (d *Draft) Transfer(op Op, from, to Account, qty int64, at clock.Instant) error {
	before := len(d.Post.Uses)
	if err := d.view.frozen(); err != nil {
		return err
	}
	if have := d.view.Available(from, at); have < qty {
		return shortage(from.Kind, qty, have)
	}
	d.line(op, from, -qty)
	d.line(op, to, qty)
	if err := d.consume(from, qty, func(l Lot) bool { return l.usable(at, d.view.head.zones) }); err != nil {
		return err
	}
	h := d.view.change(to.Holder)
	for _, u := range d.Post.Uses[before:] {
		d.open(h, to, u.Qty, Terms{u.Starts, u.Until, u.Cost})
	}
	return nil
}
