package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Operations of the history.
const (
	opIssue      = "issue"      // a card or member is made
	opLoad       = "load"       // money onto a gift card
	opRedeem     = "redeem"     // money from a gift card
	opTransfer   = "transfer"   // from one gift card to another
	opRefund     = "refund"     // of a redemption, in full or in part
	opEarn       = "earn"       // a sale that earns points
	opBurn       = "burn"       // a sale paid with points, which earns on the rest
	opCoupon     = "coupon"     // a sale that uses the one coupon
	opVisit      = "visit"      // of a pass
	opHold       = "hold"       // reserves money of a gift card
	opCapture    = "capture"    // books a hold as a sale
	opRelease    = "release"    // gives a hold up
	opReverse    = "reverse"    // takes an earlier sale back, or closes its key
	opBlock      = "block"      // of a card
	opUnblock    = "unblock"    //
	opBalance    = "balance"    // reads one account
	opStatement  = "statement"  // reads one account's movements, page by page
	opCheckpoint = "checkpoint" // reads the signed end of the ledger
)

// How a request came to be sent.
const (
	sendFirst   = ""        // the first time
	sendAgain   = "again"   // identically, once more
	sendPoison  = "poison"  // the same key with another amount
	sendRace    = "race"    // one of 32 at once
	sendResolve = "resolve" // to find out what became of it
	sendFence   = "fence"   // asks by look-up and closes the key if it is absent
)

// Statuses of a record.
const (
	statusOK      = "ok"     // applied
	statusFail    = "fail"   // declined for a business reason, or closed by a fence
	statusRefused = "refuse" // validation, clash or load: nothing is kept under the key
	statusInfo    = "info"   // no complete reply
)

// Args are what an operation asks for: accounts by the names that the bank gave them, amounts in minor
// units, points or visits, and the key of the operation that this one refers to.
type Args struct {
	Account string `json:"account,omitempty"`
	To      string `json:"to,omitempty"`
	Amount  int64  `json:"amount,omitempty"`
	Total   int64  `json:"total,omitempty"` // of a basket
	Of      string `json:"of,omitempty"`
}

// Balance is an account as an answer shows it.
type Balance struct {
	Active int64 `json:"active"`
	Held   int64 `json:"held,omitempty"`
	Debt   int64 `json:"debt,omitempty"`
}

// Shown is what a customer sees: what is there less what is owed.
func (b Balance) Shown() int64 { return b.Active - b.Debt }

// Record is one request and its answer. On disk it is two lines with the same I: the invocation, written
// before the request is sent, and the return. Times are monotonic nanoseconds of one process.
type Record struct {
	I      int64  `json:"i"`
	Client int    `json:"client,omitempty"`
	Op     string `json:"op,omitempty"`
	Send   string `json:"send,omitempty"`
	Key    string `json:"key,omitempty"`
	Args   Args   `json:"args,omitzero"`
	Invoke int64  `json:"t_invoke,omitempty"`
	Due    int64  `json:"t_due,omitempty"` // when the schedule wanted it sent

	Return     int64              `json:"t_return,omitempty"`
	HTTP       int                `json:"http,omitempty"`
	Status     string             `json:"status,omitempty"`
	Code       string             `json:"code,omitempty"`
	Result     string             `json:"result,omitempty"` // approved, reversed, tombstoned; what a fence found
	BodyHash   string             `json:"body_hash,omitempty"`
	Epoch      int64              `json:"epoch,omitempty"`
	Seq        int64              `json:"ledger_seq,omitempty"`
	Replayed   bool               `json:"replayed,omitempty"`
	RetryAfter bool               `json:"retry_after,omitempty"`
	Balances   map[string]Balance `json:"balances,omitempty"`
	Earned     int64              `json:"earned,omitempty"`
	Keys       []string           `json:"keys,omitempty"` // of a statement
	Note       string             `json:"note,omitempty"`
}

// read tells whether the operation changes nothing.
func (r *Record) read() bool {
	return r.Op == opBalance || r.Op == opStatement || r.Op == opCheckpoint
}

// definite tells whether the record carries the outcome of its key.
func (r *Record) definite() bool {
	return r.Send != sendPoison && (r.Status == statusOK || r.Status == statusFail)
}

// invocation gives the part that is known before the request is sent.
func (r *Record) invocation() Record {
	return Record{I: r.I, Client: r.Client, Op: r.Op, Send: r.Send, Key: r.Key, Args: r.Args, Invoke: r.Invoke, Due: r.Due}
}

// completion gives the rest.
func (r *Record) completion() Record {
	out := *r
	out.Client, out.Op, out.Send, out.Key, out.Args, out.Invoke, out.Due = 0, "", "", "", Args{}, 0, 0
	return out
}

