package app_test

import (
	"context"
	"testing"

	"lojal/internal/app"
	"lojal/internal/base/db/dbtest"
)

// TestMint_ARestartOnAStandingClockRepeatsNoIdentifier restarts a house whose test clock stands still, so
// that no time passes between what was made before and after.
func TestMint_ARestartOnAStandingClockRepeatsNoIdentifier(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		data := t.TempDir()
		s := openShopIn(t, url, data, points)
		s.card("9428010000000012")
		s.stop()
		again, err := app.Open(context.Background(), app.Config{Database: url, Data: data, TestClock: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = again.Close() })
		for range 20 { // more than the first life of the house minted
			if _, err := again.TestRelink(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
