// Package app configures and wires the house: the only room that imports every other. It opens the
// database, starts the lane, and hands out the handler that speaks for all edges.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/seal"
	"lojal/internal/base/secret"
	"lojal/internal/base/web"
	"lojal/internal/card"
	"lojal/internal/edge/api"
	"lojal/internal/edge/front"
	"lojal/internal/edge/hook"
	"lojal/internal/edge/pos"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/internal/proof"
	"lojal/internal/sale"
	"lojal/internal/shift"
	"lojal/migrations"
)

// Config is what an installation is started with.
type Config struct {
	Database  string // sqlite:PATH or postgres://…
	Data      string // folder of keys and files
	TestClock bool   // the server's time stands still until it is moved: demo and tests alone
	Log       *slog.Logger
	Node      int
}

// App is a running house.
type App struct {
	Config
	db         *db.DB
	clock      clock.Clock
	manual     *clock.Manual
	clockTurn  sync.Mutex
	ring       *secret.Ring
	signer     *seal.Keys
	house      *merchant.House
	access     *access.House
	book       *programme.Book
	lane       *ledger.Lane
	reader     *ledger.Lane
	cards      *card.Deeds
	finder     *card.Finder
	members    *member.Deeds
	desk       *member.Desk
	proofs     *proof.Keeper
	shifts     *shift.Room
	sales      *sale.Room
	hooks      *hook.Room
	api        *api.API
	trail      access.Log
	approvals  access.Approvals
	meter      *merchant.Meter
	stop       context.CancelFunc
	hooksDone  chan struct{}
	mint       *id.Mint
	log        *slog.Logger
	front      *front.Front
	metrics    *metrics
	handler    func() http.Handler
	testTenant int64
	quit       chan struct{}
	timerDone  chan struct{}
	analyzeAt  int64 // size of the books at which statistics are refreshed next
}

// Open opens an installation: it migrates its database and starts its lane. Nothing listens yet.
func Open(ctx context.Context, c Config) (*App, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, err
	}
	d, err := openDatabase(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	a := &App{Config: c, db: d, log: c.Log, quit: make(chan struct{}), timerDone: make(chan struct{})}
	if err := a.wire(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	a.lane.Start()
	a.reader.Start()
	go a.timer()
	var running context.Context
	running, a.stop = context.WithCancel(context.Background())
	a.hooksDone = make(chan struct{})
	go func() {
		defer close(a.hooksDone)
		a.hooks.Run(running)
	}()
	return a, a.operatorKey(ctx)
}

// openDatabase opens and migrates. PostgreSQL is opened anew afterwards, in the role that migration made.
func openDatabase(ctx context.Context, url string) (*db.DB, error) {
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		_ = d.Close()
		return nil, err
	}
	if d.Kind() == "sqlite" {
		return d, nil
	}
	_ = d.Close()
	return db.Open(ctx, url, db.Options{Readers: 16})
}

func (a *App) wire(ctx context.Context) error {
	var err error
	if a.clock, a.manual, err = openClock(ctx, a.db, a.TestClock); err != nil {
		return err
	}
	master, err := secret.OpenMaster(a.Data)
	if err != nil {
		return err
	}
	if a.signer, err = seal.OpenKeys(filepath.Join(a.Data, CheckpointKeys), "lojal", a.clock.Now()); err != nil {
		return err
	}
	a.ring = secret.NewRing(a.db, master)
	a.mint = id.NewMint(clock.System{}, a.Node) // a test clock that stands still would repeat identifiers after a restart
	a.house = merchant.New(merchant.Wiring{DB: a.db, Clock: a.clock, Mint: a.mint, Ring: a.ring, Trail: access.Audit, Demo: a.TestClock})
	a.access = access.New(access.Wiring{DB: a.db, Clock: a.clock, Mint: a.mint, Ring: a.ring, Test: a.TestClock})
	a.book = programme.NewBook(a.db)
	if a.lane, err = ledger.NewLane(ctx, a.db, a.clock, a.book.Zones); err != nil {
		return err
	}
	a.trail, a.approvals, a.meter = access.NewLog(a.lane), access.NewApprovals(a.lane), merchant.NewMeter()
	a.proofs = proof.NewKeeper(a.db, a.clock, a.lane)
	a.cards, a.finder = card.Register(a.lane), card.NewFinder(a.db, a.ring, a.clock)
	a.members, a.desk = member.Register(a.lane), member.NewDesk(a.db, a.ring, a.clock)
	a.shifts = shift.New(a.lane, a.db, a.mint.Next, a.placeOf)
	a.shifts.Section(shift.SectionDiscount, sale.Discounts(a.book))
	a.sales = sale.New(sale.Parts{DB: a.db, Lane: a.lane, Clock: a.clock, Book: a.book, Till: a.shifts, Keys: a.ring, Cards: a.finder, Members: a.glimpse, Proofs: a.proofs})
	if a.reader, err = a.lane.Reader(ctx, a.db); err != nil {
		return err
	}
	a.sales.ReadWith(a.reader)
	a.finder.ReadWith(a.reader, a.cards)
	a.edges()
	a.front, a.metrics, a.handler = a.newFront(), a.newMetrics(), sync.OnceValue(a.newHandler)
	a.lane.After(func(done []ledger.Result) {
		a.metrics.committed(done)
		a.hooks.Wake()
	})
	return nil
}

