// Package api is the management API, /v1: what a merchant's systems set up, ask and change, as typed
// operations from which the OpenAPI document is written.
//
// What always holds: every write has an Idempotency-Key and happens once; every write of configuration and
// every change by hand has its row in the audit trail, in the same commit; an unknown field, a duplicate key
// and a cursor that is not ours are refused; what belongs to another tenant, or to an outlet that the key
// may not see, is answered as if it were not there.
//
// It refuses to know rules: a handler decodes, calls one use-case, and answers.
package api
