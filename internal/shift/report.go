package shift

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Kind says which report it is.
type Kind string

// Reports.
const (
	X        Kind = "x"     // of an open batch, any number of times
	Z        Kind = "z"     // of a closed batch
	OfShift  Kind = "shift" // of a cashier's shift, open or closed
	OfOutlet Kind = "consolidated"
)

// Report is a report with what its head says. Terminal and outlet are told by the edge in its own words.
type Report struct {
	Kind     Kind
	ID       BatchID // 0 for an open batch
	Terminal int64
	Outlet   int64
	Z        int64
	Batch    int64
	Shift    int64
	Day      clock.Day
	OpenedAt clock.Instant
	OpenedBy string
	ClosedAt clock.Instant // when the report was taken, for an X
	ClosedBy string
	State    State
	Queue    int64 // operations that the terminal still had to send at closing, by its own word
	Differs  []Difference
	Place    Place
	Totals   Totals
}

// MarshalJSON writes times as RFC 3339 in the zone of the outlet, whose offset tells UTC as well.
func (r *Report) MarshalJSON() ([]byte, error) {
	at := func(i clock.Instant) string {
		if i == 0 {
			return ""
		}
		return i.In(r.Place.Zone).Format("2006-01-02T15:04:05.999999Z07:00")
	}
	return json.Marshal(struct {
		Kind     Kind         `json:"kind"`
		ID       BatchID      `json:"id,omitzero"`
		Z        int64        `json:"z_no,omitempty"`
		Batch    int64        `json:"batch,omitempty"`
		Shift    int64        `json:"shift,omitempty"`
		Day      clock.Day    `json:"business_date,omitzero"`
		OpenedAt string       `json:"opened_at,omitempty"`
		OpenedBy string       `json:"opened_by,omitempty"`
		ClosedAt string       `json:"closed_at,omitempty"`
		ClosedBy string       `json:"closed_by,omitempty"`
		State    State        `json:"state"`
		Queue    int64        `json:"offline_queue"`
		Differs  []Difference `json:"differences"`
		Totals
	}{r.Kind, r.ID, r.Z, r.Batch, r.Shift, r.Day, at(r.OpenedAt), r.OpenedBy, at(r.ClosedAt), r.ClosedBy, r.State, r.Queue, nonNil(r.Differs), r.Totals})
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// span says which entries and refusals a report covers.
type span struct {
	ledger.Stretch
	after int64 // the entry after which refusals of the batch can begin
}

// before is what the Z before hands on.
type before struct {
	grand []Grand
	last  int64
}

var findRefusals = db.SQL("shift.refusals", `
	SELECT d.code, COUNT(*)
	  FROM decline d
	 WHERE d.tenant_id = $1 AND d.terminal = $2 AND d.batch = $3 AND d.seq >= $4 AND d.seq <= $5
	 GROUP BY d.code
	 ORDER BY d.code`)

// scan computes the totals of a stretch.
func (r *Room) scan(ctx context.Context, tx db.Tx, s span, prev before) (Totals, error) {
	back, err := s.TakenBack(ctx, tx)
	if err != nil {
		return Totals{}, err
	}
	t := r.newTally(back)
	if err := s.Each(ctx, tx, t.entry); err != nil {
		return Totals{}, err
	}
	out := t.totals(prev)
	if s.Batch != 0 {
		err = tx.Each(ctx, findRefusals, db.Args(tx.Tenant(), s.Terminal, s.Batch, s.after, s.Through), func(scan func(...any) error) error {
			var n Named
			err := scan(&n.Name, &n.Count)
			out.Declined = append(out.Declined, n)
			return err
		})
	}
	if err == nil && r.products != nil {
		out.Products, err = t.products(ctx, tx)
	}
	return out, err
}

// totals gives what was counted, with the control equations.
func (t *tally) totals(prev before) Totals {
	out := Totals{
		Entries: t.all.entries, Kinds: listed(t.kinds), Columns: t.all.columns(), Visits: t.visits, Flags: listed(t.all.flags),
		Cashiers: []Cashier{}, Products: []Product{}, Declined: []Named{}, Tombstones: t.tombs, Sections: []Section{},
	}
	for _, name := range slices.Sorted(maps.Keys(t.actors)) {
		b := t.actors[name]
		out.Cashiers = append(out.Cashiers, Cashier{name, b.entries, b.voids, listed(b.flags), b.columns()})
	}
	for i, s := range t.room.sections {
		one := Section{Name: s.name, Lines: []Line{}}
		for _, l := range t.lines[i] {
			one.Lines = append(one.Lines, *l)
		}
		slices.SortFunc(one.Lines, compareLines)
		out.Sections = append(out.Sections, one)
	}
	out.Sequence = t.sequence(prev.last)
	out.Grand = t.grand(prev.grand)
	out.Equations = t.equations(&out, prev.grand)
	return out
}

// sequence finds the numbers that are missing. Numbers that come late from an offline queue may be lower
// than the last one of the batch before; then the sequence begins at the lowest.
func (t *tally) sequence(last int64) Sequence {
	s := Sequence{Gaps: []Span{}, Duplicates: []int64{}}
	if len(t.used) == 0 {
		return s
	}
	numbers := slices.Sorted(maps.Keys(t.used))
	s.First, s.Last, s.Count = numbers[0], numbers[len(numbers)-1], int64(len(numbers))
	if last > 0 && last < s.First {
		s.First = last + 1
	}
	next := s.First
	for _, n := range numbers {
		if n > next {
			s.Gaps = append(s.Gaps, Span{next, n - 1})
			s.Missing += n - next
		}
		next = n + 1
		if t.doubled[n] {
			s.Duplicates = append(s.Duplicates, n)
		}
	}
	return s
}

// grand adds the batch to the grand totals (ZR-22).
func (t *tally) grand(prev []Grand) []Grand {
	sums := map[columnKey]*Grand{}
	at := func(k columnKey) *Grand {
		if sums[k] == nil {
			sums[k] = &Grand{Asset: k.asset, Unit: k.unit}
		}
		return sums[k]
	}
	for _, g := range prev {
		*at(columnKey{g.Asset, g.Unit}) = g
	}
	for k, n := range t.given {
		at(k).Given += n
	}
	for k, n := range t.spent {
		at(k).Redeemed += n
	}
	out := make([]Grand, 0, len(sums))
	for _, g := range sums {
		out = append(out, *g)
	}
	slices.SortFunc(out, compareGrand)
	return out
}

// equations compares both sides of ZR-20, ZR-21 and ZR-22. ZR-23 needs the terminal's totals.
func (t *tally) equations(out *Totals, prev []Grand) []Equation {
	list := []Equation{}
	add := func(e Equation) {
		e.Holds = e.Holds && e.Left == e.Right
		list = append(list, e)
	}
	// The rows on the left come from the postings on customer accounts, the right from those on system
	// accounts: an operation that no row knows makes them differ.
	rows := map[ledger.Unit]int64{}
	for _, c := range out.Columns {
		rows[c.Unit] += c.Net
	}
	units := maps.Clone(t.system)
	for u := range rows {
		units[u] += 0
	}
	for _, u := range slices.Sorted(maps.Keys(units)) {
		add(Equation{ID: "ZR-20", Unit: u, Left: rows[u], Right: -t.system[u], Holds: true})
	}
	s := out.Sequence
	span := int64(0)
	if s.Count > 0 {
		span = s.Last - s.First + 1 - s.Missing
	}
	add(Equation{ID: "ZR-21", Left: s.Count, Right: span, Holds: len(s.Duplicates) == 0})
	for _, g := range out.Grand {
		was := int64(0)
		for _, p := range prev {
			if p.Asset == g.Asset && p.Unit == g.Unit {
				was = p.Given
			}
		}
		for _, c := range out.Columns {
			if c.Asset == g.Asset && c.Unit == g.Unit {
				was += c.Row("activation").Sum + c.Row("reload").Sum
				if c.Asset == Points {
					was += c.Row("accrued").Sum
				}
			}
		}
		add(Equation{ID: "ZR-22", Asset: g.Asset, Unit: g.Unit, Left: g.Given, Right: was, Holds: true})
	}
	return list
}

// products sums what happened to cards by how they are sold.
func (t *tally) products(ctx context.Context, tx db.Tx) ([]Product, error) {
	holders := map[int64]bool{}
	for k := range t.cards {
		holders[k.holder] = true
	}
	names, err := t.room.products(ctx, tx, slices.Sorted(maps.Keys(holders)))
	if err != nil {
		return nil, err
	}
	sums := map[lineKey]*Product{}
	for k, c := range t.cards {
		key := lineKey{names[k.holder], k.unit}
		p := sums[key]
		if p == nil {
			p = &Product{Name: key.name, Unit: k.unit}
			sums[key] = p
		}
		p.add(*c)
	}
	out := make([]Product, 0, len(sums))
	for _, p := range sums {
		out = append(out, *p)
	}
	slices.SortFunc(out, compareProducts)
	return out, nil
}

func (p *Product) add(q Product) {
	p.SoldCount += q.SoldCount
	p.SoldSum += q.SoldSum
	p.RedeemedCount += q.RedeemedCount
	p.RedeemedSum += q.RedeemedSum
	p.Outstanding += q.Outstanding
}
