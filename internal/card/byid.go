package card

import (
	"context"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

var findFactsByID = db.SQL("card.find_facts_by_id", `
	SELECT 'barcode', 'active', 0, 0, c.id, c.programme, c.product, c.membership, c.transferable, c.links, c.last4, c.pin_hash,
	       COALESCE(m.programme, ''), COALESCE(m.membership, 0)
	  FROM card c
	  LEFT JOIN card_membership m ON m.tenant_id = c.tenant_id AND m.card = c.id AND m.membership <> 0
	 WHERE c.tenant_id = $1 AND c.id = $2
	 ORDER BY m.programme
	 LIMIT 200`)

// ByID gives the facts of a card that is known already, as from a session or an account. It returns
// card_not_active with ErrUnknown as its cause when there is none.
func (f *Finder) ByID(ctx context.Context, tenant, card int64) (*Facts, error) {
	var found *Facts
	err := f.db.Read(ctx, tenant, func(tx db.Tx) error {
		found = nil
		return tx.Each(ctx, findFactsByID, db.Args(tenant, card), func(scan func(...any) error) error {
			r, err := scanFacts(scan)
			if err != nil {
				return err
			}
			if found == nil {
				found = r.facts(f.clock.Now())
			}
			if m := r.other(); found != nil && m.ID != 0 {
				found.Memberships = append(found.Memberships, m)
			}
			return nil
		})
	})
	if err != nil {
		return nil, db.Fault(err)
	}
	if found == nil {
		return nil, fault.Wrap(ledger.ErrCardNotActive, ErrUnknown)
	}
	return found, nil
}
