package ledger

import (
	"context"

	"lojal/internal/base/db"
)

// Stretch names the entries of one terminal in a range of seq: a batch or a shift.
type Stretch struct {
	Terminal int64
	Batch    int64 // 0 for any
	Shift    int64 // 0 for any
	From     int64 // first seq
	Through  int64 // last seq
}

const stretchWhere = `
	 WHERE e.tenant_id = $1 AND e.seq >= $2 AND e.seq <= $3 AND e.terminal = $4
	   AND (e.batch = $5 OR $5 = 0) AND (e.shift = $6 OR $6 = 0)`

var readStretch = db.SQL("ledger.read_stretch", `
	SELECT `+entryColumns+`
	  FROM entry e`+stretchWhere+`
	 ORDER BY e.seq`)

var readTakenBack = db.SQL("ledger.read_taken_back", `
	SELECT e.reverses, e.kind
	  FROM entry e`+stretchWhere+` AND e.reverses > 0
	 ORDER BY e.seq`)

func (s Stretch) args(tx db.Tx) []any {
	return db.Args(tx.Tenant(), s.From, s.Through, s.Terminal, s.Batch, s.Shift)
}

// Each gives every entry of the stretch in the order of seq, one at a time.
func (s Stretch) Each(ctx context.Context, tx db.Tx, do func(*Entry) error) error {
	return tx.Each(ctx, readStretch, s.args(tx), func(scan func(...any) error) error {
		e := &Entry{Tenant: tx.Tenant()}
		var kind, value, business string
		if err := scan(&e.Seq, &e.Epoch, &kind, &e.BookedAt, &e.TillAt, &e.EffectiveAt, &value, &business, &e.Outlet, &e.Terminal, &e.TerminalSeq,
			&e.Shift, &e.Batch, &e.Actor, &e.Receipt, &e.Client, &e.Key, &e.Fingerprint, &e.Reverses, &e.Flags, &e.Version, &e.post, &e.Doc, &e.Leaf); err != nil {
			return err
		}
		e.Kind = ParseOp(kind)
		if err := e.finish(value, business); err != nil {
			return err
		}
		return do(e)
	})
}

// TakenBack gives which entries the stretch takes back in full, each with the kind of the entry that does so.
func (s Stretch) TakenBack(ctx context.Context, tx db.Tx) (map[int64]Op, error) {
	out := map[int64]Op{}
	err := tx.Each(ctx, readTakenBack, s.args(tx), func(scan func(...any) error) error {
		var seq int64
		var kind string
		err := scan(&seq, &kind)
		out[seq] = ParseOp(kind)
		return err
	})
	return out, err
}
