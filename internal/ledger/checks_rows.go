package ledger

import (
	"context"
	"fmt"
	"regexp"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// The invariants that one statement can prove. What is effective is neither reversed nor a tombstone.

const effective = `e.kind <> 'TMB'
	   AND NOT EXISTS (SELECT 1 FROM amend a WHERE a.tenant_id = e.tenant_id AND a.seq = e.seq AND a.reversed_by <> 0)`

var checkKeys = db.SQL("ledger.check_keys", `
	SELECT e.client, e.key, MAX(e.seq)
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.key <> ''
	 GROUP BY e.client, e.key
	HAVING COUNT(*) > 1`)

var checkPrints = db.SQL("ledger.check_prints", `
	SELECT e.client, e.key, e.seq
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.key <> '' AND e.kind <> 'TMB' AND length(e.fingerprint) <> 16`)

var checkDeclines = db.SQL("ledger.check_declines", `
	SELECT e.client, e.key, e.seq
	  FROM decline d
	  JOIN entry e ON e.tenant_id = d.tenant_id AND e.client = d.client AND e.key = d.key AND e.key <> ''
	 WHERE d.tenant_id = $1`)

// FlagDuplicate marks an advice that had to be booked though its sequence or receipt was taken.
const FlagDuplicate = "duplicate"

var checkSequences = db.SQL("ledger.check_sequences", `
	SELECT e.terminal, e.business_date, e.batch, e.terminal_seq, MAX(e.seq)
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.key <> '' AND e.terminal > 0 AND e.terminal_seq > 0 AND `+effective+`
	   AND ' ' || e.flags || ' ' NOT LIKE '% duplicate %'
	 GROUP BY e.terminal, e.business_date, e.batch, e.terminal_seq
	HAVING COUNT(*) > 1`)

var checkReceipts = db.SQL("ledger.check_receipts", `
	SELECT e.terminal, e.business_date, e.batch, e.receipt, e.kind, MAX(e.seq)
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.key <> '' AND e.terminal > 0 AND e.receipt <> '' AND `+effective+`
	   AND ' ' || e.flags || ' ' NOT LIKE '% duplicate %'
	 GROUP BY e.terminal, e.business_date, e.batch, e.receipt, e.kind
	HAVING COUNT(*) > 1`)

var checkTombs = db.SQL("ledger.check_tombs", `
	SELECT t.seq, e.seq
	  FROM entry t
	  JOIN entry e ON e.tenant_id = t.tenant_id AND e.terminal = t.terminal AND e.terminal_seq = t.terminal_seq AND e.business_date = t.business_date
	 WHERE t.tenant_id = $1 AND t.kind = 'TMB' AND t.terminal > 0 AND t.terminal_seq > 0 AND e.seq > t.seq AND e.key <> '' AND e.reverses = 0 AND `+effective)

// rowChecks are I10 to I12, I15 and I29.
func rowChecks(o Options) []check.Check {
	key := func(what string) func(scan func(...any) error) (check.Violation, error) {
		return func(scan func(...any) error) (check.Violation, error) {
			var client int64
			var name string
			var v check.Violation
			err := scan(&client, &name, &v.Entry)
			v.What = fmt.Sprintf("key %s of client %d %s", name, client, what)
			return v, err
		}
	}
	return []check.Check{
		check.Join("I10", "a key stands for one operation and keeps its fingerprint",
			check.Query("I10", "", checkKeys, key("stands for several entries")), check.Query("I10", "", checkPrints, key("has no fingerprint"))),
		check.Query("I11", "what was declined was not booked", checkDeclines, key("was declined and booked")),
		check.Join("I12", "a terminal's sequence and receipt stand for one operation",
			check.Query("I12", "", checkSequences, func(scan func(...any) error) (check.Violation, error) {
				var terminal, batch, seq int64
				var day string
				var v check.Violation
				err := scan(&terminal, &day, &batch, &seq, &v.Entry)
				v.What = fmt.Sprintf("is not the only one with sequence %d of terminal %d, batch %d, on %s", seq, terminal, batch, day)
				return v, err
			}),
			check.Query("I12", "", checkReceipts, func(scan func(...any) error) (check.Violation, error) {
				var terminal, batch int64
				var day, receipt, kind string
				var v check.Violation
				err := scan(&terminal, &day, &batch, &receipt, &kind, &v.Entry)
				v.What = fmt.Sprintf("is not the only %s with receipt %s of terminal %d, batch %d, on %s", kind, receipt, terminal, batch, day)
				return v, err
			})),
		check.Query("I15", "what a tombstone closed stays closed", checkTombs, func(scan func(...any) error) (check.Violation, error) {
			var tomb int64
			var v check.Violation
			err := scan(&tomb, &v.Entry)
			v.What = fmt.Sprintf("has effect though tombstone %d had closed it", tomb)
			return v, err
		}),
		{ID: "I29", Title: "no consumer is ahead of the books", Run: func(ctx context.Context, tx db.Tx, _ clock.Instant) ([]check.Violation, error) {
			return aheads(ctx, tx, o.Cursors)
		}},
	}
}

func aheads(ctx context.Context, tx db.Tx, cursors func(context.Context, db.Tx) ([]Cursor, error)) ([]check.Violation, error) {
	if cursors == nil {
		return nil, nil
	}
	head, err := ReadHead(ctx, tx)
	if err != nil {
		return nil, err
	}
	list, err := cursors(ctx, tx)
	var out check.List
	for _, c := range list {
		if c.Seq < 0 || c.Seq > head.Seq {
			out.Add(check.Violation{What: fmt.Sprintf("consumer %s stands at %d of %d entries", c.Consumer, c.Seq, head.Seq)})
		}
	}
	return out, err
}

var checkAmends = db.SQL("ledger.check_amends", `
	SELECT a.seq, a.reversed_by
	  FROM amend a
	 WHERE a.tenant_id = $1
	   AND (NOT EXISTS (SELECT 1 FROM entry e WHERE e.tenant_id = a.tenant_id AND e.seq = a.seq)
	        OR a.reversed_by <> 0 AND NOT EXISTS (SELECT 1 FROM entry b WHERE b.tenant_id = a.tenant_id AND b.seq = a.reversed_by AND b.reverses = a.seq))`)

var checkDeclineSeqs = db.SQL("ledger.check_decline_seqs", `
	SELECT d.client, d.key, d.seq
	  FROM decline d
	  JOIN head h ON h.tenant_id = d.tenant_id
	 WHERE d.tenant_id = $1 AND (d.seq > h.seq OR d.epoch > h.epoch)`)

// referenceChecks are I24 for the tables that stand beside entries and holders.
func referenceChecks() []check.Check {
	return []check.Check{
		check.Query("I24", "", checkAmends, func(scan func(...any) error) (check.Violation, error) {
			var by int64
			var v check.Violation
			err := scan(&v.Entry, &by)
			v.What = fmt.Sprintf("is amended as reversed by entry %d, which did not do so", by)
			return v, err
		}),
		check.Query("I24", "", checkDeclineSeqs, func(scan func(...any) error) (check.Violation, error) {
			var client, seq int64
			var key string
			err := scan(&client, &key, &seq)
			return check.Violation{What: fmt.Sprintf("key %s of client %d was declined after entry %d, which is to come", key, client, seq)}, err
		}),
	}
}

var checkUnaudited = db.SQL("ledger.check_unaudited", `
	SELECT e.seq
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.kind = 'ADJ'
	   AND e.seq NOT IN (SELECT a.ledger_seq FROM audit a WHERE a.tenant_id = $1)`)

// unaudited is I35 for the one kind of entry that staff alone can make.
var unaudited = check.Query("I35", "", checkUnaudited, func(scan func(...any) error) (check.Violation, error) {
	v := check.Violation{What: "is an adjustment of which the audit trail does not know"}
	return v, scan(&v.Entry)
})

var edits = regexp.MustCompile(`(?is)\b(UPDATE|DELETE\s+FROM)\s+(entry|decline|log_node|audit|audit_node|checkpoint)\b`)

// appendOnly is I27 over every statement that the program knows; on PostgreSQL the role forbids the rest.
var appendOnly = check.Check{ID: "I27", Title: "no statement edits what is only ever added", Run: func(context.Context, db.Tx, clock.Instant) ([]check.Violation, error) {
	var out check.List
	for _, s := range db.Statements() {
		if edits.MatchString(s.Postgres) || edits.MatchString(s.SQLite) {
			out.Add(check.Violation{What: "statement " + s.Name + " edits a table that is only ever added to"})
		}
	}
	return out, nil
}}
