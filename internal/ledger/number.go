package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
)

// An entry's number tells strangers the turnover. What leaves the house is the number permuted under a key
// of the tenant: short enough to print, found again without an index, telling nothing.

const (
	entryPrefix = "txn"
	rrnSpan     = 36 * 36 * 36 * 36 * 36 * 36 // what six digits of base 36 can say
	rrnLength   = 12
	rounds      = 10
)

// NumberKey permutes the numbers of one tenant's entries.
type NumberKey []byte

var readSecret = db.SQL("ledger.read_secret", `
	SELECT secret FROM tenant WHERE tenant_id = $1`)

// ReadNumberKey gives the tenant's key, derived from its secret.
func ReadNumberKey(ctx context.Context, tx db.Tx) (NumberKey, error) {
	var secret []byte
	found, err := tx.One(ctx, readSecret, db.Args(tx.Tenant()), &secret)
	if err == nil && !found {
		err = fault.New(fault.ErrNotFound, "tenant", tx.Tenant())
	}
	return DeriveNumberKey(secret), err
}

// DeriveNumberKey derives the key from a tenant's secret.
func DeriveNumberKey(secret []byte) NumberKey {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("lojal entry numbers 1"))
	return h.Sum(nil)
}

// FormatEntryID gives the public id of an entry: txn_ and 13 characters.
func FormatEntryID(seq int64, key NumberKey) string {
	v := uint64(seq)
	for ok := true; ok; ok = v>>63 != 0 { // walks the cycle back into 63 bits
		v = feistel(v, 32, 'e', key, false)
	}
	return id.Format(entryPrefix, int64(v))
}

// ParseEntryID gives the seq of a public id. A text that is none, or one under another key, is refused
// with invalid_value; whether there is such an entry is not known yet.
func ParseEntryID(s string, key NumberKey) (int64, error) {
	n, err := id.Parse(entryPrefix, s)
	if err != nil {
		return 0, fault.Wrap(fault.ErrInvalidValue, err, "field", "id", "expected", "txn_…")
	}
	v := uint64(n)
	for ok := true; ok; ok = v>>63 != 0 {
		v = feistel(v, 32, 'e', key, true)
	}
	if v == 0 || v > 1<<53 { // seq fits into a lot's id beside its count
		return 0, fault.Invalid("id", "txn_…")
	}
	return int64(v), nil
}

// FormatRRN gives the retrieval reference number YDDDhhnnnnnn of an entry (OPS-04; ISO 8583 field 37): last
// digit of the year, day of the year, hour in UTC, and six digits of base 36 that carry the seq, permuted.
func FormatRRN(e *Entry, key NumberKey) string {
	v := uint64(e.Seq % rrnSpan)
	for ok := true; ok; ok = v >= rrnSpan {
		v = feistel(v, 16, 'r', key, false)
	}
	digits := strings.ToUpper(strconv.FormatUint(v, 36))
	return rrnHour(e.BookedAt) + strings.Repeat("0", 6-len(digits)) + digits
}

func rrnHour(at clock.Instant) string {
	t := at.Time()
	return fmt.Sprintf("%d%03d%02d", t.Year()%10, t.YearDay(), t.Hour())
}

// ParseRRN gives what an RRN says of its entry's seq, which is the seq itself until a tenant has booked
// 36⁶ entries, about two milliards, and its remainder after that. It refuses with invalid_value.
func ParseRRN(s string, key NumberKey) (int64, error) {
	bad := fault.Invalid("rrn", "YDDDhhnnnnnn")
	if len(s) != rrnLength {
		return 0, bad
	}
	if _, err := strconv.ParseUint(s[:6], 10, 32); err != nil {
		return 0, bad
	}
	v, err := strconv.ParseUint(s[6:], 36, 64)
	if err != nil {
		return 0, bad
	}
	for ok := true; ok; ok = v >= rrnSpan {
		v = feistel(v, 16, 'r', key, true)
	}
	return int64(v), nil
}

// FindRRN gives the entry with an RRN; not_found when there is none.
func FindRRN(ctx context.Context, tx db.Tx, rrn string, key NumberKey) (*Entry, error) {
	seq, err := ParseRRN(rrn, key)
	if err != nil {
		return nil, err
	}
	h, err := ReadHead(ctx, tx)
	if err != nil {
		return nil, err
	}
	for ; seq <= h.Seq; seq += rrnSpan {
		if seq == 0 {
			continue
		}
		e, err := ReadEntry(ctx, tx, seq)
		if err != nil || FormatRRN(e, key) == strings.ToUpper(rrn) {
			return e, err
		}
	}
	return nil, fault.New(fault.ErrNotFound, "rrn", rrn)
}

// feistel permutes a number of twice half bits: a balanced network whose round function is HMAC-SHA-256, so
// that without the key it cannot be told from chance. The use keeps two permutations of one key apart.
func feistel(v uint64, half uint, use byte, key NumberKey, back bool) uint64 {
	mask := uint64(1)<<half - 1
	left, right := v>>half&mask, v&mask
	mac := hmac.New(sha256.New, key)
	var in [10]byte
	var out [sha256.Size]byte
	in[0] = use
	f := func(round int, x uint64) uint64 {
		in[1] = byte(round)
		binary.BigEndian.PutUint64(in[2:], x)
		mac.Reset()
		mac.Write(in[:])
		return binary.BigEndian.Uint64(mac.Sum(out[:0])) & mask
	}
	if back {
		for round := rounds - 1; round >= 0; round-- {
			left, right = right^f(round, left), left
		}
	} else {
		for round := range rounds {
			left, right = right, left^f(round, right)
		}
	}
	return left<<half | right
}
