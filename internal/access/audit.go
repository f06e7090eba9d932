package access

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// maxDetail bounds the detail of an audit row in bytes of JSON.
const maxDetail = 64 << 10

// Row is a row of the audit trail: who did what to what, when and why. Personal data is in it as digests
// alone.
type Row struct {
	Tenant    int64
	N         int64 // from 1, without a gap
	At        clock.Instant
	Actor     string // the identifier of a member of staff, a key or a terminal; "operator" for the server's own
	Act       string // entity.deed: outlet.create
	Entity    string // the identifier of what was changed
	Detail    string // JSON: fields before and after, reason, approval
	Request   string
	LedgerSeq int64 // the entry that the act booked; 0 for none
	Leaf      []byte
}

var (
	nextAudit = db.SQL("access.next_audit", `
		INSERT INTO audit_head (tenant_id, n)
		VALUES ($1, 1)
		ON CONFLICT (tenant_id) DO UPDATE SET n = audit_head.n + 1
		RETURNING n`)

	insertAudit = db.SQL("access.insert_audit", `
		INSERT INTO audit (tenant_id, n, at, actor, act, entity, detail, request, ledger_seq, leaf)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)

	listAudit = db.SQL("access.list_audit", `
		SELECT a.n, a.at, a.actor, a.act, a.entity, a.detail, a.request, a.ledger_seq, a.leaf
		  FROM audit a
		 WHERE a.tenant_id = $1 AND a.n > $2
		 ORDER BY a.n
		 LIMIT $3`)

	readAuditHead = db.SQL("access.read_audit_head", `
		SELECT h.n FROM audit_head h WHERE h.tenant_id = $1`)
)

// Audit writes a row of the trail inside the transaction of the change that it tells of. It is the last
// statement of the transaction: its head row is a lock, taken after the ledger's head as the lane does.
func Audit(ctx context.Context, tx db.Tx, at clock.Instant, actor, act, entity string, detail any, request string) error {
	r, err := newRow(tx.Tenant(), at, actor, act, entity, detail, request)
	if err != nil {
		return err
	}
	if _, err := tx.One(ctx, nextAudit, db.Args(r.Tenant), &r.N); err != nil {
		return err
	}
	r.Leaf = r.leaf()
	_, err = tx.Exec(ctx, insertAudit, r.Tenant, r.N, int64(r.At), r.Actor, r.Act, r.Entity, r.Detail, r.Request, r.LedgerSeq, r.Leaf)
	return err
}

func newRow(tenant int64, at clock.Instant, actor, act, entity string, detail any, request string) (Row, error) {
	r := Row{Tenant: tenant, At: at, Actor: actor, Act: act, Entity: entity, Detail: "{}", Request: request}
	if actor == "" || act == "" {
		return r, fmt.Errorf("audit of %q by %q: an act has a name and an actor", act, actor)
	}
	if detail == nil {
		return r, nil
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return r, fmt.Errorf("audit of %s: %w", act, err)
	}
	if len(b) > maxDetail {
		return r, fault.New(fault.ErrTooLarge, "max_bytes", maxDetail)
	}
	r.Detail = string(b)
	return r, nil
}

// leaf gives H(0x00 ‖ row), the leaf of RFC 6962: each number as eight bytes, each text behind its length
// in four, in the order of the table.
func (r Row) leaf() []byte {
	b := make([]byte, 1, 256)
	num := func(v int64) { b = binary.BigEndian.AppendUint64(b, uint64(v)) }
	text := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	num(r.Tenant)
	num(r.N)
	num(int64(r.At))
	text(r.Actor)
	text(r.Act)
	text(r.Entity)
	text(r.Detail)
	text(r.Request)
	num(r.LedgerSeq)
	sum := sha256.Sum256(b)
	return sum[:]
}

// Trail gives the rows after a number, the oldest first, at most limit of them.
func Trail(ctx context.Context, tx db.Tx, after int64, limit int) ([]Row, error) {
	var out []Row
	err := tx.Each(ctx, listAudit, db.Args(tx.Tenant(), after, limit), func(scan func(...any) error) error {
		r := Row{Tenant: tx.Tenant()}
		err := scan(&r.N, &r.At, &r.Actor, &r.Act, &r.Entity, &r.Detail, &r.Request, &r.LedgerSeq, &r.Leaf)
		out = append(out, r)
		return err
	})
	return out, err
}

// trailPage is how many rows CheckTrail reads at a time.
const trailPage = 1000

// CheckTrail reads the whole trail of the tenant and gives its length. It returns an error that names the
// first row which is missing or is not what its leaf says.
func CheckTrail(ctx context.Context, tx db.Tx) (int64, error) {
	var head, n int64
	if _, err := tx.One(ctx, readAuditHead, db.Args(tx.Tenant()), &head); err != nil {
		return 0, err
	}
	for {
		rows, err := Trail(ctx, tx, n, trailPage)
		if err != nil {
			return n, err
		}
		for _, r := range rows {
			if r.N != n+1 {
				return n, fmt.Errorf("audit trail: row %d is missing", n+1)
			}
			n = r.N
			if string(r.leaf()) != string(r.Leaf) {
				return n, fmt.Errorf("audit trail: row %d has been changed", n)
			}
		}
		if len(rows) < trailPage {
			break
		}
	}
	if n != head {
		return n, fmt.Errorf("audit trail: ends at row %d, its head says %d", n, head)
	}
	return n, nil
}
