package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// MaxPage is how many entries one read gives at most.
const MaxPage = 500

var readEntry = db.SQL("ledger.read_entry", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.seq = $2`)

var readEntries = db.SQL("ledger.read_entries", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.seq > $2
	 ORDER BY e.seq
	 LIMIT $3`)

var readByKey = db.SQL("ledger.read_by_key", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.client = $2 AND e.key = $3 AND e.key <> ''`)

var readDecline = db.SQL("ledger.read_decline", `
	SELECT code, params, seq, epoch, declined_at
	  FROM decline
	 WHERE tenant_id = $1 AND client = $2 AND key = $3`)

var readByReceipt = db.SQL("ledger.read_by_receipt", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.receipt BETWEEN $2 AND $2 AND e.receipt <> '' AND e.outlet = $3 AND e.business_date = $4
	 ORDER BY e.seq
	 LIMIT $5`)

var readByTerminal = db.SQL("ledger.read_by_terminal", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.terminal = $2 AND e.terminal_seq BETWEEN $3 AND $3 AND e.terminal_seq > 0 AND e.business_date = $4
	 ORDER BY e.seq
	 LIMIT $5`)

var readHolderSeq = db.SQL("ledger.read_holder_seq", `
	SELECT seq FROM holder WHERE tenant_id = $1 AND id = $2`)

// ReadEntry gives an entry; not_found when there is none.
func ReadEntry(ctx context.Context, tx db.Tx, seq int64) (*Entry, error) {
	list, err := readList(ctx, tx, readEntry, tx.Tenant(), seq)
	if err == nil && len(list) == 0 {
		return nil, fault.New(fault.ErrNotFound, "entry", seq)
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// ReadEntries gives the entries after a seq in their order: the gapless seq is the cursor of the outbox.
func ReadEntries(ctx context.Context, tx db.Tx, after int64, limit int) ([]*Entry, error) {
	return readList(ctx, tx, readEntries, tx.Tenant(), after, page(limit))
}

// FindByReceipt gives the entries of an outlet's receipt on a business day, oldest first.
func FindByReceipt(ctx context.Context, tx db.Tx, outlet int64, receipt string, day clock.Day) ([]*Entry, error) {
	return readList(ctx, tx, readByReceipt, tx.Tenant(), receipt, outlet, day.String(), MaxPage)
}

// FindByTerminal gives the entries under a terminal's sequence number on a business day, oldest first.
func FindByTerminal(ctx context.Context, tx db.Tx, terminal, terminalSeq int64, day clock.Day) ([]*Entry, error) {
	return readList(ctx, tx, readByTerminal, tx.Tenant(), terminal, terminalSeq, day.String(), MaxPage)
}

// Statement gives the entries that touched a holder, newest first, by the chain that each of them carries.
// It goes on below the entry beforeSeq, which is one of the holder's; 0 starts at the newest.
func Statement(ctx context.Context, tx db.Tx, holder, beforeSeq int64, limit int) ([]*Entry, error) {
	next, err := statementStart(ctx, tx, holder, beforeSeq)
	if err != nil {
		return nil, err
	}
	var out []*Entry
	for next != 0 && len(out) < page(limit) {
		e, err := ReadEntry(ctx, tx, next)
		if err != nil {
			return nil, fmt.Errorf("statement of holder %d: %w", holder, err)
		}
		prev, ok := e.before(holder)
		if !ok || prev >= next {
			return nil, fmt.Errorf("statement of holder %d: its chain breaks at entry %d", holder, next)
		}
		out, next = append(out, e), prev
	}
	return out, nil
}

func statementStart(ctx context.Context, tx db.Tx, holder, beforeSeq int64) (int64, error) {
	if beforeSeq > 0 {
		e, err := ReadEntry(ctx, tx, beforeSeq)
		if err != nil {
			return 0, err
		}
		prev, ok := e.before(holder)
		if !ok {
			return 0, fault.Invalid("before", "an entry of this statement")
		}
		return prev, nil
	}
	var seq int64
	found, err := tx.One(ctx, readHolderSeq, db.Args(tx.Tenant(), holder), &seq)
	if err == nil && !found {
		err = fault.New(fault.ErrNotFound, "holder", holder)
	}
	return seq, err
}

// before gives the entry that had touched a holder before this one, and whether this one touched it.
func (e *Entry) before(holder int64) (int64, bool) {
	for _, t := range e.Post.Touched {
		if t.Holder == holder {
			return t.Prev, true
		}
	}
	return 0, false
}

// Found says what an idempotency key stands for (A5).
type Found string

// What a key may stand for. Absent is not final while the operation may be in flight.
const (
	Applied    Found = "applied"
	Refused    Found = "declined"
	Tombstoned Found = "tombstone"
	Absent     Found = "absent"
)

// Outcome is what is known under an idempotency key.
type Outcome struct {
	Found Found
	Entry *Entry // of what was applied, or the tombstone
	Err   error  // the refusal, as it is told at every repetition
	Seq   int64  // the last entry that the decision saw, itself included
	Epoch int64
	At    clock.Instant
}

// ReadByKey tells what has become of the operation under a client's key.
func ReadByKey(ctx context.Context, tx db.Tx, client int64, key string) (Outcome, error) {
	list, err := readList(ctx, tx, readByKey, tx.Tenant(), client, key)
	if err != nil {
		return Outcome{}, err
	}
	if len(list) > 0 {
		e := list[0]
		out := Outcome{Found: Applied, Entry: e, Seq: e.Seq, Epoch: e.Epoch, At: e.BookedAt}
		if e.tombstone() {
			out.Found = Tombstoned
		}
		return out, nil
	}
	var code, params string
	out := Outcome{Found: Refused}
	found, err := tx.One(ctx, readDecline, db.Args(tx.Tenant(), client, key), &code, &params, &out.Seq, &out.Epoch, &out.At)
	if err != nil || !found {
		return Outcome{Found: Absent}, err
	}
	if !json.Valid([]byte(params)) {
		return Outcome{}, fmt.Errorf("refusal %d/%s: its parameters are damaged", client, key)
	}
	out.Err = Refusal(code, params)
	return out, nil
}

func page(limit int) int {
	if limit <= 0 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

func readList(ctx context.Context, tx db.Tx, s *db.Stmt, args ...any) ([]*Entry, error) {
	var out []*Entry
	err := tx.Each(ctx, s, args, func(scan func(...any) error) error {
		e, damage, err := scanStored(tx.Tenant(), scan)
		if err == nil && damage != nil {
			err = fmt.Errorf("entry %d: %w", e.Seq, damage)
		}
		out = append(out, e)
		return err
	})
	return out, err
}

// scanStored reads a row of entryColumns. What does not read as the lane writes it is told as damage, so
// that a check can name the entry; the columns that do read are there.
func scanStored(tenant int64, scan func(...any) error) (e *Entry, damage, err error) {
	e = &Entry{Tenant: tenant}
	var kind, valueDate, businessDate string
	err = scan(&e.Seq, &e.Epoch, &kind, &e.BookedAt, &e.TillAt, &e.EffectiveAt, &valueDate, &businessDate, &e.Outlet, &e.Terminal, &e.TerminalSeq,
		&e.Shift, &e.Batch, &e.Actor, &e.Receipt, &e.Client, &e.Key, &e.Fingerprint, &e.Reverses, &e.Flags, &e.Version, &e.post, &e.Doc, &e.Leaf)
	if err != nil {
		return e, nil, err
	}
	if e.Kind = ParseOp(kind); e.Kind == 0 {
		damage = fmt.Errorf("kind %q is none", kind)
	}
	if err := e.finish(valueDate, businessDate); err != nil {
		damage = err
	}
	return e, damage, nil
}

// HasFlag tells whether the entry carries a flag; flags are words between spaces.
func (e *Entry) HasFlag(word string) bool {
	return slices.Contains(strings.Fields(e.Flags), word)
}
