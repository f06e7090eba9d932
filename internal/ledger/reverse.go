package ledger

import "slices"

// Claw takes value back that an entry gave (J7): from the lots that it opened, then pending before active
// value in the order of consumption, and what is spent already from the debt companion (R13). It gives how
// much became debt.
func (d *Draft) Claw(op Op, given []LotMove, from, to Account, qty int64) int64 {
	short := d.reclaim(op, given, nil, from, qty)
	if short > 0 {
		d.line(op, Account{from.Holder, from.Kind.Debt(), from.Unit}, -short)
	}
	d.line(op, to, qty)
	return short
}

// ClawAtMost takes back what is there and leaves the rest be; the lots in last come after all others, those
// given included, in their order. It gives what was not there.
func (d *Draft) ClawAtMost(op Op, given []LotMove, last []int64, from, to Account, qty int64) int64 {
	short := d.reclaim(op, given, last, from, qty)
	d.line(op, to, qty-short)
	return short
}

// reclaim takes a quantity out of an account and, for points, out of its pending companion first: from lots
// of those given, then from others in the order of consumption, then from the last. It gives what was not
// there. Held value stays.
func (d *Draft) reclaim(op Op, given []LotMove, last []int64, from Account, qty int64) int64 {
	own := func(l Lot) bool {
		return slices.ContainsFunc(given, func(g LotMove) bool { return g.Lot == l.ID && g.Holder == from.Holder })
	}
	passes := []func(Lot) bool{
		func(l Lot) bool { return own(l) && !slices.Contains(last, l.ID) },
		func(l Lot) bool { return !own(l) && !slices.Contains(last, l.ID) },
	}
	for _, id := range last {
		passes = append(passes, func(l Lot) bool { return l.ID == id })
	}
	kinds := []Kind{from.Kind}
	if from.Kind == Points {
		kinds = []Kind{Pending, Points}
	}
	for _, may := range passes {
		for _, k := range kinds {
			if qty == 0 {
				return 0
			}
			qty -= d.reclaimFrom(op, Account{from.Holder, k, from.Unit}, qty, may)
		}
	}
	return qty
}

// reclaimFrom takes up to a quantity from the lots of one account that the filter lets through, expired
// ones included: they are there until their expiry is booked. It gives what it took.
func (d *Draft) reclaimFrom(op Op, a Account, qty int64, may func(Lot) bool) int64 {
	h := d.view.Holder(a.Holder)
	b := h.Balance(a.Kind, a.Unit)
	qty = min(qty, max(0, b.Posted-b.Held))
	if qty == 0 {
		return 0
	}
	h = d.touch(a.Holder)
	left := qty
	for i := 0; i < len(h.Lots) && left > 0; i++ {
		l := &h.Lots[i]
		if l.Kind != a.Kind || l.Unit != a.Unit || !may(*l) {
			continue
		}
		part := min(left, l.Remaining)
		l.Remaining -= part
		left -= part
		d.use(h, *l, part)
	}
	h.Lots = slices.DeleteFunc(h.Lots, func(l Lot) bool { return l.Remaining == 0 })
	if left > 0 && b.Tail > 0 {
		d.view.work.wantTail(d.view.op.Tenant, a)
		d.view.ask = true
	}
	d.line(op, a, -(qty - left))
	return qty - left
}

// Reverse posts the exact negative of an entry: value that was given is taken back, value that was taken
// returns to its lots; what a customer's account lacks is posted on its debt companion (R13, I14), so that
// a reversal is never declined for what has happened since.
func (d *Draft) Reverse(op Op, o *Entry) {
	d.Reverses = o.Seq
	for _, x := range o.Post.Holds {
		if x.State != HoldOpen {
			continue
		}
		if open, err := d.view.FindHold(x.Holder, x.Hold); err == nil {
			d.resolve(x.Holder, open, 0, HoldReleased)
		}
	}
	for _, u := range o.Post.Uses {
		if u.Qty > 0 {
			d.unuse(op, u)
		}
	}
	for _, a := range o.Post.Adds {
		d.unadd(op, a)
	}
	for _, u := range o.Post.Uses {
		if u.Qty < 0 {
			u.Qty = -u.Qty
			d.unadd(op, u)
		}
	}
	for _, p := range o.Post.Lines {
		switch {
		case p.Kind.IsDebt() && p.Amount < 0:
			d.forgive(op, p.Account, -p.Amount)
		case p.Kind.System() || p.Kind.IsDebt():
			d.line(op, p.Account, -p.Amount)
		}
	}
}

// forgive takes a debt back. What of it was repaid meanwhile is value again, since a debt is never positive.
func (d *Draft) forgive(op Op, a Account, qty int64) {
	h := d.touch(a.Holder)
	owed := min(qty, max(0, -h.Balance(a.Kind, a.Unit).Posted))
	d.line(op, a, owed)
	if rest := qty - owed; rest > 0 {
		to := Account{a.Holder, a.Kind &^ debt, a.Unit}
		d.line(op, to, rest)
		d.open(h, to, rest, Terms{Cost: FullCost})
	}
}

// unuse gives a use back to its lot, unchanged.
func (d *Draft) unuse(op Op, u LotMove) {
	d.line(op, Account{u.Holder, u.Kind, u.Unit}, u.Qty)
	h := d.touch(u.Holder)
	back := u
	back.Qty = -u.Qty
	d.Post.Uses = append(d.Post.Uses, back)
	d.refill(h, u)
}

// refill adds to the lot that a use came from, opening it again where it has been used up.
func (d *Draft) refill(h *Holder, u LotMove) {
	for i := range h.Lots {
		if l := &h.Lots[i]; l.ID == u.Lot && l.Until == u.Until {
			l.Remaining += u.Qty
			d.remind(h, *l)
			return
		}
	}
	d.insert(h, Lot{ID: u.Lot, Kind: u.Kind, Unit: u.Unit, Remaining: u.Qty, Starts: u.Starts, Until: u.Until, Cost: u.Cost})
}

// unadd takes back what an entry put into a lot: from that lot, then from others. Pending points that have
// become active meanwhile are taken from the active ones; what is missing becomes debt.
func (d *Draft) unadd(op Op, a LotMove) {
	from := Account{a.Holder, a.Kind, a.Unit}
	if a.Kind == Pending {
		from.Kind = Points
	}
	if short := d.reclaim(op, []LotMove{a}, nil, from, a.Qty); short > 0 {
		d.line(op, Account{a.Holder, from.Kind.Debt(), a.Unit}, -short)
	}
}

// Owe posts an amount on an account's debt companion alone.
func (d *Draft) Owe(op Op, from, to Account, qty int64) {
	d.line(op, Account{from.Holder, from.Kind.Debt(), from.Unit}, -qty)
	d.line(op, to, qty)
}

// Repay gives value that once came out of a debt: the debt first, what is left as a lot of its own.
func (d *Draft) Repay(op Op, from, to Account, qty int64) {
	h := d.touch(to.Holder)
	if back := min(qty, -h.Balance(to.Kind.Debt(), to.Unit).Posted); back > 0 {
		d.line(op, from, -back)
		d.line(op, Account{to.Holder, to.Kind.Debt(), to.Unit}, back)
		qty -= back
	}
	d.Give(op, from, to, qty, Terms{Cost: FullCost})
}
