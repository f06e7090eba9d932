package ledger

import (
	"context"

	"lojal/internal/base/db"
)

var readOwner = db.SQL("ledger.read_owner", `
	SELECT owner FROM holder WHERE tenant_id = $1 AND id = $2`)

// ReadOwner tells what kind of thing a holder is; 0 when there is no such holder.
func ReadOwner(ctx context.Context, tx db.Tx, holder int64) (Owner, error) {
	var o Owner
	_, err := tx.One(ctx, readOwner, db.Args(tx.Tenant(), holder), &o)
	return o, err
}
