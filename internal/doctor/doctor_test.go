package doctor_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/seal"
	"lojal/internal/doctor"
	"lojal/internal/ledger"
)

const (
	tenant = int64(7)
	point  = ledger.FirstAsset
)

var (
	noon    = clock.Of(time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC))
	zone, _ = time.LoadLocation("Europe/Riga")
	ctx     = context.Background()
)

type riga struct{}

func (riga) Zone(ledger.Unit) *time.Location { return zone }

func zones(int64) ledger.Zones { return riga{} }

var insertTenant = db.SQL("test.insert_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, 'shop', 'Shop', 'Europe/Riga', 'EUR', '{}', $2, 0)`)

// books is a shop that has done one of each and whose books are closed.
type books struct {
	d    *db.DB
	keys *seal.Keys
	key  ledger.NumberKey
	note string
}

type deed struct {
	op     ledger.Operation
	decide func(*ledger.View) error
}

func (c deed) Op() ledger.Operation        { return c.op }
func (c deed) Need(n *ledger.Needs)        { n.Holder(1); n.Holder(2) }
func (c deed) Decide(v *ledger.View) error { return c.decide(v) }

func points(h int64) ledger.Account {
	return ledger.Account{Holder: h, Kind: ledger.Points, Unit: point}
}

func open(t *testing.T, d *db.DB) *books { return openAs(t, d, "mem_1") }

func openAs(t *testing.T, d *db.DB, member string) *books {
	t.Helper()
	keys, err := seal.OpenKeys(t.TempDir(), "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	b := empty(t, d, keys)
	b.book(t, deeds(member))
	b.sign(t, noon)
	return b
}

// empty gives the books of a new shop.
func empty(t *testing.T, d *db.DB, keys *seal.Keys) *books {
	t.Helper()
	b := &books{d: d, keys: keys, key: ledger.DeriveNumberKey([]byte("0123456789abcdef"))}
	if err := d.Write(ctx, tenant, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, insertTenant, tenant, []byte("0123456789abcdef")); err != nil {
			return err
		}
		return ledger.Open(ctx, tx)
	}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *books) book(t *testing.T, list []ledger.Command) {
	t.Helper()
	lane, err := ledger.NewLane(ctx, b.d, clock.NewManual(noon), zones)
	if err != nil {
		t.Fatal(err)
	}
	defer lane.Stop()
	for batch := range slices.Chunk(list, 100) {
		for i, r := range lane.ApplyBatch(ctx, batch) {
			if r.Err != nil {
				t.Fatalf("deed %d: %v", i+1, r.Err)
			}
		}
	}
}

func (b *books) sign(t *testing.T, at clock.Instant) {
	t.Helper()
	var err error
	if b.note, err = ledger.Checkpoint(ctx, b.d, tenant, b.keys, at); err != nil {
		t.Fatal(err)
	}
}

func deeds(member string) []ledger.Command {
	var out []ledger.Command
	day := clock.Date(2026, 1, 10)
	add := func(k ledger.Op, book func(v *ledger.View, d *ledger.Draft) error) {
		n := int64(len(out) + 1)
		key := fmt.Sprint("k", n)
		op := ledger.Operation{Tenant: tenant, Client: 3, Key: key, Fingerprint: []byte(key + "0123456789abcdef")[:16], Kind: k, Origin: ledger.Origin{
			Outlet: 5, Terminal: 9, TerminalSeq: n, Shift: 2, Batch: 4, Actor: "stf_1", Receipt: "A-" + key, TillAt: noon,
		}}
		out = append(out, deed{op, func(v *ledger.View) error {
			for h := int64(1); h <= 2; h++ {
				if v.Holder(h) == nil {
					v.Create(h, ledger.OwnerCard, ledger.Active)
				}
			}
			d := v.Begin(k)
			d.BusinessDate, d.ValueDate, d.Flags, d.Version = day, day, "offline", "v1"
			d.Doc = fmt.Sprintf(`{"lines":[{"no":1,"sku":"475000%d","total":%d}],"member":%q}`, n, 100*n, member)
			return book(v, d)
		}})
	}
	give := func(h, qty int64, until clock.Day) {
		add(ledger.EAR, func(_ *ledger.View, d *ledger.Draft) error {
			d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, point), points(h), qty, ledger.Terms{Until: until})
			return nil
		})
	}
	give(1, 100, day+300)
	give(1, 50, day+30)
	give(2, 70, 0)
	add(ledger.HLD, func(v *ledger.View, d *ledger.Draft) error {
		_, err := d.Hold(points(1), 20, v.Now(), v.Now().Add(time.Hour))
		return err
	})
	add(ledger.RED, func(v *ledger.View, d *ledger.Draft) error {
		return d.Take(ledger.RED, points(1), ledger.System(ledger.UnitsRedeemed, point), 60, v.Now())
	})
	for range 300 {
		give(2, 1, day+clock.Day(len(out)%40+1))
	}
	return out
}

