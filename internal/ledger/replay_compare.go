package ledger

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

var walkHolders = db.SQL("ledger.walk_holders", `
	SELECT id, owner, status, links, seq, least, state FROM holder WHERE tenant_id = $1 ORDER BY id`)

var walkTails = db.SQL("ledger.walk_tails", `
	SELECT holder, kind, unit, rank, starts_at, lot, remaining, until, cost
	  FROM lot_tail
	 WHERE tenant_id = $1
	 ORDER BY holder, kind, unit, rank, starts_at, lot`)

var walkDue = db.SQL("ledger.walk_due", `
	SELECT holder, due_at FROM due WHERE tenant_id = $1 ORDER BY holder, due_at`)

// stored is what the database caches of holders, beside their own rows.
type stored struct {
	tails map[int64][]Lot
	due   map[int64][]clock.Instant
}

func (r *replay) readStored(ctx context.Context, tx db.Tx) (stored, error) {
	s := stored{map[int64][]Lot{}, map[int64][]clock.Instant{}}
	err := tx.Each(ctx, walkTails, db.Args(r.tenant), func(scan func(...any) error) error {
		var holder, ranked int64
		var l Lot
		err := scan(&holder, &l.Kind, &l.Unit, &ranked, &l.Starts, &l.ID, &l.Remaining, &l.Until, &l.Cost)
		if err == nil && ranked != rank(l.Until) {
			r.tell("I16", 0, holder, "lot %d stands at the wrong place of its tail", l.ID)
		}
		s.tails[holder] = append(s.tails[holder], l)
		return err
	})
	if err != nil {
		return s, err
	}
	return s, tx.Each(ctx, walkDue, db.Args(r.tenant), func(scan func(...any) error) error {
		var holder int64
		var at clock.Instant
		err := scan(&holder, &at)
		s.due[holder] = append(s.due[holder], at)
		return err
	})
}

