package access_test

import (
	"context"
	"testing"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

var (
	ctx = context.Background()
	by  = access.By{Actor: "operator", Request: "req-1"}
)

const (
	tenant  = int64(7)
	another = int64(8)
)

var insertTenant = db.SQL("test.insert_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at, profile) VALUES ($1, $2, 'Shop', 'Europe/Riga', 'EUR', '{}', $3, 0, 'chain')`)

// world is a house with two tenants, and the folder of its master key, from which a second process starts.
type world struct {
	*access.House
	d     *db.DB
	clock *clock.Manual
	dir   string
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { run(t, open(t, d)) })
}

func open(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{d: d, clock: clock.NewManual(clock.Of(time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC))), dir: t.TempDir()}
	ring := w.ring(t)
	w.House = access.New(access.Wiring{DB: d, Clock: w.clock, Mint: id.NewMint(w.clock, 1), Ring: ring})
	for key, slug := range map[int64]string{tenant: "one", another: "two"} {
		wrapped, err := ring.New(key)
		if err != nil {
			t.Fatal(err)
		}
		w.do(t, key, func(tx db.Tx) error {
			if _, err := tx.Exec(ctx, insertTenant, key, slug, wrapped); err != nil {
				return err
			}
			return ledger.Open(ctx, tx)
		})
	}
	return w
}

func (w *world) ring(t *testing.T) *secret.Ring {
	t.Helper()
	m, err := secret.OpenMaster(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	return secret.NewRing(w.d, m)
}

// restart gives the house as another process has it.
func (w *world) restart(t *testing.T) *access.House {
	t.Helper()
	return access.New(access.Wiring{DB: w.d, Clock: w.clock, Mint: id.NewMint(w.clock, 2), Ring: w.ring(t)})
}

func (w *world) do(t *testing.T, tenant int64, deed func(db.Tx) error) {
	t.Helper()
	if err := w.Write(ctx, tenant, deed); err != nil {
		t.Fatal(err)
	}
}

func (w *world) issue(t *testing.T, tenant int64, in access.NewKey) (key access.APIKey, text string) {
	t.Helper()
	w.do(t, tenant, func(tx db.Tx) error {
		k, s, err := w.Issue(ctx, tx, by, in)
		key, text = k, s.Reveal()
		return err
	})
	return key, text
}

func (w *world) link(terminal int64, device string) (text string, err error) {
	err = w.Write(ctx, tenant, func(tx db.Tx) error {
		_, s, err := w.Link(ctx, tx, by, terminal, 3, device)
		text = s.Reveal()
		return err
	})
	return text, err
}

func (w *world) staff(t *testing.T, code string, role access.Role, outlets ...int64) access.Staff {
	t.Helper()
	pin, err := w.StorePIN(ctx, tenant, code, "246810")
	if err != nil {
		t.Fatal(err)
	}
	var s access.Staff
	w.do(t, tenant, func(tx db.Tx) error {
		var err error
		s, err = w.CreateStaff(ctx, tx, by, access.NewStaff{Code: code, Display: "Anna", Role: role, Outlets: outlets, PIN: pin})
		return err
	})
	return s
}

func (w *world) trail(t *testing.T, tenant int64) (rows []access.Row) {
	t.Helper()
	if err := w.d.Read(ctx, tenant, func(tx db.Tx) error {
		if _, err := access.CheckTrail(ctx, tx); err != nil {
			return err
		}
		var err error
		rows, err = access.Trail(ctx, tx, 0, 10_000)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func acts(rows []access.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.Act)
	}
	return out
}
