package programme

import (
	"fmt"
	"slices"
	"time"

	"lojal/internal/base/money"
)

// LineTypes are the types of basket lines.
var LineTypes = []string{"goods", "service", "gift_card_sale", "pass_sale", "card_fee", "delivery", "deposit", "bag", "donation", "top_up", "bill", "lottery", "other"}

// RegClasses are the regulatory classes of lines.
var RegClasses = []string{"alcohol", "tobacco", "medicine_rx", "medicine_otc", "infant_formula_1", "energy_drink", "fuel", "book"}

// Validate gives what is wrong with a definition whose fields are all well formed by themselves: missing
// names, doubled ids, rates that divide by nothing, amounts that no basket could carry.
func Validate(d *Definition) []Problem {
	c := &checker{d: d, ids: map[string]string{}}
	c.heading()
	c.settings()
	c.levels()
	for i := range d.Offers {
		c.rule(fmt.Sprintf("offers[%d]", i), &d.Offers[i].Rule, FromOffer)
	}
	for i := range d.Coupons {
		at := fmt.Sprintf("coupons[%d]", i)
		c.rule(at, &d.Coupons[i].Rule, FromCoupon)
		if f, t := d.Coupons[i].ValidFrom, d.Coupons[i].ValidThrough; f != 0 && t != 0 && t < f {
			c.add(at+".valid_through", "conflict", "ends before it begins", "")
		}
	}
	for i := range d.Rewards {
		at := fmt.Sprintf("rewards[%d]", i)
		c.rule(at, &d.Rewards[i].Rule, FromReward)
		if k := d.Rewards[i].Kind; k == Multiply || k == BonusPoints {
			c.add(at+".kind", "conflict", "a reward does not give points for points", "use an offer")
		}
	}
	if n := len(d.Offers) + len(d.Coupons) + len(d.Rewards); n > MaxRules {
		c.add("offers", "too_large", fmt.Sprintf("%d rules, at most %d", n, MaxRules), "")
	}
	c.products()
	return c.problems
}

type checker struct {
	d        *Definition
	ids      map[string]string
	problems []Problem
}

func (c *checker) add(path, code, message, remedy string) {
	c.problems = append(c.problems, Problem{Path: path, Code: code, Message: message, Remedy: remedy})
}

func (c *checker) heading() {
	d := c.d
	if d.ID == "" {
		c.add("id", "missing", "a programme needs an id", "add id: pro_name")
	}
	if _, err := time.LoadLocation(d.Zone); err != nil || d.Zone == "" || d.Zone == "Local" {
		c.add("zone", "invalid_value", fmt.Sprintf("%q is no IANA zone", clip(d.Zone)), "write Europe/Riga")
	}
	if d.Currency.Code == "" {
		c.add("currency", "missing", "a programme needs a currency", "")
	}
}

func (c *checker) settings() {
	s := &c.d.Settings
	if _, ok := earnRate(c.d); !ok || s.EarnRate.P < 0 || s.EarnRate.Q <= 0 {
		c.add("earn_rate", "invalid_value", "the rate is negative or does not fit", "write 1/1.00 for one point per unit of money")
	}
	if w, ok := pointWorth(c.d); !ok || w.P < 0 || w.Q <= 0 {
		c.add("points_value", "invalid_value", "the worth is negative or does not fit", "write 0.01")
	}
	if s.CarryRemainder && s.EarnRounding != "floor" {
		c.add("carry_remainder", "conflict", "a remainder can be carried only where earnings are floored", "set earn_rounding: floor")
	}
	if s.Expiry.Kind == "fixed" && s.Expiry.On == 0 {
		c.add("expiry.on", "missing", "a fixed expiry needs its date", "add on: YYYY-MM-DD")
	}
	if (s.Expiry.Kind == "lot" || s.Expiry.Kind == "sliding") && s.Expiry.N == 0 {
		c.add("expiry.n", "missing", "the expiry needs a length", "add n: 12")
	}
	for name, list := range map[string][]string{"earn_exclude": s.EarnExclude, "burn_exclude": s.BurnExclude, "discount_exclude": s.DiscountExclude} {
		if slices.Contains(list, "") {
			c.add(name, "invalid_value", "an entry is empty", "")
		}
	}
	c.whole("floor_total", s.FloorTotal)
	c.whole("min_payable", s.MinPayable)
	c.whole("max_balance", s.MaxBalance)
}

// whole refuses amounts that are no multiple of the quantum.
func (c *checker) whole(path string, a money.Amount) {
	if !c.d.Currency.Whole(a) {
		c.add(path, "invalid_value", fmt.Sprintf("%s is no multiple of %s", c.d.Currency.Format(a), c.d.Currency.Format(c.d.Currency.Quantum)), "")
	}
}

