package ledger

import (
	"context"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

var insertHead = db.SQL("ledger.insert_head", `
	INSERT INTO head (tenant_id, seq, booked_at, epoch, config, frozen)
	VALUES ($1, 0, 0, 1, 1, 0)`)

var bumpConfig = db.SQL("ledger.bump_config", `
	UPDATE head SET config = config + 1 WHERE tenant_id = $1`)

var readHead = db.SQL("ledger.read_head", `
	SELECT seq, booked_at, epoch, config, frozen FROM head WHERE tenant_id = $1`)

var setFrozen = db.SQL("ledger.set_frozen", `
	UPDATE head SET frozen = $2 WHERE tenant_id = $1`)

// Open opens the books of a new tenant.
func Open(ctx context.Context, tx db.Tx) error {
	_, err := tx.Exec(ctx, insertHead, tx.Tenant())
	return err
}

// ConfigChanged says, inside the transaction that changed it, that configuration which pricing or
// identification depends on is new: lanes and caches of all processes read it again.
func ConfigChanged(ctx context.Context, tx db.Tx) error {
	n, err := tx.Exec(ctx, bumpConfig, tx.Tenant())
	if err == nil && n != 1 {
		err = fmt.Errorf("tenant %d has no books", tx.Tenant())
	}
	return err
}

// Freeze stops debits of the tenant, or lets them go on (P6).
func Freeze(ctx context.Context, tx db.Tx, on bool) error {
	v := 0
	if on {
		v = 1
	}
	_, err := tx.Exec(ctx, setFrozen, tx.Tenant(), v)
	return err
}

// Head is where the books of a tenant stand.
type Head struct {
	Seq      int64
	BookedAt clock.Instant
	Epoch    int64
	Config   int64
	Frozen   bool
}

// ReadHead gives where the books stand; every answer carries it.
func ReadHead(ctx context.Context, tx db.Tx) (Head, error) {
	var h Head
	var frozen int64
	_, err := tx.One(ctx, readHead, db.Args(tx.Tenant()), &h.Seq, &h.BookedAt, &h.Epoch, &h.Config, &frozen)
	h.Frozen = frozen != 0
	return h, err
}