func (a *App) placeOf(tenant, outlet int64) shift.Place {
	return placeOf(a.house.Directory(), tenant, outlet)
}

// edges makes the rooms that speak to others.
func (a *App) edges() {
	a.hooks = hook.New(hook.Parts{
		DB: a.db, Clock: a.clock, Mint: a.mint, Keys: a.ring, Guard: hook.NewGuard(a.TestClock), Trail: access.Audit,
		Types: sale.EventTypes, Next: a.sales.Events, Event: a.sales.Event, Tenants: a.tenants,
	}, func(err error) { a.log.Error("webhooks", "error", err.Error()) })
	a.api = api.New(api.Parts{
		DB: a.db, Clock: a.clock, Mint: a.mint, Keys: a.ring, Lane: a.lane, Signer: a.signer, House: a.house, Meter: a.meter, Access: a.access,
		Log: a.trail, Approvals: a.approvals, Book: a.book, Cards: a.cards, Finder: a.finder, Stock: card.NewStock(a.db, a.ring, a.clock, a.mint),
		Members: a.members, Desk: a.desk, Sales: a.sales, Shifts: a.shifts, Hooks: a.hooks, Loose: a.TestClock,
	})
}

// placeOf gives zone and end of day of an outlet, or of the tenant for outlet 0.
func placeOf(dir *merchant.Directory, tenant, outlet int64) shift.Place {
	s, err := dir.Snapshot(context.Background(), merchant.TenantID(tenant))
	if err != nil {
		return shift.Place{Zone: time.UTC}
	}
	if o := s.Outlet(merchant.OutletID(outlet)); o != nil {
		return shift.Place{Zone: o.Zone, ClosesAt: o.ClosesAt}
	}
	return shift.Place{Zone: s.Tenant.Zone}
}

// glimpse gives what a cashier may see of a member.
func (a *App) glimpse(ctx context.Context, tenant, membership int64, day clock.Day) (*sale.MemberAnswer, error) {
	m, err := a.desk.Shown(ctx, tenant, member.MembershipID(membership), day)
	if err != nil {
		return nil, err
	}
	return &sale.MemberAnswer{Display: m.Display, Language: m.Language, Birthday: m.BirthdayToday}, nil
}

// Close lets what waits be decided and ends everything.
func (a *App) Close() error {
	close(a.quit)
	<-a.timerDone
	a.stop()
	<-a.hooksDone
	a.api.Wait()
	a.lane.Stop()
	a.reader.Stop()
	return a.db.Close()
}

// Clock gives the house's clock.
func (a *App) Clock() clock.Clock { return a.clock }

// DB gives the house's database.
func (a *App) DB() *db.DB { return a.db }

// Handler gives the handler that speaks for all edges, made once.
func (a *App) Handler() http.Handler { return a.handler() }

func (a *App) newHandler() http.Handler {
	mux := http.NewServeMux()
	till := &pos.API{
		Gate: a.access.Gate(), Directory: a.house.Directory(), Sales: a.sales, Shifts: a.shifts, Clock: a.clock, Loose: a.TestClock, Head: a.head,
	}
	till.Routes(mux)
	a.api.Routes(mux)
	a.healthRoutes(mux)
	a.metricsRoute(mux)
	a.front.Routes(mux)
	if a.manual != nil {
		a.clockRoutes(mux)
	}
	return web.Wrap(a.log, a.metrics.observe(mux))
}

func (a *App) head(ctx context.Context, tenant int64) (seq, epoch int64, err error) {
	err = a.db.Read(ctx, tenant, func(tx db.Tx) error {
		h, err := ledger.ReadHead(ctx, tx)
		seq, epoch = h.Seq, h.Epoch
		return err
	})
	return seq, epoch, err
}

func (a *App) healthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		web.WriteJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.tenants(r.Context()); err != nil {
			web.WriteProblem(w, r, db.Fault(err), web.Meta{})
			return
		}
		web.WriteJSON(w, http.StatusOK, []byte(`{"status":"ready"}`))
	})
}

// operatorKeyFile holds the operator's key, readable by its owner alone.
const operatorKeyFile = "operator.key"

// operatorKey makes the operator's key at the first start and leaves it in the data folder. A key lives for a
// year: one that has ended is replaced at the next start.
func (a *App) operatorKey(ctx context.Context) error {
	path := filepath.Join(a.Data, operatorKeyFile)
	if key, err := a.OperatorKey(); err == nil {
		if _, err := a.access.Gate().Authenticate(ctx, key); !fault.Is(err, fault.ErrUnauthenticated) {
			return err
		}
	}
	return a.access.Write(ctx, 0, func(tx db.Tx) error {
		_, key, err := a.access.Issue(ctx, tx, access.By{Actor: "operator"}, access.NewKey{Kind: access.Operator, Name: "first start"})
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(key.Reveal()+"\n"), 0o600)
	})
}

// OperatorKey gives the operator's key from the data folder.
func (a *App) OperatorKey() (string, error) {
	b, err := os.ReadFile(filepath.Join(a.Data, operatorKeyFile))
	if err != nil {
		return "", fmt.Errorf("operator key: %w", err)
	}
	return string(b[:max(0, len(b)-1)]), nil
}
