package hook_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/job"
	"lojal/internal/base/once"
	"lojal/internal/base/secret"
	"lojal/internal/edge/hook"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
)

var by = access.By{Actor: "operator"}

// world is one tenant with a lane: real books, whose entries are the events.
type world struct {
	t      *testing.T
	d      *db.DB
	clock  *clock.Manual
	lane   *ledger.Lane
	room   *hook.Room
	tenant int64
	keys   int
}

type utc struct{}

func (utc) Zone(ledger.Unit) *time.Location { return time.UTC }

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, d: d, clock: clock.NewManual(clock.Of(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)))}
	master, err := secret.OpenMaster(filepath.Join(t.TempDir(), "data"))
	must(t, err)
	ring, mint := secret.NewRing(d, master), id.NewMint(w.clock, 1)
	house := merchant.New(merchant.Wiring{DB: d, Clock: w.clock, Mint: mint, Ring: ring, Trail: access.Audit, Demo: true})
	_, err = house.CreateTenant(ctx, merchant.By{Actor: "operator"}, once.Call{Now: w.clock.Now()},
		merchant.NewTenant{Slug: "shop", Name: "Shop", Zone: "Europe/Riga", Currency: "EUR"},
		func(_ db.Tx, x merchant.Tenant) (int, []byte, error) {
			w.tenant = int64(x.ID)
			return 201, []byte("{}"), nil
		})
	must(t, err)
	w.lane, err = ledger.NewLane(ctx, d, w.clock, func(int64) ledger.Zones { return utc{} })
	must(t, err)
	w.lane.Start()
	t.Cleanup(w.lane.Stop)
	w.room = hook.New(hook.Parts{
		DB: d, Clock: w.clock, Mint: mint, Keys: ring, Guard: hook.NewGuard(true), Trail: access.Audit, Types: []string{"balance.changed", "sale.committed"},
		Next: w.next, Event: w.event, Tenants: func(context.Context) ([]int64, error) { return []int64{w.tenant}, nil },
	}, func(err error) { t.Error(err) })
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) next(ctx context.Context, tx db.Tx, after job.Cursor, limit int) ([]job.Event, job.Cursor, error) {
	list, err := ledger.ReadEntries(ctx, tx, after.Seq, limit)
	var out []job.Event
	for _, e := range list {
		out, after.Seq = append(out, eventOf(e)), e.Seq
	}
	return out, after, err
}

func (w *world) event(ctx context.Context, tx db.Tx, number int64) (job.Event, error) {
	e, err := ledger.ReadEntry(ctx, tx, number)
	if err != nil {
		return job.Event{}, err
	}
	return eventOf(e), nil
}

func eventOf(e *ledger.Entry) job.Event {
	data, _ := json.Marshal(map[string]any{"n": e.Seq})
	v := job.Event{ID: id.Format("evt", e.Seq), Number: e.Seq, Seq: e.Seq, Type: "balance.changed", At: e.BookedAt, Data: data}
	for _, t := range e.Post.Touched {
		v.Subject = t.Holder
	}
	return v
}

// earn books points for a holder.
type earn struct {
	tenant, holder int64
}

func (c earn) Op() ledger.Operation { return ledger.Operation{Tenant: c.tenant, Kind: ledger.EAR} }
func (c earn) Need(n *ledger.Needs) { n.Holder(c.holder) }
func (c earn) Decide(v *ledger.View) error {
	if v.Holder(c.holder) == nil {
		v.Create(c.holder, ledger.OwnerMembership, ledger.Active)
	}
	d := v.Begin(ledger.EAR)
	d.BusinessDate, d.ValueDate = clock.DayOf(v.Now(), time.UTC), clock.DayOf(v.Now(), time.UTC)
	d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, ledger.FirstAsset), ledger.Account{Holder: c.holder, Kind: ledger.Points, Unit: ledger.FirstAsset}, 1, ledger.Terms{})
	d.Touch(c.holder)
	d.Doc = "{}"
	return nil
}

// book books n entries for each of the holders in turn.
func (w *world) book(n int, holders ...int64) {
	w.t.Helper()
	for range n {
		for _, h := range holders {
			must(w.t, w.lane.Do(context.Background(), earn{w.tenant, h}).Err)
		}
	}
}

func (w *world) add(url string) (int64, secret.Secret) {
	w.t.Helper()
	must(w.t, w.room.Check(context.Background(), url))
	var e job.Endpoint
	var s secret.Secret
	must(w.t, w.d.Write(context.Background(), w.tenant, func(tx db.Tx) error {
		var err error
		e, s, err = w.room.Add(context.Background(), tx, by, url, nil)
		return err
	}))
	return e.ID, s
}

func (w *world) log(endpoint int64) []job.Delivery {
	w.t.Helper()
	var out []job.Delivery
	must(w.t, w.d.Read(context.Background(), w.tenant, func(tx db.Tx) error {
		var err error
		out, err = w.room.Deliveries(context.Background(), tx, endpoint, 0, hook.MaxPage)
		return err
	}))
	return out
}

func (w *world) states(endpoint int64) map[job.State]int {
	out := map[job.State]int{}
	for _, d := range w.log(endpoint) {
		out[d.State]++
	}
	return out
}

// receiver is a real HTTP server that remembers what it took.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	taken  []taken
	answer func(taken) int
}

type taken struct {
	id   string
	n    int64
	head http.Header
	body []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{answer: func(taken) int { return http.StatusNoContent }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		var m struct {
			Data struct{ N int64 } `json:"data"`
		}
		_ = json.Unmarshal(body, &m)
		one := taken{q.Header.Get(hook.HeaderID), m.Data.N, q.Header.Clone(), body}
		r.mu.Lock()
		status := r.answer(one)
		if status < 300 {
			r.taken = append(r.taken, one)
		}
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(f func(taken) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) all() []taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]taken(nil), r.taken...)
}
