package card

import (
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
	"lojal/internal/proof"
)

// IssueRequest describes a card that is handed out or registered.
type IssueRequest struct {
	Act
	Card         ID // minted by the caller
	Programme    string
	Product      string
	Kinds        string
	Number       Number
	PIN          string // empty for none
	Membership   int64  // 0 for a card of nobody
	Transferable bool
	Status       ledger.Status // new, sold or active
	Aliases      []Presented   // further values that find the card: a phone, a tag, a code of another system
	Rotating     string        // public id of rotating codes (IDN-03); empty for none
}

// Issue is the command that makes one card with its holder and its instruments. It is also a part that
// joins the entry of another command, such as an enrolment.
type Issue struct {
	IssueRequest
	row         Row
	instruments []made
	in          *Deeds
}

// made is an instrument in the making.
type made struct {
	key instrumentKey
	row Instrument
}

// Issue prepares a card. It returns invalid_value for a number, PIN, state or alias that cannot be.
func (s *Deeds) Issue(keys *secret.Keys, r IssueRequest, now clock.Instant) (*Issue, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if r.Status > ledger.Active {
		return nil, fault.Invalid("status", "new, sold or active")
	}
	n, err := ParseNumber(string(r.Number))
	if err != nil {
		return nil, err
	}
	r.Number = n
	row, first, err := newCard(keys, r.Card, n, r.PIN, now)
	if err != nil {
		return nil, err
	}
	row.Programme, row.Product, row.Kinds, row.Membership, row.Transferable = r.Programme, r.Product, r.Kinds, r.Membership, r.Transferable
	i := &Issue{IssueRequest: r, row: row, instruments: []made{first}, in: s}
	aliases := r.Aliases
	if r.Rotating != "" {
		aliases = append(aliases[:len(aliases):len(aliases)], Presented{Kind: "scan", Value: RotatingPrefix + r.Rotating})
	}
	for _, p := range aliases {
		m, err := alias(keys, r.Card, p, now)
		if err != nil {
			return nil, err
		}
		i.instruments = append(i.instruments, m)
	}
	return i, nil
}

// newCard gives the row of a card and the instrument of its number.
func newCard(keys *secret.Keys, card ID, n Number, pin string, now clock.Instant) (Row, made, error) {
	row := Row{Last4: n.Last4(), CreatedAt: now}
	var err error
	if row.Number, err = keys.Seal(numberPlace(card), []byte(n)); err != nil {
		return row, made{}, err
	}
	if pin != "" {
		if !proof.ValidPIN(pin) {
			return row, made{}, fault.Invalid("pin", "4 to 8 digits")
		}
		row.PIN = proof.PINMac(keys, int64(card), pin)
	}
	key := instrumentKey{string(index(keys, Barcode, string(n))), Barcode}
	return row, made{key, Instrument{Type: Barcode, Card: card, Last4: n.Last4(), Status: Live, From: now}}, nil
}

func numberPlace(card ID) string { return fmt.Sprintf("card|number_enc|%d", int64(card)) }

// OpenNumber gives the number of a card from its sealed form.
func OpenNumber(keys *secret.Keys, card ID, sealed []byte) (Number, error) {
	b, err := keys.Open(numberPlace(card), sealed)
	return Number(b), err
}

// Op names the operation.
func (c *Issue) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.ISS
	return op
}

// Need asks for the card's place and for every value that is to find it.
func (c *Issue) Need(n *ledger.Needs) {
	c.in.NeedCard(n, c.Card)
	for _, m := range c.instruments {
		c.in.instruments.Need(n, m.key)
	}
}

// Book makes the card in the entry of another command. It returns number_taken when a value finds another
// card already.
func (c *Issue) Book(v *ledger.View, d *ledger.Draft) error {
	for _, m := range c.instruments {
		if other, there := c.in.instruments.Get(v, m.key); there && other.Status == Live {
			return fault.New(ErrNumberTaken, "type", m.key.kind)
		}
	}
	if _, there := c.in.cards.Get(v, c.Card); there {
		return fault.New(ErrNumberTaken)
	}
	c.in.cards.Set(v, c.Card, c.row)
	for _, m := range c.instruments {
		c.in.instruments.Set(v, m.key, m.row)
	}
	v.Create(int64(c.Card), ledger.OwnerCard, c.Status)
	d.Touch(int64(c.Card))
	return nil
}

// Decide makes the card.
func (c *Issue) Decide(v *ledger.View) error {
	d := c.begin(v, ledger.ISS)
	if err := c.Book(v, d); err != nil {
		return err
	}
	c.write(d, note{
		Act: "issue", Card: c.Card, Programme: c.Programme, Product: c.Product, To: c.Status.String(), Membership: membershipName(c.Membership),
	})
	return nil
}

// Name gives the card's id, for the document of an entry that it joins.
func (c *Issue) Name() string { return c.Card.String() }
