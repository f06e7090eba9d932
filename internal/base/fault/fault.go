// Package fault is the one error type of the house. A fault carries a stable code, which is the contract
// with every client and the translation key of its text; parameters, which are the figures and names of
// the code; and a cause, which is for logs alone.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says which family a code belongs to. Status codes are derived from it in base/web and nowhere else.
type Kind uint8

// The families of codes, in the order of the HTTP status that base/web gives them.
const (
	Malformed       Kind = iota + 1 // 400: the request cannot be understood
	Unauthenticated                 // 401: nobody is known to ask
	Forbidden                       // 403: known, but not allowed
	NotFound                        // 404: authenticated look-up of nothing
	Conflict                        // 409: clashes with the present state
	TooLarge                        // 413
	Unsupported                     // 415
	Declined                        // 422: a business refusal; definite, kept under its key for ever
	Mismatch                        // 422: same key, other body; not kept
	Limited                         // 429
	Unavailable                     // 503: retry with the same key
)

// Code is a stable error code with its family.
type Code struct {
	Name string
	Kind Kind
}

// Error is a fault: a code with parameters and, possibly, what caused it.
type Error struct {
	Code   Code
	Params Params
	Cause  error
}

// Param is one named figure of an error.
type Param struct {
	Name  string
	Value any
}

// Params keep the order in which they were given, so that an error renders byte for byte alike.
type Params []Param

// Get gives the value of a parameter, nil when there is none.
func (p Params) Get(name string) any {
	for _, one := range p {
		if one.Name == name {
			return one.Value
		}
	}
	return nil
}

// Codes that belong to no room.
var (
	ErrMalformed       = Code{"malformed", Malformed}
	ErrUnknownField    = Code{"unknown_field", Malformed}
	ErrInvalidValue    = Code{"invalid_value", Malformed}
	ErrUnauthenticated = Code{"unauthenticated", Unauthenticated}
	ErrForbidden       = Code{"forbidden", Forbidden}
	ErrNotFound        = Code{"not_found", NotFound}
	ErrInProgress      = Code{"in_progress", Conflict}
	ErrVersionConflict = Code{"version_conflict", Conflict}
	ErrTooLarge        = Code{"too_large", TooLarge}
	ErrUnsupportedType = Code{"unsupported_media_type", Unsupported}
	ErrFieldImmutable  = Code{"field_immutable", Declined}
	ErrKeyMismatch     = Code{"idempotency_mismatch", Mismatch}
	ErrRateLimited     = Code{"rate_limited", Limited}
	ErrThrottled       = Code{"throttled", Limited}
	ErrOverloaded      = Code{"overloaded", Unavailable}
	ErrUnavailable     = Code{"unavailable", Unavailable}
	ErrStorageFull     = Code{"storage_full", Unavailable}
)

// New gives an error with the code and its parameters as name, value, name, value.
func New(code Code, pairs ...any) *Error {
	e := &Error{Code: code}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Params = append(e.Params, Param{fmt.Sprint(pairs[i]), pairs[i+1]})
	}
	return e
}

// Wrap gives an error with the code and the cause behind it. The cause is never shown to a client.
func Wrap(code Code, cause error, pairs ...any) *Error {
	e := New(code, pairs...)
	e.Cause = cause
	return e
}

// Invalid gives an invalid_value error that names the field and what is expected there.
func Invalid(field, expected string) *Error {
	return New(ErrInvalidValue, "field", field, "expected", expected)
}

// Error gives the code, its parameters and the cause, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code.Name)
	for _, p := range e.Params {
		fmt.Fprintf(&b, " %s=%v", p.Name, p.Value)
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Of gives the fault inside an error, nil when there is none.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Is tells whether the error is a fault with this code.
func Is(err error, code Code) bool {
	e := Of(err)
	return e != nil && e.Code.Name == code.Name
}
