package merchant_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/once"
	"lojal/internal/base/secret"
	"lojal/internal/merchant"
)

var (
	ctx = context.Background()
	by  = merchant.By{Actor: "operator", Request: "req-1"}
)

// world is a house on a database, with a second one beside it that stands for another process.
type world struct {
	*merchant.House
	d     *db.DB
	clock *clock.Manual
	other *merchant.House
}

func open(t *testing.T, d *db.DB) *world {
	t.Helper()
	dir := t.TempDir()
	c := clock.NewManual(clock.Of(time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)))
	house := func(node int, demo bool) *merchant.House {
		m, err := secret.OpenMaster(dir)
		if err != nil {
			t.Fatal(err)
		}
		return merchant.New(merchant.Wiring{DB: d, Clock: c, Mint: id.NewMint(c, node), Ring: secret.NewRing(d, m), Trail: access.Audit, Demo: demo})
	}
	return &world{House: house(1, true), d: d, clock: c, other: house(2, false)}
}

func (w *world) tenant(t *testing.T, slug string) merchant.TenantID {
	t.Helper()
	if _, err := w.CreateTenant(ctx, by, once.Call{}, shop(slug), done); err != nil {
		t.Fatal(err)
	}
	key, err := w.FindTenant(ctx, slug)
	if err != nil || key == 0 {
		t.Fatal(key, err)
	}
	return key
}

func shop(slug string) merchant.NewTenant {
	return merchant.NewTenant{Slug: slug, Name: "Shop", Zone: "Europe/Riga", Currency: "EUR"}
}

func done(_ db.Tx, t merchant.Tenant) (int, []byte, error) { return 201, []byte(t.ID.String()), nil }

// create runs a use-case and gives what it made.
func create[I, O any](t *testing.T, w *world, tenant merchant.TenantID, deed func(context.Context, db.Tx, merchant.By, I) (O, error), in I) O {
	t.Helper()
	out, err := try(w, tenant, deed, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func try[I, O any](w *world, tenant merchant.TenantID, deed func(context.Context, db.Tx, merchant.By, I) (O, error), in I) (out O, err error) {
	err = w.Write(ctx, tenant, func(tx db.Tx) error {
		var err error
		out, err = deed(ctx, tx, by, in)
		return err
	})
	return out, err
}

func (w *world) outlet(t *testing.T, tenant merchant.TenantID, code string) merchant.Outlet {
	t.Helper()
	m := create(t, w, tenant, w.CreateMerchant, merchant.NewMerchant{Name: "Legal SIA", RegNo: "40003000000"})
	return create(t, w, tenant, w.CreateOutlet, merchant.NewOutlet{Merchant: m.ID, Code: code, Name: "Brīvības 1", Zone: "Europe/Riga", Currency: "EUR", DayClosesAt: "04:00"})
}

func snapshot(t *testing.T, d *merchant.Directory, tenant merchant.TenantID) *merchant.Snapshot {
	t.Helper()
	s, err := d.Snapshot(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCreate_TheDirectoryShowsItAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		tenant := w.tenant(t, "riga")
		o := w.outlet(t, tenant, "017")
		term := create(t, w, tenant, w.CreateTerminal, merchant.NewTerminal{Outlet: o.ID, TID: "20010447", Kind: "pos", Offline: merchant.Offline{QueueMax: 500}})
		s := snapshot(t, w.Directory(), tenant)
		if s.OutletByCode("017").ID != o.ID || s.Outlet(o.ID).Name != "Brīvības 1" || s.TerminalByTID("20010447") != s.Terminal(term.ID) || s.Terminal(term.ID).Offline.QueueMax != 500 {
			t.Fatalf("%+v", s)
		}
		if s.Outlet(1) != nil || s.TerminalByTID("00000000") != nil || len(s.Merchants) != 1 {
			t.Fatal("the snapshot knows what is not there")
		}
		got := s.Outlet(o.ID)
		night := clock.Of(time.Date(2026, 3, 1, 3, 59, 0, 0, got.Zone))
		if day := got.BusinessDay(night); day.String() != "2026-02-28" {
			t.Error(day)
		}
		if day := got.BusinessDay(night.Add(time.Minute)); day.String() != "2026-03-01" {
			t.Error(day)
		}
	})
}

func TestTenants_AreApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		a, b := w.tenant(t, "one"), w.tenant(t, "two")
		o := w.outlet(t, a, "017")
		w.outlet(t, b, "017") // codes are a tenant's own
		if s := snapshot(t, w.Directory(), b); s.Outlet(o.ID) != nil || len(s.Outlets) != 1 {
			t.Fatal("a tenant sees another's outlet")
		}
		if _, err := try(w, b, w.CreateTerminal, merchant.NewTerminal{Outlet: o.ID, TID: "20010447", Kind: "pos"}); !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("a terminal at another's outlet: %v", err)
		}
		err := w.Write(ctx, b, func(tx db.Tx) error {
			_, err := w.ChangeOutlet(ctx, tx, by, o.ID, merchant.OutletChange{Name: ptr("mine")})
			return err
		})
		if !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("a change of another's outlet: %v", err)
		}
		if _, err := w.Directory().Snapshot(ctx, 99); !fault.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestCreate_RefusesDoubles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		tenant := w.tenant(t, "riga")
		o := w.outlet(t, tenant, "017")
		if _, err := w.CreateTenant(ctx, by, once.Call{}, shop("riga"), done); !fault.Is(err, merchant.ErrExists) {
			t.Error(err)
		}
		if _, err := try(w, tenant, w.CreateOutlet, merchant.NewOutlet{Merchant: o.Merchant, Code: "017", Name: "x", Zone: "Europe/Riga", Currency: "EUR"}); !fault.Is(err, merchant.ErrExists) {
			t.Error(err)
		}
		in := merchant.NewTerminal{Outlet: o.ID, TID: "20010447", Kind: "pos"}
		create(t, w, tenant, w.CreateTerminal, in)
		if _, err := try(w, tenant, w.CreateTerminal, in); !fault.Is(err, merchant.ErrExists) || fault.Of(err).Params.Get("field") != "tid" {
			t.Error(err)
		}
	})
}

