package client

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewID gives a new ULID: 48 bits of milliseconds and 80 random bits as 26 characters of Crockford base32,
// which sort by time. Store it before sending the operation that it names.
func NewID() string { return ulid(time.Now()) }

func ulid(now time.Time) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(now.UnixMilli())<<16)
	rand.Read(raw[6:]) //nolint:errcheck // crypto/rand never fails
	high, low := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base32[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(out[:])
}
