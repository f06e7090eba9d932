package front

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/sale"
)

// A diary follows the ledger of one tenant and keeps the last eight days by outlet and quarter of an hour,
// and the operations that came last.
const (
	diaryDays  = 8
	quarters   = 24 * 4
	feedLength = 40
	maxDiaries = 200
)

var bookedAt = db.SQL("front.booked_at", `
	SELECT e.booked_at FROM entry e WHERE e.tenant_id = $1 AND e.seq = $2`)

// dayKey is a business day of an outlet.
type dayKey struct {
	date   clock.Day
	outlet int64
}

// figures are what an outlet took on one day. Turnover is what customers paid for goods and services,
// whatever they paid with, less what was taken back; the sale of gift cards is not turnover.
type figures struct {
	turnover [quarters]money.Amount
	receipts int64
}

// upto gives the turnover until a quarter, that one included.
func (f *figures) upto(quarter int) money.Amount {
	if f == nil {
		return 0
	}
	var sum money.Amount
	for _, a := range f.turnover[:min(quarter+1, quarters)] {
		sum += a
	}
	return sum
}

// event is one operation of the feed.
type event struct {
	Seq     int64
	Kind    ledger.Op
	At      clock.Instant
	Outlet  int64
	Amount  money.Amount
	Points  int64
	Receipt string
}

type diary struct {
	mu   sync.Mutex
	seq  int64 // the last entry that was read; -1 before the first reading
	days map[dayKey]*figures
	feed []event // oldest first
}

// diaries are those of all tenants that were looked at.
type diaries struct {
	d         *db.DB
	clock     clock.Clock
	directory *merchant.Directory

	mu sync.Mutex
	by map[int64]*diary
}

func newDiaries(d *db.DB, c clock.Clock, dir *merchant.Directory) *diaries {
	return &diaries{d: d, clock: c, directory: dir, by: map[int64]*diary{}}
}

// of gives the diary of a tenant, brought up to the last entry, and locked: the caller unlocks it.
func (x *diaries) of(ctx context.Context, tenant int64) (*diary, error) {
	x.mu.Lock()
	y := x.by[tenant]
	if y == nil {
		if len(x.by) >= maxDiaries {
			clear(x.by) // they are read again when somebody looks
		}
		y = &diary{seq: -1, days: map[dayKey]*figures{}}
		x.by[tenant] = y
	}
	x.mu.Unlock()
	y.mu.Lock()
	if err := x.follow(ctx, tenant, y); err != nil {
		y.mu.Unlock()
		return nil, err
	}
	return y, nil
}

// follow reads what was booked since the last look, page by page.
func (x *diaries) follow(ctx context.Context, tenant int64, y *diary) error {
	places, err := x.directory.Snapshot(ctx, merchant.TenantID(tenant))
	if err != nil {
		return err
	}
	oldest := clock.DayOf(x.clock.Now(), places.Tenant.Zone) - diaryDays
	for {
		var read int
		err := x.d.Read(ctx, tenant, func(tx db.Tx) error {
			if y.seq < 0 {
				seq, err := before(ctx, tx, oldest.Start(places.Tenant.Zone))
				if err != nil {
					return err
				}
				y.seq = seq
			}
			entries, err := ledger.ReadEntries(ctx, tx, y.seq, ledger.MaxPage)
			if err != nil {
				return err
			}
			read = len(entries)
			return y.write(ctx, tx, places, entries)
		})
		if err != nil {
			return err
		}
		if read < ledger.MaxPage {
			break
		}
	}
	for k := range y.days {
		if k.date < oldest {
			delete(y.days, k)
		}
	}
	return nil
}

// before gives the last entry that was booked before an instant. Booked time never runs back, so halving
// finds it without an index.
func before(ctx context.Context, tx db.Tx, at clock.Instant) (int64, error) {
	head, err := ledger.ReadHead(ctx, tx)
	if err != nil {
		return 0, err
	}
	low, high := int64(0), head.Seq
	for low < high {
		mid := low + (high-low+1)/2
		var booked int64
		found, err := tx.One(ctx, bookedAt, db.Args(tx.Tenant(), mid), &booked)
		if err != nil {
			return 0, err
		}
		if !found || clock.Instant(booked) >= at {
			high = mid - 1
			continue
		}
		low = mid
	}
	return low, nil
}

// write adds entries to the diary. An entry that takes another one back takes its figures back.
func (y *diary) write(ctx context.Context, tx db.Tx, places *merchant.Snapshot, entries []*ledger.Entry) error {
	for _, e := range entries {
		amount, receipts, err := taken(e)
		if err != nil {
			return err
		}
		if e.Reverses > 0 && (e.Kind == ledger.REV || e.Kind == ledger.VOI) {
			original, err := ledger.ReadEntry(ctx, tx, e.Reverses)
			if err != nil {
				return err
			}
			if amount, receipts, err = taken(original); err != nil {
				return err
			}
			amount, receipts = -amount, -receipts
		}
		if amount != 0 || receipts != 0 {
			y.count(places, e, amount, receipts)
		}
		y.feed = append(y.feed, event{e.Seq, e.Kind, e.BookedAt, e.Outlet, amount, pointsOf(e), e.Receipt})
		if len(y.feed) > feedLength {
			y.feed = y.feed[len(y.feed)-feedLength:]
		}
		y.seq = e.Seq
	}
	return nil
}

func (y *diary) count(places *merchant.Snapshot, e *ledger.Entry, amount money.Amount, receipts int64) {
	k := dayKey{e.BusinessDate, e.Outlet}
	f := y.days[k]
	if f == nil {
		f = &figures{}
		y.days[k] = f
	}
	q := 0
	if o := places.Outlet(merchant.OutletID(e.Outlet)); o != nil {
		q = quarterOf(o, e.BookedAt)
	}
	f.turnover[q] += amount
	f.receipts += receipts
}

// quarterOf gives the quarter of an hour, counted from the hour at which the outlet's day begins.
func quarterOf(o *merchant.Outlet, at clock.Instant) int {
	local := at.In(o.Zone)
	minute := local.Hour()*60 + local.Minute() - int(o.ClosesAt/time.Minute)
	return (minute + 24*60) % (24 * 60) / 15
}

// taken gives what an entry adds to the turnover, and how many receipts it is.
func taken(e *ledger.Entry) (money.Amount, int64, error) {
	switch e.Kind {
	case ledger.SAL:
		var r sale.Record
		if err := json.Unmarshal([]byte(e.Doc), &r); err != nil {
			return 0, 0, fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if r.Sold == nil || r.Basket == nil {
			return 0, 0, nil
		}
		var sum money.Amount
		for i, l := range r.Sold.Lines {
			if i < len(r.Basket.Lines) && r.Basket.Lines[i].Type != giftSale {
				sum += l.Paid
			}
		}
		return sum, 1, nil
	case ledger.RET:
		var r sale.ReturnRecord
		if err := json.Unmarshal([]byte(e.Doc), &r); err != nil {
			return 0, 0, fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		return -r.Part.Refund, 0, nil
	}
	return 0, 0, nil
}

const giftSale = "gift_card_sale"

// pointsOf gives by how many points an entry changed what members have.
func pointsOf(e *ledger.Entry) int64 {
	var sum int64
	for _, p := range e.Post.Lines {
		switch p.Kind {
		case ledger.Points, ledger.Pending, ledger.Points.Debt(), ledger.Pending.Debt():
			sum += p.Amount
		}
	}
	return sum
}
