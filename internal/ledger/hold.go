package ledger

import (
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// Hold reserves value until an instant. A hold names an amount, not lots: it reserves what is consumed
// first at the time when it was opened. It gives the hold's id.
func (d *Draft) Hold(a Account, qty int64, at, ends clock.Instant) (int64, error) {
	if err := d.view.frozen(); err != nil {
		return 0, err
	}
	if have := d.view.Available(a, at); have < qty {
		return 0, shortage(a.Kind, qty, have)
	}
	return d.hold(a, qty, at, ends), nil
}

func (d *Draft) hold(a Account, qty int64, at, ends clock.Instant) int64 {
	h := d.touch(a.Holder)
	d.used++
	id := d.Seq<<10 | d.used
	h.Holds = append(h.Holds, Hold{ID: id, Kind: a.Kind, Unit: a.Unit, Amount: qty, Ends: ends, At: at})
	h.balance(a.Kind, a.Unit).Held += qty
	d.Post.Holds = append(d.Post.Holds, HoldMove{id, a.Holder, a.Kind, a.Unit, qty, HoldOpen, ends})
	d.view.Remind(a.Holder, ends)
	return id
}

// FindHold gives an open hold of a holder; hold_resolved when it is no longer open.
func (v *View) FindHold(holder, id int64) (Hold, error) {
	if h := v.Holder(holder); h != nil {
		for _, x := range h.Holds {
			if x.ID == id {
				return x, nil
			}
		}
	}
	return Hold{}, fault.New(ErrHoldResolved)
}

// resolve closes an open hold.
func (d *Draft) resolve(holder int64, x Hold, captured int64, s HoldState) {
	h := d.touch(holder)
	if remainsOpen(s) {
		return
	}
	h.Holds = slices.DeleteFunc(h.Holds, func(o Hold) bool { return o.ID == x.ID })
	h.balance(x.Kind, x.Unit).Held -= x.Amount
	d.Post.Holds = append(d.Post.Holds, HoldMove{x.ID, holder, x.Kind, x.Unit, captured, s, x.Ends})
	if captured < x.Amount {
		d.view.Remind(holder, d.view.head.now) // what the hold kept alive may have expired meanwhile
	}
}

// Capture spends a part of a hold, judged at the time that the hold froze (R17). The rest is released, or
// held on by a successor with the same end when final is false (S3). It gives the successor's id, 0 for none.
func (d *Draft) Capture(op Op, holder, id int64, to Account, qty int64, final bool) (int64, error) {
	x, err := d.view.FindHold(holder, id)
	if err != nil {
		return 0, err
	}
	if d.view.Now() >= x.Ends {
		return 0, fault.New(ErrHoldExpired)
	}
	a := Account{holder, x.Kind, x.Unit}
	if qty > x.Amount {
		return 0, shortage(x.Kind, qty, x.Amount)
	}
	state := HoldCaptured
	if qty == 0 {
		state = HoldReleased
	}
	d.resolve(holder, x, qty, state)
	if err := d.take(op, a, to, qty, x.At); err != nil {
		return 0, err
	}
	rest := x.Amount - qty
	if rest == 0 {
		return 0, nil
	}
	if !final {
		return d.hold(a, rest, x.At, x.Ends), nil
	}
	d.expireFreed(a)
	return 0, nil
}

// Settle closes a hold whose value the same entry spends itself; captured says how much of it.
func (d *Draft) Settle(holder, id, captured int64) error {
	x, err := d.view.FindHold(holder, id)
	if err != nil {
		return err
	}
	state := HoldCaptured
	if captured == 0 {
		state = HoldReleased
	}
	d.resolve(holder, x, captured, state)
	if d.view.expirable(Account{holder, x.Kind, x.Unit}, d.view.Now()) > 0 {
		d.view.Remind(holder, d.view.Now()) // the entry may spend other lots than those that the hold kept alive
	}
	return nil
}

// Release frees a hold. What of it has expired meanwhile expires in the same entry, valued on its day (T61).
func (d *Draft) Release(holder, id int64, s HoldState) error {
	x, err := d.view.FindHold(holder, id)
	if err != nil {
		return err
	}
	d.resolve(holder, x, 0, s)
	d.expireFreed(Account{holder, x.Kind, x.Unit})
	return nil
}

// ExpireFreed books what of an account has expired and is no longer reserved, valued on the entry's day.
func (d *Draft) ExpireFreed(a Account) { d.expireFreed(a) }

func (d *Draft) expireFreed(a Account) {
	if n := d.view.expirable(a, d.view.Now()); n > 0 {
		d.expire(a, n, d.view.Now())
	}
}