func (b *books) doctor(extra ...check.Check) *doctor.Doctor {
	checks := ledger.Checks(ledger.Options{Zones: zones, Verifiers: b.keys.Verifiers})
	return doctor.New(b.d, clock.NewManual(noon), append(checks, extra...)...)
}

func (b *books) run(t *testing.T, o doctor.Options) *doctor.Report {
	t.Helper()
	r, err := b.doctor().Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func violations(r *doctor.Report) (out []string) {
	for _, t := range r.Tenants {
		for _, x := range t.Results {
			for _, v := range x.Violations {
				out = append(out, x.ID+": "+v.String())
			}
		}
	}
	return out
}

// raw gives the database as its owner has it, who is bound by nothing.
func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver := "pgx"
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, url = "sqlite", path
	}
	s, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func edit(t *testing.T, s *sql.DB, q string, args ...any) {
	t.Helper()
	r, err := s.Exec(q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	if n, _ := r.RowsAffected(); n != 1 {
		t.Fatalf("%s: %d rows", q, n)
	}
}

func TestDoctor_FindsSoundBooksWell(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := open(t, d)
		r := b.run(t, doctor.Options{})
		if !r.OK() {
			t.Fatal(violations(r))
		}
		var text, doc bytes.Buffer
		if err := r.Print(&text); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"I17     ok ", "I20     no such room yet", "305 entries", "limits shop", "all is well"} {
			if !strings.Contains(text.String(), line) {
				t.Errorf("no %q in\n%s", line, text.String())
			}
		}
		if err := r.JSON(&doc); err != nil {
			t.Fatal(err)
		}
		var got struct {
			OK      bool
			Tenants []struct{ Invariants []struct{ ID, Status string } }
		}
		in := json.NewDecoder(&doc)
		if err := in.Decode(&got); err != nil || !got.OK || len(got.Tenants[0].Invariants) < 38 {
			t.Errorf("the document is %+v, %v", got, err)
		}
		if _, err := in.Token(); err != io.EOF {
			t.Errorf("more than one document: %v", err)
		}
	})
}

func TestDoctor_FreezesTheDebitsOfWrongBooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := open(t, d)
		ill := check.Check{ID: "I20", Title: "never", Run: func(context.Context, db.Tx, clock.Instant) ([]check.Violation, error) {
			return []check.Violation{{Entry: 4, What: "is wrong"}}, nil
		}}
		r, err := b.doctor(ill).Run(ctx, doctor.Options{Freeze: true})
		if err != nil || r.OK() || !r.Tenants[0].Frozen {
			t.Fatalf("%+v, %v", r, err)
		}
		lane, err := ledger.NewLane(ctx, d, clock.NewManual(noon), zones)
		if err != nil {
			t.Fatal(err)
		}
		defer lane.Stop()
		res := lane.ApplyBatch(ctx, []ledger.Command{deed{ledger.Operation{Tenant: tenant, Kind: ledger.RED}, func(v *ledger.View) error {
			return v.Begin(ledger.RED).Take(ledger.RED, points(1), ledger.System(ledger.UnitsRedeemed, point), 1, v.Now())
		}}})
		if !fault.Is(res[0].Err, ledger.ErrDebitsFrozen) {
			t.Fatalf("a debit went through: %v", res[0].Err)
		}
		if _, err := b.doctor().Run(ctx, doctor.Options{Tenants: []int64{99}}); !fault.Is(err, fault.ErrNotFound) {
			t.Errorf("a tenant that is none: %v", err)
		}
	})
}

func TestDoctor_RefusesAForkByAKeptCheckpoint(t *testing.T) {
	b := open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	kept, err := b.keys.Verify(b.note)
	if err != nil {
		t.Fatal(err)
	}
	if r := b.run(t, doctor.Options{Kept: []seal.Checkpoint{kept}}); !r.OK() {
		t.Fatal(violations(r))
	}
	// Another history under the same tenant, whole in itself and signed anew: only the witness knows.
	forged := openAs(t, dbtest.Open(t, dbtest.SQLiteURL(t)), "mem_2")
	r := forged.run(t, doctor.Options{Kept: []seal.Checkpoint{kept}})
	if got := violations(r); len(got) != 1 || !strings.HasPrefix(got[0], "witness: history_forked") {
		t.Fatalf("the fork is told as %v", got)
	}
}
