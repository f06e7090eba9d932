package shift

import (
	"context"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

const (
	// MaxOpenHours is how long a batch stays open at most (ZR-31).
	MaxOpenHours = 24
	// autoHour and autoMinute are the outlet's local time at which an open batch is closed (ZR-31).
	autoHour, autoMinute = 23, 59
	// Auto is who closes an overdue batch.
	Auto = "auto"
)

// dueAt gives when an open batch is closed by itself: at the first 23:59 of its outlet after its opening,
// at the latest after 24 hours.
func dueAt(opened clock.Instant, zone *time.Location) clock.Instant {
	local := opened.In(zone)
	at := clock.Of(time.Date(local.Year(), local.Month(), local.Day(), autoHour, autoMinute, 0, 0, zone))
	if at <= opened {
		at = clock.Of(time.Date(local.Year(), local.Month(), local.Day()+1, autoHour, autoMinute, 0, 0, zone))
	}
	return min(at, opened.Add(MaxOpenHours*time.Hour))
}

// NextDue gives when the next open batch of a tenant is due to be closed; 0 when none is open.
func (r *Room) NextDue(ctx context.Context, tenant int64) (clock.Instant, error) {
	var next clock.Instant
	tills, err := r.opened(ctx, tenant)
	for _, t := range tills {
		if at := dueAt(t.BatchAt, r.place(tenant, t.Outlet).Zone); next == 0 || at < next {
			next = at
		}
	}
	return next, err
}

// CloseOverdue closes every batch of a tenant whose time has come, those without operations too, and seals
// what a crash left. It gives how many it closed. A timer calls it at NextDue, and once at the start.
func (r *Room) CloseOverdue(ctx context.Context, tenant int64, now clock.Instant) (int, error) {
	if err := r.SealAll(ctx, tenant); err != nil {
		return 0, err
	}
	tills, err := r.opened(ctx, tenant)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, t := range tills {
		if now < dueAt(t.BatchAt, r.place(tenant, t.Outlet).Zone) {
			continue
		}
		z, err := r.CloseBatch(ctx, CloseBatch{Tenant: tenant, Outlet: t.Outlet, Terminal: t.Terminal, Number: t.Batch, Actor: Auto, Due: true})
		if err != nil {
			return n, err
		}
		if z != nil {
			n++
		}
	}
	return n, nil
}

func (r *Room) opened(ctx context.Context, tenant int64) ([]Till, error) {
	var out []Till
	err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
		out = nil
		return tx.Each(ctx, openTills, db.Args(tenant), func(scan func(...any) error) error {
			var t Till
			err := t.scan(scan)
			out = append(out, t)
			return err
		})
	})
	return out, err
}
