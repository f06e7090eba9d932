package card

import (
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// Transfer is the command that moves value between two holders of one kind of account, lot by lot with its
// dates (J15): points to a friend, gift money to another card.
type Transfer struct {
	Act
	From, To     int64 // holders: cards or memberships
	Kind         ledger.Kind
	Unit         ledger.Unit
	Qty          int64
	Transferable bool // by the programme's setting, and the product's
}

// Op names the operation.
func (c Transfer) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.TRF
	return op
}

// Need asks for both holders.
func (c Transfer) Need(n *ledger.Needs) {
	n.Holder(c.From)
	n.Holder(c.To)
}

// Decide moves the value. It returns not_transferable, the code of a card that gives or takes nothing, and
// the code of shortage.
func (c Transfer) Decide(v *ledger.View) error {
	if err := c.Validate(); err != nil {
		return err
	}
	switch {
	case c.From == c.To:
		return fault.Invalid("to", "another account")
	case c.Qty <= 0:
		return fault.Invalid("amount", "more than 0")
	case !c.Transferable:
		return fault.New(ErrNotTransferable)
	}
	for _, id := range []int64{c.From, c.To} {
		h := v.Holder(id)
		if h == nil {
			return fault.New(ledger.ErrCardNotActive)
		}
		if err := h.Status.Refusal(); err != nil {
			return err
		}
	}
	d := c.begin(v, ledger.TRF)
	from, to := ledger.Account{Holder: c.From, Kind: c.Kind, Unit: c.Unit}, ledger.Account{Holder: c.To, Kind: c.Kind, Unit: c.Unit}
	if err := d.Transfer(ledger.TRF, from, to, c.Qty, v.Now()); err != nil {
		return err
	}
	c.write(d, note{Act: "transfer"})
	return nil
}
