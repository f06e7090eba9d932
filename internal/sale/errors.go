package sale

import "lojal/internal/base/fault"

// Codes of the sale room.
var (
	ErrQuoteChanged      = fault.Code{Name: "quote_changed", Kind: fault.Conflict}
	ErrAmbiguous         = fault.Code{Name: "ambiguous_original", Kind: fault.Conflict}
	ErrClockSkew         = fault.Code{Name: "clock_skew", Kind: fault.Conflict}
	ErrNotAccepted       = fault.Code{Name: "not_accepted_here", Kind: fault.Declined}
	ErrCardNotActive     = fault.Code{Name: "card_not_active", Kind: fault.Declined}
	ErrAlreadyActive     = fault.Code{Name: "card_already_active", Kind: fault.Declined}
	ErrBatchClosed       = fault.Code{Name: "batch_closed", Kind: fault.Declined}
	ErrFurtherActivity   = fault.Code{Name: "further_activity_prevents_void", Kind: fault.Declined}
	ErrOriginalVoided    = fault.Code{Name: "original_voided", Kind: fault.Declined}
	ErrMaxBalance        = fault.Code{Name: "limit_max_balance", Kind: fault.Declined}
	ErrLoadsPerDay       = fault.Code{Name: "limit_loads_per_day", Kind: fault.Declined}
	ErrMaxLoad           = fault.Code{Name: "limit_max_load", Kind: fault.Declined}
	ErrVerification      = fault.Code{Name: "verification_required", Kind: fault.Forbidden}
	ErrApproval          = fault.Code{Name: "approval_required", Kind: fault.Declined}
	ErrPassNotValid      = fault.Code{Name: "pass_not_valid_now", Kind: fault.Declined}
	ErrCurrencyMismatch  = fault.Code{Name: "currency_mismatch", Kind: fault.Declined}
	ErrTenderNotAllowed  = fault.Code{Name: "tender_not_allowed", Kind: fault.Declined}
	ErrVersionUnknown    = fault.Code{Name: "version_conflict", Kind: fault.Conflict}
	ErrTransferForbidden = fault.Code{Name: "not_transferable", Kind: fault.Declined}
)
