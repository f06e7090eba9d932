package db_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
)

// TestTransaction_ALostConnectionIsUnavailable holds that a client is told to come again when the database
// goes away under a transaction (F10), and that its cause can still be told.
func TestTransaction_ALostConnectionIsUnavailable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run := map[string]func(context.Context, int64, func(db.Tx) error) error{"read": d.Read, "write": d.Write}
		for name, do := range run {
			for _, cause := range []error{io.ErrUnexpectedEOF, driver.ErrBadConn} {
				err := do(context.Background(), 1, func(db.Tx) error { return fmt.Errorf("some.statement: %w", cause) })
				if !fault.Is(err, fault.ErrUnavailable) || !errors.Is(err, cause) || db.Classify(err) != db.Lost {
					t.Errorf("%s: %v gives %v", name, cause, err)
				}
			}
			bug := errors.New("a bug")
			if err := do(context.Background(), 1, func(db.Tx) error { return bug }); err != bug { //nolint:errorlint // it must come as it was
				t.Errorf("%s: a bug comes as %v", name, err)
			}
		}
	})
}
