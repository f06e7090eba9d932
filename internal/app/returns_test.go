package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/clock"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/reward"
	"lojal/internal/sale"
)

// setting gives a number of the environment, or what it is otherwise.
func setting(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// salesPerRun is how many sales share one house: few, since PostgreSQL plans badly on the thousands of cards that
// come at once, before it has statistics of them.
const salesPerRun = 100

// For random sales with offers, lots, two gift cards, promotional value, store credit and a coupon: every
// order of partial returns and the one full return end alike (R8 to R13). Each order is played on a fresh
// member with fresh cards of equal contents.
//
// Where nothing lies between the parts, or a return was reversed and made again, everything must be equal:
// each balance (active, pending, debt, paid, promotional, credit), the open lots by their terms, what has
// expired, the refunds by tender, the tax by rate, the points clawed back, restored and forgiven, and the
// coupon.
//
// Where something lies between them, two orders agree in all this when the same parts come before it, in the
// same order where a refund is divided over several tenders (R9 divides by what is left, a cent more or less on
// the way) or where what remains is priced again. Orders that part there cannot agree in every lot: value that
// came back before the expiry day has lived and may be lost, or has been prolonged from an earlier day (R11),
// and a spending takes the soonest to expire of what was there (R12). What none of it may change is the value
// itself:
//   - refunds, tax, points clawed back and restored are those of the full return;
//   - active and pending points less the debt (R13), with what has expired and without what was forgiven,
//     come to the same; so do credit and each bucket of a card with what of it has expired, or after a
//     spending, which takes the promotional value that it finds, both buckets together;
//   - after a spending or a further sale active points and the debt are each the same, unless points are
//     still pending: a debt is not kept beside points that the same sale gave back.
//
// Where a return was reversed that others had followed, these had taken from what it had restored, so that the
// reversal found other lots of points in their place: these lots may differ, nothing else.
//
// LOJAL_SALES says how many sales are drawn, LOJAL_SEED repeats a run.
func TestReturns_EveryOrderEndsAlike(t *testing.T) {
	sales, seed := int(setting("LOJAL_SALES", 300)), setting("LOJAL_SEED", rand.Uint64())
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Logf("LOJAL_SEED=%d LOJAL_SALES=%d", seed, sales)
		var sum tally
		for from := 0; from < sales && !t.Failed(); from += salesPerRun {
			one, drop := fresh(t, url)
			h := openHouse(t, one)
			h.play(seed, from, min(from+salesPerRun, sales))
			sum.add(h.trials)
			h.must(h.Close())
			drop()
		}
		t.Logf("%d sales, %d of them declined, in %d orders: %d returns, %d reversals", sum.sales, sum.declined, sum.orders, sum.returns, sum.reversals)
		if sum.declined*10 > sum.sales {
			t.Errorf("%d of %d sales were declined", sum.declined, sum.sales)
		}
	})
}

// A return that forgave points is reversed after a later one has made up for them, and made again: the points
// are taken once.
func TestReturns_ForgivenPointsAreTakenOnce(t *testing.T) {
	each(t, points+"clawback: prevent\n", func(t *testing.T, s *shop) {
		s.card("9428010000000012")
		sell := func(receipt string, total int, wish string) map[string]any {
			return s.call("/pos/v1/transactions", fmt.Sprintf(`{"id":%q,"terminal_seq":SEQ,"receipt":%[1]q,"currency":"EUR","presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],
				"lines":[{"no":1,"qty":"1","unit_price":%[2]d,"total":%[2]d,"vat":"21"},{"no":2,"qty":"1","unit_price":500,"total":500,"vat":"21"}],"wish":{%s}}`, receipt, total, wish))
		}
		back := func(id string, no int) map[string]any {
			return s.call("/pos/v1/returns", fmt.Sprintf(`{"id":%q,"terminal_seq":SEQ,"receipt":%[1]q,"original":{"id":"first"},"lines":[{"original_no":%d,"qty":"1"}]}`, id, no))
		}
		want(t, sell("first", 1000, ""), "balances.0.active", 15)
		want(t, sell("second", 40, `"burn_points":15`), "balances.0.active", 5)
		want(t, back("part1", 1), "points.forgiven", 5)
		want(t, sell("third", 2000, ""), "balances.0.active", 25)
		want(t, back("part2", 2), "balances.0.active", 15) // 5 of its own and the 5 that were forgiven
		want(t, s.call("/pos/v1/transactions/part1/reverse", `{"id":"ID","terminal_seq":SEQ,"reason":"timeout"}`), "status", "reversed")
		want(t, back("again", 1), "balances.0.active", 15)
	})
}

// fresh gives the address of one more empty database of the engine, and what takes it away again. SQLite files
// lie in memory where the machine has a file system for it.
func fresh(t *testing.T, like string) (url string, drop func()) {
	if !strings.HasPrefix(like, "sqlite:") {
		return dbtest.PostgresURL(t), func() {}
	}
	dir, err := os.MkdirTemp("/dev/shm", "lojal")
	if err != nil {
		dir = t.TempDir()
	}
	drop = func() { _ = os.RemoveAll(dir) }
	t.Cleanup(drop)
	return "sqlite:" + filepath.Join(dir, "lojal.db"), drop
}

type tally struct{ sales, declined, orders, returns, reversals int }

