package api

import (
	"encoding/hex"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/once"
	"lojal/internal/base/seal"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/sale"
)

// Entry is a journal entry.
type Entry struct {
	ID           string              `json:"id"`
	Seq          int64               `json:"seq"`
	Epoch        int64               `json:"epoch"`
	Kind         string              `json:"kind"`
	At           time.Time           `json:"at"`
	EffectiveAt  time.Time           `json:"effective_at" doc:"The instant by which the rules were judged."`
	TillAt       time.Time           `json:"till_at,omitzero" doc:"The till's own claim, unchanged."`
	BusinessDate clock.Day           `json:"business_date"`
	ValueDate    clock.Day           `json:"value_date" doc:"The local day of accounting."`
	Outlet       merchant.OutletID   `json:"outlet,omitempty"`
	Terminal     merchant.TerminalID `json:"terminal,omitempty"`
	Key          string              `json:"key,omitempty"`
	RRN          string              `json:"rrn"`
	Receipt      string              `json:"receipt,omitempty"`
	Flags        string              `json:"flags,omitempty"`
	Postings     []Posting           `json:"postings"`
	Canonical    *ledger.Line        `json:"canonical,omitempty" doc:"Every field that the leaf covers, of a proof (docs/reference/canonical-entry.md)."`
}

// Posting is a signed amount on one account.
type Posting struct {
	Operation string `json:"operation"`
	Account   string `json:"account" doc:"The public id of a customer's account, the name of a system account."`
	Holder    string `json:"holder,omitempty"`
	Kind      string `json:"kind"`
	Unit      string `json:"unit"`
	Amount    int64  `json:"amount"`
}

// Head is where the books of a tenant stand.
type Head struct {
	Seen
	Size int64  `json:"size"`
	Root string `json:"root,omitempty" doc:"Of the last checkpoint, hexadecimal."`
}

// Checkpoint is a signed note over both trees.
type Checkpoint struct {
	Seen
	Note      string            `json:"note" doc:"C2SP tlog-checkpoint."`
	Tenant    merchant.TenantID `json:"tenant"`
	Size      int64             `json:"size"`
	Root      string            `json:"root"`
	AuditSize int64             `json:"audit_size"`
	AuditRoot string            `json:"audit_root"`
	At        time.Time         `json:"at"`
}

// Proof proves that an entry is in the log (RFC 9162, 2.1.3).
type Proof struct {
	Seen
	Entry      Entry    `json:"entry"`
	Index      int64    `json:"index"`
	Size       int64    `json:"size"`
	Hashes     []string `json:"hashes"`
	Checkpoint string   `json:"checkpoint,omitempty" doc:"The signed note at this size, where there is one."`
}

// Consistency proves that the log at one size is a prefix of that at another (RFC 9162, 2.1.4).
type Consistency struct {
	Seen
	From   int64    `json:"from"`
	To     int64    `json:"to"`
	Hashes []string `json:"hashes"`
}

// Operation says what became of an operation.
type Operation struct {
	sale.OperationAnswer
}

func (a *API) ledgerRoutes() {
	const tag = "ledger"
	one := func(path, id, summary string, query ...param) op {
		return op{path: path, id: id, tag: tag, summary: summary, scope: "ledger:read", who: ofTills, query: query}
	}
	entries := op{path: "/v1/entries", id: "list-entries", tag: tag, summary: "List the entries of the ledger, the oldest first", scope: "ledger:read", query: []param{paramAfter, paramLimit}}
	read(a, entries, a.entries)
	operation := one("/v1/operations/{key}", "read-operation", "Ask what became of an operation", param{"fence", "true closes a key that stands for nothing yet.", false})
	operation.scope = ""
	operation.about = "Answers applied, declined or absent. With fence=true an absent key is closed for ever: what comes under it later is refused."
	read(a, operation, a.operation)
	read(a, one("/v1/ledger/head", "read-head", "Read where the ledger ends"), a.ledgerHead)
	read(a, one("/v1/ledger/checkpoint", "read-checkpoint", "Sign and read the present checkpoint"), a.checkpoint)
	read(a, one("/v1/ledger/proof/{entry}", "prove-entry", "Prove that an entry is in the ledger", param{"size", "Of the log; its present size when absent.", true}), a.proof)
	read(a, one("/v1/ledger/consistency", "prove-consistency", "Prove that an older ledger is the beginning of a newer one", param{"from", "The older size.", true}, param{"to", "The newer size.", true}), a.consistency)
}

