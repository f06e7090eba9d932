package proof

import "lojal/internal/base/fault"

// ErrVerification refuses an operation whose proof is missing, wrong, expired or used (A19). Nothing is
// stored under the operation's key.
var ErrVerification = fault.Code{Name: "verification_required", Kind: fault.Forbidden}
