package hook

import (
	"context"
	"slices"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

const (
	tick      = time.Second           // for which the worker sleeps when nobody wakes it
	breath    = 20 * time.Millisecond // between two looks, however often it is woken: commits are many
	listAgain = 30 * time.Second      // after which another process's endpoints are seen
)

// Wake lets the worker look for events now. The lane calls it after each commit.
func (r *Room) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run sends until the context ends; then it waits for what is being sent.
func (r *Room) Run(ctx context.Context) {
	defer r.crew.Wait()
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		r.start(ctx)
		if !rest(ctx, timer, breath, nil) || !rest(ctx, timer, tick, r.wake) {
			return
		}
	}
}

// rest waits for a time, or until it is woken. It tells whether to go on.
func rest(ctx context.Context, timer *time.Timer, d time.Duration, wake <-chan struct{}) bool {
	timer.Reset(d)
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}

// Step sends all that can be sent now and returns when it is done.
func (r *Room) Step(ctx context.Context) {
	r.start(ctx)
	r.crew.Wait()
}

// start gives each endpoint with something to do a worker of its own, so that a slow one holds up no other.
func (r *Room) start(ctx context.Context) {
	tenants, err := r.listeners(ctx)
	if err != nil {
		r.report(ctx, err)
		return
	}
	for _, tenant := range tenants {
		ids, err := r.busy(ctx, tenant)
		if err != nil {
			r.report(ctx, err)
			continue
		}
		for _, endpoint := range ids {
			r.crew.Go(ctx, endpoint, func(ctx context.Context) { r.serve(ctx, tenant, endpoint) })
		}
	}
}

// listeners gives the tenants that have endpoints, from memory for half a minute: they are few among many.
func (r *Room) listeners(ctx context.Context) ([]int64, error) {
	r.mu.Lock()
	known, fresh := union(r.known, r.added), r.listed != 0 && clock.Mono()-r.listed < listAgain
	r.mu.Unlock()
	if fresh {
		return known, nil
	}
	now := clock.Mono()
	all, err := r.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	known = nil
	for _, tenant := range all {
		err := r.DB.Read(ctx, tenant, func(tx db.Tx) error {
			var n int64
			_, err := tx.One(ctx, countEndpoints, db.Args(tenant), &n)
			if err == nil && n > 0 {
				known = append(known, tenant)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.listed = known, now
	return union(known, r.added), nil
}

func union(a, b []int64) []int64 {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// listens remembers a tenant whose endpoint is being added, so that nobody waits for the list. One whose
// transaction fails after all costs a look.
func (r *Room) listens(tenant int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.added, tenant) {
		r.added = append(r.added, tenant)
	}
}

// busy gives the endpoints of a tenant that have something to do.
func (r *Room) busy(ctx context.Context, tenant int64) ([]int64, error) {
	var out []int64
	err := r.DB.Read(ctx, tenant, func(tx db.Tx) error {
		out = nil
		rows, err := r.rows(ctx, tx)
		if err != nil {
			return err
		}
		for _, e := range rows {
			idle, err := r.idle(ctx, tx, e.ID, r.Clock.Now())
			if err != nil {
				return err
			}
			if !idle {
				out = append(out, e.ID)
			}
		}
		return nil
	})
	return out, err
}

func (r *Room) serve(ctx context.Context, tenant, endpoint int64) {
	for ctx.Err() == nil {
		more, err := r.pass(ctx, tenant, endpoint)
		if err != nil && !fault.Is(err, fault.ErrNotFound) && !fault.Is(err, fault.ErrVersionConflict) {
			r.report(ctx, err)
		}
		if err != nil || !more {
			return
		}
	}
}

func (r *Room) report(ctx context.Context, err error) {
	if ctx.Err() == nil {
		r.faults(err)
	}
}

// begin queues and picks in one transaction.
func (r *Room) begin(ctx context.Context, tenant, endpoint int64) (idle bool, e row, list []parcel, moved bool, err error) {
	err = r.DB.Read(ctx, tenant, func(tx db.Tx) error {
		var err error
		idle, err = r.idle(ctx, tx, endpoint, r.Clock.Now())
		return err
	})
	if err != nil || idle {
		return idle, e, nil, false, err
	}
	err = r.DB.Write(ctx, tenant, func(tx db.Tx) error {
		now := r.Clock.Now()
		var err error
		if e, err = r.row(ctx, tx, endpoint); err != nil {
			return err
		}
		if moved, err = r.queue(ctx, tx, &e, now); err != nil {
			return err
		}
		list, err = r.pick(ctx, tx, &e, now)
		return err
	})
	return false, e, list, moved, err
}

// end notes what came of a round, also when the process is told to stop meanwhile: what was taken is not
// sent again.
func (r *Room) end(ctx context.Context, tenant int64, e *row, list []parcel) error {
	now := r.Clock.Now()
	for i := range list {
		list[i].judge(now)
	}
	ctx = context.WithoutCancel(ctx)
	return r.DB.Write(ctx, tenant, func(tx db.Tx) error { return r.mark(ctx, tx, e, list, now) })
}

// Forget drops the log of deliveries that ended more than thirty days ago. A timer calls it once a day.
func (r *Room) Forget(ctx context.Context, tenant int64) error {
	return r.DB.Write(ctx, tenant, func(tx db.Tx) error {
		rows, err := r.rows(ctx, tx)
		if err != nil {
			return err
		}
		for _, e := range rows {
			if _, err := tx.Exec(ctx, forgetDeliveries, tenant, e.ID, int64(r.Clock.Now()-clock.Instant(keepLog))); err != nil {
				return err
			}
		}
		return nil
	})
}
