package merchant

import (
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// ErrExists says that a slug, a code or a terminal's number is taken. Its parameter "field" names which.
var ErrExists = fault.Code{Name: "already_exists", Kind: fault.Conflict}

// taken tells of a value that must be unique and is not.
func taken(err error, field string) error {
	if err != nil && db.Classify(err) == db.Duplicate {
		return fault.Wrap(ErrExists, err, "field", field)
	}
	return err
}
