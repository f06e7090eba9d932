// Package check names invariants: a query over the stored state that must find nothing. It knows neither
// what is stored nor what a violation leads to; rooms declare checks, the doctor runs them.
package check

import (
	"context"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// Check is one invariant under its stable id. Run looks at one tenant on one snapshot and judges time by
// asOf; it gives what is wrong, and an error only when it could not look.
type Check struct {
	ID    string
	Title string
	Run   func(ctx context.Context, tx db.Tx, asOf clock.Instant) ([]Violation, error)
}

// Violation says what is wrong and where: the entry by its seq and its public id, the holder by its
// number, as far as they are known.
type Violation struct {
	Entry   int64  `json:"entry,omitempty"`
	EntryID string `json:"entry_id,omitempty"`
	Holder  int64  `json:"holder,omitempty"`
	What    string `json:"what"`
}

// String gives the violation in one line.
func (v Violation) String() string {
	s := v.What
	if v.Holder != 0 {
		s = fmt.Sprintf("holder %d: %s", v.Holder, s)
	}
	switch {
	case v.EntryID != "":
		s = fmt.Sprintf("entry %d (%s): %s", v.Entry, v.EntryID, s)
	case v.Entry != 0:
		s = fmt.Sprintf("entry %d: %s", v.Entry, s)
	}
	return s
}

// MaxViolations is how many violations of one invariant are kept: a damaged book is not told row by row.
const MaxViolations = 100

// List collects violations up to the limit.
type List []Violation

// Add keeps a violation while there is room.
func (l *List) Add(v Violation) {
	if len(*l) < MaxViolations {
		*l = append(*l, v)
	}
}

// Query makes a check of one statement whose only argument is the tenant. Each row it finds is a
// violation; tell reads it.
func Query(id, title string, s *db.Stmt, tell func(scan func(...any) error) (Violation, error)) Check {
	return Check{id, title, func(ctx context.Context, tx db.Tx, _ clock.Instant) ([]Violation, error) {
		var out List
		err := tx.Each(ctx, s, db.Args(tx.Tenant()), func(scan func(...any) error) error {
			v, err := tell(scan)
			if err == nil {
				out.Add(v)
			}
			return err
		})
		return out, err
	}}
}

// Join makes one check of several that prove the same invariant.
func Join(id, title string, parts ...Check) Check {
	return Check{id, title, func(ctx context.Context, tx db.Tx, asOf clock.Instant) ([]Violation, error) {
		var out List
		for _, p := range parts {
			found, err := p.Run(ctx, tx, asOf)
			if err != nil {
				return out, err
			}
			for _, v := range found {
				out.Add(v)
			}
		}
		return out, nil
	}}
}
