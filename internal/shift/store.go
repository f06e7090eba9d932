package shift

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

const tillColumns = `t.outlet, t.batch, t.batch_at, t.batch_by, t.batch_seq, t.last_batch, t.z_no, t.closed_seq,
	       t.shift, t.shift_at, t.shift_seq, t.cashier, t.last_shift`

var findTill = db.Find("shift.find_till", "terminal int", `
	SELECT `+tillColumns+`
	  FROM till t
	 WHERE t.tenant_id = $1 AND t.terminal = k.terminal
	 LIMIT 1`)

const tillTypes = `outlet int, batch int, batch_at int, batch_by text, batch_seq int, last_batch int, z_no int, closed_seq int,
	shift int, shift_at int, shift_seq int, cashier text, last_shift int`

var insertTill = db.Insert("shift.insert_till", "till", "terminal int, "+tillTypes, "")

var updateTill = db.Update("shift.update_till", "till", "terminal int", tillTypes)

var insertBatch = db.Insert("shift.insert_batch", "batch", `terminal int, z_no int, id int, batch int, outlet int, day text, opened_at int, opened_seq int, opened_by text,
	closed_at int, closed_seq int, closed_by text, after_seq int, state text, claimed text, differs text, totals text`, "")

var insertShift = db.Insert("shift.insert_shift", "shift", `terminal int, shift int, id int, outlet int, cashier text, opened_at int, opened_seq int,
	closed_at int, closed_seq int, closed_by text`, "")

// slot is the till in the lane: read by every operation of a terminal, written when it changes.
var slot = ledger.Slot[int64, Till]{Load: loadTills, Save: saveTills}

func loadTills(b db.Batch, tenant int64, keys []int64, got func(int64, Till)) {
	rows := findTill.Rows()
	for _, k := range keys {
		rows.Int(k)
	}
	b.Find(findTill, tenant, rows, func(i int, r db.Row) {
		got(keys[i], Till{
			Terminal: keys[i], Outlet: r.Int(0), Batch: r.Int(1), BatchAt: clock.Instant(r.Int(2)), BatchBy: r.Text(3), BatchSeq: r.Int(4),
			LastBatch: r.Int(5), Z: r.Int(6), ClosedSeq: r.Int(7),
			Shift: r.Int(8), ShiftAt: clock.Instant(r.Int(9)), ShiftSeq: r.Int(10), Cashier: r.Text(11), LastShift: r.Int(12),
		})
	})
}

func saveTills(b db.Batch, tenant int64, changes []ledger.Change[int64, Till]) {
	inserts, updates, batches, shifts := insertTill.Rows(), updateTill.Rows(), insertBatch.Rows(), insertShift.Rows()
	for _, c := range changes {
		rows := inserts
		if c.Found {
			rows = updates
		}
		t := c.Row
		rows.Int(c.Key).Int(t.Outlet).Int(t.Batch).Int(int64(t.BatchAt)).Text(t.BatchBy).Int(t.BatchSeq).Int(t.LastBatch).Int(t.Z).Int(t.ClosedSeq)
		rows.Int(t.Shift).Int(int64(t.ShiftAt)).Int(t.ShiftSeq).Text(t.Cashier).Int(t.LastShift)
		for _, x := range t.batches {
			batches.Int(x.Terminal).Int(x.Z).Int(int64(x.ID)).Int(x.Number).Int(x.Outlet).Text(x.Day.String()).
				Int(int64(x.OpenedAt)).Int(x.OpenedSeq).Text(x.OpenedBy).Int(int64(x.ClosedAt)).Int(x.ClosedSeq).Text(x.ClosedBy).
				Int(x.AfterSeq).Text(string(x.State)).Text(x.claimed).Text(x.differs).Text(x.totals)
		}
		for _, x := range t.shifts {
			shifts.Int(x.Terminal).Int(x.Number).Int(int64(x.ID)).Int(x.Outlet).Text(x.Cashier).Int(int64(x.OpenedAt)).Int(x.OpenedSeq).
				Int(int64(x.ClosedAt)).Int(x.ClosedSeq).Text(x.ClosedBy)
		}
	}
	b.Put(insertTill, tenant, inserts)
	b.Put(updateTill, tenant, updates)
	b.Put(insertBatch, tenant, batches)
	b.Put(insertShift, tenant, shifts)
}

var readTill = db.SQL("shift.read_till", `
	SELECT t.terminal, `+tillColumns+`
	  FROM till t
	 WHERE t.tenant_id = $1 AND t.terminal = $2`)

var openTills = db.SQL("shift.open_tills", `
	SELECT t.terminal, `+tillColumns+`
	  FROM till t
	 WHERE t.tenant_id = $1 AND t.batch > 0
	 ORDER BY t.terminal`)

func (t *Till) scan(scan func(...any) error) error {
	return scan(&t.Terminal, &t.Outlet, &t.Batch, &t.BatchAt, &t.BatchBy, &t.BatchSeq, &t.LastBatch, &t.Z, &t.ClosedSeq,
		&t.Shift, &t.ShiftAt, &t.ShiftSeq, &t.Cashier, &t.LastShift)
}

