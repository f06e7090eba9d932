package card

import (
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
	"lojal/internal/proof"
)

// SetPIN is the command that gives a card another PIN. Facts that were read before know the old one no more.
type SetPIN struct {
	Act
	Card ID
	hash []byte
	in   *Deeds
}

// SetPIN prepares a PIN of 4 to 8 digits; empty takes it away.
func (s *Deeds) SetPIN(keys *secret.Keys, a Act, c ID, pin string) (SetPIN, error) {
	out := SetPIN{Act: a, Card: c, in: s}
	if pin == "" {
		return out, a.Validate()
	}
	if !proof.ValidPIN(pin) {
		return out, fault.Invalid("pin", "4 to 8 digits")
	}
	out.hash = proof.PINMac(keys, int64(c), pin)
	return out, a.Validate()
}

// Op names the operation.
func (c SetPIN) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.ISS
	return op
}

// Need asks for the card.
func (c SetPIN) Need(n *ledger.Needs) { c.in.NeedCard(n, c.Card) }

// Decide writes the hash of the PIN.
func (c SetPIN) Decide(v *ledger.View) error {
	row, ok := c.in.cards.Get(v, c.Card)
	if !ok {
		return fault.New(fault.ErrNotFound)
	}
	d := c.begin(v, ledger.ISS)
	if v.Holder(int64(c.Card)) == nil {
		v.Create(int64(c.Card), ledger.OwnerCard, ledger.New)
	}
	row.PIN = c.hash
	c.in.relink(v, c.Card, row)
	d.Touch(int64(c.Card))
	c.write(d, note{Act: "pin", Card: c.Card})
	return nil
}
