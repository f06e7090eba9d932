package seal

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256 hash of a leaf or a node.
type Hash = tlog.Hash

// Node is a complete subtree: its level above the leaves, its number among those of its level, its hash.
type Node struct {
	Level int
	N     int64
	Hash  Hash
}

// Tree grows a Merkle tree leaf by leaf. It keeps one hash a level, so that its root may be asked for at
// every size on the way. The zero value is the empty tree.
type Tree struct {
	size  int64
	right []Hash // the complete subtrees that make up the tree, the largest first
}

// Resume gives the tree that consists of these complete subtrees, the largest first, as tlog.TreeHash
// splits a size.
func Resume(size int64, subtrees []Hash) *Tree {
	if bits.OnesCount64(uint64(size)) != len(subtrees) {
		panic("seal: the subtrees do not make up the size")
	}
	return &Tree{size, append([]Hash(nil), subtrees...)}
}

// Size gives the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Add adds a leaf and calls done for each node above the leaf that it completes, from below.
func (t *Tree) Add(leaf Hash, done func(Node)) {
	t.right = append(t.right, leaf)
	n := t.size
	for level := 1; n&1 == 1; level++ {
		n >>= 1
		last := len(t.right) - 1
		h := tlog.NodeHash(t.right[last-1], t.right[last])
		t.right = append(t.right[:last-1], h)
		if done != nil {
			done(Node{level, n, h})
		}
	}
	t.size++
}

// Root gives the root; of the empty tree it is the hash of nothing.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return EmptyRoot
	}
	h := t.right[len(t.right)-1]
	for i := len(t.right) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.right[i], h)
	}
	return h
}
