package bench

import (
	"context"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
)

// People are the numbers of the cards that take part.
type people struct {
	Members []string // of members' cards; the first is the hot member's
	Gifts   []string
	Few     string // a member with one open lot
	Many    string // a member with very many open lots
}

const (
	memberPoints = 10_000_000
	giftCents    = 1_000_000_000
	manyLots     = 100_000
	lotsAtOnce   = 500
)

func memberNumber(i int) string { return numberOf("94280", i) }
func giftNumber(i int) string   { return numberOf("94290", i) }

func numberOf(prefix string, i int) string {
	body := fmt.Sprintf("%s%010d", prefix, i)
	return body + string(card.LuhnDigit(body))
}

// opening is value that a holder begins with: a part of the entry that makes it.
type opening struct {
	account ledger.Account
	qty     int64
	terms   ledger.Terms
}

// Need asks for the holder.
func (o opening) Need(n *ledger.Needs) { n.Holder(o.account.Holder) }

// Book gives the value.
func (o opening) Book(_ *ledger.View, d *ledger.Draft) error {
	d.Give(ledger.OPN, ledger.System(ledger.Opening, o.account.Unit), o.account, o.qty, o.terms)
	return nil
}

// Name says what is made.
func (o opening) Name() string { return "opening" }

// issue is a gift card that is handed out with its value.
type issue struct {
	*card.Issue
	value opening
}

func (c issue) Need(n *ledger.Needs) { c.Issue.Need(n) }

// Decide makes the card and loads it in one entry.
func (c issue) Decide(v *ledger.View) error {
	d := v.Begin(ledger.ISS)
	d.BusinessDate, d.ValueDate, d.Doc = c.Day, c.Day, `{"act":"issue"}`
	if err := c.Issue.Book(v, d); err != nil {
		return err
	}
	return c.value.Book(v, d)
}

// lots opens lots that cannot coalesce on a member.
type lots struct {
	op      ledger.Operation
	day     clock.Day
	account ledger.Account
	from, n int
	each    int64
}

func (c lots) Op() ledger.Operation { return c.op }
func (c lots) Need(n *ledger.Needs) { n.Holder(c.account.Holder) }
func (c lots) terms(i int) ledger.Terms {
	return ledger.Terms{Cost: int64(c.from + i)}
}

// Decide opens them.
func (c lots) Decide(v *ledger.View) error {
	d := v.Begin(ledger.OPN)
	d.BusinessDate, d.ValueDate, d.Doc = c.day, c.day, `{"act":"opening"}`
	for i := range c.n {
		d.Give(ledger.OPN, ledger.System(ledger.Opening, c.account.Unit), c.account, c.each, c.terms(i))
	}
	return nil
}

func (w *world) day() clock.Day { return clock.DayOf(w.clock.Now(), w.version.Zone) }

// enrol makes members from an index to another, each with a card and points.
func (w *world) enrol(ctx context.Context, from, to int, points int64) ([]int64, error) {
	var holders []int64
	return holders, w.batches(ctx, from, to, func(i int) (ledger.Command, error) {
		m := w.mint.Next()
		holders = append(holders, m)
		now := w.clock.Now()
		c, err := w.cards.Issue(w.keys, card.IssueRequest{
			Act: card.Act{Day: w.day()}, Card: card.ID(w.mint.Next()), Programme: programs, Product: "member", Kinds: "bonus",
			Number: card.Number(memberNumber(i)), Membership: m, Status: ledger.Active,
		}, now)
		if err != nil {
			return nil, err
		}
		value := opening{ledger.Account{Holder: m, Kind: ledger.Points, Unit: w.points}, points, ledger.Terms{}}
		return w.members.Enrol(w.keys, member.EnrolRequest{
			Operation: w.operation(), Day: w.day(), Person: member.ID(w.mint.Next()), Membership: member.MembershipID(m), Programme: programs,
			Profile: member.Profile{Display: fmt.Sprintf("Member %d", i)}, Parts: []member.Part{c, value},
		}, now)
	})
}

