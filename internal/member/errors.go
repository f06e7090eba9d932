package member

import "lojal/internal/base/fault"

// ErrDuplicateMember refuses a second person with one phone, or a second membership of a person in one
// programme. It names the member, and belongs to the management API alone.
var ErrDuplicateMember = fault.Code{Name: "duplicate_member", Kind: fault.Conflict}
