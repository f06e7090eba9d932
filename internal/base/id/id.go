// Package id mints 63-bit, time-ordered identifiers and shows them with a prefix in Crockford base32,
// so that an identifier says of what it is one: mem_01h8…, crd_01h9….
package id

import (
	"fmt"
	"strings"
	"sync"

	"lojal/internal/base/clock"
)

// Prefix names what an identifier is of. Rooms declare an empty type with it and use Of of that type.
type Prefix interface{ Prefix() string }

// Of is an identifier of one kind. Zero means none.
type Of[P Prefix] int64

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// digits of a 63-bit number in base 32
const digits = 13

// String gives the prefix, an underscore and 13 characters of Crockford base32; nothing for none.
func (o Of[P]) String() string {
	if o == 0 {
		return ""
	}
	var p P
	return Format(p.Prefix(), int64(o))
}

// MarshalText gives String.
func (o Of[P]) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what String gives; nothing is zero.
func (o *Of[P]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*o = 0
		return nil
	}
	var p P
	v, err := Parse(p.Prefix(), string(b))
	*o = Of[P](v)
	return err
}

// Format writes a number with its prefix.
func Format(prefix string, v int64) string {
	var out [digits]byte
	for i := digits - 1; i >= 0; i-- {
		out[i] = alphabet[v&31]
		v >>= 5
	}
	return prefix + "_" + string(out[:])
}

// Parse reads what Format wrote. Case is folded and the look-alikes i, l, o are read as 1, 1, 0.
func Parse(prefix, s string) (int64, error) {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != digits {
		return 0, fmt.Errorf("%q is not an identifier that begins with %s_", clip(s), prefix)
	}
	var v int64
	for i := range len(rest) {
		d := value(rest[i])
		if d < 0 || (i == 0 && d > 7) {
			return 0, fmt.Errorf("%q is not an identifier that begins with %s_", clip(s), prefix)
		}
		v = v<<5 | int64(d)
	}
	return v, nil
}

func value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		c += 'a' - 'A'
	}
	switch c {
	case 'i', 'l':
		return 1
	case 'o':
		return 0
	}
	return strings.IndexByte(alphabet, c)
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Mint makes identifiers: 41 bits of milliseconds since 2020, 10 bits of node, 12 bits of sequence.
type Mint struct {
	mu    sync.Mutex
	clock clock.Clock
	node  int64
	last  int64 // milliseconds and sequence together, never handed out twice
}

// NewMint gives a mint for a node number from 0 to 1023.
func NewMint(c clock.Clock, node int) *Mint { return &Mint{clock: c, node: int64(node) & 1023} }

const (
	epochMillis = 1_577_836_800_000 // 2020-01-01T00:00:00Z
	sequence    = 12
)

// Next gives a number greater than every one before it from this mint, also when the clock steps back.
// It never stops time: past 4,096 a millisecond it borrows from the next one.
func (m *Mint) Next() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := max(int64(m.clock.Now())/1000-epochMillis, 0) << sequence
	m.last = max(m.last+1, now)
	millis, seq := m.last>>sequence, m.last&(1<<sequence-1)
	return millis<<22 | m.node<<sequence | seq
}
