package api

import "lojal/internal/base/fault"

// Codes of the management API that belong to no room.
var (
	ErrProgramme = fault.Code{Name: "programme_invalid", Kind: fault.Declined} // "problems": each with its place
	ErrCheckout  = fault.Code{Name: "checkout_state", Kind: fault.Declined}    // "state": the one that it is in
)
