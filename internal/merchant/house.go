package merchant

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

// Trail writes an audit row inside a transaction.
type Trail func(ctx context.Context, tx db.Tx, at clock.Instant, actor, act, entity string, detail any, request string) error

// By is who asks for a change.
type By struct {
	Actor   string // the identifier of staff, key or terminal
	Request string
}

// House holds the use-cases of the hierarchy. They run inside the caller's transaction, so that a key of
// once stands beside what it guards; Write is that transaction.
type House struct {
	d     *db.DB
	clock clock.Clock
	mint  *id.Mint
	ring  *secret.Ring
	trail Trail
	dir   *Directory
	demo  bool
}

// Wiring is what a House is made of.
type Wiring struct {
	DB    *db.DB
	Clock clock.Clock
	Mint  *id.Mint
	Ring  *secret.Ring
	Trail Trail
	Demo  bool // the server runs in demo or test mode: the limits profile none may be chosen
}

// New gives a House and its directory.
func New(w Wiring) *House {
	return &House{d: w.DB, clock: w.Clock, mint: w.Mint, ring: w.Ring, trail: w.Trail, demo: w.Demo, dir: NewDirectory(w.DB)}
}

// Directory gives the directory that this house keeps fresh.
func (h *House) Directory() *Directory { return h.dir }

// Write runs changes of one tenant in one transaction and lets the directory see them before it returns.
func (h *House) Write(ctx context.Context, tenant TenantID, do func(db.Tx) error) error {
	if err := h.d.Write(ctx, int64(tenant), do); err != nil {
		return err
	}
	// The change is committed: a directory that cannot be read now is dropped and read at its next use.
	h.dir.reload(ctx, tenant)
	return nil
}

// lock begins every change: it moves the configuration number, and by that keeps another change of the
// tenant from running at the same time. It comes before the trail, as in the lane.
func lock(ctx context.Context, tx db.Tx) error { return ledger.ConfigChanged(ctx, tx) }

// tell ends every change with its row in the trail.
func (h *House) tell(ctx context.Context, tx db.Tx, by By, act, entity string, detail change) error {
	return h.trail(ctx, tx, h.clock.Now(), by.Actor, act, entity, detail, by.Request)
}

// change is the detail of an act that alters something.
type change struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
}
