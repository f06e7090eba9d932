package bench

import (
	"context"
	"fmt"
	"os"
	"strings"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/once"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/migrations"
)

// world is one installation as the set-up sees it: through the rooms, before any server runs on it.
type world struct {
	d       *db.DB
	clock   clock.System
	mint    *id.Mint
	ring    *secret.Ring
	keys    *secret.Keys
	house   *merchant.House
	access  *access.House
	book    *programme.Book
	lane    *ledger.Lane
	cards   *card.Deeds
	members *member.Deeds
	tenant  int64
	points  ledger.Unit
	version *programme.Version
	outlet  []merchant.Outlet
	till    []Till
}

// Till is a terminal with its key.
type Till struct {
	ID  int64
	TID string
	Key string
}

// create makes an empty installation with a tenant, its outlets, terminals and programme.
func create(ctx context.Context, url, data string) (*world, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	w, err := openWorld(ctx, url, data)
	if err != nil {
		return nil, err
	}
	if err := w.establish(ctx); err != nil {
		return nil, err
	}
	if w.keys, err = w.ring.Of(ctx, w.tenant); err != nil {
		return nil, err
	}
	shelf, err := w.book.Shelf(ctx, w.tenant)
	if err != nil {
		return nil, err
	}
	w.points, w.version = shelf.Programmes[0].Points, shelf.Programmes[0].Versions[0]
	return w, nil
}

func openWorld(ctx context.Context, url, data string) (*world, error) {
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, err
	}
	if strings.HasPrefix(url, "postgres") {
		_ = d.Close()
		if d, err = db.Open(ctx, url, db.Options{}); err != nil { // now in the lowered role
			return nil, err
		}
	}
	master, err := secret.OpenMaster(data)
	if err != nil {
		return nil, err
	}
	w := &world{d: d, ring: secret.NewRing(d, master), book: programme.NewBook(d)}
	w.mint = id.NewMint(w.clock, 1)
	w.house = merchant.New(merchant.Wiring{DB: d, Clock: w.clock, Mint: w.mint, Ring: w.ring, Trail: access.Audit, Demo: true})
	w.access = access.New(access.Wiring{DB: d, Clock: w.clock, Mint: w.mint, Ring: w.ring})
	if w.lane, err = ledger.NewLane(ctx, d, w.clock, w.book.Zones); err != nil {
		return nil, err
	}
	w.cards, w.members = card.Register(w.lane), member.Register(w.lane)
	return w, nil
}

func (w *world) close() error {
	w.lane.Stop()
	return w.d.Close()
}

var by = merchant.By{Actor: "bench"}

// establish makes the tenant with the limits profile none, eight outlets, 64 terminals and their keys.
func (w *world) establish(ctx context.Context) error {
	_, err := w.house.CreateTenant(ctx, by, once.Call{Now: w.clock.Now()},
		merchant.NewTenant{Slug: "bench", Name: "Bench", Zone: "Europe/Riga", Currency: "EUR", Profile: "none"},
		func(_ db.Tx, t merchant.Tenant) (int, []byte, error) {
			w.tenant = int64(t.ID)
			return 201, []byte("{}"), nil
		})
	if err != nil {
		return err
	}
	err = w.house.Write(ctx, merchant.TenantID(w.tenant), func(tx db.Tx) error {
		w.outlet, w.till = nil, nil
		m, err := w.house.CreateMerchant(ctx, tx, by, merchant.NewMerchant{Name: "Bench"})
		if err != nil {
			return err
		}
		for i := range outlets {
			o, err := w.house.CreateOutlet(ctx, tx, by, merchant.NewOutlet{Merchant: m.ID, Code: outletCode(i), Name: "Outlet", Zone: "Europe/Riga", Currency: "EUR"})
			if err != nil {
				return err
			}
			w.outlet = append(w.outlet, o)
		}
		for i := range tills {
			t, err := w.house.CreateTerminal(ctx, tx, by, merchant.NewTerminal{Outlet: w.outlet[i%outlets].ID, TID: tid(i), Kind: "pos"})
			if err != nil {
				return err
			}
			w.till = append(w.till, Till{ID: int64(t.ID), TID: t.TID})
		}
		d, problems := programme.Parse([]byte(rulesOf()))
		if len(problems) > 0 {
			return fmt.Errorf("programme: %s", problems[0])
		}
		_, err = programme.Publish(ctx, tx, d, 0, 0, w.clock.Now(), "bench")
		return err
	})
	if err != nil {
		return err
	}
	return w.link(ctx)
}

func (w *world) link(ctx context.Context) error {
	return w.access.Write(ctx, w.tenant, func(tx db.Tx) error {
		for i := range w.till {
			_, key, err := w.access.Link(ctx, tx, access.By{Actor: "bench"}, w.till[i].ID, int64(w.outlet[i%outlets].ID), "")
			if err != nil {
				return err
			}
			w.till[i].Key = key.Reveal()
		}
		return nil
	})
}

// analyze gives the planner its statistics, as the product does after an import.
func (w *world) analyze(ctx context.Context) error {
	return w.d.Analyze(ctx, "entry", "holder", "card", "instrument", "person", "membership")
}
