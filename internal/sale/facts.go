package sale

import (
	"hash/crc32"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

// Marks of a holder that this room keeps.
const (
	markEarns    = 1 // sales of the programme day that earned
	markBurns    = 2 // sales of the programme day that burned
	markCarryP   = 3 // carried remainder of the award, as a fraction
	markCarryQ   = 4
	markLoaded   = 5 // minor units loaded on the programme day
	markLoads    = 6 // loads of the programme day
	markOffline  = 7 // points burned offline and not yet covered by a balance
	markRuleDay  = 1 << 33
	markRuleEver = 1 << 34
)

// ruleMark gives the code under which the uses of a rule by one member are counted.
func ruleMark(base int64, rule string) int64 { return base | int64(crc32.ChecksumIEEE([]byte(rule))) }

// budgetKey names a rule across the programmes of a tenant.
func budgetKey(p *programme.Programme, rule string) string { return p.ID + "/" + rule }

// need asks for all that the price and the booking of an order depend on.
func (o *Order) need(r *Room, n *ledger.Needs) {
	if o.Primary != nil {
		n.Holder(o.Primary.Card)
		n.Holder(o.Primary.Holder())
	}
	for i := range o.Gifts {
		n.Holder(o.Gifts[i].Card)
	}
	for i := range o.Gives {
		n.Holder(o.Gives[i].Card)
		n.Holder(o.Gives[i].Holder())
	}
	for _, id := range o.Vouchers {
		r.vouchers.Need(n, id)
	}
	if o.Version != nil {
		o.limited = reward.Limited(o.Version, &o.Basket)
		for _, i := range o.limited {
			r.budgets.Need(n, budgetKey(o.Programme, o.Version.Rules[i].ID))
		}
	}
	if o.Hold != nil {
		n.Amend(o.Hold.Seq)
	}
	r.till.Need(n, o.Terminal)
	r.proofs.Need(n, o.proof)
}

// counted tells whether uses of a rule are counted across sales.
func counted(v *programme.Version, rule *programme.Compiled) bool {
	if rule.Limited {
		return true
	}
	return rule.Source == programme.FromCoupon && v.CouponOf(rule.ID).GlobalCap > 0
}

// facts gathers the present state for the calculator. Own holds count as available: they were made for
// this very sale.
func (o *Order) facts(r *Room, v *ledger.View, at clock.Instant) reward.Facts {
	f := reward.Facts{Member: o.Primary != nil}
	f.Offset = offsetMinutes(o.Version, o.Place, at)
	day, _, _ := o.Version.Local(at, f.Offset)
	if o.Primary != nil {
		f.Percent = o.Version.Settings.CardPercent
		o.pointFacts(v, at, day, &f)
	}
	for i := range o.Gifts {
		card := o.Gifts[i].Card
		f.Gifts = append(f.Gifts, reward.GiftFact{
			Promo: money.Amount(o.available(v, o.purse(card, ledger.Promo), at)),
			Paid:  money.Amount(o.available(v, o.purse(card, ledger.Paid), at)),
		})
	}
	for i, id := range o.Vouchers {
		f.Coupons = append(f.Coupons, o.couponFact(r, v, id, day, o.Wish.Coupons[i].Ref))
	}
	o.loadFacts(v, day, &f)
	for _, i := range o.limited {
		rule := &o.Version.Rules[i]
		if !rule.Limited {
			continue
		}
		used, _ := r.budgets.Get(v, budgetKey(o.Programme, rule.ID))
		b := reward.BudgetFact{Rule: rule.ID, Money: money.Amount(used.Money), Count: used.Uses}
		if o.Primary != nil {
			b.MemberToday = o.holder(v).Mark(ruleMark(markRuleDay, rule.ID), day)
		}
		if b.Money != 0 || b.Count != 0 || b.MemberToday != 0 {
			f.Budgets = append(f.Budgets, b)
		}
	}
	return f
}

func offsetMinutes(v *programme.Version, p Place, at clock.Instant) int16 {
	if !v.OutletZone {
		return 0
	}
	_, seconds := at.In(p.Zone).Zone()
	return int16(seconds / 60)
}

// holder gives the primary holder; an empty one when it has never been touched.
func (o *Order) holder(v *ledger.View) *ledger.Holder {
	if h := v.Holder(o.Primary.Holder()); h != nil {
		return h
	}
	return &ledger.Holder{}
}

func (o *Order) pointFacts(v *ledger.View, at clock.Instant, day clock.Day, f *reward.Facts) {
	h := o.holder(v)
	u := o.Programme.Points
	f.Points = reward.Points{
		Active: o.available(v, o.points(), at), Pending: h.Balance(ledger.Pending, u).Posted,
		Debt:  -h.Balance(ledger.Points.Debt(), u).Posted,
		Carry: money.Rate{P: h.Mark(markCarryP, 0), Q: h.Mark(markCarryQ, 0)},
		Earns: h.Mark(markEarns, day), Burns: h.Mark(markBurns, day),
	}
	if f.Points.Carry.P == 0 {
		f.Points.Carry = money.Rate{}
	}
	f.Credit = money.Amount(o.available(v, o.purse(o.Primary.Holder(), ledger.Credit), at))
}

// available gives what may be spent of an account, own holds of this order included.
func (o *Order) available(v *ledger.View, a ledger.Account, at clock.Instant) int64 {
	n := v.Available(a, at)
	for _, x := range o.ownHolds(v) {
		if x.Holder == a.Holder && x.Kind == a.Kind && x.Unit == a.Unit {
			n += x.Amount
		}
	}
	return n
}

// ownHolds gives the holds of this order's quote that are still open.
func (o *Order) ownHolds(v *ledger.View) []ledger.HoldMove {
	if o.Hold == nil {
		return nil
	}
	var open []ledger.HoldMove
	for _, x := range o.Hold.Post.Holds {
		if x.State != ledger.HoldOpen {
			continue
		}
		if _, err := v.FindHold(x.Holder, x.Hold); err == nil {
			open = append(open, x)
		}
	}
	return open
}

func (o *Order) couponFact(r *Room, v *ledger.View, id int64, day clock.Day, ref string) reward.CouponFact {
	c, ok := r.vouchers.Get(v, id)
	if !ok || c.Programme != o.Programme.ID {
		return reward.CouponFact{Def: "?" + ref, State: reward.CouponExpired}
	}
	own := int64(0)
	if o.Hold != nil {
		own = o.Hold.Seq
	}
	f := reward.CouponFact{Def: c.Def, Left: c.Left(v.Now(), own), Expires: c.Through}
	def := o.Version.CouponOf(c.Def)
	gone, left := used(c, f.Left)
	f.Left = left
	switch {
	case c.State == "revoked", c.From > day, c.Through != 0 && c.Through < day:
		f.State = reward.CouponExpired
	case c.Holder != 0 && (o.Primary == nil || c.Holder != o.Primary.Holder() && c.Holder != o.Primary.Card):
		f.State = reward.CouponExpired
	case gone:
		f.State = reward.CouponUsed
	case f.Left == 0:
		f.State = reward.CouponHeld
	case def != nil && def.GlobalCap > 0 && r.budgetUses(v, o, c.Def) >= def.GlobalCap:
		f.State = reward.CouponExhausted
	case def != nil && def.UsesPerMember > 0 && o.Primary != nil && o.holder(v).Mark(ruleMark(markRuleEver, c.Def), 0) >= def.UsesPerMember:
		f.State = reward.CouponMember
	}
	return f
}

func (r *Room) budgetUses(v *ledger.View, o *Order, rule string) int64 {
	b, _ := r.budgets.Get(v, budgetKey(o.Programme, rule))
	return b.Uses
}

func (o *Order) loadFacts(v *ledger.View, day clock.Day, f *reward.Facts) {
	next := 0
	for i := range o.Basket.Lines {
		l := &o.Basket.Lines[i]
		if l.Give == nil || l.Type != "gift_card_sale" {
			continue
		}
		card := o.Gives[next].Card
		next++
		load := reward.LoadFact{No: l.No}
		if h := v.Holder(card); h != nil {
			load.Balance = money.Amount(h.Balance(ledger.Paid, o.Money()).Posted + h.Balance(ledger.Promo, o.Money()).Posted)
			load.Today = money.Amount(h.Mark(markLoaded, day))
		}
		f.Loads = append(f.Loads, load)
	}
}

// standing refuses a card whose state takes no part in a sale, and asks for fresh facts when a card's
// links have moved since they were read.
func (o *Order) standing(v *ledger.View) error {
	if v.Config() != o.Config {
		return fault.New(ledger.ErrStale, staleConfig, v.Config())
	}
	for _, p := range o.parties() {
		if !p.fresh(v) {
			return fault.New(ledger.ErrStale, "card", p.Card)
		}
	}
	if o.Primary != nil {
		if err := usable(v.Holder(o.Primary.Card)); err != nil && !o.Advice {
			return err
		}
	}
	for i := range o.Gifts {
		if err := usable(v.Holder(o.Gifts[i].Card)); err != nil && !o.Advice {
			return err
		}
	}
	return nil
}

func (o *Order) parties() []*Party {
	var out []*Party
	if o.Primary != nil {
		out = append(out, o.Primary)
	}
	for i := range o.Gifts {
		out = append(out, &o.Gifts[i])
	}
	for i := range o.Gives {
		out = append(out, &o.Gives[i])
	}
	return out
}

func usable(h *ledger.Holder) error {
	if h == nil {
		return fault.New(ErrCardNotActive)
	}
	return h.Status.Refusal()
}

// Budget is what a rule has given so far, over all sales.
type Budget struct {
	Money int64
	Uses  int64
}
