package ledger

import (
	"context"

	"lojal/internal/base/db"
)

var countLots = db.SQL("ledger.count_lots", `
	SELECT COUNT(*), CAST(COALESCE(SUM(o.remaining), 0) AS BIGINT)
	  FROM open_lot o
	 WHERE o.tenant_id = $1 AND o.unit = $2 AND o.kind IN ($3, $4) AND o.remaining > 0`)

// CountLots gives how many lots of a unit of points are open, pending ones among them, and what is left in
// them. It reads every holder of the tenant: it is for questions of people, not for the hot path.
func CountLots(ctx context.Context, tx db.Tx, points Unit) (lots, left int64, err error) {
	_, err = tx.One(ctx, countLots, db.Args(tx.Tenant(), int64(points), int64(Points), int64(Pending)), &lots, &left)
	return lots, left, err
}
