package shift

import (
	"context"
	"encoding/json"
	"fmt"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Checks gives the invariants of this room for the doctor.
func (r *Room) Checks() []check.Check {
	return []check.Check{
		check.Join("I12", "one effective entry per terminal, date, batch and sequence or receipt",
			check.Query("I12", "sequence", checkSameSeq, tellSame("sequence")), check.Query("I12", "receipt", checkSameReceipt, tellSame("receipt"))),
		check.Join("I32", "each Z ties out with the ledger",
			check.Check{ID: "I32", Title: "batches", Run: checkTies}, check.Query("I32", "entries without a batch", outsideBatch, tellOutside)),
		{ID: "I51", Title: "a closed Z is what its entries say; every gap and every doubled number is listed", Run: r.checkUnchanged},
	}
}

// What was done offline under a number that was taken is booked all the same, flagged and listed on the Z.
var checkSameSeq = db.SQL("shift.check_same_seq", `
	SELECT e.terminal, e.business_date, e.batch, CAST(e.terminal_seq AS TEXT), e.kind, COUNT(*)
	  FROM entry e LEFT JOIN amend a ON a.tenant_id = e.tenant_id AND a.seq = e.seq
	 WHERE e.tenant_id = $1 AND e.terminal > 0 AND e.terminal_seq > 0 AND e.key <> '' AND e.kind <> 'TMB' AND COALESCE(a.reversed_by, 0) = 0
	   AND ' ' || e.flags || ' ' NOT LIKE '% duplicate %'
	 GROUP BY e.terminal, e.business_date, e.batch, e.terminal_seq, e.kind
	HAVING COUNT(*) > 1
	 ORDER BY e.terminal, e.business_date, e.batch, e.terminal_seq
	 LIMIT 100`)

var checkSameReceipt = db.SQL("shift.check_same_receipt", `
	SELECT e.terminal, e.business_date, e.batch, e.receipt, e.kind, COUNT(*)
	  FROM entry e LEFT JOIN amend a ON a.tenant_id = e.tenant_id AND a.seq = e.seq
	 WHERE e.tenant_id = $1 AND e.terminal > 0 AND e.receipt <> '' AND e.key <> '' AND e.kind <> 'TMB' AND COALESCE(a.reversed_by, 0) = 0
	   AND ' ' || e.flags || ' ' NOT LIKE '% duplicate %'
	 GROUP BY e.terminal, e.business_date, e.batch, e.receipt, e.kind
	HAVING COUNT(*) > 1
	 ORDER BY e.terminal, e.business_date, e.batch, e.receipt
	 LIMIT 100`)

func tellSame(name string) func(func(...any) error) (check.Violation, error) {
	return func(scan func(...any) error) (check.Violation, error) {
		var terminal, batch, n int64
		var date, value, kind string
		err := scan(&terminal, &date, &batch, &value, &kind, &n)
		return check.Violation{What: fmt.Sprintf("terminal %d, %s, batch %d: %d %s under %s %s", terminal, date, batch, n, kind, name, value)}, err
	}
}

var checkBatches = db.SQL("shift.check_batches", `
	SELECT `+batchColumns+`
	  FROM batch b
	 WHERE b.tenant_id = $1 AND b.totals <> ''
	 ORDER BY b.terminal, b.z_no`)

var batchPostings = db.SQL("shift.batch_postings", `
	SELECT p.unit, CAST(SUM(p.amount) AS BIGINT)
	  FROM entry e JOIN posting p ON p.tenant_id = e.tenant_id AND p.seq = e.seq
	 WHERE e.tenant_id = $1 AND e.terminal = $2 AND e.batch = $3 AND e.seq >= $4 AND e.seq <= $5 AND p.kind < 64
	 GROUP BY p.unit`)

var outsideBatch = db.SQL("shift.outside_batch", `
	SELECT e.seq, e.terminal
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.terminal > 0 AND e.batch = 0 AND e.kind <> 'TMB'
	 ORDER BY e.seq
	 LIMIT 100`)

func tellOutside(scan func(...any) error) (check.Violation, error) {
	var v check.Violation
	var terminal int64
	err := scan(&v.Entry, &terminal)
	v.What = fmt.Sprintf("terminal %d: in no batch", terminal)
	return v, err
}

// checkTies finds where a Z does not tie out with the ledger (the part of I32 on batches): its net per unit
// differs from the postings that the database sums, its number does not follow from the one before, or a
// grand total fell.
func checkTies(ctx context.Context, tx db.Tx, _ clock.Instant) ([]check.Violation, error) {
	all, err := many(ctx, tx, checkBatches)
	if err != nil {
		return nil, err
	}
	var out check.List
	last := map[int64]Batch{}
	for _, b := range all {
		if err := b.ties(ctx, tx, last[b.Terminal], &out); err != nil {
			return nil, err
		}
		last[b.Terminal] = b
	}
	return out, nil
}

func (b *Batch) ties(ctx context.Context, tx db.Tx, prev Batch, out *check.List) error {
	t, err := b.Totals()
	if err != nil {
		return err
	}
	if b.State != Carried && b.Z != prev.Z+1 {
		b.say(out, "follows Z %d", prev.Z)
	}
	sums := map[ledger.Unit]int64{}
	err = tx.Each(ctx, batchPostings, db.Args(tx.Tenant(), b.Terminal, b.Number, b.OpenedSeq, b.ClosedSeq), func(scan func(...any) error) error {
		var unit, sum int64
		err := scan(&unit, &sum)
		sums[ledger.Unit(unit)] = sum
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range t.Columns {
		sums[c.Unit] -= c.Net
	}
	for u, rest := range sums {
		if rest != 0 {
			b.say(out, "%d of unit %d of its postings are not in its rows", rest, u)
		}
	}
	if b.State == Carried || prev.totals == "" {
		return nil
	}
	was, err := prev.Totals()
	if err != nil {
		return err
	}
	for _, g := range was.Grand {
		if now := t.given(g.Asset, g.Unit); now < g.Given {
			b.say(out, "grand total of unit %d fell from %d to %d", g.Unit, g.Given, now)
		}
	}
	return nil
}

func (b *Batch) say(out *check.List, format string, args ...any) {
	out.Add(check.Violation{What: fmt.Sprintf("terminal %d, Z %d: ", b.Terminal, b.Z) + fmt.Sprintf(format, args...)})
}

// given gives a grand total of what was sold, loaded or earned.
func (t *Totals) given(asset string, u ledger.Unit) int64 {
	for _, g := range t.Grand {
		if g.Asset == asset && g.Unit == u {
			return g.Given
		}
	}
	return 0
}

// checkUnchanged counts every closed batch again and finds where a Z is not what its entries say: a closed
// Z never changes (ZR-33), its grand totals and control equations follow from the Z before (ZR-20 to
// ZR-22), and its gaps and duplicates are the ones it lists (I51). Sections of other rooms are not compared:
// they may be worded anew by a later version.
func (r *Room) checkUnchanged(ctx context.Context, tx db.Tx, _ clock.Instant) ([]check.Violation, error) {
	all, err := many(ctx, tx, checkBatches)
	if err != nil {
		return nil, err
	}
	var out check.List
	for _, b := range all {
		if b.State == Carried {
			continue
		}
		stored, err := b.Totals()
		if err != nil {
			return nil, err
		}
		prev, err := handedOn(ctx, tx, b.Terminal, b.Z)
		if err != nil {
			return nil, err
		}
		fresh, err := r.scan(ctx, tx, b.span(), prev)
		if err != nil {
			return nil, err
		}
		if was, is := own(stored), own(fresh); was != is {
			b.say(&out, "counted %s, stored %s", is, was)
		}
	}
	return out, nil
}

// own gives the figures that depend on nothing but the entries.
func own(t Totals) string {
	t.Sections, t.Products = nil, nil
	b, err := json.Marshal(t)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
