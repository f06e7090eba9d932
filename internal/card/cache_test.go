package card

import (
	"encoding/binary"
	"runtime"
	"testing"
)

func key(i int) cacheKey {
	k := cacheKey{tenant: 7}
	binary.LittleEndian.PutUint64(k.hash[:], uint64(i)*0x9e3779b97f4a7c15)
	return k
}

func TestCache_IsBoundedAndKeepsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	c := newCache(1600)
	hot := key(1 << 30)
	c.keep(hot, &Facts{Card: 1})
	for i := range 100_000 {
		c.keep(key(i), &Facts{Card: int64(i)})
		if c.find(hot) == nil {
			t.Fatalf("the hot card was dropped after %d others", i)
		}
	}
	if n := c.size(); n > 1600 || n < 800 {
		t.Fatalf("%d entries, at most 1600", n)
	}
	c.forget(hot)
	if c.find(hot) != nil {
		t.Fatal("forgotten facts are still there")
	}
}

func TestCache_TwoHundredThousandCardsInFortyFourMegabytes(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	c := newCache(cacheEntries)
	for i := range 2 * cacheEntries {
		c.keep(key(i), &Facts{Card: int64(i), hasPIN: true})
	}
	used, n := int64(heap()-before), c.size()
	if used > 44<<20 || n < cacheEntries*9/10 || n > cacheEntries {
		t.Fatalf("%d entries take %d bytes", n, used)
	}
	runtime.KeepAlive(c)
}
