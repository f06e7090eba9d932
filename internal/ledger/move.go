package ledger

import "lojal/internal/base/fault"

// MoveAll moves the whole of an account to the same account of another holder, lot by lot with its dates:
// also what may not be used yet and what is past its day, and the debt beside it (S2, S7). Debt that meets
// value there is repaid at once. It gives what arrived, and returns in_progress while a hold is open.
func (d *Draft) MoveAll(op Op, from Account, to int64) (int64, error) {
	if err := d.view.frozen(); err != nil {
		return 0, err
	}
	h := d.view.Holder(from.Holder)
	b, owed := h.Balance(from.Kind, from.Unit), -h.Balance(from.Kind.Debt(), from.Unit).Posted
	if b.Held != 0 {
		return 0, fault.New(fault.ErrInProgress)
	}
	target := Account{to, from.Kind, from.Unit}
	if owed > 0 {
		d.line(op, Account{from.Holder, from.Kind.Debt(), from.Unit}, owed)
		d.line(op, Account{to, from.Kind.Debt(), from.Unit}, -owed)
	}
	if b.Posted > 0 {
		before := len(d.Post.Uses)
		d.line(op, from, -b.Posted)
		d.line(op, target, b.Posted)
		if err := d.consume(from, b.Posted, func(Lot) bool { return true }); err != nil || d.view.ask {
			return 0, err
		}
		for _, u := range d.Post.Uses[before:] {
			d.open(d.view.change(to), target, u.Qty, Terms{u.Starts, u.Until, u.Cost})
		}
	}
	return b.Posted, d.repay(op, target)
}

// repay pays the debt of an account from what may be used of it now.
func (d *Draft) repay(op Op, a Account) error {
	h := d.view.change(a.Holder)
	var usable int64
	for _, l := range h.Lots {
		if l.Kind == a.Kind && l.Unit == a.Unit && l.usable(d.view.head.now, d.view.head.zones) {
			usable += l.Remaining
		}
	}
	b := h.Balance(a.Kind, a.Unit)
	qty := min(-h.Balance(a.Kind.Debt(), a.Unit).Posted, usable, b.Posted-b.Held)
	if qty <= 0 {
		return nil
	}
	return d.take(op, a, Account{a.Holder, a.Kind.Debt(), a.Unit}, qty, d.view.head.now)
}
