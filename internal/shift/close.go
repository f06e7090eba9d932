package shift

import (
	"context"
	"encoding/json"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// CloseBatch closes the open batch of a terminal and makes its Z. A batch without operations may be closed
// (ZR-31). Number names the batch, 0 is the one that is open; closing a batch again answers its Z, so that
// the command is repeatable by state. Another number is not_found.
type CloseBatch struct {
	Tenant   int64
	Outlet   int64
	Terminal int64
	Number   int64
	Actor    string
	Claim    *Claim // the terminal's own totals; nil when it sent none
	Due      bool   // close only what is still open: the timer's own closing

	room  *Room
	id    BatchID
	place Place
	claim string
	out   Batch
	done  bool
}

// Op names the closing. It makes no entry.
func (c *CloseBatch) Op() ledger.Operation {
	return ledger.Operation{Tenant: c.Tenant, Origin: ledger.Origin{Outlet: c.Outlet, Terminal: c.Terminal, Actor: c.Actor}}
}

// Need asks for the till.
func (c *CloseBatch) Need(n *ledger.Needs) { c.room.Need(n, c.Terminal) }

// Decide closes the batch. What it counts is known from here on: no entry can enter it any more.
func (c *CloseBatch) Decide(v *ledger.View) error {
	t, _ := c.room.till.Get(v, c.Terminal)
	c.done = false
	if t.Batch == 0 && !c.Due && (c.Number == 0 || c.Number == t.nextBatch()) {
		t.Terminal, t.Outlet = c.Terminal, c.Outlet
		t.open(v.Now(), c.Actor, v.Seq())
	}
	if t.Batch == 0 || c.Number != 0 && c.Number != t.Batch {
		return nil
	}
	c.done = true
	t.Z++
	c.out = Batch{
		ID: c.id, Terminal: c.Terminal, Outlet: t.Outlet, Z: t.Z, Number: t.Batch, Day: clock.BusinessDay(t.BatchAt, c.place.Zone, c.place.ClosesAt),
		OpenedAt: t.BatchAt, OpenedSeq: t.BatchSeq, OpenedBy: t.BatchBy, ClosedAt: v.Now(), ClosedSeq: v.Seq(), ClosedBy: c.Actor,
		AfterSeq: t.ClosedSeq, State: sealing, claimed: c.claim,
	}
	t.batches = append(slices.Clip(t.batches), c.out)
	t.Batch, t.BatchAt, t.BatchBy, t.BatchSeq, t.ClosedSeq = 0, 0, "", 0, v.Seq()
	c.room.till.Set(v, c.Terminal, t)
	return nil
}

// CloseBatch runs the command and gives the Z.
func (r *Room) CloseBatch(ctx context.Context, c CloseBatch) (*Report, error) {
	if err := named(c.Terminal, c.Actor, "actor"); err != nil {
		return nil, err
	}
	if c.Claim != nil {
		if err := c.Claim.check(); err != nil {
			return nil, err
		}
		b, err := json.Marshal(c.Claim)
		if err != nil {
			return nil, err
		}
		c.claim = string(b)
	}
	r.ready(&c)
	if res := r.lane.Do(ctx, &c); res.Err != nil {
		return nil, res.Err
	}
	if err := r.Seal(ctx, c.Tenant, c.Terminal); err != nil {
		return nil, err
	}
	if c.done {
		return r.byZ(ctx, c.Tenant, c.Terminal, c.out.Z)
	}
	if c.Due {
		return nil, nil
	}
	if c.Claim != nil {
		return r.Compare(ctx, c.Tenant, c.Terminal, c.Number, *c.Claim)
	}
	return r.ByNumber(ctx, c.Tenant, c.Terminal, c.Number)
}

// Closing gives the closing as a command, to be decided between others; the Z is counted when it is read.
func (r *Room) Closing(c CloseBatch) ledger.Command {
	r.ready(&c)
	return &c
}

func (r *Room) ready(c *CloseBatch) {
	c.room, c.id, c.place = r, BatchID(r.mint()), r.place(c.Tenant, c.Outlet)
}

// Seal counts the batches of a terminal that are closed but not counted: after each closing, and after a
// crash in between. The entries of a closed batch never change, so whoever counts gets the same.
func (r *Room) Seal(ctx context.Context, tenant, terminal int64) error {
	for {
		var b Batch
		var found bool
		err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
			var err error
			if b, found, err = one(ctx, tx, unsealedBatch, terminal); err != nil || !found {
				return err
			}
			return r.total(ctx, tx, &b)
		})
		if err != nil || !found {
			return err
		}
		err = r.db.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, sealBatch, tenant, terminal, b.Z, b.totals, string(b.State), b.differs)
			return err
		})
		if err != nil {
			return err
		}
	}
}

