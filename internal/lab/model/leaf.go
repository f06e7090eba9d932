package model

import (
	"crypto/sha256"
	"encoding/binary"
)

// Leaf computes the leaf of an entry from its columns in the order of the table (RFC 6962: H(0x00 ‖ entry)):
// a number as eight bytes, a text behind the four bytes of its length.
func Leaf(columns ...any) [32]byte {
	b := []byte{0}
	for _, c := range columns {
		switch v := c.(type) {
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
	}
	return sha256.Sum256(b)
}
