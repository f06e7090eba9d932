package access

import (
	"slices"

	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Log is the audit trail inside the lane: commands write rows that are committed with their entries.
type Log struct {
	ref ledger.Ref[int64, logState]
}

// theLog is the one key of the slot: a tenant has one trail.
const theLog = int64(1)

// logState is where the trail stands, with the rows that this batch adds.
type logState struct {
	n    int64
	rows []Row
}

var (
	findAuditHead = db.Find("access.find_audit_head", "one int", `
		SELECT h.n
		  FROM audit_head h
		 WHERE h.tenant_id = $1 AND k.one = 1
		 LIMIT 1
		   FOR UPDATE`)

	putAuditHead = db.Insert("access.put_audit_head", "audit_head", "n int",
		"ON CONFLICT (tenant_id) DO UPDATE SET n = excluded.n")

	putAudit = db.Insert("access.put_audit", "audit",
		"n int, at int, actor text, act text, entity text, detail text, request text, ledger_seq int, leaf bytes", "")
)

// NewLog gives the lane its audit trail. It is done at wiring, before the lane starts.
func NewLog(l *ledger.Lane) Log {
	return Log{ledger.Register(l, "audit", ledger.Slot[int64, logState]{Load: loadLog, Save: saveLog})}
}

func loadLog(b db.Batch, tenant int64, _ []int64, got func(int64, logState)) {
	one := findAuditHead.Rows()
	one.Int(1)
	b.Find(findAuditHead, tenant, one, func(_ int, r db.Row) { got(theLog, logState{n: r.Int(0)}) })
}

func saveLog(b db.Batch, tenant int64, changes []ledger.Change[int64, logState]) {
	head, rows := putAuditHead.Rows(), putAudit.Rows()
	for _, c := range changes {
		head.Int(c.Row.n)
		for _, r := range c.Row.rows {
			rows.Int(r.N).Int(int64(r.At)).Text(r.Actor).Text(r.Act).Text(r.Entity).Text(r.Detail).Text(r.Request).Int(r.LedgerSeq).Bytes(r.Leaf)
		}
	}
	b.Put(putAuditHead, tenant, head)
	b.Put(putAudit, tenant, rows)
}

// Need says that a command will write into the trail.
func (l Log) Need(n *ledger.Needs) { l.ref.Need(n, theLog) }

// Act is what a command writes into the trail.
type Act struct {
	Tenant    int64
	Actor     string
	Name      string // entity.deed: card.block
	Entity    string
	Detail    any
	Request   string
	LedgerSeq int64 // the entry that the act booked; 0 for none
}

// Write adds a row. It is kept only if the command is not declined.
func (l Log) Write(v *ledger.View, a Act) error {
	r, err := newRow(a.Tenant, v.Now(), a.Actor, a.Name, a.Entity, a.Detail, a.Request)
	if err != nil {
		return err
	}
	state, _ := l.ref.Get(v, theLog)
	r.N, r.LedgerSeq = state.n+1, a.LedgerSeq
	r.Leaf = r.leaf()
	// A copy: the command may yet be declined, and the rows before belong to others.
	l.ref.Set(v, theLog, logState{r.N, append(slices.Clip(state.rows), r)})
	return nil
}
