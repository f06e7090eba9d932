package programme

import (
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/money"
)

// Version is a compiled programme: immutable, indexed, safe for any number of readers.
type Version struct {
	ID            string // such as 2026-11-21.3
	Programme     string
	EffectiveFrom clock.Instant
	Currency      money.Currency
	Prices        Prices
	Zone          *time.Location // of the programme day
	OutletZone    bool           // the outlet's zone judges days instead
	Settings      Settings       // to be read only
	EarnRate      money.Rate     // points at their scale per minor unit
	EarnWeight    money.Rate     // the same per minor unit × multiplier, in ten-thousandths
	PointWorth    money.Rate     // minor units per point at its scale
	Rounding      money.Rounding // of the award
	BurnCap       string         // how an explanation names max_burn_percent
	Rules         []Compiled     // in the order of evaluation; to be read only

	definition *Definition
	words      int // length of a bit set over selectors
	offers     []uint64
	anyLine    []uint64
	anyOutlet  []uint64
	outlets    map[string][]uint64
	weekdays   [7][]uint64
	groups     map[string]*entry
	skus       map[string]*entry
	types      map[string]*entry
	classes    map[string]*entry
	promo      *entry
	locked     *entry
	coupons    map[string]int
	rewards    map[string]int
	tiers      map[string]*Tier
	gifts      map[string]*GiftProduct
	passes     map[string]*PassProduct
}

// Source says where a compiled rule comes from.
type Source uint8

// The sources of rules.
const (
	FromOffer Source = iota
	FromCoupon
	FromReward
)

// Compiled is a rule ready for the calculator.
type Compiled struct {
	*Rule
	Source   Source
	Step     int    // of R2: 3 items, 5 basket, 8 earning
	Order    uint64 // step, declared sequence, percentages before fixed amounts (R20)
	Group    int    // of exclusive alternatives, -1 for none
	Alone    bool   // stacks with nothing else
	Selector int    // which lines
	BuyLines int    // which lines are to be bought, by selector
	GetLines int    // which lines are given, by selector
	Price    int64  // points, of a reward
	Expires  clock.Day
	Model    string // return model
	Limited  bool   // has a budget or a limit per member and day
	checks   []check
}

type check func(*Circumstance) string

// Circumstance is what conditions beside the lines are judged by.
type Circumstance struct {
	Outlet  string
	Tier    string
	Member  bool
	Day     clock.Day
	Weekday time.Weekday
	Minute  int // of the local day
	Total   money.Amount
	Lines   int
	Items   func() (groups, skus []string) // asked only by residual conditions
}

// Refuses gives the reason why the rule does not apply in the circumstance, empty when it does.
func (c *Compiled) Refuses(at *Circumstance) string {
	for _, holds := range c.checks {
		if reason := holds(at); reason != "" {
			return reason
		}
	}
	return ""
}

// Lists are the exclusion lists that name a line.
type Lists uint8

// The three lists.
const (
	NoEarn Lists = 1 << iota
	NoBurn
	NoDiscount
)

// Item is what the index knows of a line.
type Item struct {
	Type, Group, SKU, Class string
	Promo, Locked           bool
}

type entry struct {
	lists Lists
	names []string // of the exclusion, shared
	rules []uint64 // selectors that name it
}

// Words gives the length of a selector set.
func (v *Version) Words() int { return v.words }

// Look adds to the set the selectors that take the item, and gives the lists that exclude it with their
// names. The names are shared and must not be changed.
func (v *Version) Look(it *Item, into []uint64) (Lists, []string) {
	copy(into, v.anyLine)
	var lists Lists
	var names []string
	add := func(e *entry) {
		if e == nil {
			return
		}
		for i, w := range e.rules {
			into[i] |= w
		}
		if e.lists != 0 {
			lists |= e.lists
			if names == nil {
				names = e.names
			} else {
				names = append(names[:len(names):len(names)], e.names...)
			}
		}
	}
	add(v.types[it.Type])
	if it.Class != "" {
		add(v.classes[it.Class])
	}
	if it.Group != "" {
		add(v.groups[it.Group])
	}
	if it.SKU != "" {
		add(v.skus[it.SKU])
	}
	if it.Promo {
		add(v.promo)
	}
	if it.Locked {
		add(v.locked)
	}
	return lists, names
}

// Candidates narrows a set of selectors to the offers that an outlet may give on a weekday.
func (v *Version) Candidates(set []uint64, outlet string, day time.Weekday) {
	here := v.outlets[outlet]
	for i := range set {
		w := v.anyOutlet[i]
		if here != nil {
			w |= here[i]
		}
		set[i] &= w & v.weekdays[day][i] & v.offers[i]
	}
}

// Coupon gives the position in Rules of a coupon definition.
func (v *Version) Coupon(id string) (int, bool) { i, ok := v.coupons[id]; return i, ok }

// Reward gives the position in Rules of a reward.
func (v *Version) Reward(id string) (int, bool) { i, ok := v.rewards[id]; return i, ok }

// TierOf gives a tier by id, nil for none.
func (v *Version) TierOf(id string) *Tier { return v.tiers[id] }

// GiftProductOf gives a gift product by id, nil for none.
func (v *Version) GiftProductOf(id string) *GiftProduct { return v.gifts[id] }

// PassProductOf gives a pass product by id, nil for none.
func (v *Version) PassProductOf(id string) *PassProduct { return v.passes[id] }

// CouponOf gives a coupon definition by id, nil for none. It is to be read only.
func (v *Version) CouponOf(id string) *Coupon {
	for i := range v.definition.Coupons {
		if v.definition.Coupons[i].ID == id {
			return &v.definition.Coupons[i]
		}
	}
	return nil
}

// Definition gives what the version was compiled from. It is to be read only.
func (v *Version) Definition() *Definition { return v.definition }

// Local gives the programme day, weekday and minute of an instant. The offset counts where the outlet's
// zone judges.
func (v *Version) Local(at clock.Instant, offsetMinutes int16) (clock.Day, time.Weekday, int) {
	seconds := int64(at) / int64(clock.Second)
	if int64(at)%int64(clock.Second) < 0 {
		seconds--
	}
	if v.OutletZone {
		seconds += int64(offsetMinutes) * 60
	} else {
		_, offset := at.In(v.Zone).Zone()
		seconds += int64(offset)
	}
	days := seconds / 86_400
	if seconds%86_400 < 0 {
		days--
	}
	day := clock.Day(days)
	return day, time.Weekday((days%7 + 11) % 7), int((seconds - days*86_400) / 60)
}