func (c *call) entry(e *ledger.Entry, key ledger.NumberKey) Entry {
	out := Entry{
		ID: ledger.FormatEntryID(e.Seq, key), Seq: e.Seq, Epoch: e.Epoch, Kind: e.Kind.String(), At: c.at(e.BookedAt), BusinessDate: e.BusinessDate,
		EffectiveAt: c.at(e.EffectiveAt), TillAt: c.at(e.TillAt), ValueDate: e.ValueDate, Outlet: merchant.OutletID(e.Outlet), Terminal: merchant.TerminalID(e.Terminal), Key: e.Key, RRN: ledger.FormatRRN(e, key), Receipt: e.Receipt, Flags: e.Flags,
		Postings: []Posting{},
	}
	units := unitNames(e.Post.Lines)
	for _, l := range e.Post.Lines {
		p := Posting{Operation: l.Op.String(), Account: l.Kind.String(), Kind: l.Kind.String(), Unit: units[l.Unit], Amount: l.Amount}
		if !l.Kind.System() {
			p.Account = sale.FormatAccount(l.Account)
		}
		if l.Holder != 0 {
			p.Holder = id.Format("hld", l.Holder)
		}
		out.Postings = append(out.Postings, p)
	}
	return out
}

// unitNames names the units of an entry's postings. A system account counts anything: its unit is called what
// the customer's account across from it calls it.
func unitNames(lines []ledger.Posting) map[ledger.Unit]string {
	out := map[ledger.Unit]string{}
	for _, l := range lines {
		if _, named := out[l.Unit]; !named || !l.Kind.System() {
			out[l.Unit] = sale.UnitName(l.Account)
		}
	}
	return out
}

func (a *API) entries(c *call) (*List[Entry], error) {
	after, limit, err := a.paged(c, "entries")
	if err != nil {
		return nil, err
	}
	out := &List[Entry]{Items: []Entry{}}
	var last int64
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		key, err := ledger.ReadNumberKey(c.r.Context(), tx)
		if err != nil {
			return err
		}
		list, err := ledger.ReadEntries(c.r.Context(), tx, after, limit)
		out.Items, last = out.Items[:0], 0
		for _, e := range list {
			if e.Outlet == 0 || c.caller.At(e.Outlet) {
				out.Items = append(out.Items, c.entry(e, key))
			}
		}
		if len(list) == limit {
			last = list[limit-1].Seq
		}
		return err
	})
	if err == nil && last != 0 {
		out.Next, err = a.cursor(c, "entries", last)
	}
	return out, err
}

// operation tells what a key stands for, in the ledger or among ordinary writes.
func (a *API) operation(c *call) (*Operation, error) {
	key := c.r.PathValue("key")
	if !web.ValidKey(key) {
		return nil, fault.Invalid("key", "1 to 255 visible ASCII characters")
	}
	fence, err := c.flag("fence")
	if err != nil {
		return nil, err
	}
	if c.tenant == 0 {
		return nil, fault.Invalid(headerTenant, "the tenant in which the operator acts, ten_…")
	}
	out := &Operation{}
	done, err := a.ordinary(c, key, false, out)
	if err != nil || done {
		return out, err
	}
	p := sale.Place{Tenant: c.tenant, Client: c.caller.Client, Zone: c.snap.Tenant.Zone}
	if out.OperationAnswer, err = a.Sales.Operation(c.r.Context(), p, key, fence); err != nil || !fence || out.Status != "absent" {
		return out, err
	}
	_, err = a.ordinary(c, key, true, out)
	return out, err
}