// Read gives where a terminal stands; its zero value with the terminal's id when it has not counted yet.
func Read(ctx context.Context, tx db.Tx, terminal int64) (Till, error) {
	t := Till{Terminal: terminal}
	err := tx.Each(ctx, readTill, db.Args(tx.Tenant(), terminal), t.scan)
	return t, err
}

const batchColumns = `b.id, b.terminal, b.outlet, b.z_no, b.batch, b.day, b.opened_at, b.opened_seq, b.opened_by, b.closed_at, b.closed_seq, b.closed_by,
	       b.after_seq, b.state, b.claimed, b.differs, b.totals`

var batchByID = db.SQL("shift.batch_by_id", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.id = $2`)

var batchByZ = db.SQL("shift.batch_by_z", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.terminal = $2 AND b.z_no = $3`)

var batchByNumber = db.SQL("shift.batch_by_number", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.terminal = $2 AND b.batch = $3 AND b.state <> 'carried'
	 ORDER BY b.z_no DESC
	 LIMIT 1`)

var unsealedBatch = db.SQL("shift.unsealed_batch", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.terminal = $2 AND b.totals = ''
	 ORDER BY b.z_no
	 LIMIT 1`)

var unsealedTerminals = db.SQL("shift.unsealed_terminals", `
	SELECT DISTINCT b.terminal
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.totals = ''
	 ORDER BY b.terminal`)

var batchesBefore = db.SQL("shift.batches_before", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.terminal = $2 AND b.z_no < $3
	 ORDER BY b.z_no DESC
	 LIMIT $4`)

var batchesOfDays = db.SQL("shift.batches_of_days", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.day >= $2 AND b.day <= $3 AND b.state <> 'carried'
	 ORDER BY b.day, b.outlet, b.terminal, b.z_no`)

// sealBatch writes the totals of a closed batch, once.
var sealBatch = db.SQL("shift.seal_batch", `
	UPDATE batch SET totals = $4, state = $5, differs = $6
	 WHERE tenant_id = $1 AND terminal = $2 AND z_no = $3 AND totals = ''`)

var judgeBatch = db.SQL("shift.judge_batch", `
	UPDATE batch SET state = $4, differs = $5, claimed = $6
	 WHERE tenant_id = $1 AND terminal = $2 AND z_no = $3 AND state = $7`)

func (b *Batch) scan(scan func(...any) error) error {
	var day, state string
	if err := scan(&b.ID, &b.Terminal, &b.Outlet, &b.Z, &b.Number, &day, &b.OpenedAt, &b.OpenedSeq, &b.OpenedBy, &b.ClosedAt, &b.ClosedSeq, &b.ClosedBy,
		&b.AfterSeq, &state, &b.claimed, &b.differs, &b.totals); err != nil {
		return err
	}
	b.State = State(state)
	return b.Day.UnmarshalText([]byte(day))
}

// one reads at most one batch.
func one(ctx context.Context, tx db.Tx, s *db.Stmt, args ...any) (Batch, bool, error) {
	var b Batch
	found := false
	err := tx.Each(ctx, s, append(db.Args(tx.Tenant()), args...), func(scan func(...any) error) error {
		found = true
		return b.scan(scan)
	})
	return b, found, err
}

func many(ctx context.Context, tx db.Tx, s *db.Stmt, args ...any) ([]Batch, error) {
	var out []Batch
	err := tx.Each(ctx, s, append(db.Args(tx.Tenant()), args...), func(scan func(...any) error) error {
		var b Batch
		err := b.scan(scan)
		out = append(out, b)
		return err
	})
	return out, err
}

// MaxPage bounds a page of batches or shifts.
const MaxPage = 200

// Batches gives closed batches of a terminal, newest first, before a Z number; 0 begins at the newest.
func Batches(ctx context.Context, tx db.Tx, terminal, beforeZ int64, limit int) ([]Batch, error) {
	if beforeZ <= 0 {
		beforeZ = 1 << 62
	}
	return many(ctx, tx, batchesBefore, terminal, beforeZ, min(max(limit, 1), MaxPage))
}

var shiftsBefore = db.SQL("shift.shifts_before", `
	SELECT s.id, s.terminal, s.outlet, s.shift, s.cashier, s.opened_at, s.opened_seq, s.closed_at, s.closed_seq, s.closed_by
	  FROM shift s
	 WHERE s.tenant_id = $1 AND s.terminal = $2 AND s.shift < $3
	 ORDER BY s.shift DESC
	 LIMIT $4`)

// Shifts gives closed shifts of a terminal, newest first, before a number; 0 begins at the newest.
func Shifts(ctx context.Context, tx db.Tx, terminal, before int64, limit int) ([]Shift, error) {
	if before <= 0 {
		before = 1 << 62
	}
	var out []Shift
	err := tx.Each(ctx, shiftsBefore, db.Args(tx.Tenant(), terminal, before, min(max(limit, 1), MaxPage)), func(scan func(...any) error) error {
		var s Shift
		err := scan(&s.ID, &s.Terminal, &s.Outlet, &s.Number, &s.Cashier, &s.OpenedAt, &s.OpenedSeq, &s.ClosedAt, &s.ClosedSeq, &s.ClosedBy)
		out = append(out, s)
		return err
	})
	return out, err
}
