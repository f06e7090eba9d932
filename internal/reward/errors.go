package reward

import "lojal/internal/base/fault"

// Codes of the calculator.
var (
	ErrInsufficientPoints  = fault.Code{Name: "insufficient_points", Kind: fault.Declined}
	ErrInsufficientBalance = fault.Code{Name: "insufficient_balance", Kind: fault.Declined}
	ErrBelowMinimum        = fault.Code{Name: "below_minimum", Kind: fault.Declined}
	ErrAmountMismatch      = fault.Code{Name: "amount_mismatch", Kind: fault.Declined}
	ErrCurrencyMismatch    = fault.Code{Name: "currency_mismatch", Kind: fault.Declined}
	ErrTenderNotAllowed    = fault.Code{Name: "tender_not_allowed", Kind: fault.Declined}
	ErrVoucherUsed         = fault.Code{Name: "voucher_used", Kind: fault.Declined}
	ErrVoucherExpired      = fault.Code{Name: "voucher_expired", Kind: fault.Declined}
	ErrVoucherLimit        = fault.Code{Name: "voucher_limit", Kind: fault.Declined}
	ErrOfferExhausted      = fault.Code{Name: "offer_exhausted", Kind: fault.Declined}
	ErrBurnsPerDay         = fault.Code{Name: "limit_burns_per_day", Kind: fault.Declined}
	ErrMaxBalance          = fault.Code{Name: "limit_max_balance", Kind: fault.Declined}
	ErrMaxLoad             = fault.Code{Name: "limit_max_load", Kind: fault.Declined}
	ErrMaxIssue            = fault.Code{Name: "limit_max_issue", Kind: fault.Declined}
	ErrOverReturn          = fault.Code{Name: "over_return", Kind: fault.Declined}
	ErrReturnWindow        = fault.Code{Name: "return_window_over", Kind: fault.Declined}
	ErrVersion             = fault.Code{Name: "version_conflict", Kind: fault.Conflict}
)
