//go:build !seededbug

package ledger

import (
	"slices"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// Steps that a build for the scorecard of seeded bugs (scripts/seededbugs.sh) takes wrongly on purpose, one
// a build. Here they are what they should be, and the compiler sets them in place.

func commit(b db.Batch) error { return b.Commit() }

func keyed(*Entry) {}

func (w *work) written(r ref) (*Holder, bool) {
	h, ok := w.done[r]
	return h, ok
}

func exact(qty int64) int64 { return qty }

func remainsOpen(HoldState) bool { return false }

func samePrint(a, b []byte) bool { return slices.Equal(a, b) }

func (h *head) declined() {}

func (l Lot) sooner(m Lot) bool {
	if l.Until != m.Until {
		return m.Until == 0 || (l.Until != 0 && l.Until < m.Until)
	}
	if l.Starts != m.Starts {
		return l.Starts < m.Starts
	}
	return l.ID < m.ID
}

func ownSpace(op Operation) Operation { return op }

func definite(f *fault.Error) bool { return f != nil && f.Code.Kind == fault.Declined }

func hashed(text string) string { return text }

func judgedIn(z Zones, u Unit) *time.Location { return z.Zone(u) }
