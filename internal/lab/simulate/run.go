package simulate

import (
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/coupon"
	"lojal/internal/ledger"

	"lojal/internal/lab/model"
)

// Options say what is run.
type Options struct {
	Ops      int64     // operations
	Seed     uint64    // of everything that is random
	Database string    // postgres://…, or empty for a SQLite file of its own
	Cards    int       // at the start; 0 means 300
	Every    int64     // steps between two examinations by the doctor; 0 means only at the end
	Trace    io.Writer // each decision, one a line; nil for none
}

// sim is a run.
type sim struct {
	opt    Options
	random *rand.Rand
	w      *world
	m      *model.Book

	tenant, merchant int64
	points, visits   ledger.Unit
	version          int
	lastFrom         clock.Instant
	tills            []*till
	serial, console  int64

	bonus, gift, stock, held []*plastic
	byID                     map[int64]*plastic
	numbers                  int64
	members                  []int64
	vouchers                 []int64
	past, sales, holds       []*op

	net     network
	order   int64
	running *call
	yield   map[*call]func(ledger.Command) bool
	touched map[int64]bool

	ops, steps, batches, sweeps, crashes, doctors, leaves int64
	counts                                                map[string]map[string]int64
	replays                                               int64
	digest                                                hash.Hash
	recent                                                []string
	failed                                                *Failure
}

// Run runs a shop. An error means that it could not run; what it found stands in the report.
func Run(o Options) (*Report, error) {
	if o.Cards == 0 {
		o.Cards = 300
	}
	s := &sim{
		opt: o, random: rand.New(rand.NewPCG(o.Seed, 0x6c6f6a616c)), byID: map[int64]*plastic{}, yield: map[*call]func(ledger.Command) bool{}, touched: map[int64]bool{},
		counts: map[string]map[string]int64{}, digest: newDigest(),
	}
	var err error
	if s.w, err = newWorld(o.Database, started); err != nil {
		return nil, err
	}
	defer s.w.remove()
	if err := s.openShop(); err != nil {
		return nil, err
	}
	s.w.lane.Through(s.through)
	began := clock.Mono()
	s.populate()
	for s.ops < o.Ops && s.failed == nil {
		s.step()
	}
	if s.failed == nil {
		s.end()
	}
	return s.report(clock.Mono() - began), nil
}

// populate gives the shop its first cards and members, by the same deeds as later ones.
func (s *sim) populate() {
	for i := 0; i < s.opt.Cards && s.failed == nil; {
		var calls []*call
		for ; i < s.opt.Cards && len(calls) < ledger.MaxBatch; i++ {
			kind := "issue"
			if i%6 == 5 {
				kind = "member"
			}
			o := s.draw(kind)
			calls = append(calls, &call{o: o})
		}
		s.runAll(calls)
	}
	for i := 0; i < 8 && s.failed == nil; i++ {
		s.runAll([]*call{{o: s.hosted("grant")}})
	}
	for _, p := range s.bonus {
		if len(s.members) > 0 && s.chance(40) && s.failed == nil {
			o := s.hosted("link")
			o.card, o.member = p, s.members[s.below(len(s.members))]
			s.runAll([]*call{{o: o}})
		}
	}
	for _, p := range s.gift {
		if s.chance(80) && s.failed == nil {
			o := s.hosted("activate")
			o.card, o.change = p, "activate"
			s.runAll([]*call{{o: o}})
		}
	}
	s.checkTouched()
}

// housekeeping does between steps what a shop does now and then.
func (s *sim) housekeeping() {
	if s.failed != nil {
		return
	}
	if s.chance(12) {
		s.sweep()
	}
	if s.steps%s.publishEvery() == 0 {
		if err := s.publish(); err != nil {
			s.fail("%v", err)
		}
	}
	if s.steps%24 == 0 {
		s.checkLeaves(s.leaves)
		s.leaves = s.m.Seq
		s.checkUses()
	}
	if s.rarely(3) {
		s.crash()
	}
	if s.steps%4096 == 0 {
		s.m.Forget(s.m.Seq - 8*rememberedOps)
		if keep := rememberedOps / 2; len(s.sales) > keep {
			s.sales = append(s.sales[:0], s.sales[len(s.sales)-keep:]...)
		}
	}
	if s.opt.Every > 0 && s.steps%s.opt.Every == 0 {
		s.examine()
	}
}

// publishEvery gives the steps between two versions of the rules: a dozen versions a run, or one an hour.
func (s *sim) publishEvery() int64 { return max(40, s.opt.Ops/1500) }

