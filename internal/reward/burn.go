package reward

import (
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// burnPoints is step 6: rewards are charged, then points pay as a discount or as a tender. An exact number
// above a limit is declined, the most is reduced to it (R7).
func (c *calculator) burnPoints(have int64, ask Burn) *fault.Error {
	c.burn, c.tendered = BurnOutcome{Rewards: c.rewardPoints(), Tender: c.v.Settings.BurnAs == "tender"}, 0
	for i := range c.lines {
		c.lines[i].burn, c.lines[i].tender = 0, 0
	}
	if !c.f.Member {
		have = 0
	}
	day := c.v.Settings.MaxBurnsPerDay
	full := day > 0 && c.f.Points.Burns >= day
	if full && (ask.Points > 0 || c.burn.Rewards > 0) {
		return fault.New(ErrBurnsPerDay, "limit", day)
	}
	if need := ask.Points + c.burn.Rewards; need > have && need > 0 {
		return fault.New(ErrInsufficientPoints, "need", need, "have", have)
	}
	if have == 0 && ask.Points == 0 && !ask.Max {
		return nil
	}
	m := c.mostPoints(have - c.burn.Rewards)
	if full {
		m = most{limit: ErrBurnsPerDay.Name}
	}
	c.burn.MaxPoints, c.burn.LimitedBy = m.points, m.limit
	n, value := m.points, m.value
	if !ask.Max {
		if ask.Points == 0 {
			return nil
		}
		var ok bool
		if n = ask.Points; n != m.points {
			value, ok = c.worth(n)
			fewest, _ := c.v.PointWorth.Per(int64(m.cap), money.Ceil)
			if !ok || value == 0 || value > m.cap || (value == m.cap && n > fewest) {
				return fault.New(ErrAmountMismatch, "need", n, "max_points", m.points, "limited_by", m.limit)
			}
			m.rounding = 0
		}
	}
	c.burn.Points, c.burn.Amount, c.burn.Rounding = n, value, m.rounding
	c.spreadBurn(n, value)
	return nil
}

func (c *calculator) rewardPoints() int64 {
	var sum int64
	for i := range c.instances {
		if in := &c.instances[i]; c.chosen[i] && in.price > 0 && in.effect >= 0 && in.effect < len(c.effects) && c.effects[in.effect].amount > 0 {
			sum += in.price
		}
	}
	return sum
}

// worth gives the money of points, floored to the quantum.
func (c *calculator) worth(n int64) (money.Amount, bool) {
	v, ok := c.v.PointWorth.Of(n, money.Floor)
	return money.Amount(v).To(c.quantum, money.Floor), ok
}

// most is how many points may be burned, what they pay, and what binds.
type most struct {
	points   int64
	value    money.Amount
	cap      money.Amount // no burn may pay more
	rounding money.Amount // worth beyond the due (cover_total)
	limit    string
}

// mostPoints finds the most points that limits and balance permit, and of those that pay the same the fewest.
func (c *calculator) mostPoints(have int64) most {
	var m most
	if c.v.PointWorth.Zero() {
		m.limit = "no_worth"
		return m
	}
	m.cap, m.limit = c.burnable()
	byValue, ok := c.v.PointWorth.Per(int64(m.cap), money.Floor)
	if !ok {
		byValue = unlimited
	}
	n := byValue
	if have < n {
		n, m.limit = have, "balance"
		if c.f.Points.Debt > 0 {
			m.limit = "debt"
		}
	}
	m.value, _ = c.worth(n)
	m.points, _ = c.v.PointWorth.Per(int64(m.value), money.Ceil)
	if m.value < m.cap && m.limit == "due" && c.v.Settings.BurnMode == "cover_total" && n < have {
		if over, ok := c.v.PointWorth.Of(n+1, money.Floor); ok && money.Amount(over) > m.cap {
			m.points, m.value, m.rounding = n+1, m.cap, money.Amount(over)-m.cap
		}
	}
	return m
}

// burnable gives the most money that points may pay, and the name of what binds.
func (c *calculator) burnable() (money.Amount, string) {
	s := &c.v.Settings
	var eligible, all money.Amount
	for i := range c.lines {
		all += c.lines[i].remaining
		if c.burns(i) {
			eligible += c.lines[i].remaining
		}
	}
	limit, name := eligible, "due"
	if c.burn.Tender && eligible == all {
		limit = c.due(false)
	}
	if s.MaxBurnPercent > 0 {
		if p := eligible.PercentFloor(money.BasisPoints(s.MaxBurnPercent), c.quantum); p < limit {
			limit, name = p, c.v.BurnCap
		}
	}
	if s.MinPayable > 0 {
		if p := max(c.due(false)-s.MinPayable, 0); p < limit {
			limit, name = p, "min_payable"
		}
	}
	return limit, name
}

// burns tells whether points may pay for the line. As a discount they leave locked lines alone.
func (c *calculator) burns(i int) bool {
	s := &c.lines[i]
	return s.lists&programme.NoBurn == 0 && (c.burn.Tender || !s.locked)
}

func (c *calculator) spreadBurn(n int64, value money.Amount) {
	if value == 0 {
		return
	}
	c.picked, c.weights = c.picked[:0], c.weights[:0]
	var base money.Amount
	for i := range c.lines {
		if c.lines[i].remaining > 0 && c.burns(i) {
			c.picked, c.weights = append(c.picked, i), append(c.weights, c.lines[i].remaining)
			base += c.lines[i].remaining
		}
	}
	if c.burn.Tender {
		c.tendered = value
		c.parts = money.Allocate(c.parts[:0], min(value, base), c.weights, c.quantum)
		for k, i := range c.picked {
			c.lines[i].tender = c.parts[k]
		}
		c.effects = append(c.effects, effect{instance: -1, rule: RuleBurn, kind: string(TenderPoints), step: stepBurn, base: base, amount: value, points: n, from: len(c.shares), to: len(c.shares)})
		return
	}
	from := len(c.shares)
	c.spread(value)
	for _, s := range c.shares[from:] {
		c.lines[s.line].burn = s.amount
		c.lines[s.line].remaining -= s.amount
	}
	c.total -= value
	capped := ""
	if n == c.burn.MaxPoints {
		capped = c.burn.LimitedBy
	}
	c.effects = append(c.effects, effect{instance: -1, rule: RuleBurn, kind: RuleBurn, step: stepBurn, base: base, amount: value, points: n, rounding: "floor", capped: capped, from: from, to: len(c.shares)})
}