func TestCreateTenant_RepeatedGivesTheFirstAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		call := once.Call{Client: 9, Key: "k1", Fingerprint: once.Fingerprint("POST /v1/tenants", nil)}
		var wg sync.WaitGroup
		var made atomic.Int64
		answers := make([]string, 8)
		for i := range answers {
			house := w.House
			if i%2 == 1 {
				house = w.other
			}
			wg.Go(func() {
				a, err := house.CreateTenant(ctx, by, call, shop("riga"), func(tx db.Tx, t merchant.Tenant) (int, []byte, error) { return 201, []byte(t.ID.String()), nil })
				if err != nil {
					t.Error(err)
					return
				}
				if !a.Replayed {
					made.Add(1)
				}
				answers[i] = string(a.Body)
			})
		}
		wg.Wait()
		for _, a := range answers {
			if a != answers[0] || !strings.HasPrefix(a, "ten_") {
				t.Fatal(answers)
			}
		}
		list, err := w.Tenants(ctx, 0, 10)
		if err != nil || len(list) != 1 || made.Load() != 1 || list[0].Slug != "riga" || list[0].Profile != merchant.Shop {
			t.Fatal(list, made.Load(), err)
		}
		call.Fingerprint = once.Fingerprint("POST /v1/tenants", []byte("other"))
		if _, err := w.CreateTenant(ctx, by, call, shop("riga"), done); !fault.Is(err, fault.ErrKeyMismatch) {
			t.Fatal(err)
		}
	})
}

