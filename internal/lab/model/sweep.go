package model

import "fmt"

// Sweep does the first thing that has come due on a holder: a hold that ran out, points whose day has come,
// lots past their last day, a day at a time (R18). It books nothing when nothing is due.
func (b *Book) Sweep(op Op, holder int64) Verdict {
	return b.decide(op, func(t *deed) string {
		h := t.look(holder)
		if h == nil {
			return ""
		}
		for _, x := range h.Holds {
			if x.Ends <= t.now {
				t.host("REL")
				t.dropHold(holder, x.Entry, x.Kind)
				t.expire(holder, x.Kind, t.expirable(holder, x.Kind, t.now))
				return ""
			}
		}
		for _, l := range h.Purse(Pending).Lots {
			if l.Starts <= t.now {
				t.wake(holder, l)
				return ""
			}
		}
		for _, p := range h.Purses {
			if p.Kind != Pending && t.expireDay(holder, p) {
				return ""
			}
		}
		return ""
	})
}

// host starts an entry of the host: its day is a calendar day.
func (t *deed) host(kind string) {
	t.entry(kind, t.now)
	t.e.Business = t.b.cal.day(t.now)
	t.e.Value = t.e.Business
}

func (t *deed) wake(holder int64, l Lot) {
	t.host("EAR")
	u := t.b.set.Points
	t.line(holder, Pending, u, -l.Left)
	t.consume(holder, Pending, l.Left, func(x Lot) bool { return x.Seen == l.Seen })
	back := min(l.Left, t.look(holder).Purse(Points).Owed)
	t.line(holder, Points+debt, u, back)
	if rest := l.Left - back; rest > 0 {
		t.line(holder, Points, u, rest)
		t.open(holder, Points, rest, terms{0, l.Until, l.Cost})
	}
}

func (t *deed) expireDay(holder int64, p *Purse) bool {
	qty := t.expirable(holder, p.Kind, t.now)
	if qty == 0 {
		return false
	}
	var first, dead int64
	for _, l := range p.Lots {
		if !t.b.dead(l, t.now) {
			continue
		}
		if first == 0 {
			first = l.Until
		}
		if l.Until == first {
			dead += l.Left
		}
	}
	t.host("EXP")
	t.e.Value = first
	t.expire(holder, p.Kind, min(qty, dead))
	return true
}

// Due tells what of a holder should have been done by an instant and was not; nothing when all was.
func (b *Book) Due(holder, at int64) string {
	h := b.holders[holder]
	for _, x := range h.Holds {
		if x.Ends <= at {
			return fmt.Sprintf("a hold of %d that ended at %d", x.Amount, x.Ends)
		}
	}
	for _, p := range h.Purses {
		var dead int64
		for _, l := range p.Lots {
			if p.Kind == Pending && l.Starts <= at {
				return fmt.Sprintf("%d pending from %d on", l.Left, l.Starts)
			}
			if p.Kind != Pending && b.dead(l, at) {
				dead += l.Left
			}
		}
		if dead > p.Held {
			return fmt.Sprintf("%d of kind %d that have expired, %d held", dead, p.Kind, p.Held)
		}
	}
	return ""
}

// Shown gives what a till shows of a holder's points: active ones without those that have expired already
// (none are left out while there is debt), pending ones, held ones, and the debt.
func (b *Book) Shown(holder, now int64) (active, pending, held, owed int64) {
	h := b.holders[holder]
	p := h.Purse(Points)
	t := b.begin(Op{Clock: now})
	active = p.Posted
	if p.Owed == 0 {
		active -= max(0, p.Posted-p.Held-t.free(holder, Points, t.now))
	}
	return active, h.Purse(Pending).Posted, p.Held, p.Owed
}
