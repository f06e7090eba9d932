package card

import (
	"context"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// ReplaceRequest names a lost or damaged card and the one that takes its place.
type ReplaceRequest struct {
	Act
	Old *Facts // read before the lane; stale_facts when they have changed since
	New ID     // a card of stock, or the one that With makes
	// With makes the new card in the same entry; nil when it is taken from stock.
	With *Issue
}

// Replace is the command that gives all that a card holds to another card, once.
type Replace struct {
	ReplaceRequest
	aliases []made // what finds the member and not the plastic: phone, rotating codes
	in      *Deeds
}

var findAliases = db.SQL("card.find_aliases", `
	SELECT i.hash, i.type, i.last4, i.valid_from, i.valid_until
	  FROM instrument i
	 WHERE i.tenant_id = $1 AND i.card = $2 AND i.type <> 'barcode' AND i.status = 'active' AND i.type IN ('phone', 'qr_rotating')
	 ORDER BY i.hash
	 LIMIT 100`)

// Replace prepares a replacement (S2). An active or blocked card passes through lost; the old number
// answers card_replaced from then on. The PIN does not go over: it is known with the old number.
func (s *Deeds) Replace(ctx context.Context, d *db.DB, r ReplaceRequest) (*Replace, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if r.With != nil {
		r.New = r.With.Card
		r.With.row.Membership, r.With.Membership = r.Old.Membership, r.Old.Membership
	}
	if r.New == 0 || int64(r.New) == r.Old.Card {
		return nil, fault.Invalid("new", "another card")
	}
	c := &Replace{ReplaceRequest: r, in: s}
	tenant := r.Operation.Tenant
	err := d.Read(ctx, tenant, func(tx db.Tx) error {
		c.aliases = nil
		return tx.Each(ctx, findAliases, db.Args(tenant, r.Old.Card), func(scan func(...any) error) error {
			var hash []byte
			m := made{row: Instrument{Card: r.New, Status: Live}}
			if err := scan(&hash, &m.row.Type, &m.row.Last4, &m.row.From, &m.row.Until); err != nil {
				return err
			}
			m.key = instrumentKey{string(hash), m.row.Type}
			c.aliases = append(c.aliases, m)
			return nil
		})
	})
	return c, db.Fault(err)
}

// Op names the operation.
func (c *Replace) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.TRF
	return op
}

// Need asks for both cards and all that goes over.
func (c *Replace) Need(n *ledger.Needs) {
	old := ID(c.Old.Card)
	c.in.NeedCard(n, old)
	if c.With != nil {
		c.With.Need(n)
	} else {
		c.in.NeedCard(n, c.New)
	}
	for _, m := range c.Old.Memberships {
		c.in.links.Need(n, linkKey{old, m.Programme})
		c.in.links.Need(n, linkKey{c.New, m.Programme})
	}
	for _, m := range c.aliases {
		c.in.instruments.Need(n, m.key)
	}
}

// Decide moves everything and links the two numbers.
func (c *Replace) Decide(v *ledger.View) error {
	old := ID(c.Old.Card)
	from, err := c.in.status(v, old)
	if err != nil {
		return err
	}
	h := v.Holder(c.Old.Card)
	if err := c.Old.Fresh(h); err != nil {
		return err
	}
	if h == nil {
		return fault.New(ledger.ErrCardNotActive)
	}
	d := c.begin(v, ledger.TRF)
	if from != ledger.Lost {
		if _, err := c.in.Move(v, d, old, ledger.Lost); err != nil {
			return err
		}
	}
	if _, err := c.in.Move(v, d, old, ledger.Replaced); err != nil {
		return err
	}
	if err := c.prepareNew(v, d); err != nil {
		return err
	}
	c.moveLinks(v, d)
	if err := moveKinds(v, d, c.Old.Card, int64(c.New), everyKind); err != nil {
		return err
	}
	c.write(d, note{Act: "replace", Card: old, Other: c.New, From: from.String(), To: ledger.Replaced.String(), Membership: membershipName(c.Old.Membership)})
	return nil
}

var everyKind = []ledger.Kind{
	ledger.Paid, ledger.Promo, ledger.Credit, ledger.Points, ledger.Pending, ledger.Visits, ledger.Coupon, ledger.Stamps, ledger.Limit,
}

// prepareNew makes the new card active, or makes it.
func (c *Replace) prepareNew(v *ledger.View, d *ledger.Draft) error {
	if c.With != nil {
		if err := c.With.Book(v, d); err != nil {
			return err
		}
		if c.With.Status == ledger.Active {
			return nil
		}
	}
	if from, err := c.in.status(v, c.New); err != nil {
		return err
	} else if from > ledger.Active {
		return from.Refusal() // a card that somebody had blocked is nobody's replacement
	}
	_, err := c.in.Move(v, d, c.New, ledger.Active)
	return err
}

// moveLinks gives the memberships and the aliases of the old card to the new one.
func (c *Replace) moveLinks(v *ledger.View, d *ledger.Draft) {
	old := ID(c.Old.Card)
	was, _ := c.in.cards.Get(v, old)
	row, _ := c.in.cards.Get(v, c.New)
	row.Membership = was.Membership
	was.Membership, was.ReplacedBy = 0, c.New
	for _, m := range c.Old.Memberships {
		c.in.links.Set(v, linkKey{c.New, m.Programme}, m.ID)
		c.in.links.Set(v, linkKey{old, m.Programme}, 0)
	}
	for _, m := range c.aliases {
		c.in.instruments.Set(v, m.key, m.row)
	}
	c.in.relink(v, old, was)
	c.in.relink(v, c.New, row)
	d.Touch(int64(c.New))
}
