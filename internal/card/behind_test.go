package card_test

import (
	"testing"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
)

// TestFind_KnowsACardWhileTheClockIsBehind holds that a step of the server's clock makes no card unknown.
func TestFind_KnowsACardWhileTheClockIsBehind(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		c := w.issue(t, "9428010000000012", nil)
		w.clock.Move(-time.Hour)
		if f := w.find(t, scan("9428010000000012")); f.Card != int64(c) {
			t.Errorf("found %d, want %d", f.Card, c)
		}
	})
}
