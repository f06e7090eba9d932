package ledger

import (
	"context"
	"fmt"
	"time"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// replay recomputes the books from the entries alone, in the order of seq, and notes what could not have
// happened on the way. It shares the nouns with the lane and none of its arithmetic.
type replay struct {
	tenant  int64
	opt     *Options
	zones   Zones
	asOf    clock.Instant
	found   map[string]*check.List
	seq     int64
	epoch   int64
	booked  clock.Instant
	holders map[int64]*replayed
	totals  map[Unit]int64
	ends    map[unitDay]clock.Instant
	backs   map[int64][]back // what took an entry back, by that entry
	entries *relog
	watch   []Watcher
	nets    []net // of the entry at work
	judged  []judged
}

// replayed is a holder as its entries make it.
type replayed struct {
	seq     int64
	purses  []*purse
	lots    map[int64]*parcel // every lot there ever was
	holds   []openHold
	blocked clock.Instant // since when it takes no debit; 0 for not
	revived bool          // credited since in a way that may have ended that: its row tells
	doubted []int64       // entries that debited it after that
}

// openHold is an open hold. Its frozen time is that of its entry, or of the hold that it succeeds: the entry
// does not say which.
type openHold struct {
	Hold
	heir clock.Instant
}

// purse is an account as its entries make it.
type purse struct {
	kind   Kind
	unit   Unit
	posted int64
	held   int64
	inLots int64
	open   []*parcel // in the order of consumption
}

// parcel is a lot with all that was ever put into it.
type parcel struct {
	Lot
	qty   int64
	fresh int64 // put in by entry seen
	seen  int64
}

// net is what an entry posts on an account in total.
type net struct {
	Account
	sum int64
}

// judged is the frozen time of a hold that an entry captures: the account is judged at it as well.
type judged struct {
	Account
	at clock.Instant
}

type unitDay struct {
	unit Unit
	day  clock.Day
}

func (r *replay) tell(id string, seq, holder int64, format string, args ...any) {
	l := r.found[id]
	if l == nil {
		l = &check.List{}
		r.found[id] = l
	}
	l.Add(check.Violation{Entry: seq, Holder: holder, What: fmt.Sprintf(format, args...)})
}

var walkEntries = db.SQL("ledger.walk_entries", `
	SELECT `+entryColumns+`
	  FROM entry e
	 WHERE e.tenant_id = $1
	 ORDER BY e.seq`)

// walk replays every entry of the tenant.
func (r *replay) walk(ctx context.Context, tx db.Tx) error {
	return tx.Each(ctx, walkEntries, db.Args(r.tenant), func(scan func(...any) error) error {
		e, damage, err := scanStored(r.tenant, scan)
		if err != nil {
			return err
		}
		r.entry(e, damage)
		return nil
	})
}

func (r *replay) entry(e *Entry, damage error) {
	r.order(e)
	r.entries.leaf(r, e)
	if damage != nil {
		r.tell("I28", e.Seq, 0, "cannot be read: %v", damage)
		return
	}
	r.collect(e)
	r.sums(e)
	r.chain(e)
	r.resolveHolds(e)
	r.moveLots(e)
	r.post(e)
	r.window(e)
	r.status(e)
	if e.Reverses != 0 {
		r.backs[e.Reverses] = append(r.backs[e.Reverses], newBack(e))
	}
	for i := range r.watch {
		if what := r.watch[i].Entry(e); what != "" {
			r.tell(r.opt.Watch[i].ID, e.Seq, 0, "%s", what)
		}
	}
}

// order holds I26 and the first half of I36.
func (r *replay) order(e *Entry) {
	if e.Seq != r.seq+1 {
		r.tell("I26", r.seq+1, 0, "is missing: entry %d follows entry %d", e.Seq, r.seq)
	}
	if e.Epoch < r.epoch || e.Epoch < 1 {
		r.tell("I26", e.Seq, 0, "is of epoch %d after one of epoch %d", e.Epoch, r.epoch)
	}
	if e.BookedAt < r.booked {
		r.tell("I36", e.Seq, 0, "is booked at %s, before its forerunner's %s", e.BookedAt, r.booked)
	}
	r.seq, r.epoch, r.booked = e.Seq, e.Epoch, e.BookedAt
}

func (r *replay) holder(id int64) *replayed {
	h := r.holders[id]
	if h == nil {
		h = &replayed{lots: map[int64]*parcel{}}
		r.holders[id] = h
	}
	return h
}

func (h *replayed) purse(k Kind, u Unit) *purse {
	for _, p := range h.purses {
		if p.kind == k && p.unit == u {
			return p
		}
	}
	p := &purse{kind: k, unit: u}
	h.purses = append(h.purses, p)
	return p
}

// collect adds the lines of an entry up by account.
func (r *replay) collect(e *Entry) {
	r.nets, r.judged = r.nets[:0], r.judged[:0]
next:
	for _, p := range e.Post.Lines {
		for i := range r.nets {
			if r.nets[i].Account == p.Account {
				r.nets[i].sum += p.Amount
				continue next
			}
		}
		r.nets = append(r.nets, net{p.Account, p.Amount})
	}
}

// sums holds I1 and I25.
func (r *replay) sums(e *Entry) {
	type sum struct {
		unit       Unit
		all        int64
		conversion bool
	}
	var sums []sum
next:
	for _, n := range r.nets {
		r.totals[n.Unit] += n.sum
		if !n.Kind.known() || !n.Kind.fits(n.Unit) {
			r.tell("I25", e.Seq, n.Holder, "account kind %d does not hold unit %d", n.Kind, n.Unit)
		}
		for i := range sums {
			if sums[i].unit == n.Unit {
				sums[i].all += n.sum
				sums[i].conversion = sums[i].conversion || n.Kind == Conversion
				continue next
			}
		}
		sums = append(sums, sum{n.Unit, n.sum, n.Kind == Conversion})
	}
	conversions := 0
	for _, s := range sums {
		if s.all != 0 {
			r.tell("I1", e.Seq, 0, "unit %d does not balance: %+d", s.unit, s.all)
		}
		if s.conversion {
			conversions++
		}
	}
	if conversions == 1 {
		r.tell("I25", e.Seq, 0, "is a conversion of one unit alone")
	}
}

func (k Kind) known() bool {
	_, ok := kindNames[k]
	return ok || k.IsDebt() && kindNames[k&^debt] != ""
}

// fits tells whether an account of the kind may count the unit: money is an ISO 4217 number.
func (k Kind) fits(u Unit) bool {
	switch k &^ debt {
	case Paid, Promo, Credit:
		return u > 0 && u < FirstAsset
	case Points, Pending, Visits, Coupon, Stamps:
		return u >= FirstAsset
	}
	return u > 0
}

// chain holds that each entry names every holder that it moves, and the entry before on its chain.
func (r *replay) chain(e *Entry) {
	for _, t := range e.Post.Touched {
		h := r.holder(t.Holder)
		if h.seq != t.Prev {
			r.tell("chain", e.Seq, t.Holder, "names entry %d as the one before, it was %d", t.Prev, h.seq)
		}
		h.seq = e.Seq
	}
	moves := func(holder int64) {
		if h := r.holder(holder); h.seq != e.Seq {
			r.tell("chain", e.Seq, holder, "is moved but not named")
			h.seq = e.Seq
		}
	}
	for _, n := range r.nets {
		if !n.Kind.System() {
			moves(n.Holder)
		}
	}
	for _, list := range [2][]LotMove{e.Post.Adds, e.Post.Uses} {
		for _, m := range list {
			moves(m.Holder)
		}
	}
	for _, x := range e.Post.Holds {
		moves(x.Holder)
	}
}

// post moves balances and holds I4, I5, I6 and, entry by entry, I16's sum of lots.
func (r *replay) post(e *Entry) {
	for _, n := range r.nets {
		if n.Kind.System() {
			continue
		}
		p := r.holder(n.Holder).purse(n.Kind, n.Unit)
		p.posted += n.sum
		name := Account{n.Holder, n.Kind, n.Unit}.name()
		switch {
		case n.Kind.IsDebt() && p.posted > 0:
			r.tell("I5", e.Seq, n.Holder, "%s rises to %d: a debt is never positive", name, p.posted)
		case !n.Kind.IsDebt() && p.posted < 0:
			r.tell("I6", e.Seq, n.Holder, "%s falls to %d", name, p.posted)
		case !n.Kind.IsDebt() && p.posted < p.held:
			r.tell("I4", e.Seq, n.Holder, "%s has %d of which %d are held", name, p.posted, p.held)
		}
		if r.opt.Most != nil && n.sum > 0 {
			if most, ok := r.opt.Most(r.tenant, n.Account, e.Version); ok && p.posted > most {
				r.tell("I5", e.Seq, n.Holder, "%s rises to %d, %d is the most", name, p.posted, most)
			}
		}
	}
	for _, list := range [2][]LotMove{e.Post.Adds, e.Post.Uses} {
		for _, m := range list {
			r.lotsAgree(e, m.Holder, m.Kind, m.Unit)
		}
	}
	for _, n := range r.nets {
		if !n.Kind.System() && !n.Kind.IsDebt() {
			r.lotsAgree(e, n.Holder, n.Kind, n.Unit)
		}
	}
}

func (r *replay) lotsAgree(e *Entry, holder int64, k Kind, u Unit) {
	p := r.holder(holder).purse(k, u)
	if p.posted != p.inLots {
		r.tell("I16", e.Seq, holder, "%s has %d, its lots hold %d", Account{holder, k, u}.name(), p.posted, p.inLots)
		p.inLots = p.posted // told once
	}
}

// name gives the account without its holder.
func (a Account) name() string { return fmt.Sprintf("%s/%d", a.Kind, a.Unit) }

const clockAhead = 5 * clock.Minute

// window holds the second half of I36.
func (r *replay) window(e *Entry) {
	if e.EffectiveAt > e.BookedAt+clockAhead {
		r.tell("I36", e.Seq, 0, "is effective at %s, more than 5 minutes after it was booked", e.EffectiveAt)
	}
	if e.Kind == EXP || e.Kind == OPN {
		return
	}
	window := r.opt.AdviceWindow
	for _, p := range e.Post.Lines {
		if p.Op == OPN {
			return
		}
		if (p.Op == RED || p.Op == CSO) && !p.Kind.System() && p.Amount < 0 {
			window = r.opt.RedemptionWindow
		}
	}
	earliest := e.BookedAt.Add(-window)
	for _, j := range r.judged {
		earliest = min(earliest, j.at)
	}
	if e.EffectiveAt < earliest {
		r.tell("I36", e.Seq, 0, "is effective at %s, before its window of %s opens", e.EffectiveAt, window.Round(time.Minute))
	}
}

// status holds I22 as far as entries tell it: no debit between a block and its end, but for what takes value
// back, moves it to the card's successor, books what has expired, or was done offline. A credit may have
// brought an expired card back to life (S1); whether it did, its row knows.
func (r *replay) status(e *Entry) {
	for _, t := range e.Post.Touched {
		h := r.holder(t.Holder)
		switch e.Kind {
		case BLK:
			h.blocked, h.revived, h.doubted = e.BookedAt, false, nil
			continue
		case UBL:
			h.blocked = 0
			continue
		case ACT, LOD, RET, ADJ:
			h.revived = true
		}
		if h.blocked == 0 || !r.forbidden(e, h.blocked) || !e.debits(t.Holder) {
			continue
		}
		if h.revived {
			h.doubted = append(h.doubted, e.Seq)
		} else {
			r.tell("I22", e.Seq, t.Holder, "is debited though it was blocked at %s", h.blocked)
		}
	}
}

// forbidden tells whether a debit by this entry is one that a block stops.
func (r *replay) forbidden(e *Entry, since clock.Instant) bool {
	switch e.Kind {
	case VOI, REV, RET, EXP, TRF, ISS:
		return false
	}
	return e.Reverses == 0 && e.EffectiveAt >= since && !e.HasFlag("offline")
}

// debits tells whether the entry takes value of some unit from a holder other than by expiry.
func (e *Entry) debits(holder int64) bool {
	sums := map[Unit]int64{}
	for _, p := range e.Post.Lines {
		if p.Holder == holder && !p.Kind.System() && p.Op != EXP {
			sums[p.Unit] += p.Amount
		}
	}
	for _, s := range sums {
		if s < 0 {
			return true
		}
	}
	return false
}
