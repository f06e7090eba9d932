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
		short := t.reclaim(m.Holder, kind, qty, []Move{m}, nil)
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
		switch {
		case l.Kind >= unitsIssued || l.Kind >= debt && l.Amount > 0:
			t.line(l.Holder, l.Kind, l.Unit, -l.Amount)
		case l.Kind >= debt:
			t.forgive(l.Holder, l.Kind-debt, -l.Amount)
		}
	}
}

// forgive takes a debt back; what of it was repaid meanwhile is value again.
func (t *deed) forgive(holder, kind, qty int64) {
	u := t.b.unit(kind)
	owed := min(qty, t.look(holder).Purse(kind).Owed)
	t.line(holder, kind+debt, u, owed)
	if rest := qty - owed; rest > 0 {
		t.line(holder, kind, u, rest)
		t.open(holder, kind, rest, terms{0, 0, 1_000_000})
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
		e := t.e
		t.after = append(t.after, func() {
			sale := t.b.entries[o.Reverses]
			p := &sale.given[o.visitor]
			p.undone = true
			sale.forgiven -= p.forgave
			for _, l := range e.Lines {
				if l.Kind == Points+debt {
					sale.owed -= l.Amount
				}
			}
			for _, id := range p.vouchers {
				if v := t.b.vouchers[id]; v.Max == 0 || v.Uses < v.Max {
					v.Uses++
				}
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
	Gives    []int // of Sold.Gives, the gift cards whose lines come back
}

// Part is what pricing says of a return.
type Part struct {
	Gifts    []Spend // to paid value, in order
	Promo    []Spend
	Points   int64 // restored
	Clawback int64
	Full     bool
	Vouchers []int64
	Lines    []int64 // quantities that it takes, by position
}

// part is what is remembered of a return.
type part struct {
	lines    []int64
	fills    []fill
	vouchers []int64 // that it restored
	claw     int64
	forgave  int64
	undone   bool

	owed, forgiven int64 // of its sale, after it
}

// fill is value given back for a lot; seen 0 stands for what had come out of a debt. Into is the lot that
// took it, where it is to last longer.
type fill struct{ holder, kind, seen, qty, into int64 }

// Back decides a return (S10, R11).
func (b *Book) Back(r Return, priced func() (Part, bool)) Verdict {
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
		p, ok := priced()
		if t.blind = !ok; t.blind {
			p = Part{Lines: make([]int64, len(o.Sale.Lines))}
		}
		at := t.now
		if r.Advice && r.Till != 0 {
			at, _ = clamp(r.Till, t.now, others)
		}
		e := t.entry("RET", at)
		e.Reverses = o.Seq
		t.stamp()
		done := part{lines: p.Lines, claw: p.Clawback, owed: o.owed, forgiven: o.forgiven}
		t.backAll(o, &p, &done, t.b.cal.day(at))
		if code := t.emptyCards(o, r.Gives); code != "" {
			return code
		}
		t.after = append(t.after, func() {
			e.visitor = int64(len(o.given))
			o.given = append(o.given, done)
			o.owed, o.forgiven = done.owed, done.forgiven
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
		uses := o.used(holder, kind)
		for _, m := range slices.Backward(uses) {
			if m.Qty = min(m.Qty-o.filled(m.seen, holder, kind, done), qty); m.Qty > 0 {
				qty -= m.Qty
				t.backOne(from, m, atLeast, rules.Strict, done)
			}
		}
		if qty > 0 { // it had come out of a debt: that is repaid first
			done.fills = append(done.fills, fill{holder: holder, kind: kind, qty: qty})
			t.repayFrom(from, holder, kind, qty)
		}
		if rules.Strict {
			t.expire(holder, kind, t.expirable(holder, kind, t.now))
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
		t.claw(o, owner, p.Clawback, done)
		t.touch(owner)
	}
	t.unuse(p, done, d)
}

// repayFrom gives value that had come out of a debt: the debt first.
func (t *deed) repayFrom(from, holder, kind, qty int64) {
	u := t.b.unit(kind)
	owed := min(qty, t.look(holder).Purse(kind).Owed)
	t.line(0, from, u, -owed)
	t.line(holder, kind+debt, u, owed)
	t.give(from, holder, kind, qty-owed, terms{0, 0, 1_000_000}, false)
}

// backOne gives value back for one use. What an earlier return of the sale left as a debt for want of these
// very points is repaid first; expired value repays nothing.
func (t *deed) backOne(from int64, m Move, atLeast int64, strict bool, done *part) {
	whole := m.Qty
	if m.Kind == Points && !(strict && t.b.dead(Lot{Until: m.Until}, t.now)) {
		owed := max(0, min(done.owed, t.look(m.Holder).Purse(Points).Owed, m.Qty))
		if owed > 0 {
			t.repayFrom(from, m.Holder, Points, owed)
			done.owed -= owed
			m.Qty -= owed
		}
	}
	into := t.restore(from, m, atLeast)
	done.fills = append(done.fills, fill{m.Holder, m.Kind, m.seen, whole, into})
}

// used gives the lots that a sale took from a purse, each once, in the order of consumption.
func (e *Entry) used(holder, kind int64) []Move {
	var uses []Move
	for _, m := range e.Uses {
		if m.Holder != holder || m.Kind != kind || m.Qty <= 0 {
			continue
		}
		if i := slices.IndexFunc(uses, func(x Move) bool { return x.seen == m.seen }); i >= 0 {
			uses[i].Qty += m.Qty
			continue
		}
		uses = append(uses, m)
	}
	return uses
}

// fills gives every refill by returns that stand, and by the one that is made.
func (e *Entry) fills(done *part) []fill {
	var out []fill
	for _, p := range e.given {
		if !p.undone {
			out = append(out, p.fills...)
		}
	}
	return append(out, done.fills...)
}

func (e *Entry) filled(seen, holder, kind int64, done *part) int64 {
	var n int64
	for _, f := range e.fills(done) {
		if f.seen == seen && f.holder == holder && f.kind == kind {
			n += f.qty
		}
	}
	return n
}

// claw takes earned points back: those of the sale, then others, and last what its returns restore. A
// shortage becomes debt up to the limit, or is forgiven (J7, VRR-24); a later return asks for that again.
func (t *deed) claw(o *Entry, owner, qty int64, done *part) {
	forgiven := max(0, done.forgiven)
	if qty+forgiven == 0 {
		return
	}
	var last []int64
	for _, m := range slices.Backward(o.used(owner, Points)) {
		last = append(last, m.seen)
		for _, f := range o.fills(done) {
			if f.into != 0 && f.seen == m.seen && f.holder == owner && f.kind == Points {
				last = append(last, f.into)
			}
		}
	}
	short := t.reclaim(owner, Points, qty+forgiven, o.Adds, last)
	owed := short
	if o.Sale.Rules.DebtLimit > 0 {
		owed = min(short, max(0, o.Sale.Rules.DebtLimit-t.look(owner).Purse(Points).Owed))
	}
	if o.Sale.Rules.Prevent {
		owed = 0
	}
	t.line(owner, Points+debt, t.b.set.Points, -owed)
	t.line(0, unitsIssued, t.b.set.Points, qty+forgiven-short+owed)
	done.forgave = short - owed - forgiven
	done.owed, done.forgiven = done.owed+owed, done.forgiven+done.forgave
}

// unuse restores vouchers on a full return, where they are still valid (S14).
func (t *deed) unuse(p *Part, done *part, d int64) {
	if !p.Full {
		return
	}
	for _, id := range p.Vouchers {
		if v := t.b.vouchers[id]; v.Uses > 0 && (v.Through == 0 || v.Through >= d) {
			done.vouchers = append(done.vouchers, id)
			t.after = append(t.after, func() { v.Uses-- })
		}
	}
}

// emptyCards takes back what returned lines had put on gift cards.
func (t *deed) emptyCards(o *Entry, gives []int) string {
	for _, i := range gives {
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
			short := t.reclaim(card, m.Kind, m.Qty, []Move{m}, nil)
			t.line(card, m.Kind+debt, t.b.set.Money, -short)
			t.line(0, to, t.b.set.Money, m.Qty)
		}
		if h := t.look(card); h.Purse(Paid).Posted == 0 && h.Purse(Promo).Posted == 0 {
			t.own(card).Status = "closed"
		}
	}
	return ""
}
