package once

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"lojal/internal/base/fault"
)

// PrintSize is the length of a fingerprint in bytes.
const PrintSize = 16

// Fingerprint gives the first 16 bytes of the SHA-256 of a route and a canonical body. The route stands
// behind its length, so that no other pair of route and body gives the same bytes.
func Fingerprint(route string, canonicalBody []byte) []byte {
	h := sha256.New()
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(route)))
	h.Write(n[:])
	h.Write([]byte(route))
	h.Write(canonicalBody)
	return h.Sum(nil)[:PrintSize]
}

// Canonical writes JSON with its keys sorted and without spaces, so that the same request written another
// way has the same fingerprint. Numbers keep their digits. It returns ErrMalformed for what is no JSON
// value; an empty body is canonical as it is.
func Canonical(body []byte) ([]byte, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fault.Wrap(fault.ErrMalformed, err)
	}
	if d.More() {
		return nil, fault.New(fault.ErrMalformed)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fault.Wrap(fault.ErrMalformed, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
