package sale

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// commit is the command of a sale. In a dry run it stops after pricing: that is a quote.
type commit struct {
	room *Room
	*Order
	dry bool
	out *reward.Outcome // of the last decision
	rec Record
}

// Op names the operation.
func (c *commit) Op() ledger.Operation { return c.Order.Op }

// Need asks for the state that the price depends on.
func (c *commit) Need(n *ledger.Needs) { c.Order.need(c.room, n) }

// Decide prices the order on the present state and posts it. A quoted order is priced by the version and
// the time of its quote and must come out as quoted (A11).
func (c *commit) Decide(v *ledger.View) error {
	if err := c.standing(v); err != nil {
		return err
	}
	if c.holdSpent(v) {
		return fault.New(ledger.ErrHoldResolved)
	}
	at := c.evaluated(v)
	facts := reward.Facts{}
	if c.Version != nil {
		facts = c.facts(c.room, v, at)
	}
	if c.Advice {
		c.stand(&facts)
	}
	wish := c.Wish
	out, err := reward.Price(c.Version, &c.Basket, &wish, &facts, at, c.OutletCode)
	if err != nil {
		return err
	}
	c.out = out
	if c.Token != nil {
		if err := c.asQuoted(out); err != nil {
			return err
		}
	}
	c.rec = c.record(at, &wish, &facts)
	if c.dry {
		return nil
	}
	if err := c.verified(v, out); err != nil {
		return err
	}
	return c.post(v, at, out)
}

// holdSpent tells whether the quote reserved value that was captured, released or replaced before its time
// was over (S3). A lapsed quote is priced anew and takes what is free.
func (c *commit) holdSpent(v *ledger.View) bool {
	if c.Hold == nil || c.Token == nil || c.Token.Lapsed || c.Advice {
		return false
	}
	for _, x := range c.Hold.Post.Holds {
		if x.State == ledger.HoldOpen {
			return len(c.ownHolds(v)) == 0
		}
	}
	return false
}

// evaluated gives the instant by which the rules are judged: the quote's frozen one, the till's own for an
// advice (clamped by the window), else now.
func (c *commit) evaluated(v *ledger.View) clock.Instant {
	switch {
	case c.Token != nil && !c.Token.Lapsed:
		return c.Token.At
	case c.Advice && c.Order.Op.TillAt != 0:
		at, _ := clamp(c.Order.Op.TillAt, v.Now(), c.window())
		return at
	case c.At != 0:
		return c.At
	}
	return v.Now()
}

// clockAhead is how far a till's clock may be ahead of the booking before its claim is cut (I36).
const clockAhead = 5 * clock.Minute

// clamp cuts the till's claim to the window that the host accepts (D19) and says how.
func clamp(till, now, window clock.Instant) (clock.Instant, string) {
	switch {
	case till > now+clockAhead:
		return now + clockAhead, "clock_ahead"
	case till < now-window:
		return now - window, "late"
	}
	return till, ""
}

// Windows for operations that arrive late (A17): redemptions, also in a sale that earns, and all others.
const (
	redemptionWindow = 72 * clock.Hour
	otherWindow      = 7 * 24 * clock.Hour
)

func (c *commit) window() clock.Instant {
	if c.Wish.Burn.Points > 0 || len(c.Wish.Gift) > 0 || c.Wish.Credit.Amount > 0 {
		return redemptionWindow
	}
	return otherWindow
}

// stand makes a sale that has already happened bookable: what the till has taken offline counts as there,
// and the shortage is found out when it is posted (A15).
func (c *commit) stand(f *reward.Facts) {
	if need := c.Wish.Burn.Points; f.Points.Active < need {
		f.Points.Active, f.Points.Debt = need, 0
	}
	for i := range f.Gifts {
		if need := c.Wish.Gift[i].Amount; f.Gifts[i].Paid+f.Gifts[i].Promo < need {
			f.Gifts[i].Paid = need - f.Gifts[i].Promo
		}
	}
}

// asQuoted refuses a result that differs from the quote's; the new pricing goes with the refusal.
func (c *commit) asQuoted(out *reward.Outcome) error {
	input := c.Token.Input == c.inputDigest()
	if c.Token.Lapsed {
		input = true // after its time a quote is held to its amounts alone
	}
	if input && c.Token.Result == resultDigest(out) {
		return nil
	}
	return fault.New(ErrQuoteChanged, "pricing", out)
}
