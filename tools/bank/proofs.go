package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"

	"golang.org/x/mod/sumdb/tlog"
)

// inclusionMost is how many entries are asked for a proof of inclusion.
const inclusionMost = 1000

// treeHead is a checkpoint that somebody saw: so many entries, and the root over them.
type treeHead struct {
	size int64
	root tlog.Hash
}

// checkpoint asks for the present checkpoint.
func (w *world) checkpoint() (treeHead, error) {
	var out struct {
		Size int64  `json:"size"`
		Root string `json:"root"`
	}
	if err := w.get("/v1/ledger/checkpoint", &out); err != nil {
		return treeHead{}, err
	}
	root, err := hashOfHex(out.Root)
	return treeHead{out.Size, root}, err
}

// get reads one thing with the administrator's key.
func (w *world) get(path string, out any) error {
	status, _, raw, err := w.raw(http.MethodGet, path, w.admin, "", nil)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("GET %s answered %d: %s", path, status, clip(string(raw)))
	}
	return json.Unmarshal(raw, out)
}

func hashOfHex(text string) (tlog.Hash, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("%q is no hash", text)
	}
	return tlog.Hash(raw), nil
}

func hashesOfHex(list []string) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(list))
	for i, text := range list {
		var err error
		if out[i], err = hashOfHex(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prove is the reading part of C8: every checkpoint that was seen on the way is the beginning of the last
// one, and entries drawn by lot are in it.
func (w *world) prove(f *Final, seed uint64) error {
	last, err := w.checkpoint()
	if err != nil {
		return err
	}
	for _, seen := range w.seen {
		f.Proofs++
		if err := w.continues(seen, last); err != nil {
			f.ProofsBad = append(f.ProofsBad, fmt.Sprintf("the checkpoint at %d is no beginning of that at %d: %v", seen.size, last.size, err))
		}
	}
	rng := rand.New(rand.NewPCG(seed, 8))
	for _, i := range rng.Perm(len(w.ids))[:min(inclusionMost, len(w.ids))] {
		f.Proofs++
		if err := w.included(w.ids[i], int64(i), last); err != nil {
			f.ProofsBad = append(f.ProofsBad, fmt.Sprintf("entry %d is not proven in the log of %d: %v", i+1, last.size, err))
		}
	}
	return nil
}

func (w *world) continues(seen, last treeHead) error {
	if seen.size == 0 || seen == last {
		return nil
	}
	if seen.size >= last.size {
		return errors.New("it is not smaller")
	}
	var answer struct {
		Hashes []string `json:"hashes"`
	}
	if err := w.get(fmt.Sprintf("/v1/ledger/consistency?from=%d&to=%d", seen.size, last.size), &answer); err != nil {
		return err
	}
	proof, err := hashesOfHex(answer.Hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, last.size, last.root, seen.size, seen.root)
}

func (w *world) included(id string, index int64, last treeHead) error {
	var answer struct {
		Entry struct {
			Canonical canonical `json:"canonical"`
		} `json:"entry"`
		Index  int64    `json:"index"`
		Hashes []string `json:"hashes"`
	}
	if err := w.get(fmt.Sprintf("/v1/ledger/proof/%s?size=%d", id, last.size), &answer); err != nil {
		return err
	}
	if answer.Index != index || answer.Entry.Canonical.Seq != index+1 {
		return fmt.Errorf("the proof is of entry %d", answer.Entry.Canonical.Seq)
	}
	proof, err := hashesOfHex(answer.Hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, last.size, last.root, index, answer.Entry.Canonical.leaf())
}

// canonical is what a leaf covers, field by field (docs/reference/canonical-entry.md).
type canonical struct {
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
	Fingerprint  string `json:"fingerprint"` // base64
	Reverses     int64  `json:"reverses"`
	Flags        string `json:"flags"`
	Version      string `json:"version"`
	Post         string `json:"post"`
	Doc          string `json:"doc"`
}

// leaf gives H(0x00 ‖ record).
func (c *canonical) leaf() tlog.Hash {
	b := []byte{0}
	num := func(list ...int64) {
		for _, v := range list {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
	}
	text := func(list ...string) {
		for _, s := range list {
			b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
			b = append(b, s...)
		}
	}
	print, err := base64.StdEncoding.DecodeString(c.Fingerprint)
	if err != nil {
		print = nil // a wrong leaf, which no proof leads to
	}
	num(c.Tenant, c.Seq, c.Epoch)
	text(c.Kind)
	num(c.BookedAt, c.TillAt, c.EffectiveAt)
	text(c.ValueDate, c.BusinessDate)
	num(c.Outlet, c.Terminal, c.TerminalSeq, c.Shift, c.Batch)
	text(c.Actor, c.Receipt)
	num(c.Client)
	text(c.Key, string(print))
	num(c.Reverses)
	text(c.Flags, c.Version, c.Post, c.Doc)
	return sha256.Sum256(b)
}