// SealAll seals what a crash left, at the start.
func (r *Room) SealAll(ctx context.Context, tenant int64) error {
	var terminals []int64
	err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
		terminals = nil
		return tx.Each(ctx, unsealedTerminals, db.Args(tenant), func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			terminals = append(terminals, n)
			return err
		})
	})
	for _, n := range terminals {
		if err == nil {
			err = r.Seal(ctx, tenant, n)
		}
	}
	return err
}

// total counts a closed batch and judges it.
func (r *Room) total(ctx context.Context, tx db.Tx, b *Batch) error {
	prev, err := handedOn(ctx, tx, b.Terminal, b.Z)
	if err != nil {
		return err
	}
	totals, err := r.scan(ctx, tx, b.span(), prev)
	if err != nil {
		return err
	}
	text, err := json.Marshal(totals)
	if err != nil {
		return err
	}
	b.totals = string(text)
	return b.judge(&totals)
}

func (b *Batch) span() span {
	return span{ledger.Stretch{Terminal: b.Terminal, Batch: b.Number, From: b.OpenedSeq, Through: b.ClosedSeq}, b.AfterSeq}
}

// handedOn gives the grand totals and the last sequence number before a Z.
func handedOn(ctx context.Context, tx db.Tx, terminal, z int64) (before, error) {
	b, found, err := one(ctx, tx, batchByZ, terminal, z-1)
	if err != nil || !found {
		return before{}, err
	}
	t, err := b.Totals()
	return before{t.Grand, t.Sequence.Last}, err
}

// Totals gives the figures of the Z.
func (b *Batch) Totals() (Totals, error) {
	var t Totals
	err := json.Unmarshal([]byte(b.totals), &t)
	return t, err
}

// report gives a sealed batch as its Z.
func (r *Room) report(tenant int64, b Batch) (*Report, error) {
	t, err := b.Totals()
	if err != nil {
		return nil, err
	}
	out := &Report{
		Kind: Z, ID: b.ID, Terminal: b.Terminal, Outlet: b.Outlet, Z: b.Z, Batch: b.Number, Day: b.Day, OpenedAt: b.OpenedAt, OpenedBy: b.OpenedBy,
		ClosedAt: b.ClosedAt, ClosedBy: b.ClosedBy, State: b.State, Place: r.place(tenant, b.Outlet), Totals: t,
	}
	if b.differs != "" {
		err = json.Unmarshal([]byte(b.differs), &out.Differs)
	}
	if err == nil && b.claimed != "" {
		var c Claim
		err = json.Unmarshal([]byte(b.claimed), &c)
		out.Queue = c.Queue
	}
	return out, err
}

// ByID gives the Z of a closed batch. It returns not_found.
func (r *Room) ByID(ctx context.Context, tenant int64, id BatchID) (*Report, error) {
	return r.find(ctx, tenant, batchByID, int64(id))
}

// ByNumber gives the Z of the newest closed batch with a number. It returns not_found.
func (r *Room) ByNumber(ctx context.Context, tenant, terminal, number int64) (*Report, error) {
	return r.find(ctx, tenant, batchByNumber, terminal, number)
}

func (r *Room) byZ(ctx context.Context, tenant, terminal, z int64) (*Report, error) {
	return r.find(ctx, tenant, batchByZ, terminal, z)
}

func (r *Room) find(ctx context.Context, tenant int64, s *db.Stmt, args ...any) (*Report, error) {
	b, err := r.sealed(ctx, tenant, s, args...)
	if err != nil {
		return nil, err
	}
	return r.report(tenant, b)
}

// sealed reads a batch, and seals it first where a crash came between.
func (r *Room) sealed(ctx context.Context, tenant int64, s *db.Stmt, args ...any) (Batch, error) {
	for {
		var b Batch
		var found bool
		err := r.db.Read(ctx, tenant, func(tx db.Tx) error {
			var err error
			b, found, err = one(ctx, tx, s, args...)
			return err
		})
		switch {
		case err != nil:
			return b, err
		case !found:
			return b, fault.New(fault.ErrNotFound, "entity", "batch")
		case b.totals != "":
			return b, nil
		}
		if err := r.Seal(ctx, tenant, b.Terminal); err != nil {
			return b, err
		}
	}
}
