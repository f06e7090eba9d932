package shift

import "lojal/internal/base/fault"

// Codes of shifts and batches.
var (
	// ErrBatchClosed refuses what only an open batch allows: a void, or a closing of another batch.
	ErrBatchClosed = fault.Code{Name: "batch_closed", Kind: fault.Declined}
	// ErrShiftOpen refuses a log-on while another cashier's shift is open on the terminal.
	ErrShiftOpen = fault.Code{Name: "shift_open", Kind: fault.Conflict}
	// ErrShiftNotOpen refuses the closing of a shift that is not open.
	ErrShiftNotOpen = fault.Code{Name: "shift_not_open", Kind: fault.Conflict}
	// ErrTillInUse refuses to carry figures over to a terminal that has counted already.
	ErrTillInUse = fault.Code{Name: "till_in_use", Kind: fault.Conflict}
)
