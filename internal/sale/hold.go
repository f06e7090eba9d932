package sale

import (
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/ledger"
)

// reserve is the command of a quote with a hold: it prices as the commit will, and reserves what the price
// uses until its end. A hold that the same terminal opened for the same receipt is replaced (A24).
type reserve struct {
	commit
	replaces *ledger.Entry
	ttl      clock.Instant
}

func (c *reserve) Need(n *ledger.Needs) {
	c.commit.Need(n)
	if c.replaces != nil {
		for _, t := range c.replaces.Post.Touched {
			n.Holder(t.Holder)
		}
	}
}

func (c *reserve) Decide(v *ledger.View) error {
	c.dry = true
	c.Order.Hold = c.replaces // what the old hold reserves is free for its successor
	if err := c.commit.Decide(v); err != nil {
		return err
	}
	at := c.rec.At
	d := v.Begin(ledger.HLD)
	c.dates(v, d, at)
	c.room.till.Stamp(v, d)
	for _, x := range c.ownHolds(v) {
		if err := d.Settle(x.Holder, x.Hold, 0); err != nil {
			return err
		}
	}
	ends := v.Now() + c.ttl
	if err := c.holdAll(v, d, at, ends); err != nil {
		return err
	}
	for _, id := range c.Vouchers {
		x, ok := c.room.vouchers.Get(v, id)
		if ok {
			x.ReservedBy, x.ReservedUntil = d.Seq, ends
			c.room.vouchers.Set(v, id, x)
		}
	}
	wish := resolved(*c.rec.Wish, c.out)
	c.rec.Kind, c.rec.Wish = "hold", &wish
	c.rec.Balances = c.balances(v)
	doc, err := json.Marshal(&c.rec)
	d.Doc = string(doc)
	return err
}

func (c *reserve) holdAll(v *ledger.View, d *ledger.Draft, at, ends clock.Instant) error {
	hold := func(a ledger.Account, qty int64) error {
		if qty == 0 {
			return nil
		}
		_, err := d.Hold(a, qty, at, ends)
		return err
	}
	if c.Primary != nil {
		if err := hold(c.points(), c.out.Burn.Total()); err != nil {
			return err
		}
		if err := hold(c.purse(c.Primary.Holder(), ledger.Credit), int64(c.out.Credit)); err != nil {
			return err
		}
		d.Touch(c.Primary.Holder())
	}
	for i, g := range c.out.Gifts {
		if err := hold(c.purse(c.Gifts[i].Card, ledger.Promo), int64(g.Promo)); err != nil {
			return err
		}
		if err := hold(c.purse(c.Gifts[i].Card, ledger.Paid), int64(g.Paid)); err != nil {
			return err
		}
	}
	return nil
}

// release frees the holds of a quote before their time.
type release struct {
	room  *Room
	place Place
	op    ledger.Operation
	hold  *ledger.Entry
	rec   *Record
}

func (c *release) Op() ledger.Operation { return c.op }

func (c *release) Need(n *ledger.Needs) {
	for _, t := range c.hold.Post.Touched {
		n.Holder(t.Holder)
	}
	for _, id := range c.rec.Vouchers {
		c.room.vouchers.Need(n, id)
	}
	c.room.till.Need(n, c.place.Terminal)
}

func (c *release) Decide(v *ledger.View) error {
	d := v.Begin(ledger.REL)
	d.BusinessDate, d.ValueDate = c.place.Day(v.Now()), c.place.Day(v.Now())
	c.room.till.Stamp(v, d)
	freed := false
	for _, x := range c.hold.Post.Holds {
		if _, err := v.FindHold(x.Holder, x.Hold); err == nil && x.State == ledger.HoldOpen {
			if err := d.Release(x.Holder, x.Hold, ledger.HoldReleased); err != nil {
				return err
			}
			freed = true
		}
	}
	for _, id := range c.rec.Vouchers {
		if x, ok := c.room.vouchers.Get(v, id); ok && x.ReservedBy == c.hold.Seq {
			x.ReservedBy, x.ReservedUntil = 0, 0
			c.room.vouchers.Set(v, id, x)
			freed = true
		}
	}
	if !freed {
		_, err := v.FindHold(0, 0)
		return err
	}
	d.Doc = `{"k":"release"}`
	return nil
}
