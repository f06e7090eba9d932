package shift

import (
	"context"
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// Carry takes over the numbers of a terminal that counted before, on another system or another device, so
// that the numbers of its Z and its grand totals go on. It is done before the terminal's first operation;
// afterwards it returns till_in_use.
type Carry struct {
	Tenant   int64
	Outlet   int64
	Terminal int64
	Actor    string
	Z        int64 // number of the last Z
	Batch    int64 // number of the last batch
	Grand    []Grand

	room   *Room
	id     BatchID
	place  Place
	totals string
}

// Op names the take-over. It makes no entry.
func (c *Carry) Op() ledger.Operation {
	return ledger.Operation{Tenant: c.Tenant, Origin: ledger.Origin{Outlet: c.Outlet, Terminal: c.Terminal, Actor: c.Actor}}
}

// Need asks for the till.
func (c *Carry) Need(n *ledger.Needs) { c.room.Need(n, c.Terminal) }

// Decide writes the numbers, with the grand totals as the Z before the first one.
func (c *Carry) Decide(v *ledger.View) error {
	if _, counted := c.room.till.Get(v, c.Terminal); counted {
		return fault.New(ErrTillInUse)
	}
	now := v.Now()
	c.room.till.Set(v, c.Terminal, Till{
		Terminal: c.Terminal, Outlet: c.Outlet, LastBatch: c.Batch, Z: c.Z, ClosedSeq: v.Seq(),
		batches: []Batch{{
			ID: c.id, Terminal: c.Terminal, Outlet: c.Outlet, Z: c.Z, Number: c.Batch, Day: clock.BusinessDay(now, c.place.Zone, c.place.ClosesAt),
			OpenedAt: now, OpenedSeq: v.Seq() + 1, OpenedBy: c.Actor, ClosedAt: now, ClosedSeq: v.Seq(), ClosedBy: c.Actor,
			AfterSeq: v.Seq(), State: Carried, totals: c.totals,
		}},
	})
	return nil
}

// Carry runs the command.
func (r *Room) Carry(ctx context.Context, c Carry) error {
	if err := named(c.Terminal, c.Actor, "actor"); err != nil {
		return err
	}
	if c.Z < 1 || c.Batch < 1 || c.Batch > maxBatch {
		return fault.Invalid("z_no", "1 or more, with a batch from 1 to 999999")
	}
	for _, g := range c.Grand {
		if _, ok := rank[g.Asset]; !ok || g.Given < 0 || g.Redeemed < 0 {
			return fault.Invalid("grand_totals", "a known asset with totals of 0 or more")
		}
	}
	t := r.newTally(nil).totals(before{grand: c.Grand})
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	c.room, c.id, c.place, c.totals = r, BatchID(r.mint()), r.place(c.Tenant, c.Outlet), string(text)
	return r.lane.Do(ctx, &c).Err
}
