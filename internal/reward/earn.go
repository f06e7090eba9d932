package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// earns tells whether the line may earn. A sale of stored value never does (I44).
func (c *calculator) earns(i int) bool {
	return c.lines[i].lists&programme.NoEarn == 0 && !c.lines[i].gift
}

// weigh fills base, weight and bonus of the lines from their present price, and gives the points of the
// rate, rounded once over the whole order (R5), and of fixed bonuses. The till's own lower prices count only
// when asked: the choice between alternatives must not depend on them, or a commit would choose otherwise
// than its quote.
func (c *calculator) weigh(till bool) (points, bonus int64) {
	tier := programme.Once
	if t := c.v.TierOf(c.f.Tier); t != nil && c.f.Member {
		tier = t.Multiplier
	}
	before := c.v.Settings.EarnBase == "before_rewards"
	var sum int64
	for i := range c.lines {
		s := &c.lines[i]
		s.base, s.weight, s.bonus, s.earn = 0, 0, 0, 0
		if !c.earns(i) {
			continue
		}
		s.base = s.remaining
		if till && s.paid >= 0 && s.paid < s.base {
			s.base = s.paid
		}
		if before {
			s.base += s.burn + s.claimed
		} else {
			s.base -= min(s.tender, s.base)
		}
		s.weight = int64(s.base) * int64(c.multiplier(i, tier))
		sum += s.weight
	}
	rate, ok := c.v.EarnWeight, true
	c.earn.CarryAfter = c.f.Points.Carry
	if c.v.Settings.CarryRemainder {
		points, c.earn.CarryAfter, ok = rate.Cut(sum, c.f.Points.Carry)
	} else {
		points, ok = rate.Of(sum, c.v.Rounding)
	}
	if !ok {
		points = unlimited
	}
	return points, c.bonuses()
}

// multiplier combines tier and campaign multipliers of a line (EARN-01).
func (c *calculator) multiplier(line int, tier programme.Multiplier) programme.Multiplier {
	how := c.v.Settings.EarnCombination
	m, given := programme.Once, false
	add := func(x programme.Multiplier) {
		switch {
		case how == "sum":
			m = max(m+x-programme.Once, 0)
		case how == "product":
			m = m * x / programme.Once
		case !given || x > m:
			m = x
		}
		given, m = true, min(m, programme.MaxMultiplier)
	}
	if tier != programme.Once {
		add(tier)
	}
	for k := len(c.instances) - 1; k >= 0 && c.instances[k].rule.Step == stepEarn; k-- {
		if in := &c.instances[k]; c.chosen[k] && in.rule.Kind == programme.Multiply && c.takes(in.rule.Selector, line) {
			add(in.rule.Multiplier)
		}
	}
	return m
}

func (c *calculator) bonuses() int64 {
	var bonus int64
	for k := range c.instances {
		in := &c.instances[k]
		if !c.chosen[k] || in.rule.Kind != programme.BonusPoints {
			continue
		}
		c.picked, c.weights = c.picked[:0], c.weights[:0]
		for i := range c.lines {
			if c.lines[i].base > 0 && c.takes(in.rule.Selector, i) {
				c.picked, c.weights = append(c.picked, i), append(c.weights, c.lines[i].base)
			}
		}
		if len(c.picked) == 0 {
			continue
		}
		bonus += int64(in.rule.Points)
		c.parts = money.Allocate(c.parts[:0], money.Amount(in.rule.Points), c.weights, 1)
		for n, i := range c.picked {
			c.lines[i].bonus += int64(c.parts[n])
		}
	}
	return bonus
}

