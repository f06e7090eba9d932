package ledger

import (
	"slices"

	"lojal/internal/base/clock"
)

// Holder is an owner of accounts with all that a decision needs: balances, open lots in the order in
// which they are consumed, open holds, and a few running figures.
type Holder struct {
	ID       int64
	Owner    Owner
	Status   Status
	Links    int64 // grows when instruments or membership of a card change
	Seq      int64 // the last entry that touched it: the head of its chain of entries
	Balances []Balance
	Lots     []Lot
	Holds    []Hold
	Edges    []Edge
	Marks    []Mark
	Stats    Stats
}

// Balance is what an account has posted, and how much of it is held. Tail counts lots kept in lot_tail.
type Balance struct {
	Kind   Kind
	Unit   Unit
	Posted int64
	Held   int64
	Tail   int64
}

// Lot is an open part of an account. Until is its last valid local day, 0 for none; Starts the instant
// from which it may be used, 0 for at once; Cost what was paid for it in millionths of its face.
type Lot struct {
	ID        int64
	Kind      Kind
	Unit      Unit
	Remaining int64
	Starts    clock.Instant
	Until     clock.Day
	Cost      int64
}

// Edge is the first lot of an account that has overflowed into lot_tail. Lots from there on may be used
// only after the tail has been brought back.
type Edge struct {
	Kind   Kind
	Unit   Unit
	Until  clock.Day
	Starts clock.Instant
	Lot    int64
}

// FullCost is the Cost of a lot that was paid in full.
const FullCost = 1_000_000

// Hold is an open reservation.
type Hold struct {
	ID     int64
	Kind   Kind
	Unit   Unit
	Amount int64
	Ends   clock.Instant
	At     clock.Instant // evaluation time that the hold freezes
}

// Mark is a running figure of a room: a number under a code, for one day or (day 0) for ever. A mark of
// an earlier day counts as 0 and is dropped at the next write.
type Mark struct {
	Code int64
	Day  clock.Day
	N    int64
}

// Stats are recency, frequency and money of a membership.
type Stats struct {
	First, Last clock.Instant
	Count       int64
	Turnover    int64
}

// Balance gives an account's balance; zero when it was never touched.
func (h *Holder) Balance(k Kind, u Unit) Balance {
	for _, b := range h.Balances {
		if b.Kind == k && b.Unit == u {
			return b
		}
	}
	return Balance{Kind: k, Unit: u}
}

// Shown is what the owner is told: active less the amount of the debt (R13).
func (h *Holder) Shown(k Kind, u Unit) int64 {
	return h.Balance(k, u).Posted + h.Balance(k.Debt(), u).Posted
}

// Mark gives a running figure for the day.
func (h *Holder) Mark(code int64, day clock.Day) int64 {
	for _, m := range h.Marks {
		if m.Code == code && m.Day == day {
			return m.N
		}
	}
	return 0
}

func (h *Holder) balance(k Kind, u Unit) *Balance {
	for i := range h.Balances {
		if h.Balances[i].Kind == k && h.Balances[i].Unit == u {
			return &h.Balances[i]
		}
	}
	h.Balances = append(h.Balances, Balance{Kind: k, Unit: u})
	slices.SortFunc(h.Balances, func(a, b Balance) int {
		if a.Kind != b.Kind {
			return int(a.Kind - b.Kind)
		}
		return int(a.Unit - b.Unit)
	})
	return h.balance(k, u)
}

// setMark writes a figure. What arrives late, for an earlier day, leaves that of a later one be.
func (h *Holder) setMark(code int64, day clock.Day, n int64) {
	if day != 0 && slices.ContainsFunc(h.Marks, func(m Mark) bool { return m.Code == code && m.Day > day }) {
		return
	}
	h.Marks = slices.DeleteFunc(h.Marks, func(m Mark) bool { return m.Code == code || m.Day != 0 && m.Day < day })
	if n != 0 {
		h.Marks = append(h.Marks, Mark{code, day, n})
	}
}

// clone gives a copy that may be changed without touching this one.
func (h *Holder) clone() *Holder {
	c := *h
	c.Balances = slices.Clone(h.Balances)
	c.Lots = slices.Clone(h.Lots)
	c.Holds = slices.Clone(h.Holds)
	c.Edges = slices.Clone(h.Edges)
	c.Marks = slices.Clone(h.Marks)
	return &c
}

// least gives the smallest available balance and remainder: the database refuses a row where it is
// negative, so that a wrong program becomes a refused commit and not a wrong balance.
func (h *Holder) least() int64 {
	low := int64(0)
	for _, b := range h.Balances {
		if !b.Kind.IsDebt() {
			low = min(low, b.Posted-b.Held, b.Held)
		}
	}
	for _, l := range h.Lots {
		low = min(low, l.Remaining)
	}
	return low
}

// Before tells the order of consumption (R12): soonest expiry first and none last, then earlier
// activation, then the older lot.
func (l Lot) Before(m Lot) bool { return l.sooner(m) }

// compare orders lots by account and, inside one, by consumption.
func (l Lot) compare(m Lot) int {
	switch {
	case l.Kind != m.Kind:
		return int(l.Kind - m.Kind)
	case l.Unit != m.Unit:
		return int(l.Unit - m.Unit)
	case l.ID == m.ID && l.Until == m.Until && l.Starts == m.Starts:
		return 0
	case l.Before(m):
		return -1
	}
	return 1
}

// usable tells whether the lot may be used at an instant, judged in the zone of its unit.
func (l Lot) usable(at clock.Instant, z Zones) bool {
	return l.Starts <= at && !l.expired(at, z)
}

func (l Lot) expired(at clock.Instant, z Zones) bool {
	return l.Until != 0 && at >= l.Until.End(judgedIn(z, l.Unit))
}
