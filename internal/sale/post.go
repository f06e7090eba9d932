package sale

import (
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

// post books a priced sale: one entry with all that it moves.
func (c *commit) post(v *ledger.View, at clock.Instant, out *reward.Outcome) error {
	if err := c.ensureHolder(v); err != nil {
		return err
	}
	d := v.Begin(ledger.SAL)
	c.dates(v, d, at)
	c.room.till.Stamp(v, d)
	if err := c.releaseHolds(v, d); err != nil {
		return err
	}
	own := bool(c.Version.Settings.UsePointsOfThisOrder)
	if own {
		c.earn(v, d, at, out) // before the burn, which may take these very points
	}
	if err := c.burn(v, d, at, out); err != nil {
		return err
	}
	if err := c.payGifts(v, d, at, out); err != nil {
		return err
	}
	if err := c.load(v, d, at, out); err != nil {
		return err
	}
	c.use(v, d, at, out)
	if !own {
		c.earn(v, d, at, out)
	}
	if o := c.Primary; o != nil {
		d.Touch(o.Holder())
		s := v.Holder(o.Holder()).Stats
		if s.First == 0 {
			s.First = at
		}
		s.Last, s.Count, s.Turnover = at, s.Count+1, s.Turnover+int64(out.Turnover)
		v.SetStats(o.Holder(), s)
	}
	c.rec.Sold = out.Sold(c.Version)
	c.rec.Balances = c.balances(v)
	d.Doc = string(pack(c.rec.lean()))
	return nil
}

// ensureHolder makes the row of a primary holder that has none yet.
func (c *commit) ensureHolder(v *ledger.View) error {
	if c.Primary != nil && v.Holder(c.Primary.Holder()) == nil {
		return fault.New(ErrCardNotActive)
	}
	return nil
}

// dates gives an entry its effective instant, business date, value date and flags.
func (o *Order) dates(v *ledger.View, d *ledger.Draft, at clock.Instant) {
	d.EffectiveAt = min(at, v.Now()+clockAhead)
	d.BusinessDate = o.Day(d.EffectiveAt)
	d.ValueDate = d.BusinessDate
	if o.Version != nil {
		d.Version = o.Version.ID
	}
	if o.Offline {
		d.Flags = addFlag(d.Flags, "offline")
	}
	if o.Note.Entry == "keyed" {
		d.Flags = addFlag(d.Flags, "keyed")
	}
	if o.Advice && o.Op.TillAt != 0 && o.Op.TillAt != at {
		if o.Op.TillAt > at {
			d.Flags = addFlag(d.Flags, "clock_ahead")
		} else {
			d.Flags = addFlag(d.Flags, "late")
		}
	}
}

func addFlag(flags, one string) string {
	if flags == "" {
		return one
	}
	return flags + " " + one
}

// releaseHolds closes the holds of the quote that is committed: what they reserved is spent below, in the
// same entry, judged at the frozen time.
func (c *commit) releaseHolds(v *ledger.View, d *ledger.Draft) error {
	for _, x := range c.ownHolds(v) {
		if err := d.Settle(x.Holder, x.Hold, c.captured(x)); err != nil {
			return err
		}
	}
	return nil
}

// captured gives how much of a hold the sale spends.
func (c *commit) captured(x ledger.HoldMove) int64 {
	switch x.Kind {
	case ledger.Points:
		return min(x.Amount, c.out.Burn.Total())
	case ledger.Credit:
		return min(x.Amount, int64(c.out.Credit))
	}
	for i := range c.Gifts {
		if c.Gifts[i].Card != x.Holder {
			continue
		}
		if x.Kind == ledger.Promo {
			return min(x.Amount, int64(c.out.Gifts[i].Promo))
		}
		return min(x.Amount, int64(c.out.Gifts[i].Paid))
	}
	return 0
}

// spend takes value from a customer account: all of it, or for an advice what is there and the rest as debt.
func (c *commit) spend(d *ledger.Draft, from, to ledger.Account, qty int64, at clock.Instant) error {
	if qty == 0 {
		return nil
	}
	if !c.Advice {
		return d.Take(ledger.RED, from, to, qty, at)
	}
	if d.Overdraw(ledger.RED, from, to, qty, at) > 0 {
		d.Flags = addFlag(d.Flags, "offline_overdraft")
	}
	return nil
}

func (c *commit) burn(v *ledger.View, d *ledger.Draft, at clock.Instant, out *reward.Outcome) error {
	if c.Primary == nil {
		return nil
	}
	if n := out.Burn.Total(); n > 0 {
		if err := c.spend(d, c.points(), ledger.System(ledger.UnitsRedeemed, c.Programme.Points), n, at); err != nil {
			return err
		}
		day := c.programmeDay(at)
		v.SetMark(c.Primary.Holder(), markBurns, day, v.Holder(c.Primary.Holder()).Mark(markBurns, day)+1)
	}
	return c.spend(d, c.purse(c.Primary.Holder(), ledger.Credit), ledger.System(ledger.TillClearing, c.Money()), int64(out.Credit), at)
}

func (o *Order) programmeDay(at clock.Instant) clock.Day {
	day, _, _ := o.Version.Local(at, offsetMinutes(o.Version, o.Place, at))
	return day
}

// clearing gives the account that gift value goes to: the issuer's own till, or the acceptor's settlement
// when another merchant takes the card (J3, J4).
func (o *Order) clearing(p *programme.Programme) ledger.Account {
	if p.Issuer == 0 || p.Issuer == o.Merchant {
		return ledger.System(ledger.TillClearing, o.Money())
	}
	return ledger.Account{Holder: o.Merchant, Kind: ledger.Settlement, Unit: o.Money()}
}

func (c *commit) payGifts(v *ledger.View, d *ledger.Draft, at clock.Instant, out *reward.Outcome) error {
	for i, g := range out.Gifts {
		card, to := c.Gifts[i].Card, c.clearing(c.Gifts[i].Programme)
		if err := c.spend(d, c.purse(card, ledger.Promo), to, int64(g.Promo), at); err != nil {
			return err
		}
		if err := c.spend(d, c.purse(card, ledger.Paid), to, int64(g.Paid), at); err != nil {
			return err
		}
	}
	return nil
}

// load puts value on the cards that lines give: activation of a new card, reload of an active one.
func (c *commit) load(v *ledger.View, d *ledger.Draft, at clock.Instant, out *reward.Outcome) error {
	next := 0
	for _, g := range out.Gives {
		p := &c.Gives[next]
		next++
		op, err := activate(v, p.Card)
		if err != nil {
			return err
		}
		product := c.Version.GiftProductOf(g.Product)
		day := c.programmeDay(at)
		paid, promo := ledger.Terms{Cost: ledger.FullCost}, ledger.Terms{}
		if product != nil {
			paid.Until, promo.Until = lasts(product.Expiry, day, c.Version), lasts(product.PromoExpiry, day, c.Version)
		}
		d.Give(op, ledger.System(ledger.CashClearing, c.Money()), c.purse(p.Card, ledger.Paid), int64(g.Paid), paid)
		d.Give(op, ledger.System(ledger.PromoExpense, c.Money()), c.purse(p.Card, ledger.Promo), int64(g.Promo), promo)
		d.Touch(p.Card)
		v.SetMark(p.Card, markLoaded, day, v.Holder(p.Card).Mark(markLoaded, day)+int64(g.Paid+g.Promo))
	}
	return c.givePasses(v, d, at)
}

// activate brings a card to the state in which it may be used, and says whether this is its first load.
func activate(v *ledger.View, card int64) (ledger.Op, error) {
	h := v.Holder(card)
	switch {
	case h == nil:
		v.Create(card, ledger.OwnerCard, ledger.Active)
		return ledger.ACT, nil
	case h.Status == ledger.New || h.Status == ledger.Sold:
		v.SetStatus(card, ledger.Active)
		return ledger.ACT, nil
	}
	if err := h.Status.Refusal(); err != nil {
		return 0, err
	}
	if len(h.Balances) == 0 {
		return ledger.ACT, nil
	}
	return ledger.LOD, nil
}

// givePasses opens the visits of sold passes as lots.
func (c *commit) givePasses(v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	next := -1
	for i := range c.Basket.Lines {
		l := &c.Basket.Lines[i]
		if l.Give == nil {
			continue
		}
		next++
		if l.Type != "pass_sale" {
			continue
		}
		next := next
		product := c.Version.PassProductOf(l.Give.Product)
		if product == nil {
			return fault.Invalid("lines[].give.product", "a pass of the programme")
		}
		p := &c.Gives[next]
		op, err := activate(v, p.Card)
		if err != nil {
			return err
		}
		day := c.programmeDay(at)
		terms := ledger.Terms{Until: product.SeasonEnd}
		if terms.Until == 0 && product.Days > 0 {
			terms.Until = day + clock.Day(product.Days)
		}
		holder := p.Holder()
		if v.Holder(holder) == nil {
			return fault.New(ErrCardNotActive)
		}
		n := max(product.Visits, 0) * int64(l.Qty/reward.Unit)
		d.Give(op, ledger.System(ledger.UnitsIssued, c.Programme.Visits), ledger.Account{Holder: holder, Kind: ledger.Visits, Unit: c.Programme.Visits}, n, terms)
	}
	return nil
}

// use books the uses of vouchers and of rules with a budget.
func (c *commit) use(v *ledger.View, d *ledger.Draft, at clock.Instant, out *reward.Outcome) {
	day := c.programmeDay(at)
	for _, u := range out.Uses {
		if u.Coupon != "" {
			for i := range c.Wish.Coupons {
				if c.Wish.Coupons[i].Ref == u.Coupon {
					c.useVoucher(v, c.Vouchers[i])
					break
				}
			}
		}
		key := budgetKey(c.Programme, u.Rule)
		if rule := c.rule(u.Rule); rule != nil && counted(c.Version, rule) {
			b, _ := c.room.budgets.Get(v, key)
			b.Money += int64(u.Amount)
			b.Uses++
			c.room.budgets.Set(v, key, b)
			c.mark(v, ruleMark(markRuleDay, u.Rule), day, rule.MaxPerMemberDay > 0)
		}
		c.mark(v, ruleMark(markRuleEver, u.Rule), 0, u.Coupon != "" && c.Version.CouponOf(u.Rule) != nil && c.Version.CouponOf(u.Rule).UsesPerMember > 0)
	}
}

func (c *commit) mark(v *ledger.View, code int64, day clock.Day, wanted bool) {
	if wanted && c.Primary != nil {
		v.SetMark(c.Primary.Holder(), code, day, v.Holder(c.Primary.Holder()).Mark(code, day)+1)
	}
}

func (c *commit) rule(id string) *programme.Compiled {
	for i := range c.Version.Rules {
		if c.Version.Rules[i].ID == id {
			return &c.Version.Rules[i]
		}
	}
	return nil
}

func (c *commit) useVoucher(v *ledger.View, id int64) {
	x, _ := c.room.vouchers.Get(v, id)
	x.Uses++
	x.ReservedBy, x.ReservedUntil = 0, 0
	c.room.vouchers.Set(v, id, x)
}

// earn awards the points: at once, or pending until the return window has passed.
func (c *commit) earn(v *ledger.View, d *ledger.Draft, at clock.Instant, out *reward.Outcome) {
	if c.Primary == nil {
		return
	}
	holder := c.Primary.Holder()
	s := &c.Version.Settings
	day := c.programmeDay(at)
	if s.CarryRemainder {
		v.SetMark(holder, markCarryP, 0, out.Earn.CarryAfter.P)
		v.SetMark(holder, markCarryQ, 0, out.Earn.CarryAfter.Q)
	}
	if out.Earn.Points == 0 {
		return
	}
	v.SetMark(holder, markEarns, day, v.Holder(holder).Mark(markEarns, day)+1)
	to := c.points()
	terms := ledger.Terms{Until: lasts(s.Expiry, day, c.Version)}
	if starts := (day + clock.Day(s.ActivationDelayDays)).Start(c.Version.Zone).Add(activationAfterMidnight); s.ActivationDelayDays > 0 && starts > v.Now() {
		to.Kind, terms.Starts = ledger.Pending, starts // a sale that arrives later than that earns active points
	}
	d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, c.Programme.Points), to, out.Earn.Points, terms)
}

// activationAfterMidnight is when pending points become active on their day (EARN-03).
const activationAfterMidnight = 10 * time.Minute

// lasts gives the last valid day of value that begins on a day (R16); 0 for none.
func lasts(e programme.Expiry, start clock.Day, v *programme.Version) clock.Day {
	var end clock.Day
	switch e.Kind {
	case "fixed":
		return e.On
	case "lot", "sliding":
		switch e.Unit {
		case "days":
			end = start + clock.Day(e.N)
		case "years":
			end = start.AddYears(int(e.N))
		default:
			end = start.AddMonths(int(e.N))
		}
	default:
		return 0
	}
	if v.Settings.CountStartDay {
		end--
	}
	if e.EndOfMonth {
		end = end.MonthEnd()
	}
	return end
}
