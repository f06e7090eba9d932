package shift

import (
	"cmp"
	"context"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// Consolidate gives the sum of the Zs of outlets over business days, both included: of one outlet, of all
// outlets of a merchant, or of the whole tenant when outlets is empty. Grand totals are those of each
// terminal's last Z of the days. It is out of balance when one of its Zs is, and balanced when all are.
func (r *Room) Consolidate(ctx context.Context, tenant int64, outlets []int64, from, to clock.Day) (*Report, error) {
	if err := r.SealAll(ctx, tenant); err != nil {
		return nil, err
	}
	var batches []Batch
	err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
		var err error
		batches, err = many(ctx, tx, batchesOfDays, from.String(), to.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	var zs []*Report
	for _, b := range batches {
		if b.totals == "" || len(outlets) > 0 && !slices.Contains(outlets, b.Outlet) {
			continue // a batch that was closed a moment ago belongs to the next reading
		}
		z, err := r.report(tenant, b)
		if err != nil {
			return nil, err
		}
		zs = append(zs, z)
	}
	out := Sum(zs)
	if len(outlets) == 1 {
		out.Outlet = outlets[0]
	}
	out.Place, out.Day = r.place(tenant, out.Outlet), to
	return out, nil
}

func sumState(zs []*Report) State {
	s := Balanced
	for _, z := range zs {
		switch z.State {
		case OutOfBalance:
			return OutOfBalance
		case Balanced, Corrected:
		default:
			s = Closed
		}
	}
	return s
}

// Sum adds Zs up. Sequences belong to one terminal each and are left out; of the equations each stays true
// in the sum, by adding both sides.
func Sum(zs []*Report) *Report {
	out := &Report{Kind: OfOutlet, State: sumState(zs)}
	t := &out.Totals
	*t = Totals{
		Kinds: []Named{}, Columns: []Column{}, Flags: []Named{}, Cashiers: []Cashier{}, Products: []Product{}, Declined: []Named{},
		Sequence: Sequence{Gaps: []Span{}, Duplicates: []int64{}}, Grand: []Grand{}, Sections: []Section{}, Equations: []Equation{},
	}
	last := map[int64]*Report{}
	for _, z := range zs {
		out.Differs = append(out.Differs, z.Differs...)
		if out.OpenedAt == 0 || z.OpenedAt < out.OpenedAt {
			out.OpenedAt = z.OpenedAt
		}
		out.ClosedAt = max(out.ClosedAt, z.ClosedAt)
		out.Queue += z.Queue
		if have := last[z.Terminal]; have == nil || have.Z < z.Z {
			last[z.Terminal] = z
		}
		t.Entries += z.Totals.Entries
		t.Visits += z.Totals.Visits
		t.Tombstones += z.Totals.Tombstones
		t.Kinds, t.Flags, t.Declined = sumNamed(t.Kinds, z.Totals.Kinds), sumNamed(t.Flags, z.Totals.Flags), sumNamed(t.Declined, z.Totals.Declined)
		t.Columns = sumColumns(t.Columns, z.Totals.Columns)
		t.addCashiers(z.Totals.Cashiers)
		t.addProducts(z.Totals.Products)
		t.addSections(z.Totals.Sections)
		t.addEquations(z.Totals.Equations)
	}
	for _, z := range last {
		t.addGrand(z.Totals.Grand)
	}
	t.sort()
	return out
}

func sumNamed(into, from []Named) []Named {
	for _, n := range from {
		at := slices.IndexFunc(into, func(m Named) bool { return m.Name == n.Name })
		if at < 0 {
			into = append(into, n)
			continue
		}
		into[at].Count += n.Count
	}
	slices.SortFunc(into, func(a, b Named) int { return cmp.Compare(a.Name, b.Name) })
	return into
}

func sumColumns(into, from []Column) []Column {
	for _, c := range from {
		at := slices.IndexFunc(into, func(d Column) bool { return d.Asset == c.Asset && d.Unit == c.Unit })
		if at < 0 {
			c.Rows = slices.Clone(c.Rows)
			into = append(into, c)
			continue
		}
		d := &into[at]
		d.Net += c.Net
		for _, r := range c.Rows {
			d.add(r)
		}
	}
	slices.SortFunc(into, compareColumns)
	return into
}

func (c *Column) add(r Row) {
	for i := range c.Rows {
		if x := &c.Rows[i]; x.Name == r.Name {
			x.Count, x.Sum, x.Offline, x.Keyed, x.Voided = x.Count+r.Count, x.Sum+r.Sum, x.Offline+r.Offline, x.Keyed+r.Keyed, x.Voided+r.Voided
			return
		}
	}
	c.Rows = append(c.Rows, r)
	slices.SortFunc(c.Rows, compareRows)
}

func (t *Totals) addCashiers(list []Cashier) {
	for _, c := range list {
		at := slices.IndexFunc(t.Cashiers, func(d Cashier) bool { return d.Actor == c.Actor })
		if at < 0 {
			t.Cashiers = append(t.Cashiers, Cashier{Actor: c.Actor})
			at = len(t.Cashiers) - 1
		}
		d := &t.Cashiers[at]
		d.Entries += c.Entries
		d.Voids += c.Voids
		d.Flags, d.Columns = sumNamed(d.Flags, c.Flags), sumColumns(d.Columns, c.Columns)
	}
}

func (t *Totals) addProducts(list []Product) {
	for _, p := range list {
		at := slices.IndexFunc(t.Products, func(q Product) bool { return q.Name == p.Name && q.Unit == p.Unit })
		if at < 0 {
			t.Products = append(t.Products, p)
			continue
		}
		t.Products[at].add(p)
	}
}

func (t *Totals) addSections(list []Section) {
	for _, s := range list {
		at := slices.IndexFunc(t.Sections, func(x Section) bool { return x.Name == s.Name })
		if at < 0 {
			t.Sections = append(t.Sections, Section{Name: s.Name})
			at = len(t.Sections) - 1
		}
		into := &t.Sections[at]
		for _, l := range s.Lines {
			i := slices.IndexFunc(into.Lines, func(m Line) bool { return m.Name == l.Name && m.Unit == l.Unit })
			if i < 0 {
				into.Lines = append(into.Lines, l)
				continue
			}
			m := &into.Lines[i]
			m.Count, m.Base, m.Sum = m.Count+l.Count, m.Base+l.Base, m.Sum+l.Sum
		}
	}
}

func (t *Totals) addEquations(list []Equation) {
	for _, e := range list {
		at := slices.IndexFunc(t.Equations, func(x Equation) bool { return x.ID == e.ID && x.Asset == e.Asset && x.Unit == e.Unit })
		if at < 0 {
			t.Equations = append(t.Equations, e)
			continue
		}
		x := &t.Equations[at]
		x.Left, x.Right, x.Holds = x.Left+e.Left, x.Right+e.Right, x.Holds && e.Holds
	}
}

func (t *Totals) addGrand(list []Grand) {
	for _, g := range list {
		at := slices.IndexFunc(t.Grand, func(x Grand) bool { return x.Asset == g.Asset && x.Unit == g.Unit })
		if at < 0 {
			t.Grand = append(t.Grand, g)
			continue
		}
		t.Grand[at].Given += g.Given
		t.Grand[at].Redeemed += g.Redeemed
	}
}

// sort puts the lists that were added in the order of their Zs into an order of their own.
func (t *Totals) sort() {
	slices.SortFunc(t.Cashiers, func(a, b Cashier) int { return cmp.Compare(a.Actor, b.Actor) })
	slices.SortFunc(t.Products, compareProducts)
	slices.SortFunc(t.Grand, compareGrand)
	for _, s := range t.Sections {
		slices.SortFunc(s.Lines, compareLines)
	}
}