// ordinary tells what a key stands for among ordinary writes, and closes it when it stands for nothing. An
// answer is not told again here: it may hold a secret, and the same request gives it.
func (a *API) ordinary(c *call, key string, fence bool, out *Operation) (bool, error) {
	var status int
	var fenced bool
	run := a.DB.Read
	if fence {
		run = a.DB.Write
	}
	err := run(c.r.Context(), c.tenant, func(tx db.Tx) error {
		if fence {
			if _, err := once.Fence(c.r.Context(), tx, c.caller.Client, key, a.Clock.Now()); err != nil {
				return err
			}
		}
		var err error
		status, fenced, err = once.Stands(c.r.Context(), tx, c.caller.Client, key)
		return err
	})
	if err != nil || status == 0 || fenced {
		return false, err
	}
	m := a.head(c)
	out.ID, out.Status, out.Seq, out.Epoch = key, "applied", m.LedgerSeq, m.Epoch
	if status == 422 {
		out.Status = "declined"
	}
	return true, nil
}

func (a *API) ledgerHead(c *call) (*Head, error) {
	out := &Head{}
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		h, err := ledger.ReadHead(c.r.Context(), tx)
		if err != nil {
			return err
		}
		out.Size = h.Seq
		note, err := ledger.LastCheckpoint(c.r.Context(), tx)
		if err != nil || note == "" {
			return err
		}
		cp, err := a.Signer.Verify(note)
		out.Root = hex.EncodeToString(cp.Root[:])
		return err
	})
	return out, err
}

func (a *API) checkpoint(c *call) (*Checkpoint, error) {
	note, err := ledger.Checkpoint(c.r.Context(), a.DB, c.tenant, a.Signer, a.Clock.Now())
	if err != nil {
		return nil, err
	}
	cp, err := a.Signer.Verify(note)
	return &Checkpoint{
		Note: note, Tenant: merchant.TenantID(cp.Tenant), Size: cp.Size, Root: hex.EncodeToString(cp.Root[:]), AuditSize: cp.AuditSize,
		AuditRoot: hex.EncodeToString(cp.AuditRoot[:]), At: c.at(cp.At),
	}, err
}

func hashes[H ~[32]byte](list []H) []string {
	out := []string{}
	for _, h := range list {
		b := [32]byte(h)
		out = append(out, hex.EncodeToString(b[:]))
	}
	return out
}

func (a *API) proof(c *call) (*Proof, error) {
	e, key, err := a.entryAt(c, c.r.PathValue("entry"))
	if err != nil {
		return nil, err
	}
	out := &Proof{Entry: c.entry(e, key), Index: e.Seq - 1}
	line := e.Line()
	out.Entry.Canonical = &line
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		note, err := ledger.LastCheckpoint(c.r.Context(), tx)
		if err != nil {
			return err
		}
		h, err := ledger.ReadHead(c.r.Context(), tx)
		if err != nil {
			return err
		}
		size := h.Seq
		cp := seal.Checkpoint{}
		if note != "" {
			if cp, err = a.Signer.Verify(note); err != nil {
				return err
			}
			if cp.Size >= e.Seq {
				size = cp.Size // a size that somebody has signed
			}
		}
		if out.Size, err = c.number("size", size); err != nil {
			return err
		}
		if cp.Size == out.Size {
			out.Checkpoint = note
		}
		list, err := ledger.InclusionProof(c.r.Context(), tx, e.Seq, out.Size)
		out.Hashes = hashes(list)
		return err
	})
	return out, err
}

func (a *API) consistency(c *call) (*Consistency, error) {
	out := &Consistency{}
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		h, err := ledger.ReadHead(c.r.Context(), tx)
		if err != nil {
			return err
		}
		if out.From, err = c.number("from", 1); err != nil {
			return err
		}
		if out.To, err = c.number("to", h.Seq); err != nil {
			return err
		}
		list, err := ledger.ConsistencyProof(c.r.Context(), tx, out.From, out.To)
		out.Hashes = hashes(list)
		return err
	})
	return out, err
}
