package main

import (
	"cmp"
	"slices"
	"time"
)

// documented are the codes of the contract, with the status under which each may come.
var documented = map[string]int{
	"malformed": 400, "unknown_field": 400, "invalid_value": 400, "unauthenticated": 401, "forbidden": 403, "verification_required": 403,
	"not_found": 404, "in_progress": 409, "ledger_regressed": 409, "version_conflict": 409, "duplicate_receipt": 409, "terminal_in_use": 409,
	"quote_changed": 409, "ambiguous_original": 409, "clock_skew": 409, "too_large": 413, "unsupported_media_type": 415,
	"insufficient_balance": 422, "insufficient_points": 422, "below_minimum": 422, "amount_mismatch": 422, "currency_mismatch": 422,
	"tender_not_allowed": 422, "not_accepted_here": 422, "card_not_active": 422, "card_already_active": 422, "card_blocked": 422,
	"card_lost": 422, "card_replaced": 422, "card_expired": 422, "card_closed": 422, "own_card": 422, "voucher_used": 422,
	"voucher_expired": 422, "voucher_limit": 422, "offer_exhausted": 422, "pass_used_up": 422, "pass_not_valid_now": 422, "pass_frozen": 422,
	"hold_expired": 422, "hold_resolved": 422, "limit_earns_per_day": 422, "limit_burns_per_day": 422, "limit_loads_per_day": 422,
	"limit_redemptions": 422, "limit_max_balance": 422, "limit_max_load": 422, "limit_max_issue": 422, "approval_required": 422,
	"original_not_found": 422, "original_voided": 422, "already_reversed": 422, "reversal_of_reversal": 422, "batch_closed": 422,
	"further_activity_prevents_void": 422, "over_return": 422, "return_window_over": 422, "field_immutable": 422, "idempotency_mismatch": 422,
	"rate_limited": 429, "throttled": 429, "storage_full": 503, "overloaded": 503, "debits_frozen": 503, "unavailable": 503,
}

// rto is how long after a fault the first success may take (C11).
const rto = 30 * time.Second

// taxonomy is C10: no 500, no code that the contract does not know, and a Retry-After with every 429 and
// 503.
func (c *checker) taxonomy() {
	for _, r := range c.Records {
		if r.HTTP == 0 {
			continue
		}
		c.looked("C10", 1)
		switch status, known := documented[r.Code]; {
		case r.HTTP >= 500 && r.HTTP != 503:
			c.find("C10", "http500", r.Key, "%s was answered %d %s", r.Op, r.HTTP, r.Code)
		case r.HTTP >= 300 && (!known || status != r.HTTP):
			c.find("C10", "undoc", r.Key, "%s was answered %d %q", r.Op, r.HTTP, r.Code)
		case (r.HTTP == 503 || r.HTTP == 429) && !r.RetryAfter:
			c.find("C10", "undoc", r.Key, "%s was answered %d without Retry-After", r.Op, r.HTTP)
		case r.Status == statusRefused && r.HTTP != 503 && r.HTTP != 429 && r.Send != sendPoison && r.Code != "in_progress":
			c.find("C10", "undoc", r.Key, "a right %s was refused: %d %s", r.Op, r.HTTP, r.Code)
		}
	}
}

// recoveries gives, for each fault, how long the first success after it took; a fault that nothing
// succeeded after gives a negative number. Faults that another one follows before any success are left out:
// nothing could succeed.
func (h *History) recoveries() []time.Duration {
	var successes []int64
	for _, r := range h.Records {
		if r.Status == statusOK && r.Return > 0 {
			successes = append(successes, r.Return)
		}
	}
	slices.Sort(successes)
	var out []time.Duration
	for i, f := range h.Faults {
		at, _ := slices.BinarySearch(successes, f.At+1)
		switch {
		case at == len(successes):
			out = append(out, -1)
		case i+1 < len(h.Faults) && h.Faults[i+1].At < successes[at]:
		default:
			out = append(out, time.Duration(successes[at]-f.At))
		}
	}
	return out
}

// percentile gives the value below which so many thousandths lie, 0 of nothing.
func percentile[T cmp.Ordered](values []T, thousandths int) (out T) {
	if len(values) == 0 {
		return out
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[min(len(sorted)*thousandths/1000, len(sorted)-1)]
}
