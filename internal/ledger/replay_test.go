package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/seal"
	"lojal/internal/ledger"
)

func options(v seal.Verifiers) ledger.Options {
	return ledger.Options{Zones: func(int64) ledger.Zones { return riga{} }, Verifiers: v}
}

// violations runs checks on one snapshot and gives what they find, by id.
func violations(t testing.TB, d *db.DB, asOf clock.Instant, list []check.Check) map[string][]check.Violation {
	t.Helper()
	out := map[string][]check.Violation{}
	if err := d.Read(context.Background(), tenant, func(tx db.Tx) error {
		for _, c := range list {
			found, err := c.Run(context.Background(), tx, asOf)
			if err != nil {
				return fmt.Errorf("%s: %w", c.ID, err)
			}
			if len(found) > 0 {
				out[c.ID] = append(out[c.ID], found...)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *shop) checkBooks(t testing.TB, v seal.Verifiers) {
	t.Helper()
	for id, found := range violations(t, s.d, s.clock.Now(), ledger.Checks(options(v))) {
		for _, x := range found {
			t.Errorf("%s: %s", id, x)
		}
	}
}

// random is a shop in which anything may happen.
type random struct {
	*shop
	*rand.Rand
	sales  []*ledger.Entry
	holds  []ledger.HoldMove
	gone   map[int64]bool // entries that were taken back
	thrift int            // one sale in so many burns
	span   int            // days within which lots end
}

func newRandom(s *shop, n uint64) *random {
	r := &random{shop: s, Rand: rand.New(rand.NewPCG(n, 1)), gone: map[int64]bool{}}
	r.thrift, r.span = []int{1, 2, 8}[r.IntN(3)], []int{30, 200, 700}[r.IntN(3)]
	return r
}

func points(h int64) ledger.Account {
	return ledger.Account{Holder: h, Kind: ledger.Points, Unit: point}
}

func (r *random) today() clock.Day { return clock.DayOf(r.clock.Now(), zone) }

func (r *random) until() clock.Day {
	if r.IntN(4) == 0 {
		return 0
	}
	return r.today() + clock.Day(r.IntN(r.span))
}

func (r *random) cmd(k ledger.Op, holders []int64, decide func(v *ledger.View) error) ledger.Result {
	r.n++
	return r.Do(context.Background(), deed{op(k, fmt.Sprint("r", r.n)), func(n *ledger.Needs) {
		for _, h := range holders {
			n.Holder(h)
		}
		for _, e := range r.sales {
			n.Amend(e.Seq)
		}
	}, func(v *ledger.View) error {
		for _, h := range holders {
			if v.Holder(h) == nil {
				v.Create(h, ledger.OwnerMembership, ledger.Active)
			}
		}
		return decide(v)
	}})
}

// sale burns and earns: at once, or from a later day on.
func (r *random) sale(h int64) {
	burn, earn, until, wait := int64(r.IntN(60)), int64(r.IntN(100)+1), r.until(), r.IntN(2) == 0
	if r.IntN(r.thrift) > 0 {
		burn = 0
	}
	res := r.cmd(ledger.SAL, []int64{h}, func(v *ledger.View) error {
		d := v.Begin(ledger.SAL)
		d.BusinessDate, d.ValueDate = r.today(), r.today()
		if err := d.Take(ledger.RED, points(h), ledger.System(ledger.UnitsRedeemed, point), min(burn, v.Available(points(h), v.Now())), v.Now()); err != nil {
			return err
		}
		to, terms := points(h), ledger.Terms{Until: until}
		if wait {
			to.Kind, terms.Starts = ledger.Pending, v.Now().Add(14*24*time.Hour)
		}
		d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, point), to, earn, terms)
		return nil
	})
	if res.Err == nil {
		r.sales = append(r.sales, res.Entry)
	}
}

func (r *random) hold(h int64) {
	res := r.cmd(ledger.HLD, []int64{h}, func(v *ledger.View) error {
		d := v.Begin(ledger.HLD)
		d.BusinessDate = r.today()
		_, err := d.Hold(points(h), int64(r.IntN(80)+1), v.Now(), v.Now().Add(time.Duration(r.IntN(200))*time.Hour))
		return err
	})
	if res.Err == nil {
		r.holds = append(r.holds, res.Entry.Post.Holds[0])
	}
}

func (r *random) capture() {
	if len(r.holds) == 0 {
		return
	}
	x := r.holds[len(r.holds)-1-r.IntN(min(len(r.holds), 8))]
	final := r.IntN(2) == 0
	res := r.cmd(ledger.CAP, []int64{x.Holder}, func(v *ledger.View) error {
		d := v.Begin(ledger.CAP)
		d.BusinessDate = r.today()
		_, err := d.Capture(ledger.RED, x.Holder, x.Hold, ledger.System(ledger.UnitsRedeemed, point), r.Int64N(x.Amount+1), final)
		return err
	})
	if res.Err == nil {
		for _, m := range res.Entry.Post.Holds {
			if m.State == ledger.HoldOpen {
				r.holds = append(r.holds, m)
			}
		}
	}
}

func (r *random) reverse() {
	if len(r.sales) == 0 {
		return
	}
	o := r.sales[r.IntN(len(r.sales))]
	r.cmd(ledger.REV, []int64{o.Post.Touched[0].Holder}, func(v *ledger.View) error {
		if r.gone[o.Seq] {
			return nil
		}
		d := v.Begin(ledger.REV)
		d.BusinessDate = r.today()
		d.Reverse(ledger.REV, o)
		v.SetAmendment(o.Seq, ledger.Amendment{ReversedBy: d.Seq})
		return nil
	})
	r.gone[o.Seq] = true
}

// giveBack returns a whole sale: points come back to their lots, what was earned is taken.
func (r *random) giveBack() {
	if len(r.sales) == 0 {
		return
	}
	o := r.sales[r.IntN(len(r.sales))]
	if r.gone[o.Seq] || o.Kind != ledger.SAL {
		return
	}
	r.gone[o.Seq] = true
	h := o.Post.Touched[0].Holder
	res := r.cmd(ledger.RET, []int64{h}, func(v *ledger.View) error {
		d := v.Begin(ledger.RET)
		d.BusinessDate, d.Reverses = r.today(), o.Seq
		var burnt, earned int64
		for _, p := range o.Post.Lines {
			switch {
			case p.Kind.System():
			case p.Amount < 0:
				burnt -= p.Amount
			default:
				earned += p.Amount
			}
		}
		d.Restore(ledger.RET, ledger.System(ledger.UnitsRedeemed, point), o.Post.Uses, burnt, r.today()+30)
		d.Claw(ledger.RET, o.Post.Adds, points(h), ledger.System(ledger.UnitsIssued, point), earned)
		d.Touch(h)
		return nil
	})
	if res.Err == nil {
		r.sales = append(r.sales, res.Entry)
	}
}

// overdraft books what a till gave away while it could not ask.
func (r *random) overdraft(h int64) {
	r.cmd(ledger.RED, []int64{h}, func(v *ledger.View) error {
		d := v.Begin(ledger.RED)
		d.BusinessDate, d.Flags = r.today(), "offline"
		d.EffectiveAt = v.Now().Add(-time.Duration(r.IntN(70)) * time.Hour)
		d.Touch(h)
		d.Overdraw(ledger.RED, points(h), ledger.System(ledger.UnitsRedeemed, point), r.Int64N(80)+1, d.EffectiveAt)
		return nil
	})
}

func (r *random) transfer(from, to int64) {
	if from == to {
		return
	}
	r.cmd(ledger.TRF, []int64{from, to}, func(v *ledger.View) error {
		d := v.Begin(ledger.TRF)
		d.BusinessDate = r.today()
		return d.Transfer(ledger.TRF, points(from), points(to), min(r.Int64N(50)+1, v.Available(points(from), v.Now())), v.Now())
	})
}

var dueNow = db.SQL("test.due_now", `SELECT due_at, holder FROM due WHERE tenant_id = $1 AND due_at <= $2 ORDER BY due_at, holder`)

// sweep does all host work that has come due.
func (r *random) sweep(t testing.TB) {
	t.Helper()
	for range 10_000 {
		var work []ledger.Command
		r.read(t, func(tx db.Tx) error {
			return tx.Each(context.Background(), dueNow, db.Args(tenant, int64(r.clock.Now())), func(scan func(...any) error) error {
				c := ledger.Due{Tenant: tenant, Day: r.today()}
				err := scan(&c.At, &c.Holder)
				work = append(work, c)
				return err
			})
		})
		if len(work) == 0 {
			return
		}
		for _, res := range r.ApplyBatch(context.Background(), work[:min(len(work), 100)]) {
			must(t, res)
		}
	}
	t.Fatal("the sweep does not end")
}

func (r *random) step(t testing.TB) {
	h := r.Int64N(3) + 1
	switch n := r.IntN(100); {
	case n < 45:
		r.sale(h)
	case n < 60:
		r.hold(h)
	case n < 75:
		r.capture()
	case n < 82:
		r.reverse()
	case n < 88:
		r.giveBack()
	case n < 91:
		r.transfer(h, r.Int64N(3)+1)
	case n < 93:
		r.overdraft(h)
	default:
		r.clock.Move(time.Duration(r.IntN(72)) * time.Hour)
		r.sweep(t)
	}
}

func seed(t testing.TB) uint64 {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if s := os.Getenv("LOJAL_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("LOJAL_SEED=%d", n)
	return n
}

func TestReplay_RandomShopsKeepEveryInvariant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := seed(t)
		s, k := open(t, d), sealKeys(t)
		s.Stop()
		lane := lane(t, d, s.clock)
		r := newRandom(lane, n)
		for i := range 1200 {
			r.step(t)
			if i%300 == 299 {
				if _, err := ledger.Checkpoint(context.Background(), d, tenant, k, s.clock.Now()); err != nil {
					t.Fatal(err)
				}
				r.sweep(t)
				if r.checkBooks(t, k.Verifiers); t.Failed() {
					t.Fatalf("after %d steps", i+1)
				}
			}
		}
	})
}

func TestReverse_GivesADebtBackThatWasRepaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		need := func(n *ledger.Needs) { n.Holder(1) }
		must(t, s.Do(ctx, give("a", 1, 10, 0)))
		over := must(t, s.Do(ctx, deed{op(ledger.RED, "b"), need, func(v *ledger.View) error {
			v.Begin(ledger.RED).Overdraw(ledger.RED, points(1), ledger.System(ledger.UnitsRedeemed, point), 60, v.Now())
			return nil
		}})).Entry
		must(t, s.Do(ctx, give("c", 1, 30, 0))) // repays 30 of 50
		must(t, s.Do(ctx, deed{op(ledger.REV, "d"), need, func(v *ledger.View) error {
			v.Begin(ledger.REV).Reverse(ledger.REV, over)
			return nil
		}}))
		if got := s.balance(t, 1); got != 40 {
			t.Errorf("balance %d, want 10 that were there and 30 that had repaid", got)
		}
		s.checkBooks(t, sealKeys(t).Verifiers)
	})
}

func TestReplay_TellsADebitOfABlockedCard(t *testing.T) {
	for _, c := range []struct {
		name   string
		credit bool          // a credit comes between block and debit
		status ledger.Status // in which the row has the card at the end
		want   int
	}{
		{"debited after the block", false, ledger.Blocked, 1},
		{"row and block disagree", false, ledger.Active, 2},
		{"brought back to life by a credit", true, ledger.Active, 0},
		{"credited and still blocked", true, ledger.Blocked, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, ctx := open(t, dbtest.Open(t, dbtest.SQLiteURL(t))), context.Background()
			need := func(n *ledger.Needs) { n.Holder(1) }
			book := func(k ledger.Op, do func(v *ledger.View, d *ledger.Draft) error) {
				s.n++
				must(t, s.Do(ctx, deed{op(k, fmt.Sprint("b", s.n)), need, func(v *ledger.View) error {
					d := v.Begin(k)
					d.Touch(1)
					return do(v, d)
				}}))
			}
			must(t, s.Do(ctx, give("a", 1, 100, 0)))
			book(ledger.BLK, func(v *ledger.View, _ *ledger.Draft) error { v.SetStatus(1, ledger.Blocked); return nil })
			if c.credit {
				book(ledger.LOD, func(_ *ledger.View, d *ledger.Draft) error {
					d.Give(ledger.LOD, ledger.System(ledger.UnitsIssued, point), points(1), 5, ledger.Terms{})
					return nil
				})
			}
			book(ledger.RED, func(v *ledger.View, d *ledger.Draft) error {
				v.SetStatus(1, c.status)
				return d.Take(ledger.RED, points(1), ledger.System(ledger.UnitsRedeemed, point), 10, v.Now())
			})
			if got := violations(t, s.d, s.clock.Now(), ledger.Checks(options(sealKeys(t).Verifiers))); len(got["I22"]) != c.want || len(got) > 1 {
				t.Errorf("told %v", got)
			}
		})
	}
}
