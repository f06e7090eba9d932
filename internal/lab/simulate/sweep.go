package simulate

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"

	"lojal/internal/lab/model"
)

const hostTerminal = 1

var listDue = db.SQL("simulate.list_due", `
	SELECT due_at, holder FROM due WHERE tenant_id = $1 AND due_at <= $2 ORDER BY due_at, holder LIMIT 512`)

// passTime moves the clock: seconds, now and then hours or days, rarely back.
func (s *sim) passTime() {
	var by clock.Instant
	switch at := s.below(1000); {
	case at < 820:
		by = clock.Instant(s.between(0, 20_000)) * clock.Second / 1000
	case at < 950:
		by = clock.Instant(s.between(20, 1200)) * clock.Second
	case at < 985:
		by = clock.Instant(s.between(1, 14)) * clock.Hour
	case at < 996:
		by = clock.Instant(s.between(12, 60)) * clock.Hour
	default:
		by = -clock.Instant(s.between(1, 3600)) * clock.Second
	}
	s.w.clock.Set(s.w.clock.Now() + by)
}

// sweep does what has come due, as the host's timer does, and sees that nothing is forgotten.
func (s *sim) sweep() {
	s.sweeps++
	for s.failed == nil {
		type reminder struct{ at, holder int64 }
		var list []reminder
		err := s.w.d.Read(ctx, s.tenant, func(tx db.Tx) error {
			list = nil
			return tx.Each(ctx, listDue, db.Args(s.tenant, int64(s.now())), func(scan func(...any) error) error {
				var r reminder
				err := scan(&r.at, &r.holder)
				list = append(list, r)
				return err
			})
		})
		if err != nil {
			s.fail("due work: %v", err)
			return
		}
		if len(list) == 0 {
			break
		}
		day := clock.DayOf(s.now(), zone)
		for len(list) > 0 {
			n := min(len(list), 1+s.below(ledger.MaxBatch))
			var cmds []ledger.Command
			for _, r := range list[:n] {
				due := ledger.Due{Tenant: s.tenant, Holder: r.holder, At: clock.Instant(r.at), Day: day, Host: ledger.Origin{Terminal: hostTerminal, Actor: "host"}}
				cmds = append(cmds, s.w.shifts.Hosted(due))
			}
			for i, res := range s.w.lane.ApplyBatch(ctx, cmds) {
				s.judgeDue(list[i].holder, res)
			}
			list = list[n:]
		}
		s.checkTouched()
	}
	if s.failed == nil {
		s.nothingForgotten()
	}
	if _, err := s.w.shifts.CloseOverdue(ctx, s.tenant, s.w.clock.Now()); err != nil {
		s.fail("close overdue batches: %v", err)
	}
	for _, t := range s.tills {
		s.m.CloseAt(t.place.Terminal, int64(s.w.clock.Now()))
	}
}

func (s *sim) judgeDue(holder int64, res ledger.Result) {
	if s.failed != nil {
		return
	}
	o := &op{n: s.serial, kind: "due", key: 0, member: holder}
	v := s.m.Sweep(model.Op{Clock: int64(s.w.clock.Now()), Terminal: hostTerminal}, holder)
	s.touched[holder] = true
	c := &call{o: o, res: res}
	if isDone(res.Err) {
		c.res.Err = nil
	}
	for _, e := range v.Entries { // its batch is the host's own, of which nobody is told
		if res.Entry != nil {
			e.Batch = res.Entry.Batch
		}
	}
	s.compare(c, v)
}

// nothingForgotten finds what should have been done by now and has no reminder.
func (s *sim) nothingForgotten() {
	for _, id := range s.m.Holders() {
		if what := s.m.Due(id, int64(s.now())); what != "" {
			s.fail("holder %d: I9, I19: nobody is reminded of %s; it is %d", id, what, s.now())
			return
		}
	}
}