func TestChange_IsTrailedAndSeenByOtherProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		tenant := w.tenant(t, "riga")
		o := w.outlet(t, tenant, "017")
		stale := snapshot(t, w.other.Directory(), tenant)
		if err := w.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := w.ChangeOutlet(ctx, tx, by, o.ID, merchant.OutletChange{Name: ptr("New"), Closed: ptr(true)})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		now := snapshot(t, w.Directory(), tenant)
		if got := now.Outlet(o.ID); got.Name != "New" || !got.Closed || now.Config <= stale.Config {
			t.Fatalf("%+v", got)
		}
		if again := snapshot(t, w.other.Directory(), tenant); again != stale {
			t.Fatal("a snapshot was read without need")
		}
		fresh, err := w.other.Directory().Refresh(ctx, tenant, now.Config)
		if err != nil || fresh.Outlet(o.ID).Name != "New" || fresh.Config < now.Config || stale.Outlet(o.ID).Name == "New" {
			t.Fatal(fresh, err)
		}
		if same, err := w.other.Directory().Refresh(ctx, tenant, now.Config); err != nil || same != fresh {
			t.Fatal("an equal number reads again", err)
		}
		if err := d.Read(ctx, int64(tenant), func(tx db.Tx) error {
			if n, err := access.CheckTrail(ctx, tx); err != nil || n != 4 {
				return fmt.Errorf("%d rows: %w", n, err)
			}
			rows, err := access.Trail(ctx, tx, 3, 10)
			if err == nil && (rows[0].Act != "outlet.change" || rows[0].Entity != o.ID.String() || !strings.Contains(rows[0].Detail, `"name":"Brīvības 1"`) || !strings.Contains(rows[0].Detail, `"name":"New"`)) {
				t.Errorf("%+v", rows)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestChange_KeepsWhatNeverChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		tenant := w.tenant(t, "riga")
		o := w.outlet(t, tenant, "017")
		term := create(t, w, tenant, w.CreateTerminal, merchant.NewTerminal{Outlet: o.ID, TID: "20010447", Kind: "pos"})
		for name, deed := range map[string]func(db.Tx) error{
			"currency": func(tx db.Tx) error {
				_, err := w.ChangeOutlet(ctx, tx, by, o.ID, merchant.OutletChange{Currency: ptr("HUF")})
				return err
			},
			"tid": func(tx db.Tx) error {
				_, err := w.ChangeTerminal(ctx, tx, by, term.ID, merchant.TerminalChange{TID: ptr("20010448")})
				return err
			},
		} {
			if err := w.Write(ctx, tenant, deed); !fault.Is(err, fault.ErrFieldImmutable) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := w.ChangeTerminal(ctx, tx, by, term.ID, merchant.TerminalChange{Kind: ptr("door"), Closed: ptr(true)})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := snapshot(t, w.Directory(), tenant).Terminal(term.ID); got.Kind != "door" || !got.Closed {
			t.Fatalf("%+v", got)
		}
		if err := w.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := w.ChangeTenant(ctx, tx, by, merchant.TenantChange{Modules: map[string]bool{"iso8583": true, "passes": false}, Profile: ptr("none")})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		got := snapshot(t, w.Directory(), tenant).Tenant
		if !got.Settings.On("iso8583", false) || got.Settings.On("passes", true) || !got.Settings.On("gift", true) || got.Profile != merchant.None {
			t.Fatalf("%+v", got)
		}
	})
}

func TestCreate_RefusesBadInput(t *testing.T) {
	w := open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	tenant := w.tenant(t, "riga")
	o := w.outlet(t, tenant, "017")
	good := merchant.NewOutlet{Merchant: o.Merchant, Code: "018", Name: "x", Zone: "Europe/Riga", Currency: "EUR"}
	for want, spoil := range map[string]func(*merchant.NewOutlet){
		"zone":          func(o *merchant.NewOutlet) { o.Zone = "Local" },
		"currency":      func(o *merchant.NewOutlet) { o.Currency = "XXY" },
		"code":          func(o *merchant.NewOutlet) { o.Code = "" },
		"name":          func(o *merchant.NewOutlet) { o.Name = strings.Repeat("x", 201) },
		"mcc":           func(o *merchant.NewOutlet) { o.MCC = "54" },
		"day_closes_at": func(o *merchant.NewOutlet) { o.DayClosesAt = "24:00" },
		"geo":           func(o *merchant.NewOutlet) { o.Geo.LatE7 = 900_000_001 },
	} {
		in := good
		spoil(&in)
		if _, err := try(w, tenant, w.CreateOutlet, in); !fault.Is(err, fault.ErrInvalidValue) || fault.Of(err).Params.Get("field") != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, tid := range []string{"2001044", "200104477", "2001 447", "2001044ā"} {
		if _, err := try(w, tenant, w.CreateTerminal, merchant.NewTerminal{Outlet: o.ID, TID: tid, Kind: "pos"}); !fault.Is(err, fault.ErrInvalidValue) {
			t.Errorf("%s: %v", tid, err)
		}
	}
	in := shop("other")
	in.Profile = "none"
	if _, err := w.other.CreateTenant(ctx, by, once.Call{}, in, done); !fault.Is(err, fault.ErrInvalidValue) {
		t.Errorf("no limits outside of demo mode: %v", err)
	}
}
