package ledger

import (
	"context"
	"time"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/seal"
)

// Options tell the checks what the books do not say.
type Options struct {
	Zones     func(tenant int64) Zones // in which each unit's days are judged, as the lane has them
	Verifiers seal.Verifiers           // every public key that checkpoints were signed with

	// Most gives the balance that an account may not exceed under a programme version (I5); nil for no limit.
	Most func(tenant int64, a Account, version string) (int64, bool)

	RedemptionWindow time.Duration // how old an offline redemption may be (D19); 0 means 72 hours
	AdviceWindow     time.Duration // how old any other advice may be; 0 means 7 days

	// Quarantined tells that the clock is under suspicion, so that nobody is late (F18).
	Quarantined bool

	Watch   []Watch                                               // other rooms' checks over every entry
	Cursors func(ctx context.Context, tx db.Tx) ([]Cursor, error) // consumers of the outbox (I29); nil for none
}

// Watch is a check of a higher room over every entry. It sees them in order, in the one pass that replays
// the books, so that a second reading costs nothing.
type Watch struct {
	ID, Title string
	New       func(tenant int64) Watcher
}

// Watcher is a Watch at work on one tenant. Entry gives what is wrong with an entry, nothing when all is
// well; End, which may be nil, compares sums at the end.
type Watcher struct {
	Entry func(*Entry) string
	End   func(ctx context.Context, tx db.Tx) ([]check.Violation, error)
}

// Cursor is how far a consumer of the outbox has come.
type Cursor struct {
	Consumer string
	Seq      int64
}

const (
	redemptionWindow = 72 * time.Hour
	adviceWindow     = 7 * 24 * time.Hour
	sweepInterval    = 5 * clock.Minute
)

func (o *Options) sweepGrace() clock.Instant {
	if o.Quarantined {
		return never / 2
	}
	return sweepInterval
}

// titles are the invariants that the ledger proves by replaying its entries.
var titles = []struct{ id, title string }{
	{"I1", "each entry balances per unit"},
	{"I2", "cached balances are the sums of their postings"},
	{"I3", "all accounts of a unit sum to zero"},
	{"I4", "nothing is held that is not there"},
	{"I5", "no balance was ever above its limit"},
	{"I6", "no balance was ever below zero"},
	{"I7", "what is held is the sum of the open holds"},
	{"I8", "a hold is resolved once, and captured at most in full"},
	{"I9", "no hold outlives its end"},
	{"I13", "what was taken back is at most what there was"},
	{"I14", "a reversal posts the exact negative"},
	{"I16", "lots add up to their account, each within its quantity"},
	{"I17", "lots were used in their order"},
	{"I18", "no lot was used outside its time"},
	{"I19", "what has expired is booked as expired, once"},
	{"I22", "a blocked card is not debited"},
	{"I25", "accounts hold their own unit, conversions have two"},
	{"I36", "times of booking never go back, effective times keep their window"},
	{"chain", "each entry names the one before it of every holder"},
}

// Checks gives the ledger's invariants. Those that are proved by replay share one pass over a tenant's
// entries, made when the first of them is run.
func Checks(o Options) []check.Check {
	if o.RedemptionWindow == 0 {
		o.RedemptionWindow = redemptionWindow
	}
	if o.AdviceWindow == 0 {
		o.AdviceWindow = adviceWindow
	}
	p := &pass{opt: &o}
	out := p.proof()
	for _, t := range titles {
		out = append(out, p.check(t.id, t.title))
	}
	out = append(out, rowChecks(o)...)
	out = append(out, check.Join("I24", "what is referred to is there, within the tenant", append([]check.Check{p.check("I24", "")}, referenceChecks()...)...))
	out = append(out, check.Join("I35", "the audit trail has no gap and an act for each adjustment", p.check("I35", ""), unaudited))
	for _, w := range o.Watch {
		out = append(out, p.check(w.ID, w.Title))
	}
	return out
}