func (r *Record) complete(with Record) {
	invoked := r.invocation()
	*r = with
	r.Client, r.Op, r.Send, r.Key, r.Args = invoked.Client, invoked.Op, invoked.Send, invoked.Key, invoked.Args
	r.Invoke, r.Due = invoked.Invoke, invoked.Due
}

// Fault is something that the bank did to the server.
type Fault struct {
	Kind     string `json:"kind"` // kill, term, stop, pgrestart
	At       int64  `json:"at"`
	Back     int64  `json:"back"`      // when it answered again
	InFlight int64  `json:"in_flight"` // requests on their way at that moment
}

// Entry is a ledger entry as the final read found it.
type Entry struct {
	Seq   int64  `json:"seq"`
	Epoch int64  `json:"epoch"`
	Kind  string `json:"kind"`
	Key   string `json:"key,omitempty"`
	Sums  Sums   `json:"sums,omitempty"` // of its postings, by unit
	Event bool   `json:"event,omitempty"`
}

// Sums are amounts by unit.
type Sums map[string]int64

// Final is what was read after the last operation was resolved.
type Final struct {
	Balances   map[string]Balance  `json:"balances"`
	Statements map[string][]string `json:"statements"` // account: keys
	Entries    []Entry             `json:"entries"`
	Events     bool                `json:"events"`     // the event feed was read
	Proofs     int                 `json:"proofs"`     // inclusion and consistency proofs examined
	ProofsBad  []string            `json:"proofs_bad"` // those that do not verify
	Flaws      []string            `json:"flaws"`      // reads of the set-up that did not see what was written
	Snapshots  bool                `json:"snapshots"`  // postings were read with the entries
}

// History is everything that a check may look at.
type History struct {
	Records []*Record
	Faults  []Fault
	Final   Final
	World   World
}

// World is what the model must know of the rules.
type World struct {
	Seed      uint64 `json:"seed"`
	CouponCap int64  `json:"coupon_cap"`
	Visits    int64  `json:"visits"` // of each pass
	EarnPer   int64  `json:"earn_per"`
	Setup     string `json:"setup,omitempty"` // how the keys begin under which cards and members were made
}

// line is one line of the history's file.
type line struct {
	*Record
	Fault *Fault `json:"fault,omitempty"`
	Final *Final `json:"final,omitempty"`
	World *World `json:"world,omitempty"`
}

// readHistory reads a history's file. Each return must have its invocation before it.
func readHistory(in io.Reader) (*History, error) {
	h := &History{}
	open := map[int64]*Record{}
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if len(text) > 0 {
			if bad := h.add(text, open); bad != nil {
				return nil, fmt.Errorf("line %d of the history: %w", n, bad)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	for _, r := range h.Records {
		if r.Status == "" {
			r.Status = statusInfo
		}
	}
	return h, nil
}

func (h *History) add(text []byte, open map[int64]*Record) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	switch {
	case l.Fault != nil:
		h.Faults = append(h.Faults, *l.Fault)
	case l.Final != nil:
		h.Final = *l.Final
	case l.World != nil:
		h.World = *l.World
	case l.Record == nil:
		return errors.New("neither a record nor a fault")
	case l.Record.Op != "":
		if open[l.I] != nil {
			return fmt.Errorf("record %d is invoked twice", l.I)
		}
		r := l.Record
		r.Status = ""
		open[r.I] = r
		h.Records = append(h.Records, r)
	default:
		r := open[l.I]
		if r == nil {
			return fmt.Errorf("record %d returns without being invoked", l.I)
		}
		r.complete(*l.Record)
	}
	return nil
}

// Operation is everything that was sent under one key.
type Operation struct {
	Key     string
	Op      string
	Args    Args
	Invoke  int64   // of the first request
	Return  int64   // of the first definite answer; 0 for none
	Outcome *Record // the first definite answer; nil for none
	Records []*Record
}

// ok tells whether the operation was applied.
func (o *Operation) ok() bool { return o.Outcome != nil && o.Outcome.Status == statusOK }

// operations gathers the records of each key, in the order of their first invocation. Reads have none.
func (h *History) operations() []*Operation {
	byKey := map[string]*Operation{}
	var out []*Operation
	for _, r := range h.Records {
		if r.read() {
			continue
		}
		o := byKey[r.Key]
		if o == nil {
			o = &Operation{Key: r.Key, Op: r.Op, Args: r.Args, Invoke: r.Invoke}
			byKey[r.Key] = o
			out = append(out, o)
		}
		o.Records = append(o.Records, r)
		if r.definite() && (o.Outcome == nil || r.Return < o.Return) {
			o.Outcome, o.Return = r, r.Return
		}
	}
	slices.SortStableFunc(out, func(a, b *Operation) int { return int(a.Invoke - b.Invoke) })
	return out
}
