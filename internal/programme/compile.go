package programme

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
)

// ErrDefinition is the code of a definition that cannot be compiled.
var ErrDefinition = fault.Code{Name: "invalid_value", Kind: fault.Malformed}

// Compile makes an immutable version of a definition, under an id such as 2026-11-21.3. It keeps the
// definition, which must not be changed afterwards. A definition with problems is refused.
func Compile(d *Definition, id string, from clock.Instant) (*Version, error) {
	if problems := Validate(d); len(problems) > 0 {
		return nil, fault.New(ErrDefinition, "field", problems[0].Path, "expected", problems[0].Message)
	}
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		return nil, fault.Wrap(ErrDefinition, err, "field", "zone")
	}
	v := &Version{
		ID: id, Programme: d.ID, EffectiveFrom: from, Currency: d.Currency, Prices: d.Prices, Zone: zone,
		OutletZone: d.DayZone == "outlet", Settings: d.Settings, definition: d,
		groups: map[string]*entry{}, skus: map[string]*entry{}, types: map[string]*entry{}, classes: map[string]*entry{},
		outlets: map[string][]uint64{}, coupons: map[string]int{}, rewards: map[string]int{},
		tiers: map[string]*Tier{}, gifts: map[string]*GiftProduct{}, passes: map[string]*PassProduct{},
	}
	v.EarnRate, _ = earnRate(d)
	v.EarnWeight, _ = v.EarnRate.Times(1, int64(Once))
	v.PointWorth, _ = pointWorth(d)
	v.Rounding = map[string]money.Rounding{"floor": money.Floor, "half_up": money.HalfUp, "ceil": money.Ceil}[d.EarnRounding]
	v.BurnCap = "max_percent_" + strings.TrimSuffix(money.BasisPoints(d.MaxBurnPercent).String(), "%") + "_of_eligible"
	if err := v.compileRules(); err != nil {
		return nil, err
	}
	v.index()
	for i := range d.Tiers {
		v.tiers[d.Tiers[i].ID] = &d.Tiers[i]
	}
	for i := range d.Gift {
		v.gifts[d.Gift[i].ID] = &d.Gift[i]
	}
	for i := range d.Passes {
		v.passes[d.Passes[i].ID] = &d.Passes[i]
	}
	return v, nil
}

func earnRate(d *Definition) (money.Rate, bool) {
	if d.EarnRate.Q == 0 {
		return money.Rate{}, false
	}
	r, ok := d.EarnRate.Times(money.Pow10(int(d.PointsScale)), d.Currency.Unit())
	if _, fits := r.Times(1, int64(Once)); !ok || !fits {
		return money.Rate{}, false
	}
	return r, true
}

func pointWorth(d *Definition) (money.Rate, bool) {
	if d.PointsValue.Q == 0 {
		return money.Rate{}, false
	}
	return d.PointsValue.Times(d.Currency.Unit(), money.Pow10(int(d.PointsScale)))
}

