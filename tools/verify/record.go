package main

import (
	"crypto/sha256"
	"encoding/binary"
)

type hash [sha256.Size]byte

// entry is a line of the export: the fields of the record in their order, then the leaf that was stored.
type entry struct {
	Tenant       int64  `json:"tenant_id"`
	Seq          int64  `json:"seq"`
	Epoch        int64  `json:"epoch"`
	Kind         string `json:"kind"`
	BookedAt     int64  `json:"booked_at"`
	TillAt       int64  `json:"till_at"`
	EffectiveAt  int64  `json:"effective_at"`
	ValueDate    string `json:"value_date"`
	BusinessDate string `json:"business_date"`
	Outlet       int64  `json:"outlet"`
	Terminal     int64  `json:"terminal"`
	TerminalSeq  int64  `json:"terminal_seq"`
	Shift        int64  `json:"shift"`
	Batch        int64  `json:"batch"`
	Actor        string `json:"actor"`
	Receipt      string `json:"receipt"`
	Client       int64  `json:"client"`
	Key          string `json:"key"`
	Fingerprint  []byte `json:"fingerprint"`
	Reverses     int64  `json:"reverses"`
	Flags        string `json:"flags"`
	Version      string `json:"version"`
	Post         string `json:"post"`
	Doc          string `json:"doc"`
	Leaf         []byte `json:"leaf"`
}

func (e *entry) leaf() hash {
	return leafOf(e.Tenant, e.Seq, e.Epoch, e.Kind, e.BookedAt, e.TillAt, e.EffectiveAt, e.ValueDate, e.BusinessDate,
		e.Outlet, e.Terminal, e.TerminalSeq, e.Shift, e.Batch, e.Actor, e.Receipt, e.Client, e.Key, string(e.Fingerprint),
		e.Reverses, e.Flags, e.Version, e.Post, e.Doc)
}

// act is a row of the audit trail.
type act struct {
	Tenant    int64  `json:"tenant_id"`
	N         int64  `json:"n"`
	At        int64  `json:"at"`
	Actor     string `json:"actor"`
	Act       string `json:"act"`
	Entity    string `json:"entity"`
	Detail    string `json:"detail"`
	Request   string `json:"request"`
	LedgerSeq int64  `json:"ledger_seq"`
	Leaf      []byte `json:"leaf"`
}

func (a *act) leaf() hash {
	return leafOf(a.Tenant, a.N, a.At, a.Actor, a.Act, a.Entity, a.Detail, a.Request, a.LedgerSeq)
}

// leafOf hashes fields in the canonical form.
func leafOf(fields ...any) hash {
	b := []byte{0}
	for _, f := range fields {
		switch v := f.(type) {
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		case string:
			b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
			b = append(b, v...)
		}
	}
	return sha256.Sum256(b)
}

// tree is a Merkle tree that grows at its right side: peaks are its complete subtrees, the largest first.
type tree struct {
	size  int64
	peaks []hash
}

func (t *tree) add(leaf hash) {
	t.peaks = append(t.peaks, leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.peaks) - 1
		t.peaks = append(t.peaks[:last-1], node(t.peaks[last-1], t.peaks[last]))
	}
	t.size++
}

func (t *tree) root() hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	h := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		h = node(t.peaks[i], h)
	}
	return h
}

func node(left, right hash) hash {
	b := append([]byte{1}, left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}
