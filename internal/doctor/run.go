package doctor

import (
	"context"
	"slices"
	"strings"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/seal"
	"lojal/internal/ledger"
)

// Doctor runs checks on a database.
type Doctor struct {
	d      *db.DB
	clock  clock.Clock
	checks []check.Check
}

// New gives a doctor with the checks of the rooms. Two checks under one id are parts of one invariant.
func New(d *db.DB, c clock.Clock, checks ...check.Check) *Doctor {
	return &Doctor{d, c, checks}
}

// Options say what is examined.
type Options struct {
	Tenants []int64           // none means all
	Proof   bool              // the log alone: every entry, leaf, node and checkpoint
	Freeze  bool              // stop the debits of a tenant with a violation
	Kept    []seal.Checkpoint // checkpoints that somebody outside has kept: the books must continue them
}

// Status is the outcome of one invariant.
type Status string

// Outcomes. Absent means that the room which the invariant speaks of has no check here.
const (
	OK       Status = "ok"
	Violated Status = "violated"
	Absent   Status = "no such room yet"
)

// Result is what was found about one invariant.
type Result struct {
	ID         string            `json:"id"`
	Title      string            `json:"title"`
	Status     Status            `json:"status"`
	Violations []check.Violation `json:"violations,omitempty"`
}

// Tenant is what was found in one tenant's books.
type Tenant struct {
	ID       int64         `json:"tenant"`
	Slug     string        `json:"slug"`
	Profile  string        `json:"limits_profile"`
	Entries  int64         `json:"entries"`
	Epoch    int64         `json:"epoch"`
	BookedAt clock.Instant `json:"booked_at"`
	Frozen   bool          `json:"frozen"`
	Results  []Result      `json:"invariants"`
}

// OK tells whether nothing was violated.
func (t *Tenant) OK() bool {
	return !slices.ContainsFunc(t.Results, func(r Result) bool { return r.Status == Violated })
}

// Report is what the doctor found.
type Report struct {
	Database string        `json:"database"` // engine, version and durability settings
	Schema   int64         `json:"schema"`
	Bytes    int64         `json:"bytes"`
	At       clock.Instant `json:"at"`
	Tenants  []Tenant      `json:"tenants"`
}

// OK tells whether nothing was violated anywhere.
func (r *Report) OK() bool {
	return !slices.ContainsFunc(r.Tenants, func(t Tenant) bool { return !t.OK() })
}

// proofIDs are the invariants of the log itself.
var proofIDs = []string{"I26", "I27", "I28"}

// witness is the id under which a kept checkpoint is judged.
const witness = "witness"

var listTenants = db.SQL("doctor.list_tenants", `
	SELECT tenant_id, slug, profile FROM tenant ORDER BY tenant_id`)

// Run examines the tenants. An error means that the doctor could not look; what is wrong with the books
// stands in the report.
func (x *Doctor) Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{Database: x.d.Describe(ctx), At: x.clock.Now()}
	var err error
	if r.Schema, err = x.d.Version(ctx); err != nil {
		return nil, err
	}
	if r.Bytes, err = x.d.Bytes(ctx); err != nil {
		return nil, err
	}
	tenants, err := x.tenants(ctx, o.Tenants)
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		if err := x.examine(ctx, &t, r.At, o); err != nil {
			return nil, err
		}
		if o.Freeze && !t.OK() {
			if err := x.d.Write(ctx, t.ID, func(tx db.Tx) error { return ledger.Freeze(ctx, tx, true) }); err != nil {
				return nil, err
			}
			t.Frozen = true
		}
		r.Tenants = append(r.Tenants, t)
	}
	return r, nil
}

func (x *Doctor) tenants(ctx context.Context, only []int64) ([]Tenant, error) {
	var out []Tenant
	err := x.d.Read(ctx, 0, func(tx db.Tx) error {
		return tx.Each(ctx, listTenants, nil, func(scan func(...any) error) error {
			var t Tenant
			err := scan(&t.ID, &t.Slug, &t.Profile)
			if len(only) == 0 || slices.Contains(only, t.ID) {
				out = append(out, t)
			}
			return err
		})
	})
	for _, id := range only {
		if err == nil && !slices.ContainsFunc(out, func(t Tenant) bool { return t.ID == id }) {
			err = fault.New(fault.ErrNotFound, "tenant", id)
		}
	}
	return out, err
}

