package app

import (
	"context"
	"sync"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
)

// hostTerminal is the virtual terminal under which host work of a tenant is booked (PAR-09).
const hostTerminal = 1

// dueAtOnce bounds how much host work is given to the lane at once.
const dueAtOnce = 512

var listTenants = db.SQL("app.list_tenants", `
	SELECT tenant_id FROM tenant ORDER BY tenant_id`)

var listDue = db.SQL("app.list_due", `
	SELECT due_at, holder FROM due WHERE tenant_id = $1 AND due_at <= $2 ORDER BY due_at, holder LIMIT 512`)

var firstDue = db.SQL("app.first_due", `
	SELECT MIN(due_at) FROM due WHERE tenant_id = $1`)

// tenants gives all tenants of the installation.
func (a *App) tenants(ctx context.Context) ([]int64, error) {
	var out []int64
	err := a.db.Read(ctx, 0, func(tx db.Tx) error {
		out = nil
		return tx.Each(ctx, listTenants, nil, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			out = append(out, id)
			return err
		})
	})
	return out, err
}

// Work does what has come due: holds that ran out, pending points whose time has come, lots past their last
// day, batches past their end. It can be run any number of times; a crash on the way leaves the rest due.
func (a *App) Work(ctx context.Context) error {
	tenants, err := a.tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if err := a.workOf(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

type reminder struct {
	at     clock.Instant
	holder int64
}

func (a *App) workOf(ctx context.Context, tenant int64) error {
	for {
		list, err := a.dueOf(ctx, tenant)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		if err := a.serve(ctx, tenant, list); err != nil {
			return err
		}
	}
	_, err := a.shifts.CloseOverdue(ctx, tenant, a.clock.Now())
	return err
}

func (a *App) dueOf(ctx context.Context, tenant int64) ([]reminder, error) {
	var list []reminder
	err := a.db.Read(ctx, tenant, func(tx db.Tx) error {
		list = nil
		return tx.Each(ctx, listDue, db.Args(tenant, int64(a.clock.Now())), func(scan func(...any) error) error {
			var r reminder
			err := scan(&r.at, &r.holder)
			list = append(list, r)
			return err
		})
	})
	return list, err
}

// serve gives the reminders to the lane together, so that they share commits.
func (a *App) serve(ctx context.Context, tenant int64, list []reminder) error {
	snap, err := a.house.Directory().Snapshot(ctx, merchant.TenantID(tenant))
	if err != nil {
		return err
	}
	day := clock.DayOf(a.clock.Now(), snap.Tenant.Zone)
	var wg sync.WaitGroup
	errs := make([]error, len(list))
	for i, r := range list {
		wg.Add(1)
		go func() {
			defer wg.Done()
			due := ledger.Due{Tenant: tenant, Holder: r.holder, At: r.at, Day: day, Host: ledger.Origin{Terminal: hostTerminal, Actor: "host"}}
			errs[i] = a.lane.Do(ctx, a.shifts.Hosted(due)).Err
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !fault.Is(err, ledger.ErrNothingToDo) {
			return err
		}
	}
	return nil
}

// nextDue gives the next instant at which something comes due; 0 when nothing is waiting.
func (a *App) nextDue(ctx context.Context) (clock.Instant, error) {
	tenants, err := a.tenants(ctx)
	if err != nil {
		return 0, err
	}
	var next clock.Instant
	sooner := func(at clock.Instant) {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	for _, t := range tenants {
		err := a.db.Read(ctx, t, func(tx db.Tx) error {
			var at *int64
			_, err := tx.One(ctx, firstDue, db.Args(t), &at)
			if err == nil && at != nil {
				sooner(clock.Instant(*at))
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		at, err := a.shifts.NextDue(ctx, t)
		if err != nil {
			return 0, err
		}
		sooner(at)
	}
	return next, nil
}

// workEvery is a turn of the timer: how often a running server looks for what has come due.
const workEvery = time.Second

// hotTables are what the lane reads and writes. PostgreSQL plans badly on them while it knows nothing of
// their size, and its own collector of statistics comes late.
var hotTables = []string{"entry", "holder", "due", "amend", "decline", "card", "instrument", "till", "lot_tail"}

// statistics refreshes what the engine knows of the hot tables each time the books have grown tenfold.
func (a *App) statistics(ctx context.Context) error {
	var total int64
	tenants, err := a.tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		seq, _, err := a.head(ctx, t)
		if err != nil {
			return err
		}
		total += seq
	}
	if total < a.analyzeAt {
		return nil
	}
	a.analyzeAt = max(total*10, firstStatistics)
	if total < firstStatistics {
		return nil
	}
	return a.db.Analyze(ctx, hotTables...)
}

// firstStatistics is the size of the books, in entries, at which statistics begin to matter.
const firstStatistics = 2_000

// chore is work that the running server does from time to time. One that fails is told and tried again at its
// next turn.
type chore struct {
	name  string
	every int // turns of the timer
	do    func(context.Context) error
}

func (a *App) chores() []chore {
	list := []chore{
		{"statistics", 60, a.statistics},
		{"last use of keys", 60, a.access.Gate().WriteUsed},
		{"used proofs", 86_400, a.eachTenant(a.proofs.Sweep)},
		{"old deliveries", 86_400, a.eachTenant(a.hooks.Forget)},
	}
	if a.manual == nil { // a clock that is moved by hand does its work when it is moved
		list = append(list, chore{"due work", 1, a.Work})
	}
	return list
}

func (a *App) eachTenant(do func(context.Context, int64) error) func(context.Context) error {
	return func(ctx context.Context) error {
		list, err := a.tenants(ctx)
		for _, t := range list {
			if err == nil {
				err = do(ctx, t)
			}
		}
		return err
	}
}

// timer does the chores while the server runs.
func (a *App) timer() {
	defer close(a.timerDone)
	tick := time.NewTicker(workEvery)
	defer tick.Stop()
	for turn := 1; ; turn++ {
		select {
		case <-a.quit:
			return
		case <-tick.C:
		}
		for _, c := range a.chores() {
			if turn%c.every != 0 {
				continue
			}
			if err := c.do(context.Background()); err != nil {
				a.log.Error(c.name, "error", err.Error())
			}
		}
	}
}
