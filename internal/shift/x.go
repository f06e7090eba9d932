package shift

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// X gives the report of the open batch of a terminal without closing it, any number of times. When none is
// open it is empty and has no opening.
func (r *Room) X(ctx context.Context, tenant, terminal int64, now clock.Instant, by string) (*Report, error) {
	if err := r.Seal(ctx, tenant, terminal); err != nil {
		return nil, err
	}
	var out *Report
	err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
		t, err := Read(ctx, tx, terminal)
		if err != nil {
			return err
		}
		out = &Report{
			Kind: X, Terminal: terminal, Outlet: t.Outlet, Batch: t.Batch, Shift: t.Shift, OpenedAt: t.BatchAt, OpenedBy: t.BatchBy,
			ClosedAt: now, ClosedBy: by, State: Open, Place: r.place(tenant, t.Outlet),
		}
		head, err := ledger.ReadHead(ctx, tx)
		if err != nil {
			return err
		}
		prev, err := handedOn(ctx, tx, terminal, t.Z+1)
		if err != nil {
			return err
		}
		s := span{ledger.Stretch{Terminal: terminal, Batch: t.Batch, From: t.BatchSeq, Through: head.Seq}, t.ClosedSeq}
		if t.Batch == 0 {
			s.From, s.Through = 1, 0
		} else {
			out.Day = clock.BusinessDay(t.BatchAt, out.Place.Zone, out.Place.ClosesAt)
		}
		out.Totals, err = r.scan(ctx, tx, s, prev)
		return err
	})
	return out, err
}

var shiftByNumber = db.SQL("shift.shift_by_number", `
	SELECT s.outlet, s.cashier, s.opened_at, s.opened_seq, s.closed_at, s.closed_seq, s.closed_by
	  FROM shift s
	 WHERE s.tenant_id = $1 AND s.terminal = $2 AND s.shift = $3`)

// OfShift gives the report of a shift, open or closed. Its counters add up to the postings of that
// terminal and shift (ZR-32); it has no grand totals before it, and refusals belong to batches. It returns
// not_found.
func (r *Room) OfShift(ctx context.Context, tenant, terminal, number int64, now clock.Instant) (*Report, error) {
	out := &Report{Kind: OfShift, Terminal: terminal, Shift: number}
	err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
		s := ledger.Stretch{Terminal: terminal, Shift: number}
		t, err := Read(ctx, tx, terminal)
		if err != nil {
			return err
		}
		if number != 0 && t.Shift == number {
			head, err := ledger.ReadHead(ctx, tx)
			if err != nil {
				return err
			}
			s.From, s.Through = t.ShiftSeq, head.Seq
			out.State, out.Outlet, out.OpenedAt, out.OpenedBy, out.ClosedAt = Open, t.Outlet, t.ShiftAt, t.Cashier, now
		} else {
			out.State = Closed
			found, err := tx.One(ctx, shiftByNumber, db.Args(tenant, terminal, number),
				&out.Outlet, &out.OpenedBy, &out.OpenedAt, &s.From, &out.ClosedAt, &s.Through, &out.ClosedBy)
			if err != nil {
				return err
			}
			if !found {
				return fault.New(fault.ErrNotFound, "entity", "shift")
			}
		}
		out.Place = r.place(tenant, out.Outlet)
		out.Day = clock.BusinessDay(out.OpenedAt, out.Place.Zone, out.Place.ClosesAt)
		out.Totals, err = r.scan(ctx, tx, span{Stretch: s}, before{})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
