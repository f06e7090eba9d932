package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxProblems bounds what is told.
const maxProblems = 100

// verifier reads books twice: first the checkpoints, to know at which sizes roots are wanted, then all.
type verifier struct {
	keys     []publicKey
	kept     []signed
	tenants  map[int64]*tenant
	problems []string
}

// signed is a checkpoint that verified, and where it comes from.
type signed struct {
	checkpoint
	from string
}

// tenant is what has been read of one tenant's books.
type tenant struct {
	entries, acts tree
	signed        []signed
	want          map[int64]bool // sizes of the entry tree at which roots are wanted
	wantActs      map[int64]bool
	roots         map[int64]hash
	actsRoots     map[int64]hash
	seq, n        int64 // of the last entry and the last act
	epoch         int64
	booked        int64
	sums          map[account]int64
}

// account is a kind of account in a unit, over all holders.
type account struct{ kind, unit int64 }

func newVerifier() *verifier { return &verifier{tenants: map[int64]*tenant{}} }

func (v *verifier) problem(format string, args ...any) {
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) addKeys(text string) error {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		k, err := parseKey(line)
		if err != nil {
			return err
		}
		v.keys = append(v.keys, k)
	}
	return nil
}

// keep takes a checkpoint from outside of the books.
func (v *verifier) keep(from, text string) {
	c, err := openNote(text, v.keys)
	if err != nil {
		v.problem("%s: %v", from, err)
		return
	}
	v.kept = append(v.kept, signed{c, from})
}

func (v *verifier) tenant(id int64) *tenant {
	t := v.tenants[id]
	if t == nil {
		t = &tenant{want: map[int64]bool{}, wantActs: map[int64]bool{}, roots: map[int64]hash{}, actsRoots: map[int64]hash{}, sums: map[account]int64{}}
		v.tenants[id] = t
	}
	return t
}

func (v *verifier) sign(s signed) {
	t := v.tenant(s.tenant)
	t.signed = append(t.signed, s)
	t.want[s.size], t.wantActs[s.acts] = true, true
}

func (v *verifier) books(path string) error {
	src, err := open(path)
	if err != nil {
		return err
	}
	for _, s := range v.kept {
		v.sign(s)
	}
	if err := src(visitor{note: v.note}); err != nil {
		return err
	}
	for _, t := range v.tenants {
		t.mark()
	}
	if err := src(visitor{entry: v.entry, act: v.act}); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(v.tenants)) {
		v.close(id, v.tenants[id])
	}
	return nil
}

func (v *verifier) note(id int64, text string) {
	c, err := openNote(text, v.keys)
	from := fmt.Sprintf("tenant %d: checkpoint %d/%d", id, c.size, c.acts)
	switch {
	case err != nil:
		v.problem("tenant %d: a checkpoint: %v", id, err)
	case c.tenant != id:
		v.problem("%s is about tenant %d", from, c.tenant)
	default:
		v.sign(signed{c, from})
	}
}

// mark keeps the roots of the present sizes where they are wanted.
func (t *tenant) mark() {
	if t.want[t.entries.size] {
		t.roots[t.entries.size] = t.entries.root()
	}
	if t.wantActs[t.acts.size] {
		t.actsRoots[t.acts.size] = t.acts.root()
	}
}

func (v *verifier) entry(e *entry) {
	t := v.tenant(e.Tenant)
	name := fmt.Sprintf("tenant %d: entry %d", e.Tenant, e.Seq)
	if e.Seq != t.seq+1 {
		v.problem("%s follows entry %d", name, t.seq)
	}
	if e.Epoch < t.epoch || e.BookedAt < t.booked {
		v.problem("%s goes back in time", name)
	}
	t.seq, t.epoch, t.booked = e.Seq, e.Epoch, e.BookedAt
	leaf := e.leaf()
	if !bytes.Equal(leaf[:], e.Leaf) {
		v.problem("%s is not what was booked: its leaf is another", name)
	}
	t.entries.add(leaf)
	t.mark()
	v.post(t, name, e.Post)
}

