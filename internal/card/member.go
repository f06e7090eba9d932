package card

import (
	"context"

	"lojal/internal/base/db"
)

// maxOfMember bounds the cards of one member that are looked at.
const maxOfMember = 100

var readOfMember = db.SQL("card.read_of_member", `
	SELECT c.id
	  FROM card c
	 WHERE c.tenant_id = $1 AND c.membership = $2 AND c.membership <> 0
	 ORDER BY c.id
	 LIMIT $3`)

// OfMember gives the cards of a membership in its own programme, the first one first.
func OfMember(ctx context.Context, tx db.Tx, membership int64) ([]ID, error) {
	var out []ID
	err := tx.Each(ctx, readOfMember, db.Args(tx.Tenant(), membership, maxOfMember), func(scan func(...any) error) error {
		var c ID
		err := scan(&c)
		out = append(out, c)
		return err
	})
	return out, err
}

var readSealed = db.SQL("card.read_sealed", `
	SELECT c.programme, c.product, c.membership, c.batch, c.last4, c.number_enc, c.created_at
	  FROM card c
	 WHERE c.tenant_id = $1 AND c.id = $2`)

// Read gives the row of a card, its number sealed, and whether there is one.
func Read(ctx context.Context, tx db.Tx, card ID) (Row, bool, error) {
	var r Row
	there, err := tx.One(ctx, readSealed, db.Args(tx.Tenant(), int64(card)), &r.Programme, &r.Product, &r.Membership, &r.Batch, &r.Last4, &r.Number, &r.CreatedAt)
	return r, there, err
}
