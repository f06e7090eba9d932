package ledger

import (
	"fmt"
	"strconv"

	"lojal/internal/base/clock"
)

// The packed forms are JSON, so that views of both engines unfold them for people and checks: lists of
// integers under one-letter names. They are written and read by hand because every commit does both.

// encode writes the state of a holder: a balances, l lots, h holds, m marks, s figures.
func (h *Holder) encode(b []byte) []byte {
	b = append(b, '{')
	b = list(b, "a", len(h.Balances), func(b []byte, i int) []byte {
		x := h.Balances[i]
		return ints(b, int64(x.Kind), int64(x.Unit), x.Posted, x.Held, x.Tail)
	})
	b = list(b, "l", len(h.Lots), func(b []byte, i int) []byte {
		x := h.Lots[i]
		return ints(b, x.ID, int64(x.Kind), int64(x.Unit), x.Remaining, int64(x.Starts), int64(x.Until), x.Cost)
	})
	b = list(b, "h", len(h.Holds), func(b []byte, i int) []byte {
		x := h.Holds[i]
		return ints(b, x.ID, int64(x.Kind), int64(x.Unit), x.Amount, int64(x.Ends), int64(x.At))
	})
	b = list(b, "t", len(h.Edges), func(b []byte, i int) []byte {
		x := h.Edges[i]
		return ints(b, int64(x.Kind), int64(x.Unit), int64(x.Until), int64(x.Starts), x.Lot)
	})
	b = list(b, "m", len(h.Marks), func(b []byte, i int) []byte {
		x := h.Marks[i]
		return ints(b, x.Code, int64(x.Day), x.N)
	})
	if h.Stats != (Stats{}) {
		b = list(b, "s", 1, func(b []byte, _ int) []byte {
			return ints(b, int64(h.Stats.First), int64(h.Stats.Last), h.Stats.Count, h.Stats.Turnover)
		})
	}
	return append(b, '}')
}

func (h *Holder) decode(text string) error {
	return unpack(text, func(name byte, n []int64) bool {
		switch {
		case name == 'a' && len(n) == 5:
			h.Balances = append(h.Balances, Balance{Kind(n[0]), Unit(n[1]), n[2], n[3], n[4]})
		case name == 'l' && len(n) == 7:
			h.Lots = append(h.Lots, Lot{n[0], Kind(n[1]), Unit(n[2]), n[3], clock.Instant(n[4]), clock.Day(n[5]), n[6]})
		case name == 'h' && len(n) == 6:
			h.Holds = append(h.Holds, Hold{n[0], Kind(n[1]), Unit(n[2]), n[3], clock.Instant(n[4]), clock.Instant(n[5])})
		case name == 't' && len(n) == 5:
			h.Edges = append(h.Edges, Edge{Kind(n[0]), Unit(n[1]), clock.Day(n[2]), clock.Instant(n[3]), n[4]})
		case name == 'm' && len(n) == 3:
			h.Marks = append(h.Marks, Mark{n[0], clock.Day(n[1]), n[2]})
		case name == 's' && len(n) == 4:
			h.Stats = Stats{clock.Instant(n[0]), clock.Instant(n[1]), n[2], n[3]}
		default:
			return false
		}
		return true
	})
}

// Posting is one line of an entry.
type Posting struct {
	Op Op
	Account
	Amount int64
}

// LotMove is a lot opened or added to (in Adds), or a use of one (in Uses; a negative quantity is a
// restoration). It carries the lot's terms, so that nothing else must be read to give value back.
type LotMove struct {
	Lot    int64
	Holder int64
	Kind   Kind
	Unit   Unit
	Qty    int64
	Starts clock.Instant
	Until  clock.Day
	Cost   int64
}

// HoldState is what happened to a hold in an entry.
type HoldState int64

// States of a hold.
const (
	HoldOpen HoldState = 1 + iota
	HoldCaptured
	HoldReleased
	HoldExpired
)

// HoldMove is a hold opened or resolved. Amount is what was reserved, or what of it was captured.
type HoldMove struct {
	Hold   int64
	Holder int64
	Kind   Kind
	Unit   Unit
	Amount int64
	State  HoldState
	Ends   clock.Instant
}

// Touched names a holder that an entry changed, and the entry that had changed it before: the chain by
// which a statement is read without an index over postings.
type Touched struct{ Holder, Prev int64 }

// Post is all that an entry moved.
type Post struct {
	Lines   []Posting
	Adds    []LotMove
	Uses    []LotMove
	Holds   []HoldMove
	Touched []Touched
}

