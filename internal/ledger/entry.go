package ledger

import (
	"crypto/sha256"
	"encoding/binary"

	"lojal/internal/base/clock"
)

// Origin says where an operation comes from. A host job has the programme's virtual terminal.
type Origin struct {
	Outlet      int64
	Terminal    int64
	TerminalSeq int64
	Shift       int64
	Batch       int64
	Actor       string // cashier, member of staff or integration; never a name
	Receipt     string
	TillAt      clock.Instant // the till's claim, stored unchanged; 0 when it made none
}

// Entry is a journal entry. It is never changed once it is written.
type Entry struct {
	Tenant       int64
	Seq          int64
	Epoch        int64
	Kind         Op
	BookedAt     clock.Instant
	EffectiveAt  clock.Instant
	ValueDate    clock.Day
	BusinessDate clock.Day
	Origin
	Client      int64
	Key         string
	Fingerprint []byte
	Reverses    int64 // the seq of the entry that this one takes back; 0 for none
	Flags       string
	Version     string // programme version by which it was judged
	Post        Post
	Doc         string // the operation's document as JSON: the only copy of its inputs and results
	Leaf        []byte

	post string // the packed form, as stored
}

// canonical gives the bytes that the leaf covers: every column in the order of the table, each number as
// eight bytes, each text behind its length. The independent verifier writes the same bytes on its own.
func (e *Entry) canonical(b []byte) []byte {
	num := func(v int64) { b = binary.BigEndian.AppendUint64(b, uint64(v)) }
	text := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	num(e.Tenant)
	num(e.Seq)
	num(e.Epoch)
	text(e.Kind.String())
	num(int64(e.BookedAt))
	num(int64(e.TillAt))
	num(int64(e.EffectiveAt))
	text(e.ValueDate.String())
	text(e.BusinessDate.String())
	num(e.Outlet)
	num(e.Terminal)
	num(e.TerminalSeq)
	num(e.Shift)
	num(e.Batch)
	text(hashed(e.Actor))
	text(e.Receipt)
	num(e.Client)
	text(e.Key)
	text(string(e.Fingerprint))
	num(e.Reverses)
	text(e.Flags)
	text(e.Version)
	text(e.post)
	text(e.Doc)
	return b
}

// leaf gives H(0x00 ‖ canonical), the leaf of RFC 6962.
func (e *Entry) leaf(scratch []byte) ([]byte, []byte) {
	scratch = e.canonical(append(scratch[:0], 0))
	sum := sha256.Sum256(scratch)
	return sum[:], scratch
}

// Replayable tells whether the entry answers a repeated request; a tombstone answers already_reversed.
func (e *Entry) tombstone() bool { return e.Kind == TMB }