// crash ends the server between two batches and opens it on what it left.
func (s *sim) crash() {
	s.crashes++
	s.w.close()
	if err := s.w.open(); err != nil {
		s.fail("open again: %v", err)
		return
	}
	var err error
	if s.w.keys, err = s.w.ring.Of(ctx, s.tenant); err != nil {
		s.fail("open again: %v", err)
	}
	s.w.lane.Through(s.through)
}

// end lets everything arrive that is under way, does what is due, and examines the books once more.
func (s *sim) end() {
	if len(s.net) > 0 {
		s.w.clock.Set(max(s.w.clock.Now(), s.net[len(s.net)-1].at) + 31*24*clock.Hour)
	}
	for len(s.net) > 0 && s.failed == nil {
		var calls []*call
		for len(s.net) > 0 && len(calls) < ledger.MaxBatch {
			m := s.net[0]
			popNetwork(&s.net)
			calls = append(calls, &call{o: m.o})
		}
		s.runAll(calls)
		s.checkTouched()
	}
	if s.failed == nil {
		s.sweep()
	}
	if s.failed == nil {
		s.checkLeaves(s.leaves)
		s.checkUses()
		for _, id := range s.m.Holders() {
			s.touched[id] = true
		}
		s.checkTouched()
	}
	if s.failed == nil {
		s.examine()
	}
}

// examine lets the doctor look, after all that is due was done.
func (s *sim) examine() {
	if s.sweep(); s.failed != nil {
		return
	}
	s.doctors++
	found, err := s.w.examine()
	if err != nil {
		s.fail("the doctor cannot look: %v", err)
		return
	}
	if len(found) > 0 {
		s.fail("%d violations, the first: %s", len(found), found[0])
	}
}

// newPlastic makes a card with a number that nobody has.
func (s *sim) newPlastic(product string) *plastic {
	s.numbers++
	return &plastic{id: s.w.mint.Next(), number: fmt.Sprintf("9428%012d", s.numbers), product: product}
}

// settleCard takes what a deed on a card changed into the shop's own lists.
func (s *sim) settleCard(o *op) {
	switch o.kind {
	case "issue":
		s.byID[o.card.id] = o.card
		if o.card.product == "bonus" {
			s.bonus = append(s.bonus, o.card)
		} else {
			s.gift = append(s.gift, o.card)
		}
		if s.m.Holder(o.card.id).Status == "new" {
			s.stock = append(s.stock, o.card)
		}
	case "member":
		s.members = append(s.members, o.member)
	case "link":
		o.card.member = o.member
	case "replace":
		o.other.member, o.card.member, o.card.dead = o.card.member, 0, true
	case "block", "lost":
		s.held = append(s.held, o.card)
	case "close":
		o.card.dead = true
	}
}

// inStock gives a card that waits to be sold, stopped one that was blocked or lost; nil for none.
func (s *sim) inStock() *plastic { return s.oneOf(&s.stock, "new", "sold") }

func (s *sim) stopped() *plastic { return s.oneOf(&s.held, "blocked", "lost") }

func (s *sim) oneOf(list *[]*plastic, states ...string) *plastic {
	for len(*list) > 0 {
		i := s.below(len(*list))
		p := (*list)[i]
		for _, state := range states {
			if s.m.Holder(p.id).Status == state {
				return p
			}
		}
		last := len(*list) - 1
		(*list)[i] = (*list)[last]
		*list = (*list)[:last]
	}
	return nil
}

// grant gives a voucher to somebody, or to whoever holds it.
func (s *sim) grant(o *op) error {
	if o.settled {
		return nil
	}
	o.settled = true
	id := s.w.mint.Next()
	v := model.Voucher{Def: []string{"ten", "capped", "own"}[s.below(3)], Max: s.between(0, 3)}
	if v.Def != "ten" {
		v.Max *= 20
	}
	today := clock.DayOf(s.now(), zone)
	if s.chance(30) {
		v.Through = int64(today) + s.between(0, 6)
	}
	if s.chance(10) {
		v.From = int64(today) + 1
	}
	if s.chance(20) && len(s.bonus) > 0 {
		v.Holder = s.pick(s.bonus).owner()
	}
	err := s.w.d.Write(ctx, s.tenant, func(tx db.Tx) error {
		return coupon.Publish(ctx, tx, s.w.keys.Derive("coupon"), coupon.Grant{Voucher: coupon.Voucher{
			ID: id, Programme: programmeID, Def: v.Def, Holder: v.Holder, MaxUses: v.Max, From: clock.Day(v.From), Through: clock.Day(v.Through),
		}}, s.w.clock.Now())
	})
	if err == nil {
		s.m.Grant(id, v)
		s.vouchers = append(s.vouchers, id)
	}
	return err
}

// started is when every run begins.
var started = clock.Of(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
