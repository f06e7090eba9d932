package reward

import (
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Sold gives the allocation to store, from which returns are made.
func (o *Outcome) Sold(v *programme.Version) *Sold {
	src := &o.sold
	s := &Sold{Day: src.day, Currency: o.Currency, VAT: o.Totals.VAT, Tenders: o.Tenders, Lines: make([]SoldLine, len(o.Lines))}
	if o.Prices == programme.Net {
		s.Prices = programme.Net
	}
	cut := false
	for i := range o.Lines {
		l, b := &o.Lines[i], &src.basket.Lines[i]
		s.Lines[i] = SoldLine{
			No: l.No, Qty: b.Qty, Paid: l.Paid, VAT: l.vat, Weight: l.weight, Bonus: l.bonus,
			KeepQty: Qty(l.keepQty) * Unit, KeepCut: l.keepCut,
		}
		cut = cut || l.Paid < l.Payable
	}
	o.soldBurn(s)
	o.soldPromo(s)
	if o.Earn.Points > 0 {
		s.Earn = SoldEarn{Points: o.Earn.Points, Rate: v.EarnRate, Rounding: v.Rounding}
		for i := range o.Lines {
			s.Earn.Bonus += o.Lines[i].bonus
		}
		if v.Settings.CarryRemainder {
			s.Earn.Carry = src.facts.Points.Carry
		}
	}
	for i := range o.Uses {
		if u := &o.Uses[i]; u.Coupon != "" && restores(v, u.Rule) {
			s.Coupons = append(s.Coupons, o.Uses[i].Coupon)
		}
	}
	if src.model == "requalify" && !cut {
		s.Requalify = &Requalify{Basket: src.basket, Wish: src.wish, Facts: src.facts, At: o.At, Outlet: src.outlet}
	}
	return s
}

// soldBurn lays the points that were burned on the lines where they paid.
func (o *Outcome) soldBurn(s *Sold) {
	if o.Burn.Tender {
		s.Points = o.Burn.Points
	}
	for i := range o.Effects {
		e := &o.Effects[i]
		if e.Kind == RuleBurn || e.Kind == RulePromo {
			o.each(s, e, func(l *SoldLine, a money.Amount) { l.Value += a })
		}
		if e.Kind == RuleBurn {
			o.lay(s, e, o.Burn.Points)
		}
	}
	taken := make([]bool, len(o.Effects))
	for _, r := range o.Rewards {
		for i := range o.Effects {
			e := &o.Effects[i]
			if taken[i] || e.Rule != r.Reward || len(e.Lines) == 0 || (r.No > 0 && e.Lines[0].No != r.No) {
				continue
			}
			taken[i] = true
			o.lay(s, e, r.Points)
			break
		}
	}
}

// lay allocates points over the lines of an effect by its amounts.
func (o *Outcome) lay(s *Sold, e *Effect, points int64) {
	weights := make([]money.Amount, len(e.Lines))
	for k := range e.Lines {
		weights[k] = e.Lines[k].Amount
	}
	parts := money.Allocate(nil, money.Amount(points), weights, 1)
	k := 0
	o.each(s, e, func(l *SoldLine, _ money.Amount) {
		l.Points += int64(parts[k])
		k++
	})
}

func (o *Outcome) soldPromo(s *Sold) {
	if len(o.Gifts) == 0 {
		return
	}
	s.Gifts = make([]SoldGift, len(o.Gifts))
	for g := range o.Gifts {
		s.Gifts[g].Value = o.Gifts[g].Value
		for i := range o.Effects {
			e := &o.Effects[i]
			if e.Kind != RulePromo || e.Coupon != o.Gifts[g].Value {
				continue
			}
			o.each(s, e, func(l *SoldLine, a money.Amount) {
				s.Gifts[g].Promo = append(s.Gifts[g].Promo, SoldPromo{At: o.position(l.No), Amount: a})
			})
		}
	}
}

// each gives the lines of an effect with their amounts.
func (o *Outcome) each(s *Sold, e *Effect, do func(*SoldLine, money.Amount)) {
	for _, share := range e.Lines {
		do(&s.Lines[o.position(share.No)], share.Amount)
	}
}

func (o *Outcome) position(no int) int {
	if no > 0 && no <= len(o.Lines) && o.Lines[no-1].No == no {
		return no - 1
	}
	for i := range o.Lines {
		if o.Lines[i].No == no {
			return i
		}
	}
	panic("reward: an effect on no line")
}

// restores tells whether a full return restores the voucher (S14).
func restores(v *programme.Version, rule string) bool {
	if def := v.CouponOf(rule); def != nil && def.RestoreOnReturn != "" {
		return def.RestoreOnReturn == "on"
	}
	return bool(v.Settings.RestoreOnReturn)
}
