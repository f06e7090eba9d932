package ledger

import (
	"context"
	"encoding/json"
	"io"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// The lines of an export, one JSON object each, told apart by type. Bytes are base64; names are those of the
// columns. An independent verifier needs nothing else (docs/reference/canonical-entry.md).

type entryLine struct {
	Type         string        `json:"type"` // entry
	Tenant       int64         `json:"tenant_id"`
	Seq          int64         `json:"seq"`
	Epoch        int64         `json:"epoch"`
	Kind         string        `json:"kind"`
	BookedAt     clock.Instant `json:"booked_at"`
	TillAt       clock.Instant `json:"till_at"`
	EffectiveAt  clock.Instant `json:"effective_at"`
	ValueDate    string        `json:"value_date"`
	BusinessDate string        `json:"business_date"`
	Outlet       int64         `json:"outlet"`
	Terminal     int64         `json:"terminal"`
	TerminalSeq  int64         `json:"terminal_seq"`
	Shift        int64         `json:"shift"`
	Batch        int64         `json:"batch"`
	Actor        string        `json:"actor"`
	Receipt      string        `json:"receipt"`
	Client       int64         `json:"client"`
	Key          string        `json:"key"`
	Fingerprint  []byte        `json:"fingerprint"`
	Reverses     int64         `json:"reverses"`
	Flags        string        `json:"flags"`
	Version      string        `json:"version"`
	Post         string        `json:"post"`
	Doc          string        `json:"doc"`
	Leaf         []byte        `json:"leaf"`
}

type actLine struct {
	Type      string        `json:"type"` // audit
	Tenant    int64         `json:"tenant_id"`
	N         int64         `json:"n"`
	At        clock.Instant `json:"at"`
	Actor     string        `json:"actor"`
	Act       string        `json:"act"`
	Entity    string        `json:"entity"`
	Detail    string        `json:"detail"`
	Request   string        `json:"request"`
	LedgerSeq int64         `json:"ledger_seq"`
	Leaf      []byte        `json:"leaf"`
}

type noteLine struct {
	Type   string `json:"type"` // checkpoint
	Tenant int64  `json:"tenant_id"`
	Note   string `json:"note"`
}

// Export writes the books of the transaction's tenant as JSON lines: its entries, its audit trail and its
// checkpoints, each in their order.
func Export(ctx context.Context, tx db.Tx, w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	err := tx.Each(ctx, walkEntries, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		e := entryLine{Type: "entry", Tenant: tx.Tenant()}
		if err := scan(&e.Seq, &e.Epoch, &e.Kind, &e.BookedAt, &e.TillAt, &e.EffectiveAt, &e.ValueDate, &e.BusinessDate, &e.Outlet, &e.Terminal,
			&e.TerminalSeq, &e.Shift, &e.Batch, &e.Actor, &e.Receipt, &e.Client, &e.Key, &e.Fingerprint, &e.Reverses, &e.Flags, &e.Version, &e.Post, &e.Doc, &e.Leaf); err != nil {
			return err
		}
		return out.Encode(e)
	})
	if err != nil {
		return err
	}
	err = tx.Each(ctx, walkActs, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		a := actLine{Type: "audit", Tenant: tx.Tenant()}
		if err := scan(&a.N, &a.At, &a.Actor, &a.Act, &a.Entity, &a.Detail, &a.Request, &a.LedgerSeq, &a.Leaf); err != nil {
			return err
		}
		return out.Encode(a)
	})
	if err != nil {
		return err
	}
	return tx.Each(ctx, readCheckpoints, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		n := noteLine{Type: "checkpoint", Tenant: tx.Tenant()}
		var size, acts, at int64
		if err := scan(&size, &acts, &at, &n.Note); err != nil {
			return err
		}
		return out.Encode(n)
	})
}