// post adds the postings up, and holds that they balance.
func (v *verifier) post(t *tenant, name, text string) {
	var p struct {
		Lines [][]int64 `json:"p"`
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		v.problem("%s: its postings cannot be read: %v", name, err)
		return
	}
	units := map[int64]int64{}
	for _, l := range p.Lines {
		if len(l) != 5 {
			v.problem("%s: a posting has %d figures", name, len(l))
			return
		}
		t.sums[account{l[2], l[3]}] += l[4]
		units[l[3]] += l[4]
	}
	for _, u := range slices.Sorted(maps.Keys(units)) {
		if units[u] != 0 {
			v.problem("%s: unit %d does not balance: %+d", name, u, units[u])
		}
	}
}

func (v *verifier) act(a *act) {
	t := v.tenant(a.Tenant)
	name := fmt.Sprintf("tenant %d: act %d", a.Tenant, a.N)
	if a.N != t.n+1 {
		v.problem("%s follows act %d", name, t.n)
	}
	t.n = a.N
	leaf := a.leaf()
	if !bytes.Equal(leaf[:], a.Leaf) {
		v.problem("%s is not what was recorded: its leaf is another", name)
	}
	t.acts.add(leaf)
	t.mark()
}

// close compares the roots with what was signed.
func (v *verifier) close(id int64, t *tenant) {
	for _, s := range t.signed {
		if root, ok := t.roots[s.size]; !ok {
			v.problem("%s: %d entries were signed, %d are there", s.from, s.size, t.entries.size)
		} else if root != s.root {
			v.problem("%s: the root of %d entries is not the one that was signed", s.from, s.size)
		}
		if root, ok := t.actsRoots[s.acts]; !ok {
			v.problem("%s: %d acts were signed, %d are there", s.from, s.acts, t.acts.size)
		} else if root != s.actsRoot {
			v.problem("%s: the root of %d acts is not the one that was signed", s.from, s.acts)
		}
	}
	if len(t.signed) == 0 {
		v.problem("tenant %d: nobody has signed these books", id)
	}
}

func (v *verifier) report(out io.Writer) {
	for _, id := range slices.Sorted(maps.Keys(v.tenants)) {
		t := v.tenants[id]
		root := t.entries.root()
		fmt.Fprintf(out, "tenant %d: %d entries, epoch %d, root %s, %d acts, %d checkpoints\n", id, t.entries.size, t.epoch, hex.EncodeToString(root[:]), t.acts.size, len(t.signed))
		var last int64
		for _, s := range t.signed {
			last = max(last, s.size)
		}
		if last < t.entries.size {
			fmt.Fprintf(out, "  entries %d to %d are signed by no checkpoint yet\n", last+1, t.entries.size)
		}
		t.balances(out)
	}
	for _, p := range v.problems {
		fmt.Fprintln(out, "WRONG", p)
	}
	if len(v.problems) == 0 {
		fmt.Fprintln(out, "the books are what was signed")
	}
}

// system is the first kind of account that belongs to no customer; debtBit marks a debt.
const (
	system  = 64
	debtBit = 32
)

// balances prints, for each unit, what customers have, what they owe and what system accounts hold.
func (t *tenant) balances(out io.Writer) {
	type sum struct{ have, owe, system int64 }
	units := map[int64]*sum{}
	for a, n := range t.sums {
		s := units[a.unit]
		if s == nil {
			s = &sum{}
			units[a.unit] = s
		}
		switch {
		case a.kind >= system:
			s.system += n
		case a.kind&debtBit != 0:
			s.owe += n
		default:
			s.have += n
		}
	}
	for _, u := range slices.Sorted(maps.Keys(units)) {
		s := units[u]
		fmt.Fprintf(out, "  unit %d: customers %d, debts %d, system %d, in all %d\n", u, s.have, s.owe, s.system, s.have+s.owe+s.system)
	}
}
