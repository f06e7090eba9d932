package card

import (
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// ownedByMember are the accounts that belong to the membership once a card has one; gift money and limits
// stay with the card (E11).
var ownedByMember = []ledger.Kind{ledger.Credit, ledger.Points, ledger.Pending, ledger.Visits, ledger.Coupon, ledger.Stamps}

// Link is the command that gives a card to a member, or takes it away.
type Link struct {
	Act
	Card       ID
	Programme  string // the card's own, or another one (a multicard)
	Membership int64  // 0 undoes the link
	in         *Deeds
}

// Link gives a card to a membership. What the card holds of points, credit, visits and coupons goes over to
// the membership when the programme is the card's own (S7). It returns card_linked when the card has
// another member there: a wrong one is unlinked first, so that both links stand in the books (STK-09).
func (s *Deeds) Link(a Act, c ID, programme string, membership int64) Link {
	return Link{Act: a, Card: c, Programme: programme, Membership: membership, in: s}
}

// Unlink takes a card away from its member. The value of the membership stays there.
func (s *Deeds) Unlink(a Act, c ID, programme string) Link {
	return Link{Act: a, Card: c, Programme: programme, in: s}
}

// Op names the operation.
func (c Link) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.ISS
	return op
}

// Need asks for the card, its links and the membership's holder.
func (c Link) Need(n *ledger.Needs) {
	c.in.NeedCard(n, c.Card)
	c.in.links.Need(n, linkKey{c.Card, c.Programme})
	if c.Membership != 0 {
		n.Holder(c.Membership)
	}
}

// Decide changes the link.
func (c Link) Decide(v *ledger.View) error {
	if err := c.Validate(); err != nil {
		return err
	}
	_, before, err := c.standing(v)
	if err != nil {
		return err
	}
	d := c.begin(v, ledger.ISS)
	if err := c.Book(v, d); err != nil {
		return err
	}
	deed := "unlink"
	if c.Membership != 0 {
		deed = "link"
	}
	c.write(d, note{Act: deed, Card: c.Card, Programme: c.Programme, Membership: membershipName(c.Membership), Before: membershipName(before)})
	return nil
}

// Name gives the card's id, for the document of an entry that the link joins.
func (c Link) Name() string { return c.Card.String() }

// standing gives the card with the membership that it has now.
func (c Link) standing(v *ledger.View) (row Row, before int64, err error) {
	row, ok := c.in.cards.Get(v, c.Card)
	if !ok {
		return row, 0, fault.New(fault.ErrNotFound)
	}
	before = row.Membership
	if c.Programme != row.Programme {
		before, _ = c.in.links.Get(v, linkKey{c.Card, c.Programme})
	}
	return row, before, nil
}

// Book changes the link in the entry of another command: a further membership that brings its card.
func (c Link) Book(v *ledger.View, d *ledger.Draft) error {
	row, before, err := c.standing(v)
	if err != nil {
		return err
	}
	if err := c.allowed(v, before); err != nil {
		return err
	}
	if h := v.Holder(int64(c.Card)); h == nil {
		v.Create(int64(c.Card), ledger.OwnerCard, ledger.New)
	}
	home := c.Programme == row.Programme
	if home {
		row.Membership = c.Membership
	} else {
		c.in.links.Set(v, linkKey{c.Card, c.Programme}, c.Membership)
	}
	c.in.relink(v, c.Card, row)
	d.Touch(int64(c.Card))
	if c.Membership != 0 {
		d.Touch(c.Membership)
	}
	if home && c.Membership != 0 {
		return moveKinds(v, d, int64(c.Card), c.Membership, ownedByMember)
	}
	return nil
}

func (c Link) allowed(v *ledger.View, before int64) error {
	switch {
	case c.Membership == 0 && before == 0:
		return fault.New(ErrCardNotLinked)
	case c.Membership == 0:
		return nil
	case before != 0:
		return fault.New(ErrCardLinked)
	}
	from, err := c.in.status(v, c.Card)
	if err != nil {
		return err
	}
	if from > ledger.Active {
		return from.Refusal()
	}
	if h := v.Holder(c.Membership); h == nil || h.Owner != ledger.OwnerMembership {
		return fault.New(fault.ErrNotFound)
	}
	return nil
}

// relink writes a card whose instruments, memberships or PIN changed: row and holder count together.
func (s *Deeds) relink(v *ledger.View, card ID, row Row) {
	v.Relink(int64(card))
	row.Links = v.Holder(int64(card)).Links
	s.cards.Set(v, card, row)
}

// moveKinds moves whole accounts of some kinds from one holder to another.
func moveKinds(v *ledger.View, d *ledger.Draft, from, to int64, kinds []ledger.Kind) error {
	type purse struct {
		kind ledger.Kind
		unit ledger.Unit
	}
	seen := map[purse]bool{}
	var list []purse
	for _, b := range v.Holder(from).Balances {
		for _, k := range kinds {
			if p := (purse{k, b.Unit}); (b.Kind == k || b.Kind == k.Debt()) && !seen[p] {
				seen[p] = true
				list = append(list, p)
			}
		}
	}
	for _, p := range list {
		if _, err := d.MoveAll(ledger.TRF, ledger.Account{Holder: from, Kind: p.kind, Unit: p.unit}, to); err != nil {
			return err
		}
	}
	return nil
}
