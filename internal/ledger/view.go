package ledger

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// View is the prepared state in which one command decides. It shows what earlier commands of the batch
// wrote, and takes what this one writes; a decline throws that away.
type View struct {
	work   *work
	op     Operation
	head   *head
	holder map[int64]*Holder // written by this command
	amend  map[int64]*Amendment
	drafts []*Draft
	dirty  []int
	due    []dueRow
	undue  []dueRow
	ask    bool // Decide needs more than was loaded
}

// Now gives the instant at which the batch is booked. It never goes back within a tenant.
func (v *View) Now() clock.Instant { return v.head.now }

// Seq gives the last entry that this command sees.
func (v *View) Seq() int64 { return v.head.seq }

// Op gives the operation that is decided.
func (v *View) Op() Operation { return v.op }

// Place says in which shift and batch the operation falls. Entries begun afterwards carry them, and so
// does a refusal, which is how a report counts it.
func (v *View) Place(shift, batch int64) { v.op.Shift, v.op.Batch = shift, batch }

// Config gives the number of the tenant's configuration: it grows whenever something that pricing or
// identification depends on has changed.
func (v *View) Config() int64 { return v.head.config }

// Zones gives the tenant's zones.
func (v *View) Zones() Zones { return v.head.zones }

func (v *View) slot(at int) slotState { return v.work.slots[at] }

// ByKey gives the entry that stands under another operation's key; nil when there is none.
func (v *View) ByKey(client int64, key string) *Entry {
	if k := v.work.keys[keyRef{v.op.Tenant, client, key}]; k != nil {
		return k.entry
	}
	return nil
}

// Refused tells whether another operation's key stands for a refusal: it is closed as it is.
func (v *View) Refused(client int64, key string) bool {
	k := v.work.keys[keyRef{v.op.Tenant, client, key}]
	return k != nil && k.declined != nil
}

// BySequence gives the seqs of the entries that a terminal made under a sequence number on a business
// date, tombstones included.
func (v *View) BySequence(terminal, seq int64, date clock.Day) []int64 {
	var out []int64
	for _, o := range v.work.same[sameRef{v.op.Tenant, terminal, seq, ""}] {
		if o.date == date.String() {
			out = append(out, o.entry)
		}
	}
	return out
}

// Holder gives a holder to read. It is nil when there is none.
func (v *View) Holder(id int64) *Holder {
	if h, ok := v.holder[id]; ok {
		return h
	}
	return v.work.holder(v.op.Tenant, id)
}

// change gives a holder to write.
func (v *View) change(id int64) *Holder {
	if h, ok := v.holder[id]; ok {
		return h
	}
	h := v.work.holder(v.op.Tenant, id)
	if h == nil {
		panic("ledger: change of a holder that is not there or was not asked for")
	}
	h = h.clone()
	v.holder[id] = h
	return h
}

// Create adds a holder. It panics when there is one already.
func (v *View) Create(id int64, owner Owner, status Status) *Holder {
	if v.Holder(id) != nil {
		panic("ledger: a holder is created twice")
	}
	h := &Holder{ID: id, Owner: owner, Status: status}
	v.holder[id] = h
	return h
}

// Amendment gives what later operations have done to an entry; the zero value when nothing has.
func (v *View) Amendment(seq int64) Amendment {
	if a, ok := v.amend[seq]; ok {
		return *a
	}
	return v.work.amendment(v.op.Tenant, seq)
}

// SetAmendment records what this command does to an earlier entry.
func (v *View) SetAmendment(seq int64, a Amendment) { v.amend[seq] = &a }

// SetMark writes a running figure of a holder. Day 0 means for ever.
func (v *View) SetMark(holder, code int64, day clock.Day, n int64) {
	v.change(holder).setMark(code, day, n)
}

// SetStats writes the recency, frequency and money of a holder.
func (v *View) SetStats(holder int64, s Stats) { v.change(holder).Stats = s }

// SetStatus writes the state of a holder.
func (v *View) SetStatus(holder int64, s Status) { v.change(holder).Status = s }

// Relink says that the instruments or the membership of a card have changed, so that facts which others
// read before the lane are known to be old.
func (v *View) Relink(holder int64) { v.change(holder).Links++ }

// Remind asks that a holder be looked at from an instant on: a lot ends, a hold runs out.
func (v *View) Remind(holder int64, at clock.Instant) {
	v.due = append(v.due, dueRow{at, holder})
}

// Forget takes back a reminder that has been served.
func (v *View) Forget(holder int64, at clock.Instant) {
	v.undue = append(v.undue, dueRow{at, holder})
}

// Tombstone closes a key for ever: an operation that arrives under it later is answered already_reversed.
// It may follow the command's own entry, or be the whole of a fence.
func (v *View) Tombstone(client int64, key string, o Origin, date clock.Day) *Draft {
	d := v.Begin(TMB)
	d.Client, d.Key, d.Origin, d.BusinessDate, d.ValueDate = client, key, o, date, date
	return d
}

// Begin starts an entry. Its kind says what the whole operation is; its postings carry operations of
// their own. The first entry of a command stands under the command's key.
func (v *View) Begin(kind Op) *Draft {
	d := &Draft{view: v}
	d.Entry = Entry{
		Tenant: v.op.Tenant, Seq: v.head.seq + int64(len(v.drafts)) + 1, Epoch: v.head.epoch, Kind: kind,
		BookedAt: v.head.now, EffectiveAt: v.head.now, Origin: v.op.Origin, Client: v.op.Client, Fingerprint: noPrint,
	}
	if len(v.drafts) == 0 {
		d.Key, d.Fingerprint = v.op.Key, v.op.Fingerprint
		if len(d.Fingerprint) == 0 {
			d.Fingerprint = noPrint
		}
	}
	v.drafts = append(v.drafts, d)
	return d
}

var noPrint = []byte{}

// Frozen refuses a debit while the tenant's books are under suspicion (P6).
func (v *View) frozen() error {
	if v.head.frozen {
		return fault.New(ErrDebitsFrozen)
	}
	return nil
}

type dueRow struct {
	at     clock.Instant
	holder int64
}
