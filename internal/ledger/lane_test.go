package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

const (
	tenant = int64(7)
	point  = ledger.FirstAsset
)

type riga struct{}

func (riga) Zone(ledger.Unit) *time.Location { return zone }

var zone, _ = time.LoadLocation("Europe/Riga")

// shop is a small world: one tenant, one lane, a clock that is moved by hand.
type shop struct {
	*ledger.Lane
	d     *db.DB
	clock *clock.Manual
	n     int
	mu    sync.Mutex
}

var insertTenant = db.SQL("test.insert_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, 'shop', 'Shop', 'Europe/Riga', 'EUR', '{}', $2, 0)`)

func open(t testing.TB, d *db.DB) *shop {
	t.Helper()
	ctx := context.Background()
	if err := d.Write(ctx, tenant, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, insertTenant, tenant, []byte("0123456789abcdef")); err != nil {
			return err
		}
		return ledger.Open(ctx, tx)
	}); err != nil {
		t.Fatal(err)
	}
	return lane(t, d, clock.NewManual(clock.Of(time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC))))
}

func lane(t testing.TB, d *db.DB, c *clock.Manual) *shop {
	t.Helper()
	l, err := ledger.NewLane(context.Background(), d, c, func(int64) ledger.Zones { return riga{} })
	if err != nil {
		t.Fatal(err)
	}
	l.Start()
	t.Cleanup(l.Stop)
	return &shop{Lane: l, d: d, clock: c}
}

// deed is a command made of two functions.
type deed struct {
	op     ledger.Operation
	need   func(*ledger.Needs)
	decide func(*ledger.View) error
}

func (c deed) Op() ledger.Operation        { return c.op }
func (c deed) Need(n *ledger.Needs)        { c.need(n) }
func (c deed) Decide(v *ledger.View) error { return c.decide(v) }
func op(k ledger.Op, key string) ledger.Operation {
	return ledger.Operation{Tenant: tenant, Client: 1, Key: key, Fingerprint: []byte(key + "0123456789abcdef")[:16], Kind: k}
}

func give(key string, holder, qty int64, until clock.Day) deed {
	return deed{op(ledger.EAR, key), func(n *ledger.Needs) { n.Holder(holder) }, func(v *ledger.View) error {
		if v.Holder(holder) == nil {
			v.Create(holder, ledger.OwnerMembership, ledger.Active)
		}
		v.Begin(ledger.EAR).Give(ledger.EAR, ledger.System(ledger.UnitsIssued, point), ledger.Account{Holder: holder, Kind: ledger.Points, Unit: point}, qty, ledger.Terms{Until: until})
		return nil
	}}
}

func take(key string, holder, qty int64) deed {
	return deed{op(ledger.RED, key), func(n *ledger.Needs) { n.Holder(holder) }, func(v *ledger.View) error {
		return v.Begin(ledger.RED).Take(ledger.RED, ledger.Account{Holder: holder, Kind: ledger.Points, Unit: point}, ledger.System(ledger.UnitsRedeemed, point), qty, v.Now())
	}}
}

func (s *shop) balance(t testing.TB, holder int64) int64 {
	t.Helper()
	var got int64
	r := s.Do(context.Background(), deed{ledger.Operation{Tenant: tenant}, func(n *ledger.Needs) { n.Holder(holder) }, func(v *ledger.View) error {
		got = v.Holder(holder).Balance(ledger.Points, point).Posted
		return nil
	}})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return got
}

func must(t testing.TB, r ledger.Result) ledger.Result {
	t.Helper()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

func TestLane_SpendsSoonestExpiryFirstAndAnswersKeysForEver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		must(t, s.Do(ctx, give("a", 1, 100, clock.Date(2026, 12, 31))))
		must(t, s.Do(ctx, give("b", 1, 50, clock.Date(2026, 3, 31))))
		first := must(t, s.Do(ctx, take("c", 1, 60)))
		uses := first.Entry.Post.Uses
		if len(uses) != 2 || uses[0].Qty != 50 || uses[0].Until != clock.Date(2026, 3, 31) || uses[1].Qty != 10 {
			t.Fatalf("uses %+v", uses)
		}
		again := s.Do(ctx, take("c", 1, 60))
		if !again.Replayed || again.Entry.Seq != first.Entry.Seq {
			t.Fatalf("the key did not answer: %+v", again)
		}
		other := take("c", 1, 60)
		other.op.Fingerprint = []byte("fedcba9876543210")
		if r := s.Do(ctx, other); !fault.Is(r.Err, fault.ErrKeyMismatch) {
			t.Fatalf("another body under the key: %v", r.Err)
		}
		no := s.Do(ctx, take("d", 1, 1000))
		if !fault.Is(no.Err, ledger.ErrInsufficientPoints) {
			t.Fatal(no.Err)
		}
		if r := s.Do(ctx, take("d", 1, 1000)); !r.Replayed || r.Err.Error() != no.Err.Error() || r.Seq != no.Seq {
			t.Fatalf("the refusal did not repeat: %v, %v", r.Err, no.Err)
		}
		if got := s.balance(t, 1); got != 90 {
			t.Fatalf("balance %d", got)
		}
	})
}

