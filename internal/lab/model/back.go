package model

import "slices"

// Reversal takes an operation back, named by its key, or by its terminal's sequence on a business day.
type Reversal struct {
	Op
	Original int64 // the entry, 0 when nobody knows it
	Named    int64 // the original's key; 0 when it is named by its place
	At       struct{ Terminal, Sequence, Day int64 }
	Void     bool // by a cashier, who may be refused; anybody else is obeyed (S11)
}

// Reverse decides a reversal or void (S8, S9, S13).
func (b *Book) Reverse(r Reversal) Verdict {
	return b.decide(r.Op, func(t *deed) string {
		if r.Original == 0 {
			return t.unknown(&r)
		}
		o := t.b.entries[r.Original]
		switch {
		case o.Kind == "TMB":
			return "already_reversed"
		case o.Kind == "REV" || o.Kind == "VOI":
			return "reversal_of_reversal"
		case o.by != 0:
			return "already_reversed"
		case slices.ContainsFunc(o.given, func(p part) bool { return !p.undone }):
			return "further_activity_prevents_void"
		}
		kind := "REV"
		if r.Void {
			if code := t.voidable(o); code != "" {
				return code
			}
			kind = "VOI"
		}
		e := t.entry(kind, t.now)
		if e.Reverses = o.Seq; !r.Void {
			e.Business = o.Business // counted where the original was
		}
		t.stamp()
		t.negate(o)
		t.after = append(t.after, func() { o.by = e.Seq })
		t.undo(o)
		return ""
	})
}

// unknown closes the name of what has not come, so that it has no effect when it comes late.
func (t *deed) unknown(r *Reversal) string {
	if r.Void {
		return "original_not_found"
	}
	t.entry("REV", t.now)
	t.stamp()
	d := t.e.Business
	if r.Named != 0 {
		if _, declined := t.b.keys[r.Client][r.Named]; declined {
			return "" // what was refused is closed already
		}
		t.tomb(r.Client, r.Named, 0, 0, d)
		return ""
	}
	t.tomb(r.Client, 0, r.At.Terminal, r.At.Sequence, r.At.Day)
	return ""
}

func (t *deed) tomb(client, key, terminal, sequence, d int64) {
	e := t.entry("TMB", t.now)
	e.Client, e.Key, e.Print, e.Terminal, e.Sequence, e.Receipt, e.Business, e.Value = client, key, 0, terminal, sequence, 0, d, d
}

// Fence closes a key that stands for nothing (A5).
func (b *Book) Fence(op Op, key int64) Verdict {
	return b.decide(Op{Clock: op.Clock}, func(t *deed) string {
		if _, known := t.b.keys[op.Client][key]; known {
			return "nothing_to_do"
		}
		t.tomb(op.Client, key, 0, 0, t.b.cal.business(t.now, t.b.set.ClosesHours))
		return ""
	})
}

// voidable: the batch is open, and what was put on a gift card is still there (S9).
func (t *deed) voidable(o *Entry) string {
	if o.Terminal == 0 || t.b.till(o.Terminal).open == 0 || t.b.till(o.Terminal).open != o.Batch {
		return "batch_closed"
	}
	for _, m := range o.Adds {
		if (m.Kind == Paid || m.Kind == Promo) && t.free(m.Holder, m.Kind, t.now) < m.Qty {
			return "further_activity_prevents_void"
		}
	}
	return ""
}

// negate posts the exact negative of an entry; what a purse lacks becomes its debt (R13, I14).
func (t *deed) negate(o *Entry) {
	for i, x := range o.Opened {
		t.dropHold(o.Owners[i], x.Entry, x.Kind)
	}
	for _, m := range o.Uses {
		if m.Qty > 0 {
			t.refill(m)
		}
	}
	undo := func(m Move, qty int64) {
		kind := m.Kind
		if kind == Pending {
			kind = Points
		}
		short := t.reclaim(m.Holder, kind, qty, o.Adds)
		t.line(m.Holder, kind+debt, t.b.unit(kind), -short)
	}
	for _, m := range o.Adds {
		undo(m, m.Qty)
	}
	for _, m := range o.Uses {
		if m.Qty < 0 {
			undo(m, -m.Qty)
		}
	}
	for _, l := range o.Lines {
		if l.Kind >= debt {
			t.line(l.Holder, l.Kind, l.Unit, -l.Amount)
		}
	}
}

