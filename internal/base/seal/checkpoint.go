package seal

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// EmptyRoot is the root of a tree without leaves: the hash of nothing (RFC 6962, 2.1).
var EmptyRoot = Hash(sha256.Sum256(nil))

// Errors of checkpoints.
var (
	ErrCheckpoint = fault.Code{Name: "checkpoint_invalid", Kind: fault.Malformed} // not a checkpoint, or no signature of ours
	ErrForked     = fault.Code{Name: "history_forked", Kind: fault.Conflict}      // the books do not continue an earlier checkpoint
)

// Checkpoint says what the two trees of a tenant looked like at an instant.
type Checkpoint struct {
	Tenant    int64
	Epoch     int64
	Size      int64 // entries
	Root      Hash
	AuditSize int64
	AuditRoot Hash
	At        clock.Instant
}

const originPrefix = "lojal/tenant/"

// Text gives the body of the note: origin, size and root on the first three lines, as any reader of
// transparency logs expects them (C2SP tlog-checkpoint), then ours as extension lines.
func (c Checkpoint) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d\n%d\n%s\n", originPrefix, c.Tenant, c.Size, encode(c.Root))
	fmt.Fprintf(&b, "epoch %d\naudit %d %s\nat %s\n", c.Epoch, c.AuditSize, encode(c.AuditRoot), c.At)
	return b.String()
}

// ParseCheckpoint reads the body of a note. It refuses with ErrCheckpoint whatever Text does not write.
func ParseCheckpoint(text string) (Checkpoint, error) {
	c, ok := parse(strings.Split(text, "\n"))
	if !ok || c.Text() != text {
		return Checkpoint{}, fault.New(ErrCheckpoint)
	}
	return c, nil
}

func parse(lines []string) (Checkpoint, bool) {
	var c Checkpoint
	if len(lines) != 7 {
		return c, false
	}
	audit := strings.Fields(lines[4])
	if len(audit) != 3 {
		return c, false
	}
	number := func(dest *int64, prefix, s string) bool {
		rest, ok := strings.CutPrefix(s, prefix)
		v, err := strconv.ParseInt(rest, 10, 64)
		*dest = v
		return ok && err == nil && v >= 0
	}
	at, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[5], "at "))
	c.At = clock.Of(at)
	ok := err == nil && number(&c.Tenant, originPrefix, lines[0]) && number(&c.Size, "", lines[1]) && decode(&c.Root, lines[2]) &&
		number(&c.Epoch, "epoch ", lines[3]) && number(&c.AuditSize, "", audit[1]) && decode(&c.AuditRoot, audit[2])
	return c, ok
}

func encode(h Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

func decode(h *Hash, s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return false
	}
	copy(h[:], b)
	return true
}
