package sale

import (
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

// ReverseRecord is the stored document of a reversal or void.
type ReverseRecord struct {
	Kind      string    `json:"k"` // reversal, void
	Reason    string    `json:"reason"`
	Original  int64     `json:"of,omitempty"`
	Tombstone bool      `json:"tomb,omitempty"`
	Debt      int64     `json:"debt,omitempty"`
	Balances  []Balance `json:"bal,omitempty"`
	Note      Note      `json:"n,omitzero"`
}

// Reasons of a reversal (A23). A cashier's is a void, which may be declined; the others are advice.
const (
	ReasonTimeout = "timeout"
	ReasonFiscal  = "fiscal_failed"
	ReasonCashier = "cashier"
)

// takeBack is the command of a reversal or void.
type takeBack struct {
	room      *Room
	Place     Place
	op        ledger.Operation
	reason    string
	key       string // the original's key, where it is named by key
	client    int64
	terminal  int64 // the original's terminal and sequence, where it is named by them
	seq       int64
	date      clock.Day
	original  *ledger.Entry // nil when nobody knew it before the lane
	sold      *Record       // of a sale
	programme *programme.Programme
	uses      []reward.Use
	back      returnedBy // of a return
	rec       ReverseRecord
	note      Note
}

func (c *takeBack) Op() ledger.Operation { return c.op }

func (c *takeBack) Need(n *ledger.Needs) {
	c.room.till.Need(n, c.Place.Terminal)
	if c.key != "" {
		n.Key(c.client, c.key)
	} else {
		n.Sequence(c.terminal, c.seq)
	}
	if c.original == nil {
		return
	}
	n.Amend(c.original.Seq)
	for _, t := range c.original.Post.Touched {
		n.Holder(t.Holder)
	}
	if c.original.Kind == ledger.RET {
		n.Amend(c.original.Reverses)
	}
	for _, v := range c.back.vouchers {
		c.room.vouchers.Need(n, v)
	}
	if c.sold != nil {
		for _, v := range c.sold.Vouchers {
			c.room.vouchers.Need(n, v)
		}
		for _, u := range c.uses {
			c.room.budgets.Need(n, budgetKey(c.programme, u.Rule))
		}
	}
	if c.original.Terminal != c.Place.Terminal {
		c.room.till.Need(n, c.original.Terminal)
	}
}

// Decide posts the exact negative, or closes the key of an original that has not come (S8, S9, VRR-05).
func (c *takeBack) Decide(v *ledger.View) error {
	if c.original == nil {
		return c.unknown(v)
	}
	if c.original.Kind == ledger.REV || c.original.Kind == ledger.VOI {
		return fault.New(ledger.ErrReversalOfReversal)
	}
	am := v.Amendment(c.original.Seq)
	if am.ReversedBy != 0 {
		return fault.New(ledger.ErrAlreadyReversed)
	}
	state, err := readAmends(am.State)
	if err != nil {
		return err
	}
	if len(state.standing()) > 0 {
		return fault.New(ErrFurtherActivity)
	}
	kind := ledger.REV
	if c.reason == ReasonCashier {
		kind = ledger.VOI
		if err := c.voidable(v); err != nil {
			return err
		}
	}
	d := v.Begin(kind)
	d.BusinessDate, d.ValueDate = c.Place.Day(v.Now()), c.Place.Day(v.Now())
	if kind == ledger.REV {
		d.BusinessDate = c.original.BusinessDate // counted where the original was (S8)
	}
	c.room.till.Stamp(v, d)
	d.Reverse(kind, c.original)
	v.SetAmendment(c.original.Seq, ledger.Amendment{ReversedBy: d.Seq, State: am.State})
	if err := c.undo(v, d); err != nil {
		return err
	}
	c.rec = ReverseRecord{Kind: "reversal", Reason: c.reason, Original: c.original.Seq, Note: c.note}
	for _, p := range d.Post.Lines {
		if p.Kind.IsDebt() && p.Amount < 0 {
			c.rec.Debt -= p.Amount
		}
	}
	return c.finish(v, d)
}

// unknown answers a reversal of something that is not here: the key is closed, so that a late original has
// no effect. A void of an unknown original is refused.
func (c *takeBack) unknown(v *ledger.View) error {
	found := c.key != "" && v.ByKey(c.client, c.key) != nil || c.key == "" && len(v.BySequence(c.terminal, c.seq, c.date)) > 0
	if found {
		return fault.New(ledger.ErrStale) // it has come meanwhile: read it and decide again
	}
	if c.reason == ReasonCashier {
		return fault.New(ledger.ErrOriginalNotFound)
	}
	d := v.Begin(ledger.REV)
	d.BusinessDate, d.ValueDate = c.Place.Day(v.Now()), c.Place.Day(v.Now())
	c.room.till.Stamp(v, d)
	c.rec = ReverseRecord{Kind: "reversal", Reason: c.reason, Tombstone: true, Note: c.note}
	if err := c.finish(v, d); err != nil {
		return err
	}
	if forgetsTombstone() || c.key != "" && v.Refused(c.client, c.key) {
		return nil // a key that stands for a refusal has no effect and never will
	}
	o := ledger.Origin{Outlet: c.Place.Outlet}
	date := d.BusinessDate
	if c.key == "" {
		o.Terminal, o.TerminalSeq, date = c.terminal, c.seq, c.date
	}
	v.Tombstone(c.client, c.key, o, date)
	return nil
}

// voidable checks what S9 asks: the batch still open, and loaded value still on its card.
func (c *takeBack) voidable(v *ledger.View) error {
	if !c.room.till.Standing(v, c.original) {
		return fault.New(ErrBatchClosed)
	}
	for _, a := range c.original.Post.Adds {
		if a.Kind != ledger.Paid && a.Kind != ledger.Promo {
			continue
		}
		if v.Available(ledger.Account{Holder: a.Holder, Kind: a.Kind, Unit: a.Unit}, v.Now()) < a.Qty {
			return fault.New(ErrFurtherActivity)
		}
	}
	return nil
}

// undo gives back uses of vouchers and budgets, and takes a return out of the record of its sale.
func (c *takeBack) undo(v *ledger.View, d *ledger.Draft) error {
	if c.original.Kind == ledger.RET {
		am := v.Amendment(c.original.Reverses)
		state, err := readAmends(am.State)
		if err != nil {
			return err
		}
		state.undo(c.original.Seq, c.back.forgiven, d)
		c.useAgain(v)
		text, err := json.Marshal(&state)
		v.SetAmendment(c.original.Reverses, ledger.Amendment{ReversedBy: am.ReversedBy, State: string(text)})
		return err
	}
	if c.sold == nil {
		return nil
	}
	for _, u := range c.uses {
		if u.Coupon != "" {
			n, err := id.Parse("cpn", u.Coupon)
			if err != nil {
				return err
			}
			if x, ok := c.room.vouchers.Get(v, n); ok && x.Uses > 0 {
				x.Uses--
				c.room.vouchers.Set(v, n, x)
			}
		}
		key := budgetKey(c.programme, u.Rule)
		if b, ok := c.room.budgets.Get(v, key); ok {
			b.Money, b.Uses = max(0, b.Money-int64(u.Amount)), max(0, b.Uses-1)
			c.room.budgets.Set(v, key, b)
		}
	}
	return nil
}

// useAgain takes back the vouchers that a return had restored, but for what was used since.
func (c *takeBack) useAgain(v *ledger.View) {
	for _, n := range c.back.vouchers {
		if x, ok := c.room.vouchers.Get(v, n); ok && (x.MaxUses == 0 || x.Uses < x.MaxUses) {
			x.Uses++
			c.room.vouchers.Set(v, n, x)
		}
	}
}

func (c *takeBack) finish(v *ledger.View, d *ledger.Draft) error {
	if c.original != nil {
		for _, t := range c.original.Post.Touched {
			h := v.Holder(t.Holder)
			for _, b := range h.Balances {
				switch {
				case c.programme != nil && b.Kind == ledger.Points && b.Unit == c.programme.Points:
					c.rec.Balances = append(c.rec.Balances, pointsBalance(h, b.Unit))
				case b.Kind == ledger.Paid:
					c.rec.Balances = append(c.rec.Balances, giftBalance(h, b.Unit, c.masked(t.Holder)))
				}
			}
		}
	}
	doc, err := json.Marshal(&c.rec)
	d.Doc = string(doc)
	return err
}

func (c *takeBack) masked(card int64) string {
	if c.sold != nil {
		for i, g := range c.sold.Gifts {
			if g == card {
				return c.sold.Masks[i]
			}
		}
	}
	return ""
}

// fence closes an absent key for ever (A5): a tombstone under the operation's own key.
type fence struct {
	place  Place
	client int64
	key    string
}

func (c *fence) Op() ledger.Operation {
	return ledger.Operation{Tenant: c.place.Tenant, Client: c.client, Kind: ledger.TMB}
}

func (c *fence) Need(n *ledger.Needs) { n.Key(c.client, c.key) }

func (c *fence) Decide(v *ledger.View) error {
	if v.ByKey(c.client, c.key) != nil || v.Refused(c.client, c.key) {
		return fault.New(ledger.ErrNothingToDo)
	}
	v.Tombstone(c.client, c.key, ledger.Origin{Outlet: c.place.Outlet}, c.place.Day(v.Now()))
	return nil
}
