package ledger

import "lojal/internal/base/fault"

// Codes of the ledger.
var (
	ErrInsufficientBalance = fault.Code{Name: "insufficient_balance", Kind: fault.Declined}
	ErrInsufficientPoints  = fault.Code{Name: "insufficient_points", Kind: fault.Declined}
	ErrPassUsedUp          = fault.Code{Name: "pass_used_up", Kind: fault.Declined}
	ErrVoucherUsed         = fault.Code{Name: "voucher_used", Kind: fault.Declined}
	ErrMaxBalance          = fault.Code{Name: "limit_max_balance", Kind: fault.Declined}
	ErrCardNotActive       = fault.Code{Name: "card_not_active", Kind: fault.Declined}
	ErrCardBlocked         = fault.Code{Name: "card_blocked", Kind: fault.Declined}
	ErrCardLost            = fault.Code{Name: "card_lost", Kind: fault.Declined}
	ErrCardReplaced        = fault.Code{Name: "card_replaced", Kind: fault.Declined}
	ErrCardExpired         = fault.Code{Name: "card_expired", Kind: fault.Declined}
	ErrCardClosed          = fault.Code{Name: "card_closed", Kind: fault.Declined}
	ErrHoldExpired         = fault.Code{Name: "hold_expired", Kind: fault.Declined}
	ErrHoldResolved        = fault.Code{Name: "hold_resolved", Kind: fault.Declined}
	ErrAlreadyReversed     = fault.Code{Name: "already_reversed", Kind: fault.Declined}
	ErrReversalOfReversal  = fault.Code{Name: "reversal_of_reversal", Kind: fault.Declined}
	ErrOriginalNotFound    = fault.Code{Name: "original_not_found", Kind: fault.Declined}
	ErrDuplicateReceipt    = fault.Code{Name: "duplicate_receipt", Kind: fault.Conflict}
	ErrLedgerRegressed     = fault.Code{Name: "ledger_regressed", Kind: fault.Conflict}
	ErrDebitsFrozen        = fault.Code{Name: "debits_frozen", Kind: fault.Unavailable}
	ErrNothingToDo         = fault.Code{Name: "nothing_to_do", Kind: fault.Conflict} // host work that is already done; kept nowhere
	ErrStale               = fault.Code{Name: "stale_facts", Kind: fault.Conflict}   // facts read before the lane have moved: read again
)

// shortage gives the refusal that fits an account.
func shortage(k Kind, need, have int64) error {
	code := ErrInsufficientBalance
	switch k {
	case Points, Pending:
		code = ErrInsufficientPoints
	case Visits:
		code = ErrPassUsedUp
	case Coupon:
		code = ErrVoucherUsed
	}
	return fault.New(code, "need", need, "have", have)
}
