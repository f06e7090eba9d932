package seal

import (
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"

	"lojal/internal/base/clock"
)

// Record collects the fields of a record in its canonical form: a number as eight bytes, big endian, two's
// complement; a text or bytes behind their length in four bytes, big endian. The form is the contract
// with every independent verifier (docs/reference/canonical-entry.md).
type Record []byte

// Int adds a number.
func (r Record) Int(v int64) Record { return binary.BigEndian.AppendUint64(r, uint64(v)) }

// Text adds a text.
func (r Record) Text(s string) Record {
	return append(binary.BigEndian.AppendUint32(r, uint32(len(s))), s...)
}

// Leaf gives H(0x00 ‖ record), the leaf of RFC 6962.
func (r Record) Leaf() tlog.Hash { return tlog.RecordHash(r) }

// Act is a row of the audit trail: a member of the second tree of a tenant. Detail is JSON in which
// personal data stand only as digests, so that an erasure leaves the tree whole.
type Act struct {
	Tenant    int64
	N         int64 // 1, 2, 3 … without a gap
	At        clock.Instant
	Actor     string
	Act       string
	Entity    string
	Detail    string
	Request   string
	LedgerSeq int64 // the entry of the same commit, or the last one that the act saw
}

// Leaf gives the leaf of the act: its fields in the order of the table audit.
func (a Act) Leaf() tlog.Hash {
	r := make(Record, 0, 256)
	r = r.Int(a.Tenant).Int(a.N).Int(int64(a.At)).Text(a.Actor).Text(a.Act).Text(a.Entity)
	return r.Text(a.Detail).Text(a.Request).Int(a.LedgerSeq).Leaf()
}
