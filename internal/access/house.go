package access

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
)

// By is who asks for a change.
type By struct {
	Actor   string // the identifier of staff, key or terminal
	Request string
}

// House holds the use-cases of access. They run inside the caller's transaction, so that a key of once
// stands beside what it guards; Write is that transaction.
type House struct {
	d      *db.DB
	clock  clock.Clock
	mint   *id.Mint
	ring   *secret.Ring
	test   bool
	gate   *Gate
	roster *Roster
}

// Wiring is what a House is made of.
type Wiring struct {
	DB    *db.DB
	Clock clock.Clock
	Mint  *id.Mint
	Ring  *secret.Ring
	Test  bool // keys are issued as ljk_test_: the server runs in demo or test mode
}

// New gives a House with its gate and its roster.
func New(w Wiring) *House {
	return &House{d: w.DB, clock: w.Clock, mint: w.Mint, ring: w.Ring, test: w.Test, gate: newGate(w.DB, w.Clock, w.Ring), roster: &Roster{d: w.DB, known: map[int64]*Staffing{}}}
}

// Gate gives the gate that this house keeps fresh.
func (h *House) Gate() *Gate { return h.gate }

// Roster gives the roster that this house keeps fresh.
func (h *House) Roster() *Roster { return h.roster }

// Write runs changes of one tenant, or of the operator for tenant 0, in one transaction and lets the gate
// and the roster see them before it returns: a key that it ended lets nobody in.
func (h *House) Write(ctx context.Context, tenant int64, do func(db.Tx) error) error {
	err := h.d.Write(ctx, tenant, do)
	h.gate.forget(tenant) // also when the outcome is not known
	if err == nil && tenant != 0 {
		h.roster.reload(ctx, tenant)
	}
	return err
}

// tell ends every change with its row in the trail.
func (h *House) tell(ctx context.Context, tx db.Tx, by By, act, entity string, detail any) error {
	return Audit(ctx, tx, h.clock.Now(), by.Actor, act, entity, detail, by.Request)
}
