package card

import (
	"encoding/binary"
	"sync"
)

const (
	cacheShards  = 16
	cacheEntries = 200_000 // at most, in two halves; about 220 bytes each
)

// cacheKey is a tenant and the first half of a blind index: numbers themselves are kept nowhere.
type cacheKey struct {
	tenant int64
	hash   [16]byte
}

func keyOf(tenant int64, hash []byte) cacheKey { return cacheKey{tenant, [16]byte(hash)} }

// cache keeps facts by two generations a shard: what was asked for lately is in the young one; when that
// is full the old one is dropped whole. A hit in the old one makes an entry young again.
type cache struct {
	shards [cacheShards]shard
	limit  int // entries of one generation
}

type shard struct {
	mu         sync.Mutex
	young, old map[cacheKey]*Facts
}

func newCache(entries int) *cache { return &cache{limit: max(1, entries/cacheShards/2)} }

func (c *cache) shard(k cacheKey) *shard {
	return &c.shards[binary.LittleEndian.Uint64(k.hash[:8])%cacheShards]
}

func (c *cache) find(k cacheKey) *Facts {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.young[k]; f != nil {
		return f
	}
	f := s.old[k]
	if f != nil {
		delete(s.old, k)
		s.put(k, f, c.limit)
	}
	return f
}

func (c *cache) keep(k cacheKey, f *Facts) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(k, f, c.limit)
}

func (c *cache) forget(k cacheKey) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.young, k)
	delete(s.old, k)
}

func (s *shard) put(k cacheKey, f *Facts, limit int) {
	if len(s.young) >= limit || s.young == nil {
		s.old, s.young = s.young, make(map[cacheKey]*Facts, limit)
	}
	s.young[k] = f
}

// size gives the number of entries.
func (c *cache) size() int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += len(s.young) + len(s.old)
		s.mu.Unlock()
	}
	return n
}
