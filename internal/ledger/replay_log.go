package ledger

import (
	"bytes"
	"context"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/seal"
)

var walkNodes = db.SQL("ledger.walk_nodes", `
	SELECT level, n, hash FROM log_node WHERE tenant_id = $1`)

var walkAuditNodes = db.SQL("ledger.walk_audit_nodes", `
	SELECT level, n, hash FROM audit_node WHERE tenant_id = $1`)

var walkActs = db.SQL("ledger.walk_acts", `
	SELECT n, at, actor, act, entity, detail, request, ledger_seq, leaf FROM audit WHERE tenant_id = $1 ORDER BY n`)

// relog grows one of the two trees again, leaf by leaf, and compares it with the nodes that are stored and
// with the roots that were signed (I28).
type relog struct {
	name    string
	tree    seal.Tree
	nodes   map[[2]int64][]byte
	bad     map[[2]int64]bool
	late    bool // nodes are stored by checkpoints, not by the commit
	signed  []signed
	broken  bool
	scratch []byte
}

// signed is the part of a checkpoint that concerns one tree.
type signed struct {
	size int64
	root seal.Hash
}

func readRelog(ctx context.Context, tx db.Tx, name string, nodes *db.Stmt) (*relog, error) {
	l := &relog{name: name, nodes: map[[2]int64][]byte{}, bad: map[[2]int64]bool{}}
	err := tx.Each(ctx, nodes, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		var k [2]int64
		var hash []byte
		err := scan(&k[0], &k[1], &hash)
		l.nodes[k] = hash
		return err
	})
	return l, err
}

// leaf recomputes the leaf of an entry and adds the stored one to the tree: where only an entry was edited,
// the tree stays right and that entry alone is named.
func (l *relog) leaf(r *replay, e *Entry) {
	var want []byte
	want, l.scratch = e.leaf(l.scratch)
	if !bytes.Equal(want, e.Leaf) {
		r.tell("I28", e.Seq, 0, "is not what was booked: its leaf is another")
	}
	if e.Seq != l.tree.Size()+1 && !l.broken {
		l.broken = true
		r.tell("I28", l.tree.Size()+1, 0, "is missing: the log cannot be recomputed from here on")
	}
	l.add(r, e.Leaf)
}

func (l *relog) add(r *replay, leaf []byte) {
	if l.broken {
		return
	}
	var h seal.Hash
	copy(h[:], leaf)
	l.tree.Add(h, func(n seal.Node) {
		if n.Level >= nodeLevel {
			l.node(r, n)
		}
	})
	l.roots(r)
}

// node compares a recomputed node with the stored one. A node above a wrong one is not told again.
func (l *relog) node(r *replay, n seal.Node) {
	k := [2]int64{int64(n.Level), n.N}
	stored, ok := l.nodes[k]
	delete(l.nodes, k)
	if !ok && l.late || bytes.Equal(stored, n.Hash[:]) {
		return
	}
	l.bad[k] = true
	if l.bad[[2]int64{k[0] - 1, 2 * n.N}] || l.bad[[2]int64{k[0] - 1, 2*n.N + 1}] {
		return
	}
	what := "is another"
	if !ok {
		what = "is missing"
	}
	r.tell("I28", 0, 0, "%s: node %d/%d over %d to %d %s", l.name, n.Level, n.N, n.N<<n.Level+1, (n.N+1)<<n.Level, what)
}

// roots compares the root with every checkpoint of this size.
func (l *relog) roots(r *replay) {
	for len(l.signed) > 0 && l.signed[0].size <= l.tree.Size() {
		s := l.signed[0]
		l.signed = l.signed[1:]
		if s.size == l.tree.Size() && s.root != l.tree.Root() {
			r.tell("I28", 0, 0, "%s: the root at %d is not the one that was signed", l.name, s.size)
		}
	}
}

// end tells what is left over: nodes of nothing, and checkpoints of more than there is.
func (l *relog) end(r *replay) {
	if l.broken {
		return
	}
	for k := range l.nodes {
		r.tell("I28", 0, 0, "%s: node %d/%d is over nothing that is there", l.name, k[0], k[1])
	}
	for _, s := range l.signed {
		r.tell("I28", 0, 0, "%s: %d were signed, %d are there", l.name, s.size, l.tree.Size())
	}
}

// readSigned verifies the stored checkpoints and hands each tree its part.
func (r *replay) readSigned(ctx context.Context, tx db.Tx, acts *relog) error {
	var before seal.Checkpoint
	err := tx.Each(ctx, readCheckpoints, db.Args(r.tenant), func(scan func(...any) error) error {
		var size, auditSize int64
		var at clock.Instant
		var note string
		if err := scan(&size, &auditSize, &at, &note); err != nil {
			return err
		}
		c, err := r.opt.Verifiers.Verify(note)
		name := fmt.Sprintf("checkpoint %d/%d", size, auditSize)
		switch {
		case err != nil:
			r.tell("I28", 0, 0, "%s: %v", name, err)
			return nil
		case c.Tenant != r.tenant || c.Size != size || c.AuditSize != auditSize || c.At != at:
			r.tell("I28", 0, 0, "%s is stored with a note about others", name)
			return nil
		case c.AuditSize < before.AuditSize || c.Epoch < before.Epoch:
			r.tell("I28", 0, 0, "%s does not continue the one before it", name)
			return nil
		}
		before = c
		r.entries.signed = append(r.entries.signed, signed{c.Size, c.Root})
		acts.signed = append(acts.signed, signed{c.AuditSize, c.AuditRoot})
		return nil
	})
	r.entries.roots(r) // those that were signed before there was a leaf
	acts.roots(r)
	return err
}

// acts recomputes the audit tree: I28, and I35 as far as the trail itself can tell.
func (r *replay) acts(ctx context.Context, tx db.Tx, l *relog) error {
	err := tx.Each(ctx, walkActs, db.Args(r.tenant), func(scan func(...any) error) error {
		a := seal.Act{Tenant: r.tenant}
		var leaf []byte
		if err := scan(&a.N, &a.At, &a.Actor, &a.Act, &a.Entity, &a.Detail, &a.Request, &a.LedgerSeq, &leaf); err != nil {
			return err
		}
		if want := a.Leaf(); !bytes.Equal(want[:], leaf) {
			r.tell("I28", 0, 0, "audit: act %d is not what was recorded: its leaf is another", a.N)
		}
		if a.N != l.tree.Size()+1 && !l.broken {
			l.broken = true
			r.tell("I35", 0, 0, "act %d is missing", l.tree.Size()+1)
		}
		if a.LedgerSeq > r.seq {
			r.tell("I35", 0, 0, "act %d saw entry %d, which there is not", a.N, a.LedgerSeq)
		}
		l.add(r, leaf)
		return nil
	})
	if err != nil {
		return err
	}
	n, err := auditSize(ctx, tx)
	if err == nil && !l.broken && n != l.tree.Size() {
		r.tell("I35", 0, 0, "%d acts are there, %d were recorded", l.tree.Size(), n)
	}
	l.end(r)
	return err
}