// examine runs every check on one snapshot of a tenant.
func (x *Doctor) examine(ctx context.Context, t *Tenant, now clock.Instant, o Options) error {
	return x.d.Read(ctx, t.ID, func(tx db.Tx) error {
		h, err := ledger.ReadHead(ctx, tx)
		if err != nil {
			return err
		}
		t.Entries, t.Epoch, t.BookedAt, t.Frozen = h.Seq, h.Epoch, h.BookedAt, h.Frozen
		asOf := max(now, h.BookedAt)
		t.Results = outline(o.Proof)
		for _, c := range x.checks {
			if o.Proof && !slices.Contains(proofIDs, c.ID) {
				continue
			}
			found, err := c.Run(ctx, tx, asOf)
			if err != nil {
				return err
			}
			t.note(c.ID, c.Title, found)
		}
		return x.judgeKept(ctx, tx, t, o.Kept)
	})
}

// note enters the outcome of a check; parts of one invariant add up.
func (t *Tenant) note(id, title string, found []check.Violation) {
	i := slices.IndexFunc(t.Results, func(r Result) bool { return r.ID == id })
	if i < 0 {
		i = len(t.Results)
		t.Results = append(t.Results, Result{ID: id, Title: title})
	}
	r := &t.Results[i]
	if r.Status != Violated {
		r.Status = OK
	}
	if len(found) > 0 {
		r.Status = Violated
		r.Violations = append(r.Violations, found...)
	}
}

// judgeKept holds the books against checkpoints that were kept outside: a fork has other roots.
func (x *Doctor) judgeKept(ctx context.Context, tx db.Tx, t *Tenant, kept []seal.Checkpoint) error {
	for _, c := range kept {
		if c.Tenant != t.ID {
			continue
		}
		err := ledger.Continues(ctx, tx, c)
		var found []check.Violation
		if fault.Is(err, seal.ErrForked) {
			found = []check.Violation{{What: err.Error()}}
		} else if err != nil {
			return err
		}
		t.note(witness, "the books continue the checkpoint that was kept", found)
	}
	return nil
}

// outline gives every stored invariant as absent, to be filled.
func outline(proof bool) []Result {
	var out []Result
	for _, r := range stored {
		if !proof || slices.Contains(proofIDs, r.ID) {
			r.Status = Absent
			out = append(out, r)
		}
	}
	return out
}

// stored are the invariants of the stored state, whichever room proves them.
var stored = func() []Result {
	var out []Result
	for line := range strings.Lines(storedTitles) {
		id, title, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok {
			out = append(out, Result{ID: id, Title: title})
		}
	}
	return out
}()

const storedTitles = `
I1 each entry balances per unit
I2 cached balances are the sums of their postings
I3 all accounts of a unit sum to zero
I4 nothing is held that is not there
I5 no balance was ever above its limit
I6 no balance was ever below zero
I7 what is held is the sum of the open holds
I8 a hold is resolved once, and captured at most in full
I9 no hold outlives its end
I10 a key stands for one operation and keeps its fingerprint
I11 what was declined was not booked
I12 a terminal's sequence and receipt stand for one operation
I13 what was taken back is at most what there was
I14 a reversal posts the exact negative
I15 what a tombstone closed stays closed
I16 lots add up to their account, each within its quantity
I17 lots were used in their order
I18 no lot was used outside its time
I19 what has expired is booked as expired, once
I20 no voucher is used more often than it may be
I21 no pass is used more often, or outside its time
I22 a blocked card is not debited
I23 a replacement or a merge conserves all value
I24 what is referred to is there, within the tenant
I25 accounts hold their own unit, conversions have two
I26 entries are numbered without a gap in the order of commits
I27 no statement edits what is only ever added
I28 every leaf, node and checkpoint recomputes
I29 no consumer is ahead of the books
I30 tiers follow from their history
I31 points follow from the basket and its rules
I32 reports tie out with the ledger
I33 settlements sum to zero
I34 erased persons leave nothing in plain text
I35 acts of staff stand in the audit trail
I36 times of booking never go back, effective times keep their window
I37 velocity limits hold over the history
I38 one referral reward a pair
`