func (a *tally) add(list []*played) {
	for _, p := range list {
		a.sales++
		if p.declined != nil {
			a.declined++
		}
		for _, c := range p.copies {
			a.orders++
			a.returns += c.made
			if c.reversed {
				a.reversals++
			}
		}
	}
}

// house is a running house that is driven without HTTP.
type house struct {
	*app.App
	t      *testing.T
	ctx    context.Context
	room   *sale.Room
	place  sale.Place
	days   []clock.Day // on which something happens
	trials []*played
}

// played is a trial with all orders in which its parts are returned.
type played struct {
	*trial
	parts    []ask
	copies   []*history // the first is the full return
	sale     *reward.Sold
	declined error
	spend    struct{ points, gift int64 }
	share    int64 // of what there is, in percent, that is spent
}

// history is one order of returns, played on a world of its own.
type history struct {
	*played
	order    []int
	name     string
	numbers  []string
	owners   []int64 // the membership and the gift cards
	voucher  int64
	keys     map[int]string // of the returns, by part
	next     int            // the next return, as a position of order
	made     int
	reversed bool
	late     bool // it was not the latest return
	facts    map[string]int64
}

func openHouse(t *testing.T, url string) *house {
	t.Helper()
	a, err := app.Open(context.Background(), app.Config{Database: url, Data: t.TempDir(), TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{App: a, t: t, ctx: context.Background()}
	start := clock.Date(2027, time.January, 10)
	h.days = []clock.Day{start, start, start + 12, start + 22, start + 45, start + 100}
	h.must(a.SetClock(h.ctx, noon(start)))
	if _, err := a.TestShop(h.ctx, "id: points\nname: Points\n"); err != nil {
		t.Fatal(err)
	}
	if h.room, h.place, err = a.TestSales(h.ctx); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func noon(d clock.Day) clock.Instant { return d.Start(time.UTC) + 10*clock.Hour }

// play draws the sales of a run and lets its days pass.
func (h *house) play(seed uint64, from, to int) {
	for no := from; no < to; no++ {
		p := &played{trial: drawTrial(seed, no, h.days)}
		h.must(h.TestPublish(h.ctx, p.rules))
		h.trials = append(h.trials, p)
	}
	for day := range h.days {
		h.must(h.SetClock(h.ctx, noon(h.days[day])))
		h.pass(day)
		if h.t.Failed() {
			return
		}
	}
	h.judge()
	report, err := h.Examine(h.ctx)
	h.must(err)
	if !report.OK() {
		var text bytes.Buffer
		_ = report.Print(&text)
		h.t.Error(text.String())
	}
}

// pass does what falls on a day: first sales, then returns, then the look at what is left.
func (h *house) pass(day int) {
	var selling, measuring []*played
	var back, ends []*history
	for _, p := range h.trials {
		if p.trial.sold == day {
			selling = append(selling, p)
		}
	}
	first := min(1, len(selling)) // alone, so that the programmes are compiled once
	h.must(parallel(selling[:first], h.prepare))
	h.must(parallel(selling[first:], h.prepare))
	var others []*history
	for _, p := range selling {
		others = append(others, p.copies[min(1, len(p.copies)):]...)
	}
	h.must(parallel(others, h.sell))
	for _, p := range h.trials {
		if p.sale == nil {
			continue
		}
		if p.first == day {
			measuring = append(measuring, p)
		}
		if p.first == day || p.last == day {
			back = append(back, p.copies...)
		}
		if p.last == day {
			ends = append(ends, p.copies...)
		}
	}
	h.must(parallel(measuring, h.measure))
	h.must(parallel(back, func(c *history) error { return h.giveBack(c, day) }))
	h.must(h.Work(h.ctx))
	used, expired, err := h.TestUsed(h.ctx)
	h.must(err)
	h.must(parallel(ends, func(c *history) error { return h.look(c, used, expired) }))
}

// workers is how many histories are played at a time, so that they share commits.
const workers = 128

// parallel does something with all of a list and gives the first error.
func parallel[T any](list []T, do func(T) error) error {
	work := make(chan int)
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for range min(workers, len(list)) {
		wg.Go(func() {
			for i := range work {
				errs[i] = do(list[i])
			}
		})
	}
	for i := range list {
		work <- i
	}
	close(work)
	wg.Wait()
	return errors.Join(errs...)
}

// prepare sells the first copy, which tells the tenders and the lines to cut, and draws the others.
func (h *house) prepare(p *played) error {
	first := newHistory(p, nil)
	if err := h.found(first); err != nil {
		return err
	}
	if err := h.tenders(first); err != nil {
		return err
	}
	if a := h.commit(first); a.Err != nil {
		p.declined = a.Err
		if !fault.Is(a.Err, reward.ErrAmountMismatch) { // a gift card asked for more than is due
			return fmt.Errorf("%s: %w", p.story(), a.Err)
		}
		return nil
	}
	e, err := h.TestEntry(h.ctx, h.place.Client, first.key("sale"))
	if err != nil {
		return err
	}
	var rec sale.Record
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return err
	}
	p.sale = rec.Sold
	p.parts = p.partition(p.sale)
	p.after = p.d.IntN(len(p.parts))
	if p.between == aReversal {
		p.after++
	}
	p.share = int64(p.d.IntN(101))
	for _, order := range p.orders(len(p.parts)) {
		newHistory(p, order)
	}
	return nil
}
