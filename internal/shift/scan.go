package shift

import (
	"maps"
	"slices"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/ledger"
)

// columnKey is a column in the making, cell one of its rows.
type columnKey struct {
	asset string
	unit  ledger.Unit
}

type cell struct {
	columnKey
	row string
}

// part is what one entry does in one row for one holder: it counts as one operation, however many lots and
// accounts it touched.
type part struct {
	cell
	op     ledger.Op
	holder int64
}

type board struct {
	rows    map[cell]*Row
	flags   map[string]int64
	entries int64
	voids   int64
}

func newBoard() *board { return &board{rows: map[cell]*Row{}, flags: map[string]int64{}} }

// tally counts the entries of a stretch, one after the other.
type tally struct {
	room     *Room
	back     map[int64]ledger.Op // entries that the stretch itself takes back, with the kind that does so
	seen     map[int64]bool      // those of them that lie in the stretch
	all      *board
	actors   map[string]*board
	kinds    map[string]int64
	system   map[ledger.Unit]int64
	given    map[columnKey]int64
	spent    map[columnKey]int64
	visits   int64
	tombs    int64
	used     map[int64]bool     // numbers of the terminal's sequence
	standing map[numbered]int64 // operations that stand, by their number on a business day (I12)
	doubled  map[int64]bool     // numbers under which several stand
	lines    []map[lineKey]*Line
	cards    map[cardKey]*Product
}

// numbered is a number of the terminal's sequence on a business day: a batch may span two of them.
type numbered struct {
	day clock.Day
	seq int64
}

type lineKey struct {
	name string
	unit ledger.Unit
}

type cardKey struct {
	holder int64
	unit   ledger.Unit
}

func (r *Room) newTally(back map[int64]ledger.Op) *tally {
	t := &tally{
		room: r, back: back, seen: map[int64]bool{}, all: newBoard(), actors: map[string]*board{}, kinds: map[string]int64{},
		system: map[ledger.Unit]int64{}, given: map[columnKey]int64{}, spent: map[columnKey]int64{}, used: map[int64]bool{}, standing: map[numbered]int64{}, doubled: map[int64]bool{}, cards: map[cardKey]*Product{},
	}
	for range r.sections {
		t.lines = append(t.lines, map[lineKey]*Line{})
	}
	return t
}

// entry counts one entry.
func (t *tally) entry(e *ledger.Entry) error {
	by, taken := t.back[e.Seq]
	if taken {
		t.seen[e.Seq] = true
	}
	reversed, voided := by == ledger.REV, by == ledger.VOI
	t.kinds[e.Kind.String()]++
	if e.Kind == ledger.TMB {
		t.tombs++
	}
	boards := [2]*board{t.all, t.actor(e.Actor)}
	flags := strings.FieldsFunc(e.Flags, func(r rune) bool { return r == ' ' || r == ',' })
	for _, b := range boards {
		b.entries++
		if e.Kind == ledger.VOI {
			b.voids++
		}
		for _, f := range flags {
			b.flags[f]++
		}
	}
	if e.TerminalSeq > 0 {
		t.used[e.TerminalSeq] = true
		// Further entries of an operation carry its number as well, without its key; what was taken back may
		// be tried again under the same number (I12).
		if e.Key != "" && !taken && e.Reverses == 0 && e.Kind != ledger.TMB {
			n := numbered{e.BusinessDate, e.TerminalSeq}
			t.standing[n]++
			t.doubled[e.TerminalSeq] = t.doubled[e.TerminalSeq] || t.standing[n] > 1
		}
	}
	parts, order := t.parts(e, reversed)
	for _, p := range order {
		t.count(boards, p, parts[p], flags, voided)
	}
	if e.Kind == ledger.VIS && !reversed && !moves(e, Visits) {
		t.visits++
	}
	undoes := (e.Kind == ledger.REV || e.Kind == ledger.VOI) && t.seen[e.Reverses]
	if !reversed && !voided && !undoes {
		t.sections(e)
	}
	return nil
}

func (t *tally) actor(name string) *board {
	b := t.actors[name]
	if b == nil {
		b = newBoard()
		t.actors[name] = b
	}
	return b
}

