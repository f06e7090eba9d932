package ledger

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/seal"
)

// nodeBatch is how many stored nodes one statement reads.
const nodeBatch = 32

var (
	readLeaves = db.SQL("ledger.read_leaves", `
	SELECT seq, leaf FROM entry WHERE tenant_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq`)
	readNodes = db.SQL("ledger.read_nodes", nodesOf("log_node"))

	readAuditLeaves = db.SQL("ledger.read_audit_leaves", `
	SELECT n, leaf FROM audit WHERE tenant_id = $1 AND n > $2 AND n <= $3 ORDER BY n`)
	readAuditNodes = db.SQL("ledger.read_audit_nodes", nodesOf("audit_node"))
)

func nodesOf(table string) string {
	keys := make([]string, nodeBatch)
	for i := range keys {
		keys[i] = fmt.Sprintf("(CAST($%d AS BIGINT), CAST($%d AS BIGINT))", 2*i+2, 2*i+3)
	}
	return fmt.Sprintf(`
	SELECT x.level, x.n, x.hash
	  FROM (VALUES %s) k
	  JOIN %s x ON x.tenant_id = $1 AND x.level = k.column1 AND x.n = k.column2`, strings.Join(keys, ", "), table)
}

// log reads a stored Merkle tree: nodes of level 8 and above from their table, lower ones computed from the
// leaves of their block of 256. A proof reads two blocks at most and its nodes in one statement.
type log struct {
	ctx           context.Context
	tx            db.Tx
	leaves, nodes *db.Stmt
	blocks        map[int64][]seal.Hash
}

func entryLog(ctx context.Context, tx db.Tx) *log {
	return &log{ctx, tx, readLeaves, readNodes, map[int64][]seal.Hash{}}
}

func auditLog(ctx context.Context, tx db.Tx) *log {
	return &log{ctx, tx, readAuditLeaves, readAuditNodes, map[int64][]seal.Hash{}}
}

// ReadHashes gives the hashes at tlog's stored indexes.
func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	at := map[[2]int64]int{}
	var keys [][2]int64
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		if level >= nodeLevel {
			keys = append(keys, [2]int64{int64(level), n})
			at[keys[len(keys)-1]] = i
			continue
		}
		h, err := l.low(level, n)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	for len(keys) > 0 {
		some := keys[:min(nodeBatch, len(keys))]
		keys = keys[len(some):]
		found, err := l.high(some)
		if err != nil {
			return nil, err
		}
		for _, k := range some {
			h, ok := found[k]
			if !ok {
				return nil, fmt.Errorf("log of tenant %d: node %d/%d is missing", l.tx.Tenant(), k[0], k[1])
			}
			out[at[k]] = h
		}
	}
	return out, nil
}

// high reads stored nodes.
func (l *log) high(keys [][2]int64) (map[[2]int64]seal.Hash, error) {
	args := make([]any, 1+2*nodeBatch)
	args[0] = l.tx.Tenant()
	for i := range nodeBatch {
		k := [2]int64{-1, -1}
		if i < len(keys) {
			k = keys[i]
		}
		args[1+2*i], args[2+2*i] = k[0], k[1]
	}
	out := map[[2]int64]seal.Hash{}
	err := l.tx.Each(l.ctx, l.nodes, args, func(scan func(...any) error) error {
		var k [2]int64
		var hash []byte
		if err := scan(&k[0], &k[1], &hash); err != nil {
			return err
		}
		if len(hash) != len(seal.Hash{}) {
			return fmt.Errorf("node %d/%d is damaged", k[0], k[1])
		}
		out[k] = seal.Hash(hash)
		return nil
	})
	return out, err
}

// low computes a node below the stored levels from its block.
func (l *log) low(level int, n int64) (seal.Hash, error) {
	first := n << level
	block, err := l.block(first / nodeSpan)
	if err != nil {
		return seal.Hash{}, err
	}
	from, count := first%nodeSpan, int64(1)<<level
	if from+count > int64(len(block)) {
		return seal.Hash{}, fmt.Errorf("log of tenant %d has no leaf %d", l.tx.Tenant(), first+count)
	}
	var t seal.Tree
	for _, leaf := range block[from : from+count] {
		t.Add(leaf, nil)
	}
	return t.Root(), nil
}

// block gives the leaves of a block; the last one may be short.
func (l *log) block(b int64) ([]seal.Hash, error) {
	if have, ok := l.blocks[b]; ok {
		return have, nil
	}
	var out []seal.Hash
	after := b * nodeSpan
	err := l.tx.Each(l.ctx, l.leaves, db.Args(l.tx.Tenant(), after, after+nodeSpan), func(scan func(...any) error) error {
		var n int64
		var leaf []byte
		if err := scan(&n, &leaf); err != nil {
			return err
		}
		if n != after+int64(len(out))+1 || len(leaf) != len(seal.Hash{}) {
			return fmt.Errorf("leaf %d is missing or damaged", after+int64(len(out))+1)
		}
		out = append(out, seal.Hash(leaf))
		return nil
	})
	if err == nil {
		l.blocks[b] = out
	}
	return out, err
}

// root gives the root at a size.
func (l *log) root(size int64) (seal.Hash, error) {
	if size == 0 {
		return seal.EmptyRoot, nil
	}
	return tlog.TreeHash(size, l)
}

// resume gives the tree at a size, to grow on from there.
func (l *log) resume(size int64) (*seal.Tree, error) {
	var indexes []int64
	for done := int64(0); done < size; {
		level := bits.Len64(uint64(size-done)) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, done>>level))
		done += 1 << level
	}
	hashes, err := l.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	return seal.Resume(size, hashes), nil
}

// InclusionProof proves that an entry is in the log of the transaction's tenant at a size: with the entry's
// leaf it leads to the root (RFC 9162, 2.1.3). It refuses with invalid_value what is not in the log.
func InclusionProof(ctx context.Context, tx db.Tx, seq, size int64) (tlog.RecordProof, error) {
	if err := within(ctx, tx, seq, size); err != nil {
		return nil, err
	}
	return tlog.ProveRecord(size, seq-1, entryLog(ctx, tx))
}

// ConsistencyProof proves that the log of the transaction's tenant at size from is a prefix of that at size
// to (RFC 9162, 2.1.4). It refuses with invalid_value sizes that the log has not had.
func ConsistencyProof(ctx context.Context, tx db.Tx, from, to int64) (tlog.TreeProof, error) {
	if err := within(ctx, tx, from, to); err != nil {
		return nil, err
	}
	return tlog.ProveTree(to, from, entryLog(ctx, tx))
}

func within(ctx context.Context, tx db.Tx, low, high int64) error {
	h, err := ReadHead(ctx, tx)
	if err == nil && (low < 1 || low > high || high > h.Seq) {
		err = fault.Invalid("size", fmt.Sprintf("1 to %d", h.Seq))
	}
	return err
}
