package reward

import (
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Steps of R2.
const (
	stepItem   = 3
	stepCard   = 4
	stepBasket = 5
	stepBurn   = 6
	stepGift   = 7
	stepEarn   = 8
)

// evaluate runs steps 3 to 5 with the chosen rules. A rule that stacks with nothing leaves out the card
// percentage too.
func (c *calculator) evaluate(alone bool) {
	c.effects, c.shares, c.total = c.effects[:0], c.shares[:0], 0
	for i := range c.lines {
		s := &c.lines[i]
		s.remaining, s.free, s.claimed, s.keepQty, s.keepCut = s.total, 0, 0, 0, 0
		c.total += s.total
	}
	for i := range c.instances {
		in := &c.instances[i]
		if in.effect = -1; in.line >= 0 && c.chosen[i] {
			c.takeLine(i)
		}
	}
	next := 0
	for ; next < len(c.instances) && c.instances[next].rule.Step == stepItem; next++ {
		if c.chosen[next] && c.instances[next].line < 0 {
			c.apply(next)
		}
	}
	if !alone {
		c.cardPercent()
	}
	for ; next < len(c.instances) && c.instances[next].rule.Step <= stepBasket; next++ {
		if c.chosen[next] && c.instances[next].line < 0 {
			c.apply(next)
		}
	}
}

// takeLine discounts a line to 0 that is taken for points.
func (c *calculator) takeLine(i int) {
	in := &c.instances[i]
	from := len(c.shares)
	c.shares = append(c.shares, share{in.line, c.lines[in.line].remaining})
	c.settle(i, effect{instance: i, rule: in.rule.ID, kind: string(in.rule.Kind), step: stepItem, base: c.lines[in.line].remaining, from: from})
}

// apply computes what a rule takes off which lines, before caps, and settles it.
func (c *calculator) apply(i int) {
	in := &c.instances[i]
	r := in.rule
	e := effect{instance: i, rule: r.ID, coupon: "", kind: string(r.Kind), step: r.Step, percent: r.Percent, from: len(c.shares)}
	if in.coupon >= 0 {
		e.coupon = in.ref
	}
	switch r.Kind {
	case programme.BuyGet:
		e.base = c.buyGet(r)
	case programme.PercentBasket, programme.FixedBasket:
		e.base = c.basket(r)
	default:
		e.base = c.perLine(r)
	}
	if r.Percent > 0 {
		e.rounding = "half_up"
	}
	c.settle(i, e)
}

func (c *calculator) perLine(r *programme.Compiled) money.Amount {
	var base money.Amount
	for k := range c.lines {
		s := &c.lines[k]
		if s.remaining <= 0 || !c.takes(r.Selector, k) || !c.discountable(k, r.Source) {
			continue
		}
		var cut money.Amount
		switch r.Kind {
		case programme.PercentLine:
			cut = s.remaining.Percent(money.BasisPoints(r.Percent), c.quantum)
		case programme.FixedLine:
			cut = r.Amount
			if r.PerUnit {
				cut = c.times(r.Amount, k)
			}
		case programme.FixedPrice:
			cut = max(s.remaining-c.times(r.Amount, k), 0)
		}
		base += s.remaining
		if cut = min(cut, s.remaining); cut > 0 {
			c.shares = append(c.shares, share{k, cut})
		}
	}
	return base
}

// times gives an amount per unit for the quantity of a line, at most what fits.
func (c *calculator) times(a money.Amount, line int) money.Amount {
	v, ok := money.MulDiv(int64(a), int64(c.b.Lines[line].Qty), int64(Unit), money.HalfUp)
	if !ok {
		return money.MaxAmount
	}
	return min(money.Amount(v), money.MaxAmount).To(c.quantum, money.HalfUp)
}

// basket computes an order-level amount once on the eligible sum and allocates it (R3, R4).
func (c *calculator) basket(r *programme.Compiled) money.Amount {
	c.picked, c.weights = c.picked[:0], c.weights[:0]
	var sum money.Amount
	for k := range c.lines {
		if s := &c.lines[k]; s.remaining > 0 && c.takes(r.Selector, k) && c.discountable(k, r.Source) {
			c.picked, c.weights = append(c.picked, k), append(c.weights, s.remaining)
			sum += s.remaining
		}
	}
	cut := min(r.Amount, sum)
	if r.Kind == programme.PercentBasket {
		cut = min(sum.Percent(money.BasisPoints(r.Percent), c.quantum), sum)
	}
	c.spread(cut)
	return sum
}

// spread allocates an amount over the picked lines by the weights, as shares.
func (c *calculator) spread(a money.Amount) {
	if a == 0 {
		return
	}
	c.parts = money.Allocate(c.parts[:0], a, c.weights, c.quantum)
	for n, k := range c.picked {
		if c.parts[n] != 0 {
			c.shares = append(c.shares, share{k, c.parts[n]})
		}
	}
}

// settle caps the shares of an effect, takes them off the lines and records it. Caps reduce an effect and
// say so; they never refuse it (EVAL-13).
func (c *calculator) settle(i int, e effect) {
	own := c.shares[e.from:]
	var sum money.Amount
	for _, s := range own {
		sum += s.amount
	}
	limit := sum
	if i >= 0 {
		in := &c.instances[i]
		if m := in.rule.MaxAmount; m > 0 && m < limit {
			limit, e.capped = m, "max_amount"
		}
		if in.budget >= 0 && in.budget < limit {
			limit, e.capped = in.budget, "budget"
		}
	}
	if floor := c.v.Settings.FloorTotal; floor > 0 {
		if room := max(c.total-floor, 0); room < limit {
			limit, e.capped = room, "floor_total"
		}
	}
	switch {
	case limit == sum:
	case e.step == stepBasket: // an order-level amount keeps the weights of R4
		c.shares = c.shares[:e.from]
		c.spread(limit)
		own = c.shares[e.from:]
	default:
		c.weights = c.weights[:0]
		for _, s := range own {
			c.weights = append(c.weights, s.amount)
		}
		c.parts = money.Allocate(c.parts[:0], limit, c.weights, c.quantum)
		for n := range own {
			own[n].amount = c.parts[n]
		}
	}
	for _, s := range own {
		c.lines[s.line].remaining -= s.amount
		if i >= 0 && c.instances[i].rule.Source == programme.FromReward {
			c.lines[s.line].claimed += s.amount
		}
	}
	c.total -= limit
	e.amount, e.to = limit, len(c.shares)
	if i >= 0 {
		c.instances[i].effect = len(c.effects)
	}
	c.effects = append(c.effects, e)
}

// cardPercent is step 4: by default only what the percentage gives beyond the till's own promotion.
func (c *calculator) cardPercent() {
	percent := c.f.Percent
	if c.f.Member {
		percent = max(percent, c.v.Settings.CardPercent)
		if tier := c.v.TierOf(c.f.Tier); tier != nil {
			percent = max(percent, tier.Percent)
		}
	}
	if percent == 0 {
		return
	}
	stack := c.v.Settings.TillPromo == "stack"
	e := effect{instance: -1, rule: RuleCard, kind: string(programme.PercentLine), step: stepCard, percent: percent, rounding: "half_up", from: len(c.shares)}
	for k := range c.lines {
		s := &c.lines[k]
		if s.remaining <= 0 || !c.discountable(k, programme.FromOffer) {
			continue
		}
		till := s.till
		if stack {
			till = 0
		}
		cut := min((s.remaining+till).Percent(money.BasisPoints(percent), c.quantum)-till, s.remaining)
		e.base += s.remaining
		if cut > 0 {
			c.shares = append(c.shares, share{k, cut})
		}
	}
	c.settle(-1, e)
}

// buyGet gives units free or cheaper for units bought. The cheapest units are given, the earlier line first
// among equals; a unit is given once and does not count as bought.
func (c *calculator) buyGet(r *programme.Compiled) money.Amount {
	same := r.BuyLines == r.GetLines
	var bought int64
	for k := range c.lines {
		if s := &c.lines[k]; c.takes(r.BuyLines, k) && c.discountable(k, r.Source) && s.reward < 0 {
			bought += s.units - s.free
		}
	}
	sets := bought / r.Buy.Qty
	if same {
		sets = bought / (r.Buy.Qty + r.Get.Qty)
	}
	left := sets * r.Get.Qty
	percent := money.BasisPoints(r.Percent)
	if percent == 0 {
		percent = money.Hundred
	}
	var base money.Amount
	for left > 0 {
		k := c.cheapest(r)
		if k < 0 {
			break
		}
		s := &c.lines[k]
		n := min(left, s.units-s.free)
		worth := min(s.remaining.Part(n, s.units-s.free, c.quantum), s.remaining)
		if cut := worth.Percent(percent, c.quantum); cut > 0 {
			c.shares = append(c.shares, share{k, cut})
			if r.Model == "keep" {
				s.keepQty += n
				s.keepCut += cut
			}
		}
		s.free += n
		base += worth
		left -= n
	}
	return base
}

// cheapest gives the line with the cheapest unit that may still be given, -1 for none.
func (c *calculator) cheapest(r *programme.Compiled) int {
	best := -1
	for k := range c.lines {
		s := &c.lines[k]
		if s.units <= s.free || s.remaining <= 0 || s.reward >= 0 || !c.takes(r.GetLines, k) || !c.discountable(k, r.Source) {
			continue
		}
		// Unit prices are compared crosswise: no division, no rounding.
		if best < 0 || less(s.remaining, s.units-s.free, c.lines[best].remaining, c.lines[best].units-c.lines[best].free) {
			best = k
		}
	}
	return best
}

func less(a money.Amount, n int64, b money.Amount, m int64) bool {
	x, ok1 := money.MulDiv(int64(a), m, 1, money.Floor)
	y, ok2 := money.MulDiv(int64(b), n, 1, money.Floor)
	if !ok1 || !ok2 {
		return a < b
	}
	return x < y
}
