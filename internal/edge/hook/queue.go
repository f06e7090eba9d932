package hook

import (
	"context"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/job"
)

const (
	firstRetry = 5 * clock.Second
	lastRetry  = 6 * clock.Hour
	giveUpAt   = 72 * clock.Hour      // after the delivery was queued
	inFlight   = 60 * clock.Second    // for which a delivery is this process's own; a round lasts 40 at most
	keepLog    = 30 * 24 * clock.Hour // for which ended deliveries are shown

	failsToPause = 3 // passes in a row in which the endpoint as a whole failed
)

// backoff gives the pause after a number of attempts that failed: 5 seconds, twice as long each time, at
// most 6 hours.
func backoff(attempts int64) clock.Instant {
	if attempts > 14 {
		return lastRetry
	}
	return min(firstRetry<<(max(attempts, 1)-1), lastRetry)
}

// parcel is a delivery that is about to be sent.
type parcel struct {
	job.Delivery
	subject int64
	event   job.Event
	lost    bool // its event cannot be made again
	result  result
}

// idle tells whether an endpoint has nothing to do at an instant, without writing anything.
func (r *Room) idle(ctx context.Context, tx db.Tx, endpoint int64, now clock.Instant) (bool, error) {
	e, err := r.row(ctx, tx, endpoint)
	if err != nil {
		return true, err
	}
	var at job.Cursor
	if _, err := tx.One(ctx, readHead, db.Args(tx.Tenant()), &at.Seq, &at.Act); err != nil {
		return true, err
	}
	if at.Seq > e.cursor.Seq || at.Act > e.cursor.Act {
		return false, nil
	}
	if now < e.PausedTo {
		return true, nil
	}
	due, err := tx.One(ctx, anyDue, db.Args(tx.Tenant(), endpoint, int64(now)), new(int64))
	return !due, err
}

// queue turns entries after the endpoint's cursor into deliveries, one page of them. It tells whether the
// cursor moved.
func (r *Room) queue(ctx context.Context, tx db.Tx, e *row, now clock.Instant) (bool, error) {
	events, next, err := r.Next(ctx, tx, e.cursor, fanOut)
	if err != nil || next == e.cursor {
		return false, err
	}
	n := e.queued
	waits := map[int64]clock.Instant{}
	for i := range events {
		v := &events[i]
		if len(e.Types) > 0 && !slices.Contains(e.Types, v.Type) {
			continue
		}
		n++
		subject := v.Subject
		if subject == 0 {
			subject = -n // nobody's: it waits for none
		}
		at, err := r.after(ctx, tx, e.ID, subject, waits, now)
		if err != nil {
			return false, err
		}
		if _, err := tx.Exec(ctx, insertDelivery, tx.Tenant(), e.ID, n, v.Number, v.Type, subject, int64(now), int64(at)); err != nil {
			return false, err
		}
	}
	moved, err := tx.Exec(ctx, moveCursor, tx.Tenant(), e.ID, e.cursor.Seq, e.cursor.Act, next.Seq, next.Act, n)
	if err == nil && moved != 1 {
		err = fault.New(fault.ErrVersionConflict) // another process was first: its rows stand, ours do not
	}
	e.cursor, e.queued = next, n
	return true, err
}

// after gives when a new delivery of a subject is due: now, or with what waits before it.
func (r *Room) after(ctx context.Context, tx db.Tx, endpoint, subject int64, known map[int64]clock.Instant, now clock.Instant) (clock.Instant, error) {
	if subject < 0 {
		return now, nil
	}
	if at, ok := known[subject]; ok {
		return at, nil
	}
	var waits *int64
	if _, err := tx.One(ctx, subjectWaits, db.Args(tx.Tenant(), endpoint, subject), &waits); err != nil {
		return 0, err
	}
	at := now
	if waits != nil {
		at = max(at, clock.Instant(*waits))
	}
	known[subject] = at
	return at, nil
}

// pick takes what is due, in flight for this process alone.
func (r *Room) pick(ctx context.Context, tx db.Tx, e *row, now clock.Instant) ([]parcel, error) {
	if now < e.PausedTo {
		return nil, nil
	}
	limit := atOnce
	if e.fails >= failsToPause {
		limit = 1 // one goes ahead to see whether the endpoint is back
	}
	var due []parcel
	err := tx.Each(ctx, dueDeliveries, db.Args(tx.Tenant(), e.ID, int64(now), limit), func(scan func(...any) error) error {
		var p parcel
		err := scan(&p.N, &p.Event, &p.Type, &p.subject, &p.Attempts, &p.MadeAt, &p.NextAt)
		due = append(due, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	var mine []parcel
	for _, p := range due {
		n, err := tx.Exec(ctx, takeDelivery, tx.Tenant(), e.ID, p.N, int64(p.NextAt), int64(now+inFlight))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		if p.event, err = r.Event(ctx, tx, p.Event); fault.Is(err, fault.ErrNotFound) {
			p.lost, err = true, nil
		}
		if err != nil {
			return nil, err
		}
		mine = append(mine, p)
	}
	return mine, nil
}

// mark writes what became of the parcels. It may run more than once, so it changes nothing in them.
func (r *Room) mark(ctx context.Context, tx db.Tx, e *row, list []parcel, now clock.Instant) error {
	sick := true
	for i := range list {
		p := &list[i]
		sick = sick && p.result.sick
		if _, err := tx.Exec(ctx, endDelivery, tx.Tenant(), e.ID, p.N, string(p.State), p.Attempts, p.Status, p.Problem, int64(p.NextAt), int64(p.DoneAt)); err != nil {
			return err
		}
		if p.State == job.Waiting {
			if _, err := tx.Exec(ctx, holdSubject, tx.Tenant(), e.ID, p.subject, int64(p.NextAt)); err != nil {
				return err
			}
		}
	}
	if !sick && e.fails == 0 {
		return nil
	}
	return r.markEndpoint(ctx, tx, e, sick, now)
}

// judge gives a parcel its end, or the time of its next attempt.
func (p *parcel) judge(now clock.Instant) {
	ends := p.MadeAt + giveUpAt
	p.Attempts++
	p.Status, p.Problem = p.result.status, p.result.problem
	switch {
	case p.lost:
		p.State, p.Problem, p.DoneAt = job.Dead, "event_lost", now
	case p.result.problem == "":
		p.State, p.DoneAt = job.Delivered, now
	case now >= ends:
		p.State, p.DoneAt = job.Dead, now
	default:
		p.State, p.NextAt = job.Waiting, min(now+max(backoff(p.Attempts), p.result.wait), ends)
	}
}

// markEndpoint counts the passes in which the endpoint as a whole failed, pauses it after some, and gives
// up what has become too old.
func (r *Room) markEndpoint(ctx context.Context, tx db.Tx, e *row, sick bool, now clock.Instant) error {
	fails, pausedTo := e.fails+1, clock.Instant(0)
	if !sick {
		fails = 0
	}
	if fails >= failsToPause {
		pausedTo = now + backoff(fails-failsToPause+1)
		if _, err := tx.Exec(ctx, giveUp, tx.Tenant(), e.ID, int64(now-giveUpAt), int64(now)); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, markEndpoint, tx.Tenant(), e.ID, fails, int64(pausedTo))
	return err
}
