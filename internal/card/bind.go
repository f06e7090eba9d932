package card

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

// Bind is the command that lets a further value find a card, or lets it find the card no more: a phone, a
// tag, a code of another system.
type Bind struct {
	Act
	Card ID
	made made
	ends bool
	in   *Deeds
}

// Bind prepares a value that shall find the card. It returns invalid_value for what cannot be one.
func (s *Deeds) Bind(keys *secret.Keys, a Act, c ID, p Presented, now clock.Instant) (Bind, error) {
	m, err := alias(keys, c, p, now)
	if err == nil {
		err = a.Validate()
	}
	return Bind{Act: a, Card: c, made: m, in: s}, err
}

// Unbind prepares that a value finds the card no more. The value may be given to another card afterwards.
func (s *Deeds) Unbind(keys *secret.Keys, a Act, c ID, p Presented, now clock.Instant) (Bind, error) {
	b, err := s.Bind(keys, a, c, p, now)
	b.ends = true
	return b, err
}

// alias gives the instrument of a further value of a card.
func alias(keys *secret.Keys, card ID, p Presented, now clock.Instant) (made, error) {
	form, err := Normalise(p)
	if err != nil {
		return made{}, err
	}
	kind := form.Types[0]
	if kind == Barcode {
		kind = Alias // the card's own number is its barcode; a second one is an alias
	}
	key := instrumentKey{string(index(keys, kind, form.Value)), kind}
	return made{key, Instrument{Type: kind, Card: card, Last4: form.Value[max(0, len(form.Value)-4):], Status: Live, From: now}}, nil
}

// Op names the operation.
func (c Bind) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.ISS
	return op
}

// Need asks for the card and for the value's place.
func (c Bind) Need(n *ledger.Needs) {
	c.in.NeedCard(n, c.Card)
	c.in.instruments.Need(n, c.made.key)
}

// Decide binds the value. It returns number_taken when it finds another card already, and not_found when a
// value that shall end does not find this one.
func (c Bind) Decide(v *ledger.View) error {
	row, ok := c.in.cards.Get(v, c.Card)
	if !ok {
		return fault.New(fault.ErrNotFound)
	}
	was, there := c.in.instruments.Get(v, c.made.key)
	live := there && was.Status == Live
	next := c.made.row
	switch {
	case c.ends && (!live || was.Card != c.Card):
		return fault.New(fault.ErrNotFound)
	case c.ends:
		next = was
		next.Status, next.Until = Ended, v.Now()
	case live:
		return fault.New(ErrNumberTaken, "type", c.made.key.kind)
	}
	d := c.begin(v, ledger.ISS)
	if v.Holder(int64(c.Card)) == nil {
		v.Create(int64(c.Card), ledger.OwnerCard, ledger.New)
	}
	c.in.instruments.Set(v, c.made.key, next)
	c.in.relink(v, c.Card, row)
	d.Touch(int64(c.Card))
	deed := "bind"
	if c.ends {
		deed = "unbind"
	}
	c.write(d, note{Act: deed, Card: c.Card, Type: c.made.key.kind})
	return nil
}
