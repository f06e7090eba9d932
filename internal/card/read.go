package card

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// Card is a card as staff sees it.
type Card struct {
	ID           ID
	Programme    string
	Product      string
	Kinds        string
	Membership   int64
	Memberships  []Membership // in other programmes
	Batch        BatchID
	Transferable bool
	Status       ledger.Status
	Masked       string
	ReplacedBy   ID // 0 for none
	HasPIN       bool
	CreatedAt    clock.Instant
	sealed       []byte
}

const maxCards = 500 // A8

const cardList = `SELECT c.id, c.programme, c.product, c.kinds, c.membership, c.batch, c.transferable, COALESCE(h.status, 0), c.last4, c.replaced_by, c.number_enc, c.pin_hash, c.created_at
	  FROM card c
	  LEFT JOIN holder h ON h.tenant_id = c.tenant_id AND h.id = c.id`

var readCard = db.SQL("card.read_card", cardList+`
	 WHERE c.tenant_id = $1 AND c.id = $2`)

var readCardsOf = db.SQL("card.read_cards_of", cardList+`
	 WHERE c.tenant_id = $1 AND c.membership = $2 AND c.membership <> 0
	 ORDER BY c.id
	 LIMIT $3`)

var readLinks = db.SQL("card.read_links", `
	SELECT m.programme, m.membership
	  FROM card_membership m
	 WHERE m.tenant_id = $1 AND m.card = $2 AND m.membership <> 0
	 ORDER BY m.programme
	 LIMIT $3`)

// Card gives a card with its state. It returns not_found.
func (f *Finder) Card(ctx context.Context, tenant int64, card ID) (Card, error) {
	var out []Card
	err := f.db.Read(ctx, tenant, func(tx db.Tx) (err error) {
		if out, err = readCards(ctx, tx, readCard, db.Args(tenant, int64(card))); err != nil || len(out) == 0 {
			return err
		}
		return tx.Each(ctx, readLinks, db.Args(tenant, int64(card), maxCards), func(scan func(...any) error) error {
			var m Membership
			err := scan(&m.Programme, &m.ID)
			out[0].Memberships = append(out[0].Memberships, m)
			return err
		})
	})
	switch {
	case err != nil:
		return Card{}, db.Fault(err)
	case len(out) == 0:
		return Card{}, fault.New(fault.ErrNotFound)
	}
	return out[0], nil
}

// CardsOf gives the cards of a membership in their home programme, the oldest first.
func (f *Finder) CardsOf(ctx context.Context, tenant, membership int64) ([]Card, error) {
	var out []Card
	err := f.db.Read(ctx, tenant, func(tx db.Tx) (err error) {
		out, err = readCards(ctx, tx, readCardsOf, db.Args(tenant, membership, maxCards))
		return err
	})
	return out, db.Fault(err)
}

// Number opens the number of a card, for those who may see it whole.
func (f *Finder) Number(ctx context.Context, tenant int64, c Card) (Number, error) {
	keys, err := f.keys.Of(ctx, tenant)
	if err != nil {
		return "", err
	}
	return OpenNumber(keys, c.ID, c.sealed)
}

func readCards(ctx context.Context, tx db.Tx, s *db.Stmt, args []any) ([]Card, error) {
	var out []Card
	err := tx.Each(ctx, s, args, func(scan func(...any) error) error {
		var c Card
		var transferable int64
		var last4 string
		var pin []byte
		err := scan(&c.ID, &c.Programme, &c.Product, &c.Kinds, &c.Membership, &c.Batch, &transferable, &c.Status, &last4, &c.ReplacedBy, &c.sealed, &pin, &c.CreatedAt)
		c.Transferable, c.Masked, c.HasPIN = transferable != 0, Masked(last4), len(pin) > 0
		out = append(out, c)
		return err
	})
	return out, err
}