func (t *deed) dropHold(holder, entry, kind int64) {
	h := t.look(holder)
	i := slices.IndexFunc(h.Holds, func(x Hold) bool { return x.Entry == entry && x.Kind == kind })
	if i < 0 {
		return
	}
	h = t.touch(holder)
	h.purse(kind).Held -= h.Holds[i].Amount
	h.Holds = slices.Delete(h.Holds, i, i+1)
}

// undo gives uses of vouchers and rules back, and takes a return out of its sale.
func (t *deed) undo(o *Entry) {
	switch {
	case o.Kind == "RET":
		t.after = append(t.after, func() {
			if sale := t.b.entries[o.Reverses]; sale != nil {
				sale.given[o.visitor].undone = true
			}
		})
	case o.Sale != nil:
		for _, u := range o.Sale.Priced.Uses {
			t.after = append(t.after, func() {
				if u.Voucher != 0 {
					v := t.b.vouchers[u.Voucher]
					v.Uses = max(0, v.Uses-1)
				}
				if o.Sale.Rules.counts(u.Rule) {
					t.b.uses[u.Rule] = max(0, t.b.uses[u.Rule]-1)
				}
			})
		}
	}
}

// counts tells whether uses of a rule are counted across sales.
func (r *Rules) counts(rule string) bool { return r.Budgets[rule] > 0 || r.Coupons[rule].Cap > 0 }

// Return gives goods back. Ask has the quantities by position in the basket, All what is left.
type Return struct {
	Op
	Original int64 // 0 when it is not found
	Ask      []int64
	All      bool
}

// Part is what pricing says of a return.
type Part struct {
	Gifts     []Spend // to paid value, in order
	Promo     []Spend
	Points    int64 // restored
	Clawback  int64
	Full      bool
	Vouchers  []int64
	Lines     []int64 // quantities that it takes, by position
	GiftLines []int   // of Sold.Gives, those that come back
}

// part is what is remembered of a return.
type part struct {
	lines  []int64
	back   map[account]int64
	claw   int64
	undone bool
}

// Back decides a return (S10, R11).
func (b *Book) Back(r Return, priced func() Part) Verdict {
	return b.decide(r.Op, func(t *deed) string {
		if r.Original == 0 {
			return "original_not_found"
		}
		o := t.b.entries[r.Original]
		if o.by != 0 {
			return "original_voided"
		}
		if code := o.over(&r); code != "" {
			return code
		}
		p := priced()
		at := t.now
		if r.Advice && r.Till != 0 {
			at, _ = clamp(r.Till, t.now, others)
		}
		e := t.entry("RET", at)
		e.Reverses = o.Seq
		t.stamp()
		done := part{back: map[account]int64{}, lines: p.Lines, claw: p.Clawback}
		t.backAll(o, &p, &done, t.b.cal.day(at))
		if code := t.emptyCards(o, &p); code != "" {
			return code
		}
		t.after = append(t.after, func() {
			e.visitor = int64(len(o.given))
			o.given = append(o.given, done)
		})
		return ""
	})
}

// over refuses more than is left of a line.
func (e *Entry) over(r *Return) string {
	left := e.Left()
	any := false
	for i, n := range left {
		any = any || n > 0
		if !r.All && r.Ask[i] > n {
			return "over_return"
		}
	}
	if r.All && !any {
		return "over_return"
	}
	return ""
}

// Left gives the quantities of a sale that have not come back, by position.
func (e *Entry) Left() []int64 {
	left := slices.Clone(e.Sale.Lines)
	for _, p := range e.given {
		for i := range left {
			if !p.undone {
				left[i] -= p.lines[i]
			}
		}
	}
	return left
}

// Clawed gives the points that returns of a sale have taken back.
func (e *Entry) Clawed() int64 {
	var n int64
	for _, p := range e.given {
		if !p.undone {
			n += p.claw
		}
	}
	return n
}

