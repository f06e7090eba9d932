//go:build seededbug

package sale

import (
	"os"

	"lojal/internal/coupon"
	"lojal/internal/reward"
)

func seeded(bug string) bool { return os.Getenv("LOJAL_BUG") == bug }

// SB6: a reversal of what is not there leaves no tombstone.
func forgetsTombstone() bool { return seeded("SB6") }

// SB11: the limit of a coupon is looked at nowhere that counts.
func used(v coupon.Voucher, left int64) (bool, int64) {
	if seeded("SB11") {
		return false, max(left, 1)
	}
	return v.MaxUses > 0 && v.Uses >= v.MaxUses, left
}

// SB12: a return does not know what was returned before.
func before(parts []reward.Part) []reward.Part {
	if seeded("SB12") {
		return nil
	}
	return parts
}