func (v *Version) compileRules() error {
	d := v.definition
	add := func(r *Rule, source Source) *Compiled {
		v.Rules = append(v.Rules, Compiled{
			Rule: r, Source: source, Step: stepOf(r.Kind), Order: orderOf(r), Group: -1,
			Alone: r.Stack == "alone", Expires: r.DateTo, Model: r.ReturnModel, Limited: r.Budget != Budget{} || r.MaxPerMemberDay > 0,
		})
		return &v.Rules[len(v.Rules)-1]
	}
	for i := range d.Offers {
		add(&d.Offers[i].Rule, FromOffer)
	}
	for i := range d.Coupons {
		add(&d.Coupons[i].Rule, FromCoupon)
	}
	for i := range d.Rewards {
		add(&d.Rewards[i].Rule, FromReward).Price = int64(d.Rewards[i].Price)
	}
	slices.SortFunc(v.Rules, func(a, b Compiled) int {
		if a.Order != b.Order {
			if a.Order < b.Order {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	groups := map[string]int{}
	for i := range v.Rules {
		c := &v.Rules[i]
		if c.Exclusive != "" {
			if _, known := groups[c.Exclusive]; !known {
				groups[c.Exclusive] = len(groups)
			}
			c.Group = groups[c.Exclusive]
		}
		if c.Model == "" {
			c.Model = v.Settings.ReturnModel
		}
		switch c.Source {
		case FromCoupon:
			v.coupons[c.ID] = i
		case FromReward:
			v.rewards[c.ID] = i
		}
		if err := c.compileChecks(); err != nil {
			return fmt.Errorf("rule %s: %w", c.ID, err)
		}
	}
	return nil
}

func stepOf(k Kind) int {
	switch k {
	case PercentBasket, FixedBasket:
		return 5
	case Multiply, BonusPoints:
		return 8
	}
	return 3
}

// orderOf packs step, declared sequence and phase: percentages before units before fixed amounts (R20).
func orderOf(r *Rule) uint64 {
	sequence := uint64(r.Sequence)
	if sequence == 0 {
		sequence = MaxSequence + 1
	}
	phase := uint64(0)
	switch r.Kind {
	case BuyGet:
		phase = 1
	case FixedPrice:
		phase = 2
	case FixedLine, FixedBasket:
		phase = 3
	}
	if r.Sequence > 0 {
		phase = 0 // the sequence says it all
	}
	return uint64(stepOf(r.Kind))<<40 | sequence<<8 | phase
}

func (c *Compiled) compileChecks() error {
	r := c.Rule
	add := func(f check) { c.checks = append(c.checks, f) }
	if r.Member || r.MaxPerMemberDay > 0 {
		add(reason("member_required", func(at *Circumstance) bool { return at.Member }))
	}
	if len(r.Tiers) > 0 {
		add(reason("tier", func(at *Circumstance) bool { return slices.Contains(r.Tiers, at.Tier) }))
	}
	if len(r.Outlets) > 0 {
		add(reason("not_accepted_here", func(at *Circumstance) bool { return slices.Contains(r.Outlets, at.Outlet) }))
	}
	if r.DateFrom != 0 {
		add(reason("not_yet", func(at *Circumstance) bool { return at.Day >= r.DateFrom }))
	}
	if r.DateTo != 0 {
		add(reason("over", func(at *Circumstance) bool { return at.Day <= r.DateTo }))
	}
	if r.TimeFrom != 0 {
		from, to := r.TimeFrom.Minutes(), r.TimeTo.Minutes()
		night := to <= from // a window over midnight belongs to the day on which it began
		days := weekdaySet(r.Weekdays)
		add(reason("not_now", func(at *Circumstance) bool {
			switch {
			case !night:
				return at.Minute >= from && at.Minute < to && days>>at.Weekday&1 == 1
			case at.Minute >= from:
				return days>>at.Weekday&1 == 1
			}
			return at.Minute < to && days>>((at.Weekday+6)%7)&1 == 1
		}))
	} else if len(r.Weekdays) > 0 {
		days := weekdaySet(r.Weekdays)
		add(reason("not_now", func(at *Circumstance) bool { return days>>at.Weekday&1 == 1 }))
	}
	if r.When == "" {
		return nil
	}
	when, err := compileWhen(r.When)
	add(when)
	return err
}

func reason(word string, holds func(*Circumstance) bool) check {
	return func(at *Circumstance) string {
		if holds(at) {
			return ""
		}
		return word
	}
}

func weekdaySet(days []Weekday) uint8 {
	if len(days) == 0 {
		return 0x7f
	}
	var set uint8
	for _, d := range days {
		set |= 1 << d
	}
	return set
}

// index builds the sets. Selectors are numbered as the rules, then those of buy and get.
func (v *Version) index() {
	type selector struct {
		at int
		s  *Selection
	}
	var all []selector
	for i := range v.Rules {
		v.Rules[i].Selector = i
		all = append(all, selector{i, &v.Rules[i].Conditions.Selection})
	}
	extra := func(own int, s *Selection) int {
		if s.Empty() {
			return own
		}
		all = append(all, selector{len(all), s})
		return len(all) - 1
	}
	for i := range v.Rules {
		c := &v.Rules[i]
		c.BuyLines, c.GetLines = i, i
		if c.Kind == BuyGet {
			c.BuyLines = extra(i, &c.Buy.Selection)
			c.GetLines = extra(c.BuyLines, &c.Get.Selection)
		}
	}
	v.words = max((len(all)+63)/64, 1)
	v.anyLine = make([]uint64, v.words)
	for _, one := range all {
		if one.s.Empty() {
			set(v.anyLine, one.at)
		}
		v.name(v.groups, one.s.Groups, one.at)
		v.name(v.skus, one.s.SKUs, one.at)
		v.name(v.types, one.s.Types, one.at)
		v.name(v.classes, one.s.Classes, one.at)
	}
	v.indexPlaces()
	for _, list := range []struct {
		bit     Lists
		entries []string
	}{{NoEarn, v.Settings.EarnExclude}, {NoBurn, v.Settings.BurnExclude}, {NoDiscount, v.Settings.DiscountExclude}} {
		for _, name := range list.entries {
			v.exclude(name, list.bit)
		}
	}
}

func (v *Version) indexPlaces() {
	v.offers, v.anyOutlet = make([]uint64, v.words), make([]uint64, v.words)
	for d := range v.weekdays {
		v.weekdays[d] = make([]uint64, v.words)
	}
	for i := range v.Rules {
		c := &v.Rules[i]
		if c.Source == FromOffer {
			set(v.offers, i)
		}
		if len(c.Outlets) == 0 {
			set(v.anyOutlet, i)
		}
		for _, o := range c.Outlets {
			if v.outlets[o] == nil {
				v.outlets[o] = make([]uint64, v.words)
			}
			set(v.outlets[o], i)
		}
		days := weekdaySet(c.Weekdays)
		if c.TimeFrom != 0 && c.TimeTo <= c.TimeFrom {
			days |= days<<1 | days>>6 // the night after
		}
		for d := range v.weekdays {
			if days>>d&1 == 1 {
				set(v.weekdays[d], i)
			}
		}
	}
}

func set(bits []uint64, i int) { bits[i/64] |= 1 << (i % 64) }

func (v *Version) name(in map[string]*entry, names []string, at int) {
	for _, n := range names {
		e := v.entry(in, n)
		if e.rules == nil {
			e.rules = make([]uint64, v.words)
		}
		set(e.rules, at)
	}
}

func (v *Version) entry(in map[string]*entry, name string) *entry {
	if in[name] == nil {
		in[name] = &entry{}
	}
	return in[name]
}

// exclude enters a name of an exclusion list: with a prefix (type:, class:, group:, sku:) exactly there;
// else a flag, a line type, or the class and group of that name.
func (v *Version) exclude(name string, bit Lists) {
	mark := func(e *entry, as string) {
		e.lists |= bit
		if len(e.names) == 0 {
			e.names = []string{as}
		}
	}
	flag := func(e **entry, as string) {
		if *e == nil {
			*e = &entry{}
		}
		mark(*e, as)
	}
	if space, rest, ok := strings.Cut(name, ":"); ok {
		if in := map[string]map[string]*entry{"type": v.types, "class": v.classes, "group": v.groups, "sku": v.skus}[space]; in != nil {
			mark(v.entry(in, rest), rest)
			return
		}
	}
	switch {
	case name == "promo" || name == "promo_line":
		flag(&v.promo, "promo")
	case name == "locked":
		flag(&v.locked, "locked")
	case slices.Contains(LineTypes, name):
		mark(v.entry(v.types, name), name)
	default:
		mark(v.entry(v.classes, name), name)
		mark(v.entry(v.groups, name), name)
	}
}
