package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// outcome copies the result out of the scratch into as few pieces as it takes.
func (c *calculator) outcome(at clock.Instant) *Outcome {
	prices := programme.VATIncluded
	if c.net {
		prices = programme.Net
	}
	o := &Outcome{
		Version: c.v.ID, At: at, Currency: c.v.Currency, Prices: prices, Burn: c.burn, Credit: c.credit, Earn: c.earn,
		Dropped: c.dropped, Gives: c.gives,
		sold: sources{day: c.circ.Day, basket: c.b, wish: c.w, facts: c.f, outlet: c.outlet, model: "allocated"},
	}
	if len(c.gifts) > 0 {
		o.Gifts = append([]GiftOutcome(nil), c.gifts...)
	}
	c.renderLines(o)
	c.renderTotals(o)
	c.renderEffects(o)
	c.renderUses(o)
	c.renderTenders(o)
	return o
}

func (c *calculator) renderLines(o *Outcome) {
	o.Lines = make([]LineOutcome, len(c.lines))
	c.picked = resize(c.picked, len(c.lines))
	clear(c.picked)
	n := 0
	for _, sh := range c.shares {
		if sh.amount != 0 {
			c.picked[sh.line]++
			n++
		}
	}
	slab := make([]Discount, n)
	for i := range c.lines {
		s := &c.lines[i]
		paid := s.remaining
		if s.paid >= 0 {
			paid = s.paid
		}
		mine := c.picked[i]
		o.Lines[i] = LineOutcome{
			No: c.b.Lines[i].No, Discounts: slab[:0:mine], Payable: s.remaining, Paid: paid, Excluded: s.names,
			Earn: s.earn, Base: s.base, weight: s.weight, bonus: s.bonus, vat: s.vat, keepQty: s.keepQty, keepCut: s.keepCut,
		}
		slab = slab[mine:]
		if !c.f.Member {
			o.Lines[i].Base, o.Lines[i].weight = 0, 0
		}
	}
	for k := range c.effects {
		e := &c.effects[k]
		name := e.name()
		for _, sh := range c.shares[e.from:e.to] {
			if sh.amount != 0 {
				l := &o.Lines[sh.line]
				l.Discounts = append(l.Discounts, Discount{Rule: name, Kind: e.kind, Amount: sh.amount})
			}
		}
	}
}

// name is what a line shows: the voucher, where one was presented.
func (e *effect) name() string {
	if e.coupon != "" && e.rule != RulePromo {
		return e.coupon
	}
	return e.rule
}

func (c *calculator) renderTotals(o *Outcome) {
	t := &o.Totals
	for k := range c.vat {
		c.vat[k].sum = 0
	}
	for i := range c.lines {
		s, l := &c.lines[i], &o.Lines[i]
		t.Before += s.total
		t.Discount += s.total - s.remaining
		t.Till += l.Payable - l.Paid
		t.Payable += l.Paid
		c.vat[s.vat].sum += l.Paid
		if c.earns(i) {
			o.Turnover += s.remaining + s.burn + s.promo
		}
	}
	t.VAT = make([]VATRow, len(c.vat))
	for k := range c.vat {
		v := &c.vat[k]
		if c.net {
			tax := v.sum.Percent(money.BasisPoints(v.bp), c.quantum)
			t.VAT[k] = VATRow{v.rate, v.sum, tax}
			t.Tax += tax
			continue
		}
		tax := v.sum.Part(v.bp, int64(money.Hundred)+v.bp, c.quantum)
		t.VAT[k] = VATRow{v.rate, v.sum - tax, tax}
	}
	t.Payable += t.Tax
}

func (c *calculator) renderEffects(o *Outcome) {
	if len(c.effects) == 0 {
		return
	}
	o.Effects = make([]Effect, 0, len(c.effects))
	slab := make([]Share, 0, len(c.shares))
	for i := range c.effects {
		e := &c.effects[i]
		var label programme.Text
		if e.instance >= 0 {
			in := &c.instances[e.instance]
			// An offer that gave nothing did not apply; a voucher that gave nothing is told (T47).
			if e.amount == 0 && e.points == 0 && in.coupon < 0 && in.rule.Source == programme.FromOffer && in.rule.Kind != programme.Multiply {
				continue
			}
			label = in.rule.Label
			if e.amount > 0 && o.sold.model != "requalify" && in.rule.Model != "allocated" {
				o.sold.model = in.rule.Model
			}
		}
		from := len(slab)
		for _, s := range c.shares[e.from:e.to] {
			if s.amount != 0 {
				slab = append(slab, Share{c.b.Lines[s.line].No, s.amount})
			}
		}
		o.Effects = append(o.Effects, Effect{
			Rule: e.rule, Coupon: e.coupon, Label: label, Kind: e.kind, Step: e.step, Percent: e.percent, Base: e.base,
			Amount: e.amount, Points: e.points, Rounding: e.rounding, CappedBy: e.capped, Lines: slab[from:len(slab):len(slab)],
		})
	}
}

