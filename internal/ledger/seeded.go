//go:build seededbug

package ledger

import (
	"os"
	"slices"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// seeded tells which bug this process is to have: SB1 to SB20 by the list of the harness that hunts them.
func seeded(bug string) bool { return os.Getenv("LOJAL_BUG") == bug }

var turns int

// every is true at each nth time that it is asked.
func every(n int) bool {
	turns++
	return turns%n == 0
}

// SB1: the reply is given before the commit, which then does not happen.
func commit(b db.Batch) error {
	if seeded("SB1") && every(40) {
		return nil
	}
	return b.Commit()
}

// SB2: the key is written in a transaction of its own, which is sometimes lost.
func keyed(e *Entry) {
	if seeded("SB2") && e.Key != "" && every(50) {
		e.Key = ""
	}
}

// SB4: the balance is read outside of the transaction, so that neighbours in a batch do not see each other.
func (w *work) written(r ref) (*Holder, bool) {
	if seeded("SB4") {
		return nil, false
	}
	h, ok := w.done[r]
	return h, ok
}

// SB5: money is a floating-point number of euros.
func exact(qty int64) int64 {
	if seeded("SB5") {
		return int64(float32(qty) * 0.01 * 100)
	}
	return qty
}

// SB7: a hold that is captured stays open.
func remainsOpen(s HoldState) bool { return seeded("SB7") && s == HoldCaptured }

// SB8: the fingerprint is not compared.
func samePrint(a, b []byte) bool { return seeded("SB8") || slices.Equal(a, b) }

// SB9: the seq is taken before it is known whether the command is accepted.
func (h *head) declined() {
	if seeded("SB9") {
		h.seq++
	}
}

// SB13: lots are used by number, not by expiry.
func (l Lot) sooner(m Lot) bool {
	switch {
	case seeded("SB13"):
		return l.ID < m.ID
	case l.Until != m.Until:
		return m.Until == 0 || (l.Until != 0 && l.Until < m.Until)
	case l.Starts != m.Starts:
		return l.Starts < m.Starts
	}
	return l.ID < m.ID
}

// SB16: all clients share one space of keys.
func ownSpace(op Operation) Operation {
	if seeded("SB16") {
		op.Client = 1
	}
	return op
}

// SB17: what is no business refusal is kept under the key as well.
func definite(f *fault.Error) bool {
	return f != nil && (seeded("SB17") || f.Code.Kind == fault.Declined)
}

// SB18: the leaf leaves out who did it.
func hashed(text string) string {
	if seeded("SB18") {
		return ""
	}
	return text
}

// SB20: days end in the server's zone.
func judgedIn(z Zones, u Unit) *time.Location {
	if seeded("SB20") {
		return time.UTC
	}
	return z.Zone(u)
}
