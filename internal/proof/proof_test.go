package proof_test

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
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
	"lojal/internal/proof"
)

const tenant = int64(7)

// keys gives a tenant's keys for tests.
func keys(t testing.TB) *secret.Keys {
	t.Helper()
	m, err := secret.OpenMaster(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := m.NewTenant(tenant)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var insertTenant = db.SQL("test.proof_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, $2, 'Shop', 'Europe/Riga', 'EUR', '{}', $3, 0)`)

type riga struct{}

func (riga) Zone(ledger.Unit) *time.Location { return time.UTC }

type desk struct {
	*proof.Keeper
	lane  *ledger.Lane
	clock *clock.Manual
	keys  *secret.Keys
}

func open(t *testing.T, d *db.DB) desk {
	t.Helper()
	ctx := context.Background()
	for _, id := range []int64{tenant, tenant + 1} {
		if err := d.Write(ctx, id, func(tx db.Tx) error {
			if _, err := tx.Exec(ctx, insertTenant, id, fmt.Sprint("shop", id), []byte{0}); err != nil {
				return err
			}
			return ledger.Open(ctx, tx)
		}); err != nil {
			t.Fatal(err)
		}
	}
	c := clock.NewManual(clock.Of(time.Date(2026, 1, 10, 10, 0, 10, 0, time.UTC)))
	l, err := ledger.NewLane(ctx, d, c, func(int64) ledger.Zones { return riga{} })
	if err != nil {
		t.Fatal(err)
	}
	k := proof.NewKeeper(d, c, l)
	l.Start()
	t.Cleanup(l.Stop)
	return desk{k, l, c, keys(t)}
}

func (d desk) claim(subject int64, pin string) proof.Claim {
	return proof.Claim{Tenant: tenant, Terminal: 1, Subject: subject, Method: proof.PIN, Code: pin, PIN: proof.PINMac(d.keys, subject, "271828"), Keys: d.keys}
}

func (d desk) wantReason(t *testing.T, c proof.Claim, reason string) {
	t.Helper()
	_, err := d.Check(context.Background(), c)
	switch {
	case reason == "" && err != nil:
		t.Fatalf("refused: %v", err)
	case reason != "" && (!fault.Is(err, proof.ErrVerification) || fault.Of(err).Params.Get("reason") != reason):
		t.Fatalf("%v, want %s", err, reason)
	}
}

func TestPIN_LocksByStepsAndSurvivesARestart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.wantReason(t, s.claim(5, "271828"), "")
		for range 4 {
			s.wantReason(t, s.claim(5, "000000"), "wrong")
		}
		s.wantReason(t, s.claim(5, "000000"), "locked")
		s.wantReason(t, s.claim(5, "271828"), "locked") // not even the right one
		s.lane.Stop()                                   // SQLite has one lane at a time
		again := desk{proof.NewKeeper(d, s.clock, fresh(t, d, s.clock)), nil, s.clock, s.keys}
		again.wantReason(t, s.claim(5, "271828"), "locked") // the count is in the database
		s.clock.Move(61 * time.Second)
		s.wantReason(t, s.claim(5, "000000"), "locked") // the sixth
		s.clock.Move(14 * time.Minute)
		s.wantReason(t, s.claim(5, "271828"), "locked") // for 15 minutes
		s.clock.Move(time.Minute)
		s.wantReason(t, s.claim(5, "271828"), "")
		for range 3 {
			s.wantReason(t, s.claim(5, "000000"), "wrong")
		}
		s.wantReason(t, s.claim(5, "271828"), "")
		s.wantReason(t, s.claim(5, "000000"), "staff_unlock") // the tenth of the day
		s.clock.Move(48 * time.Hour)
		s.wantReason(t, s.claim(5, "271828"), "staff_unlock")
		if err := s.Unlock(context.Background(), tenant, 5); err != nil {
			t.Fatal(err)
		}
		s.wantReason(t, s.claim(5, "271828"), "")
	})
}

func fresh(t *testing.T, d *db.DB, c clock.Clock) *ledger.Lane {
	t.Helper()
	l, err := ledger.NewLane(context.Background(), d, c, func(int64) ledger.Zones { return riga{} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	return l
}

func TestPIN_SixtyFourGuessersGetFiveTries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		var mu sync.Mutex
		var wg sync.WaitGroup
		looked := 0
		for i := range 64 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				c := s.claim(9, fmt.Sprintf("%06d", i))
				c.Terminal = int64(100 + i)
				_, err := s.Check(context.Background(), c)
				mu.Lock()
				defer mu.Unlock()
				if f := fault.Of(err); f != nil && f.Params.Get("reason") == "wrong" {
					looked++
				} else if f == nil {
					t.Errorf("no refusal: %v", err)
				}
			}()
		}
		wg.Wait()
		if looked != 4 { // the fifth is told that the card is locked now
			t.Fatalf("%d guesses were looked at, 4 before the lock", looked)
		}
		if other := s.claim(9, "271828"); true {
			other.Tenant = tenant + 1
			s.wantReason(t, other, "") // another tenant's subject of the same number is another subject
		}
	})
}

func TestTerminal_HasThirtyFailuresAnHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		for i := range int64(30) {
			s.wantReason(t, s.claim(100+i, "000000"), "wrong")
		}
		if _, err := s.Check(ctx, s.claim(200, "271828")); !fault.Is(err, fault.ErrThrottled) {
			t.Fatal(err)
		}
		other := s.claim(200, "271828")
		other.Terminal = 2
		s.wantReason(t, other, "")
		s.clock.Move(time.Hour)
		s.wantReason(t, s.claim(200, "271828"), "")
	})
}

// buy is an operation that consumes a proof.
type buy struct {
	keeper *proof.Keeper
	key    string
	use    proof.Use
}

func (b buy) Op() ledger.Operation {
	return ledger.Operation{Tenant: tenant, Client: 1, Key: b.key, Fingerprint: []byte(b.key + "0123456789abcdef")[:16], Kind: ledger.RED}
}
func (b buy) Need(n *ledger.Needs) { b.keeper.Need(n, b.use) }
func (b buy) Decide(v *ledger.View) error {
	if err := b.keeper.Consume(v, b.use, b.Op()); err != nil {
		return err
	}
	v.Begin(ledger.RED)
	return nil
}

func TestRotating_OneStepIsUsedOnceUnderSixtyFour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		code := proof.RotatingCode(proof.RotatingKey(s.keys, "k3v9q2m8"), "k3v9q2m8", s.clock.Now())
		c := proof.Claim{Tenant: tenant, Terminal: 1, Subject: 5, Method: proof.RotatingQR, Code: code, Keys: s.keys}
		results := make([]ledger.Result, 64)
		var wg sync.WaitGroup
		for i := range results {
			wg.Add(1)
			go func() {
				defer wg.Done()
				use, err := s.Check(ctx, c)
				if err != nil {
					t.Error(err)
					return
				}
				results[i] = s.lane.Do(ctx, buy{s.Keeper, fmt.Sprint("k", i), use})
			}()
		}
		wg.Wait()
		won := -1
		for i, r := range results {
			switch {
			case r.Err == nil && won >= 0:
				t.Fatalf("operations %d and %d used one step", won, i)
			case r.Err == nil:
				won = i
			case fault.Of(r.Err) == nil || fault.Of(r.Err).Params.Get("reason") != "used":
				t.Fatal(r.Err)
			}
		}
		if won < 0 {
			t.Fatal("nobody used the step")
		}
		use, err := s.Check(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if r := s.lane.Do(ctx, buy{s.Keeper, fmt.Sprint("k", won), use}); r.Err != nil || !r.Replayed {
			t.Fatalf("the same key may repeat it: %v", r.Err)
		}
		if err := s.Sweep(ctx, tenant); err != nil {
			t.Fatal(err)
		}
		if r := s.lane.Do(ctx, buy{s.Keeper, "late", use}); !fault.Is(r.Err, proof.ErrVerification) {
			t.Fatalf("a sweep opened a fresh step: %v", r.Err)
		}
	})
}

func TestRotating_TimeAndForgery(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		key := proof.RotatingKey(s.keys, "K3V9Q2M8")
		at := func(shift time.Duration) proof.Claim {
			code := proof.RotatingCode(key, "k3v9q2m8", s.clock.Now().Add(shift))
			return proof.Claim{Tenant: tenant, Subject: 5, Method: proof.RotatingQR, Code: code, Keys: s.keys}
		}
		s.wantReason(t, at(0), "")
		s.wantReason(t, at(-30*time.Second), "")
		s.wantReason(t, at(30*time.Second), "")
		s.wantReason(t, at(-60*time.Second), "expired")
		s.wantReason(t, at(60*time.Second), "expired")
		for _, change := range []func(string) string{
			func(c string) string { return c[:len(c)-1] + "!" },
			func(c string) string { return "L2" + c[2:] },
			func(c string) string { return c + ".1" },
			func(string) string { return "L1.K3V9Q2M8.-1.00000000" },
		} {
			c := at(0)
			c.Code = change(c.Code)
			s.wantReason(t, c, "wrong")
		}
		other := at(0)
		other.Keys = keys(t)
		s.wantReason(t, other, "wrong")
		other.Method = "telepathy"
		s.wantReason(t, other, "unknown_method")
	})
}