// parts sums the postings of an entry by row and holder.
func (t *tally) parts(e *ledger.Entry, reversed bool) (map[part]int64, []part) {
	sums := map[part]int64{}
	var order []part
	for _, x := range e.Post.Lines {
		if x.Kind.System() {
			t.system[x.Unit] += x.Amount
			continue
		}
		asset := assetOf(x.Kind)
		row, op := rowOf(x.Op, asset, x.Amount), x.Op
		if reversed {
			row, op = "reversal", ledger.REV
		}
		if asset == "" || row == "" {
			continue
		}
		p := part{cell{columnKey{asset, x.Unit}, row}, op, x.Holder}
		if _, ok := sums[p]; !ok {
			order = append(order, p)
		}
		sums[p] += x.Amount
	}
	return sums, order
}

// count adds a part to its rows.
func (t *tally) count(boards [2]*board, p part, sum int64, flags []string, voided bool) {
	one := int64(1)
	switch {
	case p.op == ledger.EAR && sum == 0: // pending points became active: they were counted when they were earned
		one = 0
	case p.op == ledger.TRF && sum <= 0: // a transfer counts where it arrives
		one = 0
	}
	for _, b := range boards {
		row := b.rows[p.cell]
		if row == nil {
			row = &Row{Name: p.row, Op: p.op.String()}
			b.rows[p.cell] = row
		}
		row.Count += one
		row.Sum += sum
		if slices.Contains(flags, FlagOffline) {
			row.Offline += one
		}
		if slices.Contains(flags, FlagKeyed) {
			row.Keyed += one
		}
		if voided {
			row.Voided += one
		}
	}
	switch {
	case p.op == ledger.ACT || p.op == ledger.LOD || p.asset == Points && p.op == ledger.EAR:
		t.given[p.columnKey] += sum
	case p.op == ledger.RED || p.op == ledger.CAP || p.op == ledger.VIS:
		t.spent[p.columnKey] -= sum
		if p.asset == Visits {
			t.visits -= sum
		}
	}
	if p.asset == Gift && t.room.products != nil {
		t.card(p, sum)
	}
}

// card keeps what happened to one card, for the section by product.
func (t *tally) card(p part, sum int64) {
	k := cardKey{p.holder, p.unit}
	c := t.cards[k]
	if c == nil {
		c = &Product{Unit: p.unit}
		t.cards[k] = c
	}
	c.Outstanding += sum
	switch p.op {
	case ledger.ACT, ledger.LOD:
		c.SoldCount++
		c.SoldSum += sum
	case ledger.RED, ledger.CAP:
		c.RedeemedCount++
		c.RedeemedSum -= sum
	}
}

// sections shows an entry to the rooms that contribute.
func (t *tally) sections(e *ledger.Entry) {
	for i, s := range t.room.sections {
		s.of(e, func(l Line) {
			k := lineKey{l.Name, l.Unit}
			if have := t.lines[i][k]; have != nil {
				have.Count, have.Base, have.Sum = have.Count+l.Count, have.Base+l.Base, have.Sum+l.Sum
				return
			}
			t.lines[i][k] = &l
		})
	}
}

func moves(e *ledger.Entry, asset string) bool {
	return slices.ContainsFunc(e.Post.Lines, func(p ledger.Posting) bool { return assetOf(p.Kind) == asset })
}

// columns gives the board's rows as columns, in the order of paper.
func (b *board) columns() []Column {
	byColumn := map[columnKey][]Row{}
	for c, r := range b.rows {
		byColumn[c.columnKey] = append(byColumn[c.columnKey], *r)
	}
	out := make([]Column, 0, len(byColumn))
	for k, rows := range byColumn {
		slices.SortFunc(rows, compareRows)
		c := Column{Asset: k.asset, Unit: k.unit, Rows: rows}
		for _, r := range rows {
			c.Net += r.Sum
		}
		out = append(out, c)
	}
	slices.SortFunc(out, compareColumns)
	return out
}

// listed gives counts by name.
func listed(m map[string]int64) []Named {
	out := make([]Named, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Named{k, m[k]})
	}
	return out
}