// compare holds the rows of holders against what their entries make of them.
func (r *replay) compare(ctx context.Context, tx db.Tx) error {
	s, err := r.readStored(ctx, tx)
	if err != nil {
		return err
	}
	rows := map[int64]bool{}
	err = tx.Each(ctx, walkHolders, db.Args(r.tenant), func(scan func(...any) error) error {
		h := &Holder{}
		var least int64
		var state string
		if err := scan(&h.ID, &h.Owner, &h.Status, &h.Links, &h.Seq, &least, &state); err != nil {
			return err
		}
		rows[h.ID] = true
		if err := h.decode(state); err != nil {
			r.tell("I2", 0, h.ID, "its row cannot be read: %v", err)
			return nil
		}
		r.row(h, least, s)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(r.holders)) {
		if !rows[id] {
			r.tell("I24", r.holders[id].seq, id, "has entries and no row")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.tails)) {
		if !rows[id] {
			r.tell("I24", 0, id, "has lots and no row")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.due)) {
		if !rows[id] {
			r.tell("I24", 0, id, "has a reminder and no row")
		}
	}
	return nil
}

func (r *replay) row(h *Holder, least int64, s stored) {
	is := r.holders[h.ID]
	if is == nil {
		is = &replayed{}
	}
	if h.Seq != is.seq {
		r.tell("chain", 0, h.ID, "its row says that entry %d was its last, entry %d was", h.Seq, is.seq)
	}
	if least != h.least() {
		r.tell("I4", 0, h.ID, "its row says that %d is the least of it, %d is", least, h.least())
	}
	r.compareStatus(h, is)
	r.compareBalances(h, is)
	r.compareLots(h, is, s.tails[h.ID])
	r.compareHolds(h, is, s.due[h.ID])
	r.reminders(h.ID, is, s.due[h.ID])
}

// compareStatus holds the rest of I22 against the state that the row has the card in.
func (r *replay) compareStatus(h *Holder, is *replayed) {
	if is.blocked == 0 {
		return
	}
	if h.Status <= Active {
		if !is.revived {
			r.tell("I22", 0, h.ID, "is %s though it was blocked at %s", h.Status, is.blocked)
		}
		return
	}
	for _, seq := range is.doubted {
		r.tell("I22", seq, h.ID, "is debited though it was blocked at %s", is.blocked)
	}
}

func (r *replay) compareBalances(h *Holder, is *replayed) {
	seen := map[Account]bool{}
	for _, b := range h.Balances {
		a := Account{h.ID, b.Kind, b.Unit}
		if seen[a] {
			r.tell("I2", 0, h.ID, "its row has %s twice", a.name())
		}
		seen[a] = true
		p := is.purse(b.Kind, b.Unit)
		if b.Posted != p.posted {
			r.tell("I2", 0, h.ID, "its row has %d of %s, its entries sum to %d", b.Posted, a.name(), p.posted)
		}
		if b.Held != p.held {
			r.tell("I7", 0, h.ID, "its row holds %d of %s, its open holds sum to %d", b.Held, a.name(), p.held)
		}
	}
	for _, p := range is.purses {
		a := Account{h.ID, p.kind, p.unit}
		if !seen[a] && (p.posted != 0 || p.held != 0) {
			r.tell("I2", 0, h.ID, "its row lacks %s, its entries sum to %d", a.name(), p.posted)
		}
	}
}

// compareLots holds I16 against the row and the tail together, in the order in which they are consumed.
func (r *replay) compareLots(h *Holder, is *replayed, tail []Lot) {
	if !slices.IsSortedFunc(h.Lots, Lot.compare) {
		r.tell("I16", 0, h.ID, "the lots of its row stand in another order than they are consumed in")
	}
	sums := map[int64]Lot{}
	counts := map[Account]int64{}
	for _, l := range tail {
		a := Account{h.ID, l.Kind, l.Unit}
		if counts[a]++; counts[a] == 1 && h.tailFirst(a) != (Lot{ID: l.ID, Kind: l.Kind, Unit: l.Unit, Until: l.Until, Starts: l.Starts}) {
			r.tell("I16", 0, h.ID, "its row places the tail of %s elsewhere than at lot %d", a.name(), l.ID)
		}
		sums[l.ID] = l
	}
	for _, l := range h.Lots {
		if in, ok := sums[l.ID]; ok {
			l.Remaining += in.Remaining
		}
		sums[l.ID] = l
	}
	for _, b := range h.Balances {
		if a := (Account{h.ID, b.Kind, b.Unit}); b.Tail != counts[a] {
			r.tell("I16", 0, h.ID, "its row counts %d lots in the tail of %s, %d are there", b.Tail, a.name(), counts[a])
		}
	}
	open := 0
	for _, p := range is.purses {
		for _, l := range p.open {
			open++
			if have := sums[l.ID]; have != l.Lot {
				r.tell("I16", 0, h.ID, "lot %d stands as %+v, its entries make it %+v", l.ID, have, l.Lot)
			}
		}
	}
	if open < len(sums) {
		for _, id := range slices.Sorted(maps.Keys(sums)) {
			if l := is.lots[id]; l == nil || l.Remaining == 0 {
				r.tell("I16", 0, h.ID, "lot %d stands with %d, its entries leave nothing", id, sums[id].Remaining)
			}
		}
	}
}

// compareHolds holds I7 and I9.
func (r *replay) compareHolds(h *Holder, is *replayed, due []clock.Instant) {
	byID := func(a, b Hold) int { return cmp.Compare(a.ID, b.ID) }
	rows := slices.SortedFunc(slices.Values(h.Holds), byID)
	for _, o := range is.holds {
		i, ok := slices.BinarySearchFunc(rows, o.Hold, byID)
		inherited := o.Hold
		inherited.At = o.heir
		if !ok || rows[i] != o.Hold && rows[i] != inherited {
			r.tell("I7", o.ID>>10, h.ID, "hold %d is open and not in the row as it was opened", o.ID)
		}
		if o.Ends < r.asOf-r.opt.sweepGrace() {
			r.tell("I9", o.ID>>10, h.ID, "hold %d is open though it ended at %s", o.ID, o.Ends)
		}
		if _, reminded := slices.BinarySearch(due, o.Ends); !reminded {
			r.tell("I9", o.ID>>10, h.ID, "nothing will end hold %d at %s", o.ID, o.Ends)
		}
	}
	if len(rows) > len(is.holds) {
		for _, x := range rows {
			if !slices.ContainsFunc(is.holds, func(o openHold) bool { return o.ID == x.ID }) {
				r.tell("I7", 0, h.ID, "its row has hold %d open, its entries have not", x.ID)
			}
		}
	}
}

// zoneSlack is how far a reminder may be from a lot's end where a zone has been set anew since.
const zoneSlack = 26 * clock.Hour

// reminders holds the end of I19: what has expired and is not held has been expired, or a reminder will see
// to it.
func (r *replay) reminders(holder int64, is *replayed, due []clock.Instant) {
	for _, p := range is.purses {
		if p.kind == Pending {
			continue
		}
		var dead int64
		for _, l := range p.open {
			end := r.end(&l.Lot)
			if end == never {
				continue
			}
			if end <= r.asOf {
				dead += l.Remaining
			}
			if end > r.booked && !reminded(due, end-zoneSlack, end+zoneSlack) {
				r.tell("I19", 0, holder, "nothing will expire lot %d at %s", l.ID, end)
			}
		}
		if dead > p.held && !reminded(due, 0, r.asOf) {
			r.tell("I19", 0, holder, "%d of %s have expired and nothing will book it", dead-p.held, Account{holder, p.kind, p.unit}.name())
		}
	}
}

func reminded(due []clock.Instant, from, through clock.Instant) bool {
	i, _ := slices.BinarySearch(due, from)
	return i < len(due) && due[i] <= through
}
