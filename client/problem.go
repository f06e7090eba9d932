package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retry says what a client may do after a problem.
type Retry string

// The three answers to "may I try again?".
const (
	Never   Retry = "never"    // the answer is final
	SameKey Retry = "same_key" // send the same again under the same key
	After   Retry = "after"    // the same, but not before Problem.Wait
)

// Problem is what the server refused (RFC 9457). Code is stable and the thing to decide by; Params are its
// figures and names; Display is a text for people per language (lv, ru, en, et, hu).
type Problem struct {
	Status    int                        `json:"status"`
	Code      string                     `json:"code"`
	Title     string                     `json:"title"`
	Retry     Retry                      `json:"retry"`
	Params    map[string]json.RawMessage `json:"params,omitempty"`
	Display   map[string]string          `json:"display,omitempty"`
	LedgerSeq int64                      `json:"ledger_seq"`
	Epoch     int64                      `json:"epoch"`
	Wait      time.Duration              `json:"-"` // Retry-After, 0 when the server named none
	Replayed  bool                       `json:"-"` // the outcome was decided by an earlier request under this key
}

// Error gives the code with its figures.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%d)", p.Code, p.Status)
	if len(p.Params) > 0 {
		params, _ := json.Marshal(p.Params)
		b.WriteByte(' ')
		b.Write(params)
	}
	return b.String()
}

// Declined tells whether the refusal is the definite outcome of the operation, kept under its key for ever.
func (p *Problem) Declined() bool {
	return p.Status == http.StatusUnprocessableEntity && p.Code != "idempotency_mismatch"
}

// Param reads one figure of the problem into value and tells whether it was there.
func (p *Problem) Param(name string, value any) bool {
	raw, ok := p.Params[name]
	return ok && json.Unmarshal(raw, value) == nil
}

// Code gives the code of the problem inside an error, nothing when there is none.
func Code(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// UnknownError says that the fate of a write is open: no complete answer arrived and the server could not
// be asked, or says that it knows nothing of the key so far. Send it again under the same key, or Fence it.
type UnknownError struct {
	Key    string
	Absent bool // the server was asked and had not seen the key; it may still be on its way
	Cause  error
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("outcome of %s is unknown: %v", e.Key, e.Cause)
}

// Unwrap gives what stood in the way.
func (e *UnknownError) Unwrap() error { return e.Cause }

func readProblem(status int, header http.Header, body []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(body, p) != nil || p.Code == "" {
		p.Code = "http_" + strconv.Itoa(status) // a proxy or a stranger answered
	}
	p.Status = status
	p.Replayed = header.Get("Idempotent-Replayed") == "true"
	if s, err := strconv.ParseUint(header.Get("Retry-After"), 10, 31); err == nil {
		p.Wait = time.Duration(s) * time.Second
	}
	return p
}

// again tells whether the same request may succeed a little later.
func (p *Problem) again() bool {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return p.Status == http.StatusConflict && p.Code == "in_progress"
}
