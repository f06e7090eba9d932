package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"lojal/client"
	"lojal/internal/base/clock"
)

// Options say where the demo is loaded.
type Options struct {
	URL         string // of a server with a test clock on an empty database, or on one that a load began
	OperatorKey string
	Data        string    // folder that keeps the keys
	Until       time.Time // the present, at which the year ends
	Progress    io.Writer // may be nil
}

// workers send at the same time; more than two processors feed.
const workers = 8

const progressEvery = 2 * time.Second

// burnFrom is the balance, in points, from which a member pays with them.
const burnFrom = 250

// Known gives the shop of a data folder; it is loaded, half made, or empty. It needs no server.
func Known(data string) (*Shop, error) { return openShop("", data, time.Time{}) }

// Load makes the chain and its year. A load that was broken off goes on where it stood.
func Load(ctx context.Context, o Options) (*Shop, error) {
	s, err := openShop(o.URL, o.Data, o.Until)
	if err != nil || s.Loaded {
		return s, err
	}
	if err := s.keep(); err != nil {
		return nil, err
	}
	l := &load{shop: s, plan: makePlan(s.Until), out: o.Progress, began: clock.Mono(), coupons: map[int]string{}, points: map[int]int64{}}
	if err := l.start(ctx, o.OperatorKey); err != nil {
		return nil, err
	}
	if err := l.run(ctx); err != nil {
		return nil, err
	}
	if err := s.visitor(ctx); err != nil {
		return nil, err
	}
	return s, l.finish(ctx)
}

// load is a year on its way into the server.
type load struct {
	shop  *Shop
	plan  *plan
	tills []*client.Client
	now   time.Time // of the server
	again bool      // an earlier load was broken off
	out   io.Writer
	began time.Duration
	spoke time.Duration
	done  int

	mu      sync.Mutex
	coupons map[int]string // of members, until used
	points  map[int]int64  // of members, after their last sale
}

// start sets the clock to the beginning of the year and makes the chain.
func (l *load) start(ctx context.Context, operatorKey string) error {
	top := client.New(l.shop.url, operatorKey)
	now, err := top.Clock(ctx)
	if err != nil {
		return fmt.Errorf("read the test clock: %w", err)
	}
	tenants, err := top.Tenants(ctx, "", 1)
	if err != nil {
		return err
	}
	first := l.plan.steps[0].at.Add(-time.Hour)
	if len(tenants.Items) == 0 {
		// Booked time never goes back, but nothing is booked yet.
		if err := top.SetClock(ctx, first); err != nil {
			return fmt.Errorf("set the clock to %s: %w", first.Format(time.DateOnly), err)
		}
		now = first
	}
	l.now, l.again = now, len(tenants.Items) > 0
	if !l.shop.Built {
		if err := l.shop.build(ctx, operatorKey); err != nil {
			return err
		}
	}
	l.connect()
	return nil
}

// connect takes the tills' present keys into use.
func (l *load) connect() {
	l.tills = nil
	for _, t := range l.shop.Tills {
		l.tills = append(l.tills, client.New(l.shop.url, t.Key, client.WithConnections(connections)))
	}
}

// renewDays before the end of the year the keys are made anew.
const renewDays = 60

// run sends every step. Operations that an earlier load sent answer again and change nothing.
func (l *load) run(ctx context.Context) error {
	for i := range l.plan.steps {
		s := &l.plan.steps[i]
		if s.at.After(l.now) && !s.at.After(l.shop.Until) {
			if err := l.shop.admin().SetClock(ctx, s.at); err != nil {
				return fmt.Errorf("move the clock to %s: %w", s.at, err)
			}
			l.now = s.at
		}
		if !l.shop.Renewed && l.now.After(l.shop.Until.AddDate(0, 0, -renewDays)) {
			if err := l.shop.renew(ctx); err != nil {
				return err
			}
			l.connect()
		}
		if err := l.step(ctx, s); err != nil {
			return err
		}
		l.tell(s)
	}
	return nil
}

// step sends what happens at one time, some of it at once.
func (l *load) step(ctx context.Context, s *step) error {
	chains := s.chains()
	if len(chains) == 1 {
		return l.chain(ctx, chains[0])
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan []*operation)
	var crew sync.WaitGroup
	for range min(workers, len(chains)) {
		crew.Go(func() {
			for c := range next {
				if err := l.chain(ctx, c); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, c := range chains {
		if ctx.Err() != nil {
			break
		}
		next <- c
	}
	close(next)
	crew.Wait()
	return context.Cause(ctx)
}

func (l *load) chain(ctx context.Context, c []*operation) error {
	for _, o := range c {
		if err := l.do(ctx, o); err != nil {
			return fmt.Errorf("operation %d of the plan (%s, %s): %w", o.n, o.deed, o.at.Format(time.DateTime), err)
		}
	}
	return nil
}

// tell shows how far the load is.
func (l *load) tell(s *step) {
	l.done += len(s.operations)
	now := clock.Mono()
	if l.out == nil || now-l.spoke < progressEvery {
		return
	}
	l.spoke = now
	rate := int64(l.done) * int64(time.Second) / max(int64(now-l.began), 1)
	fmt.Fprintf(l.out, "  %s  %3d %%  %d of %d operations, %d per second\n", s.at.Format(time.DateOnly), l.done*100/l.plan.count, l.done, l.plan.count, rate)
}

// finish brings the clock to the present, finds a gift card with money on it, and marks the load as whole.
func (l *load) finish(ctx context.Context) error {
	s := l.shop
	if s.Until.After(l.now) {
		if err := s.admin().SetClock(ctx, s.Until); err != nil {
			return err
		}
	}
	last := make([]int64, len(s.Tills))
	for _, step := range l.plan.steps {
		for _, o := range step.operations {
			last[o.till] = max(last[o.till], o.seq)
			if o.deed == sellGift {
				s.Gift = o.lines[0].Give.Value
			}
		}
	}
	for i := range s.Tills {
		if i != visitorTill {
			s.Tills[i].Seq = last[i]
		}
	}
	s.Cards = nil
	for _, m := range l.plan.members[:3] {
		s.Cards = append(s.Cards, m.Card)
	}
	s.Loaded = true
	if err := s.keep(); err != nil {
		return err
	}
	if l.out != nil {
		fmt.Fprintf(l.out, "  %d operations in %s\n", l.done, (clock.Mono() - l.began).Round(time.Second))
	}
	return nil
}

// refusals that a year of real people has too: they are counted by the server and end nothing here.
func usual(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Declined()
}
