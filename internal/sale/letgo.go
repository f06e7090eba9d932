package sale

import (
	"context"
	"encoding/json"

	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// letGo is the command that releases all that an authorised order still reserves.
type letGo struct {
	room  *Room
	place Place
	op    ledger.Operation
	first *ledger.Entry
	plan  *Record
}

func (c *letGo) Op() ledger.Operation { return c.op }

func (c *letGo) Need(n *ledger.Needs) {
	n.Amend(c.first.Seq)
	for _, t := range c.first.Post.Touched {
		n.Holder(t.Holder)
	}
	for _, id := range c.plan.Vouchers {
		c.room.vouchers.Need(n, id)
	}
	c.room.till.Need(n, c.place.Terminal)
}

func (c *letGo) Decide(v *ledger.View) error {
	amend := v.Amendment(c.first.Seq)
	state, err := shippingOf(c.first, amend)
	if err != nil {
		return err
	}
	if state.Closed {
		return fault.New(ledger.ErrHoldResolved)
	}
	d := v.Begin(ledger.REL)
	d.BusinessDate, d.ValueDate = c.place.Day(v.Now()), c.place.Day(v.Now())
	c.room.till.Stamp(v, d)
	for _, x := range state.Holds {
		if _, err := v.FindHold(x.Holder, x.ID); err != nil {
			continue // its time was over before
		}
		if err := d.Release(x.Holder, x.ID, ledger.HoldReleased); err != nil {
			return err
		}
	}
	for _, id := range c.plan.Vouchers {
		if x, ok := c.room.vouchers.Get(v, id); ok && x.ReservedBy == c.first.Seq {
			x.ReservedBy, x.ReservedUntil = 0, 0
			c.room.vouchers.Set(v, id, x)
		}
	}
	d.Doc = `{"k":"release"}`
	state.Holds, state.Closed = nil, true
	text, err := json.Marshal(state)
	amend.State = string(text)
	v.SetAmendment(c.first.Seq, amend)
	return err
}

// LetGo releases what an authorised order still reserves. It returns hold_resolved when it was closed.
func (r *Room) LetGo(ctx context.Context, p Place, q *Request, hold int64) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) {
		e, rec, err := r.authorised(ctx, p.Tenant, hold)
		return &letGo{room: r, place: p, op: r.operation(p, q, ledger.REL), first: e, plan: rec}, err
	})
	if res.Err != nil {
		return refused(res)
	}
	return r.rendered(ctx, p.Tenant, res)
}
