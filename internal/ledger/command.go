package ledger

import (
	"time"

	"lojal/internal/base/clock"
)

// Command is an operation that moves value. It names what it must see and decides purely: Decide has no
// context and no database, and may be called more than once for one booking.
type Command interface {
	Op() Operation
	Need(*Needs)
	Decide(*View) error // a fault declines this command and discards its own writes, no others
}

// Operation is what every command carries. An empty key marks host work, which is repeatable by state.
type Operation struct {
	Tenant      int64
	Client      int64 // terminal or integration: the key space
	Key         string
	Fingerprint []byte // 16 bytes of the hash of the canonical request
	Kind        Op
	Origin
	// Advice marks an operation that is never refused for its sequence or its receipt.
	Advice bool
}

// Zones gives the zone in which a unit's days are judged.
type Zones interface {
	Zone(Unit) *time.Location
}

// Needs collects what the commands of a batch must see.
type Needs struct {
	tenant  int64
	work    *work
	command int
}

// Holder asks for a holder.
func (n *Needs) Holder(id int64) { n.work.wantHolder(n.tenant, id) }

// Amend asks for what later operations have done to an entry.
func (n *Needs) Amend(seq int64) { n.work.wantAmend(n.tenant, seq) }

// Key asks for what stands under another operation's key.
func (n *Needs) Key(client int64, key string) {
	n.work.askedKeys = append(n.work.askedKeys, keyRef{n.tenant, client, key})
}

// Sequence asks for the entries that a terminal made under a sequence number.
func (n *Needs) Sequence(terminal, seq int64) {
	n.work.askedSeqs = append(n.work.askedSeqs, sameRef{n.tenant, terminal, seq, ""})
}

func (n *Needs) slot(at int) slotState { return n.work.slots[at] }

// Amendment is what later operations did to an entry: it was reversed, or returned in part.
type Amendment struct {
	ReversedBy int64
	State      string // the room's own record of returns, as JSON
}

// Result is the outcome of a command.
type Result struct {
	Entry    *Entry // the entry under the command's key; nil when it was declined
	More     []*Entry
	Replayed bool
	Err      error
	Seq      int64 // last seq of the tenant that the decision saw
	Epoch    int64
	At       clock.Instant
}
