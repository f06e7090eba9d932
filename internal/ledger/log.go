package ledger

import (
	"lojal/internal/base/db"

	"golang.org/x/mod/sumdb/tlog"
)

// The log is a Merkle tree over the leaves of a tenant (RFC 6962). Only nodes of level 8 and above are
// stored, one for each 256 entries; lower ones are recomputed from the leaves when a proof asks for them.

const (
	nodeLevel = 8
	nodeSpan  = 1 << nodeLevel
)

var findLeaves = db.Find("ledger.find_leaves", "after int, upto int", `
	SELECT e.seq, e.leaf
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.seq > k.after AND e.seq <= k.upto
	 ORDER BY e.seq
	 LIMIT 4096`)

var findNode = db.Find("ledger.find_node", "level int, n int", `
	SELECT x.hash
	  FROM log_node x
	 WHERE x.tenant_id = $1 AND x.level = k.level AND x.n = k.n
	 LIMIT 1`)

var insertNode = db.Insert("ledger.insert_node", "log_node", "level int, n int, hash bytes", "")

// nodes stores the nodes that this batch completes.
func (l *Lane) nodes(b db.Batch, w *work, h *head) error {
	first, last := h.startSeq/nodeSpan, h.seq/nodeSpan
	if first == last {
		return nil
	}
	leaves := map[int64]tlog.Hash{}
	for _, e := range w.entries {
		if e.Tenant == h.tenant {
			leaves[e.Seq] = tlog.Hash(e.Leaf)
		}
	}
	if first*nodeSpan < h.startSeq {
		r := findLeaves.Rows()
		r.Int(first * nodeSpan).Int(h.startSeq)
		b.Find(findLeaves, h.tenant, r, func(_ int, row db.Row) { leaves[row.Int(0)] = tlog.Hash(row.Bytes(1)) })
		if err := b.Flush(); err != nil {
			return err
		}
	}
	rows := insertNode.Rows()
	made := map[[2]int64]tlog.Hash{}
	for n := first; n < last; n++ {
		level := make([]tlog.Hash, nodeSpan)
		for i := range level {
			level[i] = leaves[n*nodeSpan+int64(i)+1]
		}
		for len(level) > 1 {
			for i := range len(level) / 2 {
				level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
			}
			level = level[:len(level)/2]
		}
		if err := l.climb(b, h.tenant, made, rows, nodeLevel, n, level[0]); err != nil {
			return err
		}
	}
	b.Put(insertNode, h.tenant, rows)
	return nil
}

// climb stores a node and, where it completes a pair, the node above.
func (l *Lane) climb(b db.Batch, tenant int64, made map[[2]int64]tlog.Hash, rows *db.Rows, level, n int64, hash tlog.Hash) error {
	for {
		made[[2]int64{level, n}] = hash
		rows.Int(level).Int(n).Bytes(append([]byte(nil), hash[:]...))
		if n%2 == 0 {
			return nil
		}
		left, ok := made[[2]int64{level, n - 1}]
		if !ok {
			k := findNode.Rows()
			k.Int(level).Int(n - 1)
			b.Find(findNode, tenant, k, func(_ int, row db.Row) { left = tlog.Hash(row.Bytes(0)) })
			if err := b.Flush(); err != nil {
				return err
			}
		}
		hash = tlog.NodeHash(left, hash)
		level, n = level+1, n/2
	}
}
