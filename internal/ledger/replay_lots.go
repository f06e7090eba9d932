package ledger

import (
	"slices"

	"lojal/internal/base/clock"
)

// resolveHolds holds I8 and keeps what is held.
func (r *replay) resolveHolds(e *Entry) {
	for _, x := range e.Post.Holds {
		h := r.holder(x.Holder)
		a := Account{x.Holder, x.Kind, x.Unit}
		i := slices.IndexFunc(h.holds, func(o openHold) bool { return o.ID == x.Hold })
		if x.State == HoldOpen {
			if i >= 0 || x.Hold>>10 != e.Seq || x.Amount <= 0 {
				r.tell("I8", e.Seq, x.Holder, "opens hold %d over %d wrongly", x.Hold, x.Amount)
				continue
			}
			h.holds = append(h.holds, openHold{Hold{x.Hold, x.Kind, x.Unit, x.Amount, x.Ends, e.EffectiveAt}, r.frozenAt(e, a)})
			h.purse(x.Kind, x.Unit).held += x.Amount
			r.covered(e, h, a)
			continue
		}
		if i < 0 {
			r.tell("I8", e.Seq, x.Holder, "resolves hold %d, which is not open", x.Hold)
			continue
		}
		o := h.holds[i]
		h.holds = slices.Delete(h.holds, i, i+1)
		h.purse(o.Kind, o.Unit).held -= o.Amount
		captured := x.State == HoldCaptured
		switch {
		case o.Kind != x.Kind || o.Unit != x.Unit || o.Ends != x.Ends:
			r.tell("I8", e.Seq, x.Holder, "resolves hold %d with other terms", x.Hold)
		case captured && (x.Amount <= 0 || x.Amount > o.Amount):
			r.tell("I8", e.Seq, x.Holder, "captures %d of hold %d over %d", x.Amount, x.Hold, o.Amount)
		case !captured && (x.Amount != 0 || x.State != HoldReleased && x.State != HoldExpired):
			r.tell("I8", e.Seq, x.Holder, "releases hold %d in state %d with %d", x.Hold, x.State, x.Amount)
		}
		r.judged = append(r.judged, judged{a, o.At}, judged{a, o.heir})
	}
}

// frozenAt gives the time that a new hold inherits where it succeeds others: the earliest; else the entry's.
func (r *replay) frozenAt(e *Entry, a Account) clock.Instant {
	at := e.EffectiveAt
	for _, j := range r.judged {
		if j.Account == a {
			at = min(at, j.at)
		}
	}
	return at
}

// covered holds I4 where an entry only reserves: what it posts is not on the balance yet.
func (r *replay) covered(e *Entry, h *replayed, a Account) {
	p := h.purse(a.Kind, a.Unit)
	have := p.posted
	for _, n := range r.nets {
		if n.Account == a {
			have += n.sum
		}
	}
	if have < p.held {
		r.tell("I4", e.Seq, a.Holder, "%s has %d of which %d are held", a.name(), have, p.held)
	}
}

// moveLots opens, fills and uses lots: I16 to I19.
func (r *replay) moveLots(e *Entry) {
	for _, m := range e.Post.Adds {
		r.fill(e, m, m.Qty, true)
	}
	for _, m := range e.Post.Uses {
		if m.Qty < 0 {
			r.fill(e, m, -m.Qty, false)
		}
	}
	free := e.Reverses != 0
	switch e.Kind {
	case VOI, REV, RET, TRF, ISS:
		free = true // takes back by origin, or moves whole accounts
	}
	for _, m := range e.Post.Uses {
		if m.Qty > 0 {
			r.use(e, m, free)
		}
	}
	if !free {
		r.expiries(e)
	}
}

// fill puts value into a lot: new value, which adds to its quantity, or restored value, which does not.
func (r *replay) fill(e *Entry, m LotMove, qty int64, added bool) {
	h := r.holder(m.Holder)
	l := h.lots[m.Lot]
	if l == nil {
		if !added || m.Lot>>10 != e.Seq || qty <= 0 {
			r.tell("I16", e.Seq, m.Holder, "puts %d into lot %d, which there is not", qty, m.Lot)
		}
		l = &parcel{Lot: Lot{m.Lot, m.Kind, m.Unit, 0, m.Starts, m.Until, m.Cost}}
		h.lots[m.Lot] = l
	}
	r.sameTerms(e, m, l)
	p := h.purse(l.Kind, l.Unit)
	if l.Remaining == 0 {
		at, _ := slices.BinarySearchFunc(p.open, l, func(a, b *parcel) int { return a.Lot.compare(b.Lot) })
		p.open = slices.Insert(p.open, at, l)
	}
	if l.seen != e.Seq {
		l.seen, l.fresh = e.Seq, 0
	}
	l.Remaining += qty
	l.fresh += qty
	p.inLots += qty
	if added {
		l.qty += qty
	}
	if l.Remaining > l.qty {
		r.tell("I16", e.Seq, m.Holder, "fills lot %d to %d of %d", m.Lot, l.Remaining, l.qty)
	}
}

func (r *replay) sameTerms(e *Entry, m LotMove, l *parcel) {
	if l.Kind != m.Kind || l.Unit != m.Unit || l.Starts != m.Starts || l.Until != m.Until || l.Cost != m.Cost {
		r.tell("I16", e.Seq, m.Holder, "moves lot %d under other terms than it was opened with", m.Lot)
	}
}

