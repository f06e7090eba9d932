package access

import (
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// Codes of access.
var (
	ErrExists           = fault.Code{Name: "already_exists", Kind: fault.Conflict}    // a code of staff is taken
	ErrTerminalInUse    = fault.Code{Name: "terminal_in_use", Kind: fault.Conflict}   // another device has a key that lives
	ErrWrongPIN         = fault.Code{Name: "wrong_pin", Kind: fault.Forbidden}        // the code or the PIN; which of them is not told
	ErrStaffLocked      = fault.Code{Name: "staff_locked", Kind: fault.Limited}       // five wrong PINs
	ErrApprovalRequired = fault.Code{Name: "approval_required", Kind: fault.Declined} // "reason": missing, expired, used, act, terminal or amount
)

// taken tells of a value that must be unique and is not.
func taken(err error, field string) error {
	if err != nil && db.Classify(err) == db.Duplicate {
		return fault.Wrap(ErrExists, err, "field", field)
	}
	return err
}
