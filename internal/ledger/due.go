package ledger

import (
	"lojal/internal/base/clock"
)

// expirable gives how much of an account has expired by an instant and is not reserved by a hold.
func (v *View) expirable(a Account, at clock.Instant) int64 {
	h := v.Holder(a.Holder)
	var dead int64
	for _, l := range h.Lots {
		if l.Kind == a.Kind && l.Unit == a.Unit && l.expired(at, v.head.zones) {
			dead += l.Remaining
		}
	}
	if dead == 0 {
		return 0
	}
	return max(0, dead-h.Balance(a.Kind, a.Unit).Held)
}

func (d *Draft) expire(a Account, qty int64, at clock.Instant) {
	d.line(EXP, a, -qty)
	d.line(EXP, System(Breakage, a.Unit), qty)
	if err := d.consume(a, qty, func(l Lot) bool { return l.expired(at, d.view.head.zones) }); err != nil {
		panic(err)
	}
}

// Due is host work on one holder that has come due: holds that ran out are released, pending lots whose
// time has come are activated, lots past their last day expire. It does one thing a run, in that order,
// so that each entry has one value date; the sweep repeats it until nothing_to_do.
type Due struct {
	Tenant int64
	Holder int64
	At     clock.Instant // the reminder that is served
	Host   Origin
	Day    clock.Day // business date of the host's batch
}

// Op names the work; it has no key, since its state makes it repeatable.
func (c Due) Op() Operation { return Operation{Tenant: c.Tenant, Kind: EXP, Origin: c.Host} }

// Need asks for the holder.
func (c Due) Need(n *Needs) { n.Holder(c.Holder) }

// Decide does the first thing that is due, or nothing.
func (c Due) Decide(v *View) error {
	h := v.Holder(c.Holder)
	if h == nil {
		v.Forget(c.Holder, c.At)
		return nil
	}
	now := v.Now()
	for _, x := range h.Holds {
		if x.Ends <= now {
			d := c.begin(v, REL)
			return d.Release(c.Holder, x.ID, HoldExpired)
		}
	}
	for _, l := range h.Lots {
		if l.Kind == Pending && l.Starts <= now {
			return c.activate(v, l)
		}
	}
	for _, b := range h.Balances {
		if b.Kind.IsDebt() || b.Kind == Pending {
			continue
		}
		if done := c.expireDay(v, Account{c.Holder, b.Kind, b.Unit}); done {
			return nil
		}
	}
	v.Forget(c.Holder, c.At)
	return nil
}

func (c Due) begin(v *View, kind Op) *Draft {
	d := v.Begin(kind)
	d.BusinessDate, d.ValueDate = c.Day, c.Day
	return d
}

// activate makes a pending lot spendable; what the points owe is repaid first.
func (c Due) activate(v *View, l Lot) error {
	d := c.begin(v, EAR)
	h := d.touch(c.Holder)
	from := Account{c.Holder, Pending, l.Unit}
	d.line(EAR, from, -l.Remaining)
	for i := range h.Lots {
		if h.Lots[i].ID == l.ID {
			d.use(h, l, l.Remaining)
			h.Lots = append(h.Lots[:i], h.Lots[i+1:]...)
			break
		}
	}
	rest := l.Remaining
	to := Account{c.Holder, Points, l.Unit}
	if back := min(rest, -h.Balance(Points.Debt(), l.Unit).Posted); back > 0 {
		d.line(EAR, Account{c.Holder, Points.Debt(), l.Unit}, back)
		rest -= back
	}
	if rest > 0 {
		d.line(EAR, to, rest)
		d.open(h, to, rest, Terms{Until: l.Until, Cost: l.Cost})
	}
	return nil
}

// expireDay expires what has passed the earliest last day on an account; the entry is valued on that day
// however late the run comes (R18).
func (c Due) expireDay(v *View, a Account) bool {
	now := v.Now()
	qty := v.expirable(a, now)
	if qty == 0 {
		return false
	}
	h := v.Holder(a.Holder)
	var day clock.Day
	var dead int64
	for _, l := range h.Lots {
		if l.Kind == a.Kind && l.Unit == a.Unit && l.expired(now, v.head.zones) {
			if day == 0 {
				day = l.Until
			}
			if l.Until == day {
				dead += l.Remaining
			}
		}
	}
	d := c.begin(v, EXP)
	d.ValueDate = day
	d.expire(a, min(qty, dead), now)
	return true
}