// use takes value from a lot.
func (r *replay) use(e *Entry, m LotMove, free bool) {
	h := r.holder(m.Holder)
	l := h.lots[m.Lot]
	if l == nil {
		r.tell("I16", e.Seq, m.Holder, "uses lot %d, which there is not", m.Lot)
		return
	}
	r.sameTerms(e, m, l)
	p := h.purse(l.Kind, l.Unit)
	if !free && l.Kind != Pending && !e.HasFlag(FlagLotChosen) {
		r.inOrder(e, m.Holder, p, l)
	}
	l.Remaining -= m.Qty
	p.inLots -= m.Qty
	if l.seen == e.Seq {
		l.fresh = min(l.fresh, max(0, l.Remaining))
	}
	if l.Remaining < 0 {
		r.tell("I16", e.Seq, m.Holder, "uses %d more of lot %d than it has", -l.Remaining, m.Lot)
	}
	if l.Remaining <= 0 {
		p.open = slices.DeleteFunc(p.open, func(o *parcel) bool { return o == l })
	}
}

// FlagLotChosen marks an entry whose lot the customer or the cashier has chosen (PASS-03, I17).
const FlagLotChosen = "lot_chosen"

// FlagCardExpired marks an expiry whose cause is that of the card and not of its lots (I19).
const FlagCardExpired = "card_expired"

// inOrder holds I17: no lot that comes before this one, and could have been used for the same reason, has
// anything left but what this very entry put into it.
func (r *replay) inOrder(e *Entry, holder int64, p *purse, l *parcel) {
	for _, m := range p.open {
		if m == l || !m.Before(l.Lot) {
			return
		}
		left := m.Remaining
		if m.seen == e.Seq {
			left -= m.fresh
		}
		if left > 0 && r.alike(e, holder, m, l) {
			r.tell("I17", e.Seq, holder, "uses lot %d of %s while %d were left in lot %d, which comes before it", l.ID, Account{holder, p.kind, p.unit}.name(), left, m.ID)
			return
		}
	}
}

// alike tells whether an earlier lot could have been used where this one was: at the same time where this
// one was usable, as expired where it was expired.
func (r *replay) alike(e *Entry, holder int64, earlier, l *parcel) bool {
	usable := false
	for _, at := range r.times(e, Account{holder, l.Kind, l.Unit}) {
		if !r.usable(l, at) {
			continue
		}
		if usable = true; !r.usable(earlier, at) {
			return false
		}
	}
	return usable || r.end(&earlier.Lot) <= e.BookedAt
}

// times gives the instants by which an entry may judge an account: its own, and those that holds froze.
func (r *replay) times(e *Entry, a Account) []clock.Instant {
	out := []clock.Instant{e.EffectiveAt}
	for _, j := range r.judged {
		if j.Account == a && !slices.Contains(out, j.at) {
			out = append(out, j.at)
		}
	}
	return out
}

func (r *replay) usable(l *parcel, at clock.Instant) bool {
	return l.Starts <= at && at < r.end(&l.Lot)
}

const never = clock.Instant(1<<63 - 1)

// end gives the instant from which a lot is expired.
func (r *replay) end(l *Lot) clock.Instant {
	if l.Until == 0 {
		return never
	}
	k := unitDay{l.Unit, l.Until}
	at, ok := r.ends[k]
	if !ok {
		at = l.Until.End(r.zones.Zone(l.Unit))
		r.ends[k] = at
	}
	return at
}

// expiries holds I18 and I19 for each account that the entry uses lots of.
func (r *replay) expiries(e *Entry) {
	type seen struct {
		Account
		dead, gone int64 // used though not usable, used and expired when booked
	}
	var accounts []seen
	for _, m := range e.Post.Uses {
		l := r.holder(m.Holder).lots[m.Lot]
		if m.Qty <= 0 || l == nil || l.Kind == Pending {
			continue
		}
		a := Account{m.Holder, l.Kind, l.Unit}
		i := slices.IndexFunc(accounts, func(s seen) bool { return s.Account == a })
		if i < 0 {
			i = len(accounts)
			accounts = append(accounts, seen{Account: a})
		}
		if !slices.ContainsFunc(r.times(e, a), func(at clock.Instant) bool { return r.usable(l, at) }) {
			accounts[i].dead += m.Qty
		}
		if r.end(&l.Lot) <= e.BookedAt {
			accounts[i].gone += m.Qty
		}
		if e.Kind == EXP {
			r.expired(e, m, l)
		}
	}
	for _, s := range accounts {
		booked := e.expired(s.Account)
		if s.dead > booked && !e.HasFlag(FlagCardExpired) {
			r.tell("I18", e.Seq, s.Holder, "uses %d of %s outside the lots' time", s.dead-booked, s.name())
		}
		if booked > s.gone && !e.HasFlag(FlagCardExpired) {
			r.tell("I19", e.Seq, s.Holder, "expires %d of %s, of which only %d have expired", booked, s.name(), s.gone)
		}
	}
}

// expired gives how much of an account the entry books as expired.
func (e *Entry) expired(a Account) int64 {
	var n int64
	for _, p := range e.Post.Lines {
		if p.Op == EXP && p.Account == a {
			n -= p.Amount
		}
	}
	return n
}

// expired holds what I19 and R18 say of an expiry of its own: it is valued on the lot's last day, and what
// it leaves of a lot is reserved by a hold.
func (r *replay) expired(e *Entry, m LotMove, l *parcel) {
	if e.HasFlag(FlagCardExpired) {
		return
	}
	if l.Until != e.ValueDate {
		r.tell("I19", e.Seq, m.Holder, "expires lot %d of %s on %s", m.Lot, l.Until, e.ValueDate)
	}
	if held := r.holder(m.Holder).purse(l.Kind, l.Unit).held; l.Remaining > held {
		r.tell("I19", e.Seq, m.Holder, "leaves %d of lot %d, of which only %d are held", l.Remaining, m.Lot, held)
	}
}
