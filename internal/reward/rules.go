package reward

import (
	"math/bits"
	"slices"
	"strings"

	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// errNotHere is the code of a voucher that belongs to no rule of this programme.
var errNotHere = fault.Code{Name: "not_accepted_here", Kind: fault.Declined}

// collect gathers the rules at work and puts them into the order of R20, in which input order never counts.
func (c *calculator) collect() *fault.Error {
	c.instances = c.instances[:0]
	c.v.Candidates(c.set, c.outlet, c.circ.Weekday)
	for k, word := range c.set {
		for ; word != 0; word &= word - 1 {
			r := &c.v.Rules[k*64+bits.TrailingZeros64(word)]
			c.instances = append(c.instances, instance{rule: r, coupon: -1, ref: "", line: -1, expires: r.Expires})
		}
	}
	offers := len(c.instances)
	if err := c.collectCoupons(); err != nil {
		return err
	}
	if err := c.collectRewards(); err != nil {
		return err
	}
	if len(c.instances) > offers {
		slices.SortStableFunc(c.instances, compare)
	} else if !slices.IsSortedFunc(c.instances, compare) {
		slices.SortStableFunc(c.instances, compare)
	}
	for i := range c.instances {
		c.qualify(i)
	}
	return nil
}

// compare orders by step, sequence and phase, then soonest expiry, then id, then voucher.
func compare(a, b instance) int {
	switch {
	case a.rule.Order != b.rule.Order:
		if a.rule.Order < b.rule.Order {
			return -1
		}
		return 1
	case a.expires != b.expires:
		if b.expires == 0 || (a.expires != 0 && a.expires < b.expires) {
			return -1
		}
		return 1
	}
	if d := strings.Compare(a.rule.ID, b.rule.ID); d != 0 {
		return d
	}
	if d := strings.Compare(a.ref, b.ref); d != 0 {
		return d
	}
	return a.line - b.line
}

func (c *calculator) collectCoupons() *fault.Error {
	for i := range c.w.Coupons {
		fact, ref := &c.f.Coupons[i], c.w.Coupons[i].Ref
		at, known := c.v.Coupon(fact.Def)
		code := couponCode(fact, known)
		seen := int64(1)
		for _, other := range c.w.Coupons[:i] {
			if other.Ref == ref {
				seen++
			}
		}
		if code == nil && seen > fact.Left {
			code = &ErrVoucherUsed
		}
		switch {
		case code == nil:
			r := &c.v.Rules[at]
			expires := fact.Expires
			if expires == 0 {
				expires = r.Expires
			}
			c.instances = append(c.instances, instance{rule: r, coupon: i, ref: ref, line: -1, expires: expires})
		case c.w.Coupons[i].Auto:
			c.dropped = append(c.dropped, Dropped{Ref: ref, Rule: fact.Def, Reason: code.Name})
		default:
			return fault.New(*code, "coupon", ref)
		}
	}
	return nil
}

func couponCode(f *CouponFact, known bool) *fault.Code {
	switch {
	case !known:
		return &errNotHere
	case f.State == CouponUsed:
		return &ErrVoucherUsed
	case f.State == CouponExpired:
		return &ErrVoucherExpired
	case f.State == CouponHeld, f.State == CouponMember:
		return &ErrVoucherLimit
	case f.State == CouponExhausted:
		return &ErrOfferExhausted
	}
	return nil
}

func (c *calculator) collectRewards() *fault.Error {
	for i, id := range c.w.Rewards {
		at, known := c.v.Reward(id)
		if !known || slices.Contains(c.w.Rewards[:i], id) {
			return fault.Invalid("wish.rewards", "rewards of the programme, each once")
		}
		r := &c.v.Rules[at]
		c.instances = append(c.instances, instance{rule: r, coupon: -1, ref: id, line: -1, price: r.Price, expires: r.Expires})
	}
	for i := range c.b.Lines {
		id := c.b.Lines[i].Reward
		if id == "" {
			continue
		}
		at, known := c.v.Reward(id)
		if !known || c.lines[i].units == 0 {
			return fault.Invalid("lines[].reward", "a reward of the programme, on whole units")
		}
		r := &c.v.Rules[at]
		price, ok := money.MulDiv(r.Price, c.lines[i].units, 1, money.Floor)
		if !ok || price > int64(money.MaxAmount) {
			return fault.Invalid("lines[].reward", "a price in points that fits")
		}
		c.instances = append(c.instances, instance{rule: r, coupon: -1, ref: id, line: i, price: price, expires: r.Expires})
	}
	return nil
}

// qualify judges the conditions that do not depend on other rules. The minimum counts the totals of the
// lines which the rule may touch, before any discount of ours: so no other offer moves it (I54).
func (c *calculator) qualify(i int) {
	in := &c.instances[i]
	in.effect, in.budget = -1, -1
	r := in.rule
	if in.reason = r.Refuses(&c.circ); in.reason != "" {
		return
	}
	if in.reason = c.budgetOf(in); in.reason != "" {
		return
	}
	if in.line >= 0 {
		if !c.takes(r.Selector, in.line) || !c.discountable(in.line, r.Source) {
			in.reason = "no_eligible_lines"
			return
		}
		c.lines[in.line].reward = i
	}
	if r.MinBasket == 0 {
		return
	}
	var sum money.Amount
	for k := range c.lines {
		if c.takes(r.Selector, k) && c.counts(k, r) {
			sum += c.lines[k].total
		}
	}
	if sum < r.MinBasket {
		in.reason, in.missing = "below_minimum", r.MinBasket-sum
	}
}

// counts tells whether a rule may touch the line at all.
func (c *calculator) counts(line int, r *programme.Compiled) bool {
	if r.Step == stepEarn {
		return c.earns(line)
	}
	return c.discountable(line, r.Source)
}

func (c *calculator) budgetOf(in *instance) string {
	r := in.rule
	if !r.Limited {
		return ""
	}
	var used BudgetFact
	for k := range c.f.Budgets {
		if c.f.Budgets[k].Rule == r.ID {
			used = c.f.Budgets[k]
			break
		}
	}
	if r.Budget.Money > 0 {
		in.budget = max(r.Budget.Money-used.Money, 0).To(c.quantum, money.Floor)
	}
	switch {
	case r.Budget.Count > 0 && used.Count >= r.Budget.Count, in.budget == 0:
		return ErrOfferExhausted.Name
	case r.MaxPerMemberDay > 0 && used.MemberToday >= r.MaxPerMemberDay:
		return ErrVoucherLimit.Name
	}
	return ""
}

// maxTrials bounds how many combinations of alternatives are priced; beyond it each exclusive group
// decides for itself.
const maxTrials = 512

// choose finds the best permitted combination (R20) and leaves it evaluated.
func (c *calculator) choose() {
	c.chosen = resize(c.chosen, len(c.instances))
	plain := true
	for i := range c.instances {
		c.chosen[i] = c.instances[i].reason == ""
		if c.chosen[i] && (c.instances[i].rule.Group >= 0 || c.instances[i].rule.Alone) {
			plain = false
		}
	}
	if plain {
		c.evaluate(false)
		return
	}
	s := &search{c: c}
	s.run()
	copy(c.chosen, s.best)
	for i := range c.instances {
		if in := &c.instances[i]; in.reason == "" && !c.chosen[i] {
			in.reason = "exclusive"
		}
	}
	c.evaluate(s.alone)
}

// search tries the permitted combinations. The first best one stays, and alternatives come soonest-expiring
// first and then by id, so that a tie is decided as R20 says.
type search struct {
	c      *calculator
	groups [][]int
	best   []bool
	alone  bool
	worth  money.Amount
	points int64
	tried  bool
}

func (s *search) run() {
	c := s.c
	var order []int
	byGroup := map[int]int{}
	for i := range c.instances {
		if c.chosen[i] {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return soonest(&c.instances[a], &c.instances[b]) })
	base := make([]bool, len(c.chosen))
	for _, i := range order {
		switch r := c.instances[i].rule; {
		case r.Alone:
		case r.Group < 0:
			base[i] = true
		default:
			at, known := byGroup[r.Group]
			if !known {
				at = len(s.groups)
				byGroup[r.Group] = at
				s.groups = append(s.groups, nil)
			}
			s.groups[at] = append(s.groups[at], i)
		}
	}
	// The order of groups is that of their rules in the programme, never that of a map or of the input.
	slices.SortFunc(s.groups, func(a, b []int) int { return c.instances[a[0]].rule.Group - c.instances[b[0]].rule.Group })
	s.combine(base)
	for _, i := range order {
		if !c.instances[i].rule.Alone {
			continue
		}
		only := make([]bool, len(base))
		only[i] = true
		for k := range base {
			only[k] = only[k] || (base[k] && c.instances[k].rule.Source == programme.FromReward)
		}
		s.try(only, true)
	}
}

func soonest(a, b *instance) int {
	if a.expires != b.expires {
		if b.expires == 0 || (a.expires != 0 && a.expires < b.expires) {
			return -1
		}
		return 1
	}
	if d := strings.Compare(a.rule.ID, b.rule.ID); d != 0 {
		return d
	}
	return strings.Compare(a.ref, b.ref)
}

func (s *search) combine(base []bool) {
	trials := 1
	for _, g := range s.groups {
		if trials *= len(g); trials > maxTrials {
			break
		}
	}
	set := slices.Clone(base)
	if trials > maxTrials {
		for _, g := range s.groups {
			s.one(set, g)
		}
		s.tried = false
		s.try(set, false)
		return
	}
	var walk func(int)
	walk = func(g int) {
		if g == len(s.groups) {
			s.try(set, false)
			return
		}
		for _, i := range s.groups[g] {
			set[i] = true
			walk(g + 1)
			set[i] = false
		}
	}
	walk(0)
}

// one settles a group by itself, the groups before it being settled.
func (s *search) one(set []bool, group []int) {
	s.tried = false
	pick := group[0]
	for _, i := range group {
		set[i] = true
		if s.try(set, false) {
			pick = i
		}
		set[i] = false
	}
	set[pick] = true
}

func (s *search) try(set []bool, alone bool) bool {
	c := s.c
	copy(c.chosen, set)
	c.evaluate(alone)
	var worth money.Amount
	for i := range c.effects {
		worth += c.effects[i].amount
	}
	points, bonus := c.weigh(false)
	points += bonus
	if s.tried && (worth < s.worth || (worth == s.worth && points <= s.points)) {
		return false
	}
	s.best = append(s.best[:0], set...)
	s.tried, s.alone, s.worth, s.points = true, alone, worth, points
	return true
}