func (p *Post) encode(b []byte) []byte {
	b = append(b, '{')
	b = list(b, "p", len(p.Lines), func(b []byte, i int) []byte {
		x := p.Lines[i]
		return ints(b, int64(x.Op), x.Holder, int64(x.Kind), int64(x.Unit), x.Amount)
	})
	b = list(b, "l", len(p.Adds), func(b []byte, i int) []byte { return p.Adds[i].encode(b) })
	b = list(b, "u", len(p.Uses), func(b []byte, i int) []byte { return p.Uses[i].encode(b) })
	b = list(b, "x", len(p.Holds), func(b []byte, i int) []byte {
		x := p.Holds[i]
		return ints(b, x.Hold, x.Holder, int64(x.Kind), int64(x.Unit), x.Amount, int64(x.State), int64(x.Ends))
	})
	b = list(b, "h", len(p.Touched), func(b []byte, i int) []byte { return ints(b, p.Touched[i].Holder, p.Touched[i].Prev) })
	return append(b, '}')
}

func (m LotMove) encode(b []byte) []byte {
	return ints(b, m.Lot, m.Holder, int64(m.Kind), int64(m.Unit), m.Qty, int64(m.Starts), int64(m.Until), m.Cost)
}

func lotMove(n []int64) LotMove {
	return LotMove{n[0], n[1], Kind(n[2]), Unit(n[3]), n[4], clock.Instant(n[5]), clock.Day(n[6]), n[7]}
}

func (p *Post) decode(text string) error {
	return unpack(text, func(name byte, n []int64) bool {
		switch {
		case name == 'p' && len(n) == 5:
			p.Lines = append(p.Lines, Posting{Op(n[0]), Account{n[1], Kind(n[2]), Unit(n[3])}, n[4]})
		case name == 'l' && len(n) == 8:
			p.Adds = append(p.Adds, lotMove(n))
		case name == 'u' && len(n) == 8:
			p.Uses = append(p.Uses, lotMove(n))
		case name == 'x' && len(n) == 7:
			p.Holds = append(p.Holds, HoldMove{n[0], n[1], Kind(n[2]), Unit(n[3]), n[4], HoldState(n[5]), clock.Instant(n[6])})
		case name == 'h' && len(n) == 2:
			p.Touched = append(p.Touched, Touched{n[0], n[1]})
		default:
			return false
		}
		return true
	})
}

// list writes "name":[…,…], with a comma in front where one is due; nothing for an empty list.
func list(b []byte, name string, n int, item func([]byte, int) []byte) []byte {
	if n == 0 {
		return b
	}
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, '"', ':', '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, i)
	}
	return append(b, ']')
}

func ints(b []byte, ns ...int64) []byte {
	b = append(b, '[')
	for i, n := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return append(b, ']')
}

// unpack reads what list and ints wrote. It refuses everything else, since it reads only our own rows:
// another form means that somebody has edited the database.
func unpack(text string, item func(name byte, n []int64) bool) error {
	bad := func(at int) error { return fmt.Errorf("packed form is damaged at byte %d", at) }
	i := 0
	next := func(c byte) bool {
		if i < len(text) && text[i] == c {
			i++
			return true
		}
		return false
	}
	if !next('{') {
		return bad(i)
	}
	if next('}') {
		return nil
	}
	var store [8]int64
	for {
		if !next('"') || i+1 >= len(text) {
			return bad(i)
		}
		name := text[i]
		i++
		if !next('"') || !next(':') || !next('[') {
			return bad(i)
		}
		for {
			n := store[:0]
			if !next('[') {
				return bad(i)
			}
			for {
				v, end, ok := integer(text, i)
				if !ok || len(n) == cap(store[:]) {
					return bad(i)
				}
				n, i = append(n, v), end
				if next(']') {
					break
				}
				if !next(',') {
					return bad(i)
				}
			}
			if !item(name, n) {
				return bad(i)
			}
			if next(']') {
				break
			}
			if !next(',') {
				return bad(i)
			}
		}
		if next('}') {
			if i != len(text) {
				return bad(i)
			}
			return nil
		}
		if !next(',') {
			return bad(i)
		}
	}
}

func integer(s string, i int) (int64, int, bool) {
	start := i
	if i < len(s) && s[i] == '-' {
		i++
	}
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i-start < 18 { // cannot overflow
		var v int64
		neg := start < i && s[start] == '-'
		j := start
		if neg {
			j++
		}
		if j == i {
			return 0, i, false
		}
		for ; j < i; j++ {
			v = v*10 + int64(s[j]-'0')
		}
		if neg {
			v = -v
		}
		return v, i, true
	}
	v, err := strconv.ParseInt(s[start:i], 10, 64)
	return v, i, err == nil
}
