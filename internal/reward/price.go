package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/programme"
)

// Price gives the outcome of a basket under a programme version, in the order of R2. Facts stand for the
// present state, at for the frozen evaluation time, outlet for the place.
// It declines with insufficient_points, insufficient_balance, limit_burns_per_day, amount_mismatch (with
// the parameter pricing, an *Outcome), tender_not_allowed, a voucher code, a limit code, or invalid_value.
func Price(v *programme.Version, b *Basket, w *Wish, f *Facts, at clock.Instant, outlet string) (*Outcome, error) {
	panic("reward: not priced yet")
}
