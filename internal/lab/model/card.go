package model

import "slices"

// Issue makes a card, or with Member a membership, which is always active.
func (b *Book) Issue(op Op, id int64, status string) Verdict {
	return b.decide(op, func(t *deed) string {
		t.entry("ISS", t.now)
		t.touch(id).Status = status
		return ""
	})
}

// steps are the changes of S1 that staff makes.
var steps = map[string]struct {
	from []string
	to   string
}{
	"block":    {[]string{"active"}, "blocked"},
	"unblock":  {[]string{"blocked"}, "active"},
	"lost":     {[]string{"active", "blocked"}, "lost"},
	"close":    {[]string{"new", "sold", "active", "blocked", "lost", "replaced", "expired"}, "closed"},
	"sell":     {[]string{"new"}, "sold"},
	"activate": {[]string{"new", "sold", "expired"}, "active"},
}

// Change decides a change of a card's state.
func (b *Book) Change(op Op, card int64, do string) Verdict {
	return b.decide(op, func(t *deed) string {
		h, step := t.look(card), steps[do]
		if !slices.Contains(step.from, h.Status) {
			if h.Status == "active" {
				return "card_already_active"
			}
			return usable(h)
		}
		kind := "BLK"
		switch {
		case do == "sell":
			kind = "ISS"
		case do == "activate" && h.Status != "expired":
			kind = "ACT"
		case step.to == "active":
			kind = "UBL"
		}
		t.entry(kind, t.now)
		t.touch(card).Status = step.to
		return ""
	})
}

// Replace gives all that a card holds to a new one, once (S2).
func (b *Book) Replace(op Op, old, fresh int64) Verdict {
	return b.decide(op, func(t *deed) string {
		h := t.look(old)
		if h.Status != "active" && h.Status != "blocked" && h.Status != "lost" {
			return usable(h)
		}
		if f := t.look(fresh); f.Status != "new" && f.Status != "sold" {
			if f.Status == "active" {
				return "card_already_active"
			}
			return usable(f)
		}
		t.entry("TRF", t.now)
		t.touch(old).Status = "replaced"
		t.touch(fresh).Status = "active"
		return t.moveAll(old, fresh, []int64{Paid, Promo, Credit, Points, Pending, Visits})
	})
}

// Link gives a card to a membership: what belongs to the member goes over (S7). A card that is linked stays.
func (b *Book) Link(op Op, card, member int64, linked bool) Verdict {
	return b.decide(op, func(t *deed) string {
		if linked {
			return "card_linked"
		}
		if h := t.look(card); h.Status != "new" && h.Status != "sold" && h.Status != "active" {
			return usable(h)
		}
		t.entry("ISS", t.now)
		t.touch(card)
		t.touch(member)
		return t.moveAll(card, member, []int64{Credit, Points, Pending, Visits})
	})
}

func (t *deed) moveAll(from, to int64, kinds []int64) string {
	for _, k := range kinds {
		p := t.look(from).Purse(k)
		switch {
		case !slices.ContainsFunc(t.look(from).Purses, func(p *Purse) bool { return p.Kind == k }):
			continue
		case p.Held != 0:
			return "in_progress"
		}
		u := t.b.unit(k)
		t.line(from, k+debt, u, p.Owed)
		t.line(to, k+debt, u, -p.Owed)
		if p.Posted > 0 {
			t.move(from, to, k, p.Posted, func(Lot) bool { return true })
		}
		t.repay(to, k)
	}
	return ""
}

// repay pays a purse's debt from what may be used of it now.
func (t *deed) repay(holder, kind int64) {
	p := t.look(holder).Purse(kind)
	var awake int64
	for _, l := range p.Lots {
		if t.b.usable(l, t.now) {
			awake += l.Left
		}
	}
	qty := min(p.Owed, awake, p.Posted-p.Held)
	if qty <= 0 {
		return
	}
	u := t.b.unit(kind)
	t.line(holder, kind, u, -qty)
	t.line(holder, kind+debt, u, qty)
	t.consume(holder, kind, qty, func(l Lot) bool { return t.b.usable(l, t.now) })
}

// Close closes a terminal's batch; without operations it opens one first, unless the timer asks.
func (b *Book) Close(terminal, number int64, timer bool) {
	x := b.till(terminal)
	if x.open == 0 && !timer && (number == 0 || number == x.last%999_999+1) {
		x.last = x.last%999_999 + 1
		x.open = x.last
	}
	if x.open != 0 && (number == 0 || number == x.open) {
		x.open = 0
	}
}

// CloseAt closes a terminal's batch by itself: at the first 23:59 of its outlet, at the latest after a day.
func (b *Book) CloseAt(terminal, clock int64) {
	x := b.till(terminal)
	end := b.cal.start(b.cal.day(x.since)+1) - minute
	if end <= x.since {
		end = b.cal.start(b.cal.day(x.since)+2) - minute
	}
	if x.open != 0 && clock >= min(end, x.since+day) {
		x.open = 0
	}
}

// Transfer moves paid value from one card to another (J15).
func (b *Book) Transfer(op Op, from, to, qty int64) Verdict {
	return b.decide(op, func(t *deed) string {
		for _, id := range []int64{from, to} {
			if code := usable(t.look(id)); code != "" {
				return code
			}
		}
		if t.free(from, Paid, t.now) < qty {
			return "insufficient_balance"
		}
		t.entry("TRF", t.now)
		t.move(from, to, Paid, qty, func(l Lot) bool { return t.b.usable(l, t.now) })
		return ""
	})
}
