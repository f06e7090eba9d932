package ledger

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// The statements of the lane. The tenant is $1 in each of them.

var findHead = db.Find("ledger.find_head", "one int", `
	SELECT h.seq, h.booked_at, h.epoch, h.config, h.frozen
	  FROM head h
	 WHERE h.tenant_id = $1 AND k.one = 1
	 LIMIT 1
	   FOR UPDATE`)

var updateHead = db.Update("ledger.update_head", "head", "epoch int", "seq int, booked_at int")

const entryColumns = `e.seq, e.epoch, e.kind, e.booked_at, e.till_at, e.effective_at, e.value_date, e.business_date, e.outlet, e.terminal, e.terminal_seq,
	       e.shift, e.batch, e.actor, e.receipt, e.client, e.key, e.fingerprint, e.reverses, e.flags, e.version, e.post, e.doc, e.leaf`

var findKey = db.Find("ledger.find_key", "client int, key text", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.client = k.client AND e.key = k.key AND e.key <> ''
	 LIMIT 1`)

var findDecline = db.Find("ledger.find_decline", "client int, key text", `
	SELECT d.fingerprint, d.code, d.params, d.seq, d.epoch, d.declined_at
	  FROM decline d
	 WHERE d.tenant_id = $1 AND d.client = k.client AND d.key = k.key
	 LIMIT 1`)

// A look-up in a partial index is written as a range of one value. SQLite, which keeps no statistics here,
// takes an equality in such an index for no better than the primary key, and would read the whole tenant.
var findSameSeq = db.Find("ledger.find_same_seq", "terminal int, terminal_seq int", `
	SELECT e.seq, e.kind, e.business_date, e.batch, e.terminal, COALESCE(a.reversed_by, 0)
	  FROM entry e LEFT JOIN amend a ON a.tenant_id = e.tenant_id AND a.seq = e.seq
	 WHERE e.tenant_id = $1 AND e.terminal = k.terminal AND e.terminal_seq BETWEEN k.terminal_seq AND k.terminal_seq AND e.terminal_seq > 0
	 LIMIT 100`)

var findSameReceipt = db.Find("ledger.find_same_receipt", "terminal int, receipt text", `
	SELECT e.seq, e.kind, e.business_date, e.batch, e.terminal, COALESCE(a.reversed_by, 0)
	  FROM entry e LEFT JOIN amend a ON a.tenant_id = e.tenant_id AND a.seq = e.seq
	 WHERE e.tenant_id = $1 AND e.receipt BETWEEN k.receipt AND k.receipt AND e.receipt <> '' AND e.terminal = k.terminal
	 LIMIT 100`)

var findHolder = db.Find("ledger.find_holder", "id int", `
	SELECT h.owner, h.status, h.links, h.seq, h.state
	  FROM holder h
	 WHERE h.tenant_id = $1 AND h.id = k.id
	 LIMIT 1`)

var findAmend = db.Find("ledger.find_amend", "seq int", `
	SELECT a.reversed_by, a.state
	  FROM amend a
	 WHERE a.tenant_id = $1 AND a.seq = k.seq
	 LIMIT 1`)

var insertEntry = db.Insert("ledger.insert_entry", "entry",
	`seq int, epoch int, kind text, booked_at int, till_at int, effective_at int, value_date text, business_date text, outlet int, terminal int, terminal_seq int,
	 shift int, batch int, actor text, receipt text, client int, key text, fingerprint bytes, reverses int, flags text, version text, post text, doc text, leaf bytes`, "")

var insertDecline = db.Insert("ledger.insert_decline", "decline",
	"client int, key text, fingerprint bytes, code text, params text, seq int, epoch int, terminal int, batch int, declined_at int", "")

var upsertHolder = db.Insert("ledger.upsert_holder", "holder", "id int, owner int, status int, links int, seq int, least int, state text",
	`ON CONFLICT (tenant_id, id) DO UPDATE SET status = excluded.status, links = excluded.links, seq = excluded.seq, least = excluded.least, state = excluded.state`)

var upsertAmend = db.Insert("ledger.upsert_amend", "amend", "seq int, reversed_by int, state text",
	"ON CONFLICT (tenant_id, seq) DO UPDATE SET reversed_by = excluded.reversed_by, state = excluded.state")

var insertDue = db.Insert("ledger.insert_due", "due", "due_at int, holder int", "ON CONFLICT (tenant_id, due_at, holder) DO NOTHING")

var deleteDue = db.Delete("ledger.delete_due", "due", "due_at int, holder int")

// scanEntry reads the columns of entryColumns from the row, starting at its first.
func scanEntry(tenant int64, r db.Row) (*Entry, error) {
	e := &Entry{
		Tenant: tenant, Seq: r.Int(0), Epoch: r.Int(1), Kind: ParseOp(r.Text(2)), BookedAt: clock.Instant(r.Int(3)),
		EffectiveAt: clock.Instant(r.Int(5)),
		Origin: Origin{
			TillAt: clock.Instant(r.Int(4)), Outlet: r.Int(8), Terminal: r.Int(9), TerminalSeq: r.Int(10),
			Shift: r.Int(11), Batch: r.Int(12), Actor: r.Text(13), Receipt: r.Text(14),
		},
		Client: r.Int(15), Key: r.Text(16), Fingerprint: r.Bytes(17), Reverses: r.Int(18), Flags: r.Text(19), Version: r.Text(20),
		post: r.Text(21), Doc: r.Text(22), Leaf: r.Bytes(23),
	}
	return e, e.finish(r.Text(6), r.Text(7))
}

// finish reads what is stored as text into the entry.
func (e *Entry) finish(valueDate, businessDate string) error {
	if err := e.ValueDate.UnmarshalText([]byte(valueDate)); err != nil {
		return err
	}
	if err := e.BusinessDate.UnmarshalText([]byte(businessDate)); err != nil {
		return err
	}
	return e.Post.decode(e.post)
}

func (e *Entry) row(r *db.Rows) {
	r.Int(e.Seq).Int(e.Epoch).Text(e.Kind.String()).Int(int64(e.BookedAt)).Int(int64(e.TillAt)).Int(int64(e.EffectiveAt))
	r.Text(e.ValueDate.String()).Text(e.BusinessDate.String()).Int(e.Outlet).Int(e.Terminal).Int(e.TerminalSeq)
	r.Int(e.Shift).Int(e.Batch).Text(e.Actor).Text(e.Receipt).Int(e.Client).Text(e.Key).Bytes(e.Fingerprint).Int(e.Reverses)
	r.Text(e.Flags).Text(e.Version).Text(e.post).Text(e.Doc).Bytes(e.Leaf)
}