func (c *checker) levels() {
	for i, t := range c.d.Tiers {
		at := fmt.Sprintf("tiers[%d]", i)
		c.id(at, t.ID, "tier ")
		if i > 0 && t.From <= c.d.Tiers[i-1].From {
			c.add(at+".from", "conflict", "tiers rise from the first to the last", "order them by from")
		}
	}
	for i, s := range c.d.Scale {
		if i > 0 && s.From <= c.d.Scale[i-1].From {
			c.add(fmt.Sprintf("scale[%d].from", i), "conflict", "the scale rises from the first to the last", "order it by from")
		}
	}
}

func (c *checker) id(path, id, space string) {
	switch first, taken := c.ids[space+id]; {
	case id == "":
		c.add(path+".id", "missing", "needs an id", "add id:")
	case len(id) > 64:
		c.add(path+".id", "invalid_value", "an id has at most 64 bytes", "")
	case taken:
		c.add(path+".id", "conflict", fmt.Sprintf("%q is the id of %s too", id, first), "choose another id")
	default:
		c.ids[space+id] = path
	}
}

// reserved words name steps of the explanation that are no rules.
var reserved = []string{"card", "burn", "promo", "till", "earn"}

func (c *checker) rule(at string, r *Rule, source Source) {
	c.id(at, r.ID, "rule ")
	if slices.Contains(reserved, r.ID) {
		c.add(at+".id", "conflict", fmt.Sprintf("%q is a reserved word", r.ID), "choose another id")
	}
	c.effect(at, &r.Effect)
	if r.DateFrom != 0 && r.DateTo != 0 && r.DateTo < r.DateFrom {
		c.add(at+".date_to", "conflict", "ends before it begins", "")
	}
	if (r.TimeFrom == 0) != (r.TimeTo == 0) || (r.TimeFrom != 0 && r.TimeFrom == r.TimeTo) {
		c.add(at+".time_to", "conflict", "a time window needs two different times", "give time_from and time_to")
	}
	for _, t := range r.Tiers {
		if !slices.ContainsFunc(c.d.Tiers, func(one Tier) bool { return one.ID == t }) {
			c.add(at+".tiers", "invalid_value", fmt.Sprintf("there is no tier %q", clip(t)), "")
		}
	}
	if r.When != "" {
		if _, err := compileWhen(r.When); err != nil {
			c.add(at+".when", "invalid_value", err.Error(), "")
		}
	}
	if source == FromReward && r.Stack == "alone" {
		c.add(at+".stack", "conflict", "a reward is chosen by the customer and stacks", "remove stack")
	}
}

func (c *checker) effect(at string, e *Effect) {
	needs := func(key string, has bool) {
		if !has {
			c.add(at+"."+key, "missing", fmt.Sprintf("%s needs %s above 0", e.Kind, key), "")
		}
	}
	switch e.Kind {
	case PercentLine, PercentBasket:
		needs("percent", e.Percent > 0)
	case FixedLine, FixedBasket:
		needs("amount", e.Amount > 0)
	case FixedPrice: // 0 is a price
	case BuyGet:
		if e.Buy.Qty == 0 || e.Get.Qty == 0 {
			c.add(at+".buy", "missing", "buy_get needs buy.qty and get.qty", "")
		}
	case Multiply:
		needs("multiplier", e.Multiplier > 0)
	case BonusPoints:
		needs("points", e.Points > 0)
	default:
		c.add(at+".kind", "missing", "a rule needs a kind", "add kind: percent_line")
	}
	c.whole(at+".amount", e.Amount)
	c.whole(at+".max_amount", e.MaxAmount)
}

func (c *checker) products() {
	for i, g := range c.d.Gift {
		at := fmt.Sprintf("gift[%d]", i)
		c.id(at, g.ID, "product ")
		if g.FaceMax > 0 && g.FaceMax < g.FaceMin {
			c.add(at+".face_max", "conflict", "is below face_min", "")
		}
		for j, p := range g.Promo {
			c.whole(fmt.Sprintf("%s.promo[%d].get", at, j), p.Get)
			if j > 0 && p.Load <= g.Promo[j-1].Load {
				c.add(fmt.Sprintf("%s.promo[%d].load", at, j), "conflict", "loads rise from the first to the last", "")
			}
		}
	}
	for i, p := range c.d.Passes {
		at := fmt.Sprintf("passes[%d]", i)
		c.id(at, p.ID, "product ")
		if p.Clock == "fixed" && p.SeasonEnd == 0 {
			c.add(at+".season_end", "missing", "a fixed pass needs its last day", "")
		}
		if p.Clock != "fixed" && p.Days == 0 && p.Visits == 0 {
			c.add(at+".days", "missing", "a pass needs days or visits", "")
		}
	}
}
