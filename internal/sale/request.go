package sale

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/reward"
)

// Request is an operation as it was asked for, before anything is looked up.
type Request struct {
	ID          string // idempotency key
	Kind        string // sale, return, reversal, visit, load …
	Fingerprint []byte
	Session     string
	Quote       string
	Receipt     string
	Order       string
	Currency    string
	Base        *money.Value
	At          clock.Instant // the till's time; 0 when it gave none
	Context     Context
	Programme   string
	Presented   []card.Presented
	Basket      reward.Basket
	Wish        reward.Wish
	Verify      *Verify
	Hold        bool
	HoldSeconds int64
	Offline     bool
	Advice      bool
	Final       *bool
	Version     string // rules_version of an advice
	TerminalSeq int64
	Fiscal      string
	Reason      string
	Original    *Original
	Lines       []reward.AskLine
	All         bool
	Amount      money.Amount // of a load
	Refund      string       // refund_tenders
	Approval    string
	Pass        string
	Qty         int64
	Unknown     []string
}

// Context says where an operation happens, in the till's own words.
type Context struct {
	Outlet, Terminal, Shift, Cashier, Receipt string
}

// Original names an earlier operation (A23).
type Original struct {
	ID          string
	RRN         string
	Receipt     string
	Outlet      string
	Terminal    string
	TerminalSeq int64
	Date        clock.Day
}

// Verify is a proof of possession (A19).
type Verify struct {
	Method, Challenge, Code string
}
