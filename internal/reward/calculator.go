package reward

import (
	"sync"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// calculator is the scratch of one calculation. It is pooled; nothing of it leaves but copies.
type calculator struct {
	v       *programme.Version
	b       *Basket
	w       *Wish
	f       *Facts
	outlet  string
	net     bool
	quantum money.Amount
	circ    programme.Circumstance

	lines     []lineState
	bits      []uint64 // selectors per line, words each
	set       []uint64
	instances []instance
	chosen    []bool
	choice    []int // per instance: rank of the alternative it belongs to
	effects   []effect
	shares    []share
	weights   []money.Amount
	parts     []money.Amount
	picked    []int
	saved     []lineState
	vat       []vatSum
	total     money.Amount // Σ of what lines cost now

	burn            BurnOutcome
	tendered        money.Amount // points as tender
	gifts           []GiftOutcome
	credit          money.Amount
	earn            EarnOutcome
	earnRate, bonus int64
	dropped         []Dropped
	gives           []GiveOutcome
	payable         money.Amount
	till            money.Amount
	tax             money.Amount
}

// lineState is a line on its way through the steps.
type lineState struct {
	remaining money.Amount // price now
	total     money.Amount
	till      money.Amount // the till's own promotion, d2 of R2
	paid      money.Amount // the till's lower price, or -1
	lists     programme.Lists
	names     []string
	locked    bool
	gift      bool
	units     int64 // whole units, 0 for a weighed quantity
	free      int64 // units given by buy_get
	reward    int   // instance that takes the line for points, or -1
	burn      money.Amount
	tender    money.Amount // share of points as tender
	claimed   money.Amount // discount of rewards
	promo     money.Amount
	base      money.Amount
	weight    int64
	earn      int64
	bonus     int64
	keepQty   int64
	keepCut   money.Amount
	vat       int // position in calculator.vat
}

// instance is a rule at work: an offer, a presented voucher or a claimed reward.
type instance struct {
	rule    *programme.Compiled
	coupon  int // index in Wish.Coupons, or -1
	ref     string
	line    int // of a reward line, or -1
	price   int64
	expires clock.Day
	budget  money.Amount // left, or -1
	reason  string       // why it is out
	missing money.Amount
	effect  int // its effect, or -1
}

type effect struct {
	instance int // or -1
	rule     string
	coupon   string
	kind     string
	step     int
	percent  programme.Percent
	base     money.Amount
	amount   money.Amount
	points   int64
	rounding string
	capped   string
	from, to int // in shares
}

type share struct {
	line   int
	amount money.Amount
}

type vatSum struct {
	rate string
	bp   int64
	sum  money.Amount
}

var pool = sync.Pool{New: func() any {
	c := &calculator{}
	c.circ.Items = c.items
	return c
}}

// Price gives the outcome of a basket under a programme version, in the order of R2. Facts stand for the
// present state, at for the frozen evaluation time, outlet for the place.
// It declines with insufficient_points, insufficient_balance, limit_burns_per_day, amount_mismatch (with
// the parameter pricing, an *Outcome), tender_not_allowed, a voucher code, a limit code, or invalid_value.
func Price(v *programme.Version, b *Basket, w *Wish, f *Facts, at clock.Instant, outlet string) (*Outcome, error) {
	c := pool.Get().(*calculator)
	defer c.release()
	c.begin(v, b, w, f, at, outlet)
	if err := c.price(); err != nil {
		return nil, err
	}
	out := c.outcome(at)
	if err := c.agree(out); err != nil {
		err.Params = append(err.Params, fault.Param{Name: "pricing", Value: out})
		return nil, err
	}
	return out, nil
}

func (c *calculator) begin(v *programme.Version, b *Basket, w *Wish, f *Facts, at clock.Instant, outlet string) {
	c.v, c.b, c.w, c.f, c.outlet = v, b, w, f, outlet
	prices := b.Prices
	if prices == "" {
		prices = v.Prices
	}
	c.net, c.quantum = prices == programme.Net, max(v.Currency.Quantum, 1)
	day, weekday, minute := v.Local(at, f.Offset)
	items := c.circ.Items
	c.circ = programme.Circumstance{Outlet: outlet, Tier: f.Tier, Member: f.Member, Day: day, Weekday: weekday, Minute: minute, Lines: len(b.Lines), Items: items}
}

// release lets go of the inputs, so that the pool keeps no basket alive.
func (c *calculator) release() {
	c.v, c.b, c.w, c.f = nil, nil, nil, nil
	clear(c.lines)
	clear(c.instances)
	clear(c.effects)
	clear(c.vat)
	clear(c.gifts)
	clear(c.saved)
	pool.Put(c)
}

func (c *calculator) items() (groups, skus []string) {
	for i := range c.b.Lines {
		groups, skus = append(groups, c.b.Lines[i].Group), append(skus, c.b.Lines[i].SKU)
	}
	return groups, skus
}

// price runs the steps of R2.
func (c *calculator) price() *fault.Error {
	if err := c.check(); err != nil {
		return err
	}
	if err := c.read(); err != nil {
		return err
	}
	if err := c.collect(); err != nil {
		return err
	}
	c.choose()
	if err := c.afterRules(); err != nil {
		return err
	}
	return c.loads()
}

// afterRules runs points, gift and earning. Where the points of this order may pay for it, the award
// depends on the burn and the burn on the award: the award falls as the burn rises, so halving finds the most.
func (c *calculator) afterRules() *fault.Error {
	set := &c.v.Settings
	own := bool(set.UsePointsOfThisOrder) && set.ActivationDelayDays == 0 && c.f.Points.Debt == 0 && c.f.Member // R14: pending is never available
	if !own {
		return c.spend(c.f.Points.Available(), c.w.Burn)
	}
	have := c.f.Points.Available()
	c.saved = append(c.saved[:0], c.lines...)
	kept, shares, total := len(c.effects), len(c.shares), c.total
	again := func(n int64) *fault.Error {
		copy(c.lines, c.saved)
		c.effects, c.shares, c.total = c.effects[:kept], c.shares[:shares], total
		return c.spend(unlimited, Burn{Points: n})
	}
	affordable := func() bool { return c.burn.Total() <= have+c.earn.Points }
	n := c.w.Burn.Points
	if c.w.Burn.Max {
		if err := again(0); err != nil {
			return err
		}
		lo, hi := int64(0), min(c.burn.MaxPoints, have+c.earn.Points)
		for lo < hi {
			mid := hi - (hi-lo)/2
			if err := again(mid); err == nil && affordable() {
				lo = mid
			} else {
				hi = mid - 1
			}
		}
		value, _ := c.worth(lo)
		n, _ = c.v.PointWorth.Per(int64(value), money.Ceil) // of those that pay the same the fewest
		defer func() {
			if n < c.burn.MaxPoints {
				c.burn.MaxPoints, c.burn.LimitedBy = n, "balance"
			}
		}()
	}
	if err := again(n); err != nil {
		return err
	}
	if !affordable() {
		return fault.New(ErrInsufficientPoints, "need", c.burn.Total(), "have", have+c.earn.Points)
	}
	return nil
}

// unlimited stands for points whose sufficiency is judged later.
const unlimited = int64(1) << 50

func (c *calculator) spend(have int64, burn Burn) *fault.Error {
	if err := c.burnPoints(have, burn); err != nil {
		return err
	}
	if err := c.payGifts(); err != nil {
		return err
	}
	c.award()
	return nil
}

// read fills the lines and finds the rules that may touch them (steps 1 and 2).
func (c *calculator) read() *fault.Error {
	words := c.v.Words()
	n := len(c.b.Lines)
	c.lines = resize(c.lines, n)
	c.bits = resize(c.bits, n*words)
	c.set = resize(c.set, words)
	clear(c.set)
	c.vat, c.dropped, c.gives, c.total = c.vat[:0], nil, nil, 0
	for i := range n {
		l := &c.b.Lines[i]
		s := &c.lines[i]
		*s = lineState{remaining: l.Total, total: l.Total, paid: -1, locked: l.Locked, gift: l.Type == typeGift, reward: -1}
		if l.Paid != nil {
			s.paid = *l.Paid
		}
		if l.Qty%Unit == 0 {
			s.units = int64(l.Qty / Unit)
		}
		list, ok := money.MulDiv(int64(l.UnitPrice), int64(l.Qty), int64(Unit), money.HalfUp)
		if !ok {
			return fault.Invalid("lines[].unit_price", "an amount whose product with qty fits")
		}
		s.till = max(money.Amount(list).To(c.quantum, money.HalfUp)-l.Total, 0)
		item := programme.Item{Type: l.Type, Group: l.Group, SKU: l.SKU, Class: l.RegClass, Promo: l.Promo, Locked: l.Locked}
		if item.Type == "" {
			item.Type = typeGoods
		}
		own := c.bits[i*words : (i+1)*words]
		s.lists, s.names = c.v.Look(&item, own)
		for k, word := range own {
			c.set[k] |= word
		}
		at, err := c.vatOf(l)
		if err != nil {
			return err
		}
		s.vat = at
		c.total += l.Total
	}
	c.circ.Total = c.total
	return nil
}

// vatOf gives the position of the line's rate among those of the basket. "", "0" and "0.0" are one rate.
func (c *calculator) vatOf(l *Line) (int, *fault.Error) {
	for i := range c.vat {
		if c.vat[i].rate == l.VAT {
			return i, nil
		}
	}
	bp, ok := vatRate(l.VAT)
	if !ok {
		return 0, fault.Invalid("lines[].vat", "a percentage from 0 to 100")
	}
	for i := range c.vat {
		if c.vat[i].bp == bp {
			return i, nil
		}
	}
	rate := l.VAT
	if rate == "" {
		rate = "0"
	}
	c.vat = append(c.vat, vatSum{rate: rate, bp: bp})
	return len(c.vat) - 1, nil
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

// takes tells whether a selector names the line.
func (c *calculator) takes(selector, line int) bool {
	return c.bits[line*len(c.set)+selector/64]>>(selector%64)&1 == 1
}

// discountable tells whether a discount of this source may touch the line. Coupons on gift cards have a
// switch of their own (T44).
func (c *calculator) discountable(i int, source programme.Source) bool {
	s := &c.lines[i]
	if s.locked {
		return false
	}
	if s.gift && source == programme.FromCoupon {
		return bool(c.v.Settings.AllowCouponOnGift)
	}
	return s.lists&programme.NoDiscount == 0
}