// Proof gives the checks of the log alone: every entry, leaf, node and checkpoint.
func Proof(o Options) []check.Check {
	o.Watch = nil
	return (&pass{opt: &o}).proof()
}

func (p *pass) proof() []check.Check {
	return []check.Check{
		p.check("I26", "entries are numbered without a gap in the order of commits"),
		appendOnly,
		p.check("I28", "every leaf, node and checkpoint recomputes"),
	}
}

// pass replays a tenant's books once for all checks that are run on one snapshot.
type pass struct {
	opt  *Options
	tx   db.Tx
	asOf clock.Instant
	done *replay
}

func (p *pass) check(id, title string) check.Check {
	return check.Check{ID: id, Title: title, Run: func(ctx context.Context, tx db.Tx, asOf clock.Instant) ([]check.Violation, error) {
		if p.done == nil || p.tx != tx || p.asOf != asOf {
			r, err := replayAll(ctx, tx, asOf, p.opt)
			if err != nil {
				return nil, err
			}
			p.tx, p.asOf, p.done = tx, asOf, r
		}
		if l := p.done.found[id]; l != nil {
			return *l, nil
		}
		return nil, nil
	}}
}

func replayAll(ctx context.Context, tx db.Tx, asOf clock.Instant, o *Options) (*replay, error) {
	key, err := ReadNumberKey(ctx, tx)
	if err != nil {
		return nil, err
	}
	r := &replay{
		tenant: tx.Tenant(), opt: o, zones: o.Zones(tx.Tenant()), asOf: asOf, found: map[string]*check.List{},
		holders: map[int64]*replayed{}, totals: map[Unit]int64{}, ends: map[unitDay]clock.Instant{}, backs: map[int64][]back{},
	}
	for _, w := range o.Watch {
		r.watch = append(r.watch, w.New(r.tenant))
	}
	if err := r.run(ctx, tx); err != nil {
		return nil, err
	}
	for _, l := range r.found {
		for i := range *l {
			if v := &(*l)[i]; v.Entry != 0 {
				v.EntryID = FormatEntryID(v.Entry, key)
			}
		}
	}
	return r, nil
}

func (r *replay) run(ctx context.Context, tx db.Tx) error {
	head, err := ReadHead(ctx, tx)
	if err != nil {
		return err
	}
	r.asOf = max(r.asOf, head.BookedAt)
	if r.entries, err = readRelog(ctx, tx, "entries", walkNodes); err != nil {
		return err
	}
	acts, err := readRelog(ctx, tx, "audit", walkAuditNodes)
	if err != nil {
		return err
	}
	acts.late = true
	if err := r.readSigned(ctx, tx, acts); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return r.walk(ctx, tx) },
		func() error { r.close(head); return nil },
		func() error { return r.takenBack(ctx, tx) },
		func() error { return r.compare(ctx, tx) },
		func() error { return r.acts(ctx, tx, acts) },
		func() error { return r.closeWatch(ctx, tx) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// close compares the head row with the last entry, and sums up.
func (r *replay) close(head Head) {
	if head.Seq != r.seq {
		r.tell("I26", 0, 0, "the head says that %d entries are there, the last one is %d", head.Seq, r.seq)
	}
	if head.Epoch < r.epoch {
		r.tell("I26", 0, 0, "the head is of epoch %d, entries are of epoch %d", head.Epoch, r.epoch)
	}
	if head.BookedAt < r.booked {
		r.tell("I36", 0, 0, "the head stands at %s, entries were booked until %s", head.BookedAt, r.booked)
	}
	for u, sum := range r.totals {
		if sum != 0 {
			r.tell("I3", 0, 0, "the accounts of unit %d sum to %+d", u, sum)
		}
	}
	r.entries.end(r)
}

func (r *replay) closeWatch(ctx context.Context, tx db.Tx) error {
	for i, w := range r.watch {
		if w.End == nil {
			continue
		}
		found, err := w.End(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range found {
			r.tell(r.opt.Watch[i].ID, v.Entry, v.Holder, "%s", v.What)
		}
	}
	return nil
}
