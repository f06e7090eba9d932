package shift

import (
	"context"
	"slices"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// OpenShift logs a cashier on to a terminal and opens a batch when none is open. It is repeatable by
// state: the same cashier's open shift is answered again. It returns shift_open while another cashier's
// shift is open.
type OpenShift struct {
	Tenant   int64
	Outlet   int64
	Terminal int64
	Cashier  string

	room *Room
	out  Till
}

// Op names the log-on. It makes no entry.
func (c *OpenShift) Op() ledger.Operation {
	return ledger.Operation{Tenant: c.Tenant, Origin: ledger.Origin{Outlet: c.Outlet, Terminal: c.Terminal, Actor: c.Cashier}}
}

// Need asks for the till.
func (c *OpenShift) Need(n *ledger.Needs) { c.room.Need(n, c.Terminal) }

// Decide opens the shift.
func (c *OpenShift) Decide(v *ledger.View) error {
	t, _ := c.room.till.Get(v, c.Terminal)
	if t.Shift != 0 && t.Cashier != c.Cashier {
		return fault.New(ErrShiftOpen, "shift", t.Shift, "cashier", t.Cashier)
	}
	if t.Shift == 0 {
		t.Terminal, t.Outlet = c.Terminal, c.Outlet
		t.open(v.Now(), c.Cashier, v.Seq())
		t.LastShift++
		t.Shift, t.ShiftAt, t.ShiftSeq, t.Cashier = t.LastShift, v.Now(), v.Seq()+1, c.Cashier
		c.room.till.Set(v, c.Terminal, t)
	}
	c.out = t
	return nil
}

// OpenShift runs the command and gives where the terminal stands.
func (r *Room) OpenShift(ctx context.Context, c OpenShift) (Till, error) {
	if err := named(c.Terminal, c.Cashier, "cashier"); err != nil {
		return Till{}, err
	}
	c.room = r
	if res := r.lane.Do(ctx, &c); res.Err != nil {
		return Till{}, res.Err
	}
	return c.out, nil
}

func named(terminal int64, who, field string) error {
	if terminal == 0 {
		return fault.Invalid("terminal", "a terminal")
	}
	if who == "" || len(who) > 64 {
		return fault.Invalid(field, "1 to 64 bytes")
	}
	return nil
}

// CloseShift logs a cashier off. The shift may be named by its number; 0 is the open one. Closing a
// numbered shift that is closed already answers it again; otherwise it returns shift_not_open.
type CloseShift struct {
	Tenant   int64
	Outlet   int64
	Terminal int64
	Shift    int64
	Actor    string

	room *Room
	id   ID
	out  Shift
}

// Op names the log-off. It makes no entry.
func (c *CloseShift) Op() ledger.Operation {
	return ledger.Operation{Tenant: c.Tenant, Origin: ledger.Origin{Outlet: c.Outlet, Terminal: c.Terminal, Actor: c.Actor}}
}

// Need asks for the till.
func (c *CloseShift) Need(n *ledger.Needs) { c.room.Need(n, c.Terminal) }

// Decide closes the shift.
func (c *CloseShift) Decide(v *ledger.View) error {
	t, _ := c.room.till.Get(v, c.Terminal)
	if t.Shift == 0 || c.Shift != 0 && c.Shift != t.Shift {
		return fault.New(ErrShiftNotOpen, "shift", c.Shift)
	}
	c.out = Shift{
		ID: c.id, Terminal: c.Terminal, Outlet: t.Outlet, Number: t.Shift, Cashier: t.Cashier,
		OpenedAt: t.ShiftAt, OpenedSeq: t.ShiftSeq, ClosedAt: v.Now(), ClosedSeq: v.Seq(), ClosedBy: c.Actor,
	}
	t.shifts = append(slices.Clip(t.shifts), c.out)
	t.Shift, t.ShiftAt, t.ShiftSeq, t.Cashier = 0, 0, 0, ""
	c.room.till.Set(v, c.Terminal, t)
	return nil
}

// CloseShift runs the command and gives the closed shift.
func (r *Room) CloseShift(ctx context.Context, c CloseShift) (Shift, error) {
	if err := named(c.Terminal, c.Actor, "actor"); err != nil {
		return Shift{}, err
	}
	c.room, c.id = r, ID(r.mint())
	res := r.lane.Do(ctx, &c)
	if res.Err == nil {
		return c.out, nil
	}
	if !fault.Is(res.Err, ErrShiftNotOpen) || c.Shift == 0 {
		return Shift{}, res.Err
	}
	err := r.db.Read(ctx, c.Tenant, func(tx db.Tx) error {
		last, err := Shifts(ctx, tx, c.Terminal, c.Shift+1, 1)
		if err == nil && (len(last) == 0 || last[0].Number != c.Shift) {
			return res.Err
		}
		if err == nil {
			c.out = last[0]
		}
		return err
	})
	return c.out, err
}
