//go:build !seededbug

package sale

import (
	"lojal/internal/coupon"
	"lojal/internal/reward"
)

// Steps that a build for the scorecard of seeded bugs (scripts/seededbugs.sh) takes wrongly on purpose.

func forgetsTombstone() bool { return false }

func used(v coupon.Voucher, left int64) (bool, int64) {
	return v.MaxUses > 0 && v.Uses >= v.MaxUses, left
}

func before(parts []reward.Part) []reward.Part { return parts }