func TestLane_SixtyFourSpendersOfOneBalance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		must(t, s.Do(ctx, give("a", 1, 100, 0)))
		var wg sync.WaitGroup
		results := make([]ledger.Result, 64)
		for i := range results {
			wg.Add(1)
			go func() {
				defer wg.Done()
				results[i] = s.Do(ctx, take(fmt.Sprint("k", i), 1, 10))
			}()
		}
		wg.Wait()
		ok := 0
		for _, r := range results {
			if r.Err == nil {
				ok++
			} else if !fault.Is(r.Err, ledger.ErrInsufficientPoints) {
				t.Fatal(r.Err)
			}
		}
		if ok != 10 || s.balance(t, 1) != 0 {
			t.Fatalf("%d spent, %d left", ok, s.balance(t, 1))
		}
	})
}

func TestLane_ManyLotsOverflowAndComeBackInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		start := clock.Date(2027, 1, 1)
		const lots = 300
		for i := range lots {
			day := start + clock.Day((i*7)%lots)
			must(t, s.Do(ctx, give(fmt.Sprint("g", i), 1, 10, day)))
		}
		if got := s.balance(t, 1); got != lots*10 {
			t.Fatalf("balance %d", got)
		}
		next := start
		left := int64(10)
		for i := range 30 {
			r := must(t, s.Do(ctx, take(fmt.Sprint("t", i), 1, 95)))
			for _, u := range r.Entry.Post.Uses {
				for left == 0 {
					next, left = next+1, 10
				}
				if u.Until != next {
					t.Fatalf("use of %s where %s is due", u.Until, next)
				}
				left -= u.Qty
			}
		}
		if got := s.balance(t, 1); got != lots*10-30*95 {
			t.Fatalf("balance %d", got)
		}
	})
}

func TestLane_ReversalOfSpentValueBecomesDebt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		earned := must(t, s.Do(ctx, give("a", 1, 100, 0)))
		must(t, s.Do(ctx, take("b", 1, 60)))
		reverse := deed{op(ledger.REV, "r"), func(n *ledger.Needs) { n.Holder(1) }, func(v *ledger.View) error {
			v.Begin(ledger.REV).Reverse(ledger.REV, earned.Entry)
			return nil
		}}
		must(t, s.Do(ctx, reverse))
		must(t, s.Do(ctx, give("c", 1, 80, 0)))
		if got := s.balance(t, 1); got != 20 {
			t.Fatalf("balance %d, want 20 after the debt of 60 is repaid", got)
		}
	})
}

func TestLane_BatchOf128TakesNoMoreTripsThanOne(t *testing.T) {
	d := dbtest.Open(t, dbtest.PostgresURL(t))
	s := open(t, d)
	s.Stop()
	l, err := ledger.NewLane(context.Background(), d, s.clock, func(int64) ledger.Zones { return riga{} })
	if err != nil {
		t.Fatal(err)
	}
	l.ApplyBatch(context.Background(), []ledger.Command{give("warm", 1, 1, 0)})
	before := d.Trips()
	l.ApplyBatch(context.Background(), []ledger.Command{give("one", 1, 1, 0)})
	one := d.Trips() - before
	var many []ledger.Command
	for i := range 128 {
		many = append(many, give(fmt.Sprint("m", i), int64(i+1), 10, clock.Date(2027, 1, 1+i)))
	}
	before = d.Trips()
	l.ApplyBatch(context.Background(), many)
	if got := d.Trips() - before; got != one || one != 2 {
		t.Fatalf("a batch of one took %d trips, one of 128 took %d; 2 are due", one, got)
	}
}