// renderUses says what of vouchers, rewards and budgets was used, and which presented ones were not.
func (c *calculator) renderUses(o *Outcome) {
	for i := range c.instances {
		in := &c.instances[i]
		presented := in.coupon >= 0 || in.rule.Source == programme.FromReward
		if !presented && !in.rule.Limited {
			continue
		}
		reason := in.reason
		if reason == "" && in.effect < 0 {
			reason = "no_effect"
		}
		if reason != "" {
			if presented {
				o.Dropped = append(o.Dropped, Dropped{in.ref, in.rule.ID, reason, in.missing})
			}
			continue
		}
		e := &c.effects[in.effect]
		if e.amount == 0 && e.points == 0 && !(in.rule.Kind == programme.Multiply && e.base > 0) {
			if presented {
				o.Dropped = append(o.Dropped, Dropped{in.ref, in.rule.ID, "no_effect", 0})
			}
			continue
		}
		u := Use{Rule: in.rule.ID, Amount: e.amount, Points: e.points}
		if in.coupon >= 0 {
			u.Coupon = in.ref
		}
		if in.rule.Source == programme.FromReward {
			r := RewardOutcome{Reward: in.rule.ID, Points: in.price, Amount: e.amount}
			if in.line >= 0 {
				r.No = c.b.Lines[in.line].No
			}
			o.Rewards = append(o.Rewards, r)
		}
		o.Uses = append(o.Uses, u)
	}
}

func (c *calculator) renderTenders(o *Outcome) {
	left := o.Totals.Payable
	n := len(c.w.Tenders) + len(c.gifts) + 3
	t := make([]TenderOutcome, 0, n)
	add := func(kind TenderKind, value string, a money.Amount) {
		if a > 0 {
			t = append(t, TenderOutcome{Kind: kind, Value: value, Amount: a})
			left -= a
		}
	}
	for i := range c.gifts {
		add(TenderGift, c.gifts[i].Value, c.gifts[i].Paid)
	}
	add(TenderCredit, "", c.credit)
	add(TenderPoints, "", c.tendered)
	o.Remaining = left
	for i := range c.w.Tenders {
		w := &c.w.Tenders[i]
		if w.Kind != TenderGift && w.Kind != TenderCredit && w.Kind != TenderPoints {
			t = append(t, TenderOutcome{w.Kind, w.Value, w.Amount, w.Rounding})
			left -= w.Amount
		}
	}
	add(TenderUnspecified, "", left)
	o.Tenders = t
}

// agree holds the till's figures against the price: its lower prices, and its tenders, which must sum to
// the total (A25).
func (c *calculator) agree(o *Outcome) *fault.Error {
	for i := range o.Lines {
		if o.Lines[i].Paid > o.Lines[i].Payable {
			return fault.New(ErrAmountMismatch, "field", "lines[].paid", "no", o.Lines[i].No, "payable", o.Lines[i].Payable)
		}
	}
	if o.Remaining < 0 {
		return fault.New(ErrAmountMismatch, "field", "wish", "payable", o.Totals.Payable)
	}
	if c.w.Tenders == nil {
		return nil
	}
	var sum, gift, credit, points, paid money.Amount
	for i := range c.w.Tenders {
		w := &c.w.Tenders[i]
		sum += w.Amount
		switch w.Kind {
		case TenderGift:
			gift += w.Amount
		case TenderCredit:
			credit += w.Amount
		case TenderPoints:
			points += w.Amount
		}
	}
	for i := range c.gifts {
		paid += c.gifts[i].Paid
	}
	if sum != o.Totals.Payable || gift != paid || credit != c.credit || points != c.tendered {
		return fault.New(ErrAmountMismatch, "field", "tenders", "need", o.Totals.Payable, "have", sum)
	}
	return nil
}