// award is step 8. Caps reduce the award and are explained; they never refuse the sale (R6).
func (c *calculator) award() {
	c.earn = EarnOutcome{}
	points, bonus := c.weigh(true)
	c.earnRate, c.bonus = 0, 0
	if !c.f.Member {
		c.earn.CarryAfter = money.Rate{}
		return
	}
	e := &c.earn
	e.Computed, e.Bonus = points+bonus, bonus
	given := e.Computed
	s := &c.v.Settings
	if m := int64(s.EarnCapPerTransaction); m > 0 && given > m {
		given, e.CappedBy = m, "transaction_max"
	}
	if m := int64(s.MaxPointsBalance); m > 0 {
		p := &c.f.Points
		if room := max(m-(p.Active-c.burn.Total()+p.Pending)+p.Debt, 0); given > room {
			given, e.CappedBy = room, "max_balance"
		}
	}
	if m := s.MaxEarnsPerDay; m > 0 && c.f.Points.Earns >= m && e.Computed > 0 {
		given, e.CappedBy, e.Reason = 0, "limit_earns_per_day", "limit_earns_per_day"
		e.CarryAfter = c.f.Points.Carry
	}
	e.Points, e.NotAwarded = given, e.Computed-given
	if given > 0 {
		e.ActiveOn = c.circ.Day + clock.Day(s.ActivationDelayDays)
	}
	c.earnRate = min(given, points)
	c.bonus = given - c.earnRate
	c.spreadEarn()
	c.explainEarn(points)
}

// spreadEarn allocates the award to the lines by R4, so that the lines sum to the order.
func (c *calculator) spreadEarn() {
	c.allocateEarn(c.earnRate, func(s *lineState) int64 { return s.weight })
	if c.earn.Bonus == 0 {
		return
	}
	if c.bonus == c.earn.Bonus {
		for i := range c.lines {
			c.lines[i].earn += c.lines[i].bonus
		}
		return
	}
	c.picked, c.weights = c.picked[:0], c.weights[:0]
	for i := range c.lines {
		c.weights = append(c.weights, money.Amount(c.lines[i].bonus))
	}
	c.parts = money.Allocate(c.parts[:0], money.Amount(c.bonus), c.weights, 1)
	for i := range c.lines {
		c.lines[i].bonus = int64(c.parts[i])
		c.lines[i].earn += c.lines[i].bonus
	}
}

func (c *calculator) allocateEarn(points int64, weight func(*lineState) int64) {
	if points == 0 {
		return
	}
	c.weights = c.weights[:0]
	for i := range c.lines {
		c.weights = append(c.weights, money.Amount(weight(&c.lines[i])))
	}
	c.parts = money.Allocate(c.parts[:0], money.Amount(points), c.weights, 1)
	for i := range c.lines {
		c.lines[i].earn = int64(c.parts[i])
	}
}

var roundingNames = [...]string{money.Floor: "floor", money.HalfUp: "half_up", money.Ceil: "ceil"}

func (c *calculator) explainEarn(points int64) {
	for k := range c.instances {
		if c.instances[k].rule.Step == stepEarn {
			c.instances[k].effect = -1 // an award may be tried several times
		}
	}
	var base money.Amount
	for i := range c.lines {
		base += c.lines[i].base
	}
	if c.earn.Computed == 0 && base == 0 {
		return
	}
	c.effects = append(c.effects, effect{instance: -1, rule: RuleEarn, kind: "rate", step: stepEarn, base: base, points: points, rounding: roundingNames[c.v.Rounding], capped: c.earn.CappedBy, from: len(c.shares), to: len(c.shares)})
	for k := range c.instances {
		in := &c.instances[k]
		if !c.chosen[k] || in.rule.Step != stepEarn {
			continue
		}
		e := effect{instance: k, rule: in.rule.ID, kind: string(in.rule.Kind), step: stepEarn, from: len(c.shares), to: len(c.shares)}
		if in.coupon >= 0 {
			e.coupon = in.ref
		}
		for i := range c.lines {
			if c.lines[i].base > 0 && c.takes(in.rule.Selector, i) {
				e.base += c.lines[i].base
			}
		}
		if in.rule.Kind == programme.BonusPoints && e.base > 0 {
			e.points = int64(in.rule.Points)
		}
		in.effect = len(c.effects)
		c.effects = append(c.effects, e)
	}
}