// load makes gift cards with large balances.
func (w *world) load(ctx context.Context, n int) error {
	return w.batches(ctx, 0, n, func(i int) (ledger.Command, error) {
		id := card.ID(w.mint.Next())
		c, err := w.cards.Issue(w.keys, card.IssueRequest{
			Act: card.Act{Operation: w.operation(), Day: w.day()}, Card: id, Programme: programs, Product: "gift", Kinds: "gift",
			Number: card.Number(giftNumber(i)), Status: ledger.Active,
		}, w.clock.Now())
		if err != nil {
			return nil, err
		}
		money := ledger.Unit(w.version.Currency.Num)
		return issue{c, opening{ledger.Account{Holder: int64(id), Kind: ledger.Paid, Unit: money}, giftCents, ledger.Terms{Cost: ledger.FullCost}}}, nil
	})
}

// crowd gives a member very many open lots.
func (w *world) crowd(ctx context.Context, holder int64, n int, each int64) error {
	return w.batches(ctx, 0, n/lotsAtOnce, func(i int) (ledger.Command, error) {
		a := ledger.Account{Holder: holder, Kind: ledger.Points, Unit: w.points}
		return lots{w.operation(), w.day(), a, 1 + i*lotsAtOnce, lotsAtOnce, each}, nil
	})
}

// operation is work of the host: it has no key, since the set-up is never repeated.
func (w *world) operation() ledger.Operation {
	return ledger.Operation{Tenant: w.tenant, Client: 1, Kind: ledger.OPN, Origin: ledger.Origin{Actor: "bench"}}
}

// batches books commands in whole batches of the lane.
func (w *world) batches(ctx context.Context, from, to int, make func(i int) (ledger.Command, error)) error {
	var list []ledger.Command
	for i := from; i < to; i++ {
		c, err := make(i)
		if err != nil {
			return err
		}
		if list = append(list, c); len(list) < ledger.MaxBatch && i+1 < to {
			continue
		}
		for _, r := range w.lane.ApplyBatch(ctx, list) {
			if r.Err != nil {
				return fmt.Errorf("set-up: %w", r.Err)
			}
		}
		list = list[:0]
	}
	return nil
}

// populate makes the people of a world and gives their numbers.
func (w *world) populate(ctx context.Context, members, gifts int, crowded bool) (*people, error) {
	p := &people{}
	if _, err := w.enrol(ctx, 0, 1, plenty); err != nil { // the hot member
		return nil, err
	}
	few := min(members, withoutStatistics)
	if _, err := w.enrol(ctx, 1, few, memberPoints); err != nil {
		return nil, err
	}
	if err := w.analyze(ctx); err != nil {
		return nil, err
	}
	if _, err := w.enrol(ctx, few, members, memberPoints); err != nil {
		return nil, err
	}
	if err := w.load(ctx, gifts); err != nil {
		return nil, err
	}
	for i := range members {
		p.Members = append(p.Members, memberNumber(i))
	}
	for i := range gifts {
		p.Gifts = append(p.Gifts, giftNumber(i))
	}
	if crowded {
		few, many := fewIndex, fewIndex+1
		if _, err := w.enrol(ctx, few, few+1, plenty); err != nil {
			return nil, err
		}
		holders, err := w.enrol(ctx, many, many+1, 1)
		if err != nil {
			return nil, err
		}
		if err := w.crowd(ctx, holders[0], manyLots, lotPoints); err != nil {
			return nil, err
		}
		p.Few, p.Many = memberNumber(few), memberNumber(many)
	}
	return p, w.analyze(ctx)
}

const (
	fewIndex  = 9_000_000 // apart from all others
	lotPoints = 10_000

	// withoutStatistics is how many members are made before the planner is told what the tables look like.
	withoutStatistics = 2_000
)