func (t *deed) backAll(o *Entry, p *Part, done *part, d int64) {
	rules, atLeast := o.Sale.Rules, d+o.Sale.Rules.Grace
	if rules.Strict {
		atLeast = 0
	}
	back := func(from, holder, kind, qty int64) {
		if qty == 0 {
			return
		}
		if h := t.look(holder); h != nil && h.Status == "expired" {
			t.own(holder).Status = "active"
		}
		uses, before := o.left(account{holder, kind})
		lots := min(qty, max(0, before))
		done.back[account{holder, kind}] += qty
		t.restore(from, uses, lots, atLeast)
		if rest := qty - lots; rest > 0 { // it had come out of a debt: that is repaid first
			u := t.b.unit(kind)
			owed := min(rest, t.look(holder).Purse(kind).Owed)
			t.line(0, from, u, -owed)
			t.line(holder, kind+debt, u, owed)
			t.give(from, holder, kind, rest-owed, terms{0, 0, 1_000_000}, false)
		}
	}
	for _, g := range p.Gifts {
		back(tillClearing, g.Card, Paid, g.Amount)
	}
	for _, g := range p.Promo {
		back(tillClearing, g.Card, Promo, g.Amount)
	}
	if o.Sale.Primary != nil {
		owner := o.Sale.Primary.Owner
		back(unitsRedeemed, owner, Points, p.Points)
		t.claw(o, owner, p.Clawback)
		if rules.Strict {
			t.expire(owner, Points, t.expirable(owner, Points, t.now))
		}
		t.touch(owner)
	}
	if p.Full {
		for _, id := range p.Vouchers {
			t.after = append(t.after, func() {
				v := t.b.vouchers[id]
				if v.Uses > 0 && (v.Through == 0 || v.Through >= d) {
					v.Uses--
				}
			})
		}
	}
}

// left gives the uses of a purse that are not given back yet, and their sum.
func (e *Entry) left(a account) ([]Move, int64) {
	var uses []Move
	var total, skip int64
	for _, p := range e.given {
		if !p.undone {
			skip += p.back[a]
		}
	}
	for _, m := range e.Uses {
		if m.Holder == a.holder && m.Kind == a.kind && m.Qty > 0 {
			uses, total = append(uses, m), total+m.Qty
		}
	}
	total -= skip
	for i := len(uses) - 1; i >= 0 && skip > 0; i-- {
		part := min(skip, uses[i].Qty)
		uses[i].Qty -= part
		skip -= part
	}
	return uses, total
}

// claw takes earned points back, by the rule of the programme (J7).
func (t *deed) claw(o *Entry, owner, qty int64) {
	if qty == 0 {
		return
	}
	short := t.reclaim(owner, Points, qty, o.Adds)
	owed := short
	switch {
	case o.Sale.Rules.Prevent:
		owed = 0
	case o.Sale.Rules.DebtLimit > 0:
		owed = min(short, o.Sale.Rules.DebtLimit)
	}
	t.line(owner, Points+debt, t.b.set.Points, -owed)
	t.line(0, unitsIssued, t.b.set.Points, qty-short+owed)
}

// emptyCards takes back what returned lines had put on gift cards.
func (t *deed) emptyCards(o *Entry, p *Part) string {
	for _, i := range p.GiftLines {
		card := o.Sale.Gives[i].Card
		for _, m := range o.Adds {
			if m.Holder != card || m.Kind != Paid && m.Kind != Promo {
				continue
			}
			if t.free(card, m.Kind, t.now) < m.Qty {
				return "further_activity_prevents_void"
			}
			to := int64(cashClearing)
			if m.Kind == Promo {
				to = promoExpense
			}
			short := t.reclaim(card, m.Kind, m.Qty, []Move{m})
			t.line(card, m.Kind+debt, t.b.set.Money, -short)
			t.line(0, to, t.b.set.Money, m.Qty)
		}
		if h := t.look(card); h.Purse(Paid).Posted == 0 && h.Purse(Promo).Posted == 0 {
			t.own(card).Status = "closed"
		}
	}
	return ""
}
