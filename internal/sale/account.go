package sale

import (
	"context"
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// Deeds on an account beside those of Purse.
const (
	Activate Deed = "activate" // the first load of a new card, with an amount or none
	Refund   Deed = "refund"   // gives back what an earlier redemption took
	Clear    Deed = "clear"    // takes all that is available
)

// Standing is what holders have on one snapshot.
type Standing struct {
	Holders map[int64]*ledger.Holder // to be read only; absent when the holder has none yet
	Free    map[ledger.Account]int64 // what may be spent now
	At      clock.Instant
	Seq     int64
	Epoch   int64
}

// stand reads holders on the snapshot of a batch.
type stand struct {
	tenant int64
	ids    []int64
	out    Standing
}

func (c *stand) Op() ledger.Operation { return ledger.Operation{Tenant: c.tenant, Kind: ledger.BAL} }

func (c *stand) Need(n *ledger.Needs) {
	for _, id := range c.ids {
		n.Holder(id)
	}
}

func (c *stand) Decide(v *ledger.View) error {
	c.out = Standing{Holders: map[int64]*ledger.Holder{}, Free: map[ledger.Account]int64{}, At: v.Now()}
	for _, id := range c.ids {
		h := v.Holder(id)
		if h == nil {
			continue
		}
		c.out.Holders[id] = h
		for _, b := range h.Balances {
			a := ledger.Account{Holder: id, Kind: b.Kind, Unit: b.Unit}
			c.out.Free[a] = v.Available(a, v.Now())
		}
	}
	return nil
}

// Stand gives what holders have, all on one snapshot.
func (r *Room) Stand(ctx context.Context, tenant int64, holders ...int64) (Standing, error) {
	c := &stand{tenant: tenant, ids: holders}
	res := r.reader.Do(ctx, c)
	c.out.Seq, c.out.Epoch = res.Seq, res.Epoch
	return c.out, res.Err
}

// Change is a deed on one account. Wrap puts around its command what the edge must book with it: the row in
// the audit trail, the approval that it spends.
type Change struct {
	Deed  Deed
	To    Target
	Until clock.Day // last day of what an adjustment gives; 0 for none
	Wrap  func(ledger.Command) ledger.Command
}

// Account does a deed on an account, which Purse does not know or which is to be audited.
func (r *Room) Account(ctx context.Context, p Place, q *Request, x Change) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) {
		c, err := r.purse(ctx, p, q, x.Deed, x.To)
		if err != nil {
			return nil, err
		}
		c.rec.Until = x.Until
		if err := c.extend(ctx, r, q, x); err != nil {
			return nil, err
		}
		return x.Wrap(c), nil
	})
	if res.Err != nil {
		return refused(res)
	}
	return r.rendered(ctx, p.Tenant, res)
}

// extend gives the command the deeds that Purse does not know.
func (c *purse) extend(ctx context.Context, r *Room, q *Request, x Change) error {
	coins := x.To.Kind == ledger.Paid || x.To.Kind == ledger.Promo
	switch {
	case x.Deed == Activate:
		c.deed, c.kind, c.rec.Currency = activateMoney, ledger.ACT, c.version.Currency
	case x.Deed == Clear:
		c.deed, c.kind = clearAll(x.To.Kind), ledger.ADJ
	case x.Deed == Refund:
		e, err := r.redemption(ctx, c.Place, q)
		if err != nil {
			return err
		}
		c.deed, c.kind, c.rec.Currency = refundOf(e), ledger.RET, c.version.Currency
		c.amends = e.Seq
	case x.Deed == Transfer:
		c.deed = handOver(x.To.Kind)
		if coins {
			c.rec.Amount, c.rec.Qty, c.rec.Currency = money.Amount(q.Qty), 0, c.version.Currency
		}
	case x.Deed == Redeem && !coins:
		c.deed, c.rec.Qty = redeemFrom(x.To.Kind), max(q.Qty, int64(q.Amount))
	}
	c.unit = c.unitOf(x.To.Kind)
	c.op = r.operation(c.Place, q, c.kind)
	return nil
}

func (c *purse) unitOf(k ledger.Kind) ledger.Unit {
	switch k {
	case ledger.Points, ledger.Pending:
		return c.party.Programme.Points
	case ledger.Visits:
		return c.party.Programme.Visits
	}
	return ledger.Unit(c.version.Currency.Num)
}

// owner gives the account of a kind: gift money is the card's, anything else its member's (E11).
func (p *Party) owner(k ledger.Kind, u ledger.Unit) ledger.Account {
	if k == ledger.Paid || k == ledger.Promo {
		return ledger.Account{Holder: p.Card, Kind: k, Unit: u}
	}
	return ledger.Account{Holder: p.Holder(), Kind: k, Unit: u}
}

// shown gives the wallet of a kind as the answer tells it.
func (c *purse) shown(v *ledger.View, p *Party, k ledger.Kind) Balance {
	a := p.owner(k, c.unit)
	h := v.Holder(a.Holder)
	switch k {
	case ledger.Points:
		return pointsBalance(h, c.unit)
	case ledger.Paid, ledger.Promo:
		return giftBalance(h, c.unit, p.Masked)
	}
	b := h.Balance(k, c.unit)
	return Balance{Wallet: k.String(), Active: b.Posted, Held: b.Held, Debt: -h.Balance(k.Debt(), c.unit).Posted}
}

// activateMoney makes a new or sold card active and loads it, when an amount is given (J1).
func activateMoney(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	if h := v.Holder(c.party.Card); h != nil && h.Status == ledger.Active {
		return fault.New(ErrAlreadyActive)
	}
	if _, err := activate(v, c.party.Card); err != nil {
		return err
	}
	if c.rec.Amount == 0 {
		d.Touch(c.party.Card)
		c.rec.Balances = []Balance{giftBalance(v.Holder(c.party.Card), c.unit, c.party.Masked)}
		return nil
	}
	return loadMoney(c, v, d, at)
}

// clearAll takes what is available of a wallet, by adjustment (J16).
func clearAll(kind ledger.Kind) func(*purse, *ledger.View, *ledger.Draft, clock.Instant) error {
	return func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
		if err := usable(v.Holder(c.party.Card)); err != nil {
			return err
		}
		kinds := []ledger.Kind{kind}
		if kind == ledger.Paid {
			kinds = []ledger.Kind{ledger.Paid, ledger.Promo}
		}
		c.rec.Qty = 0
		for _, k := range kinds {
			a := c.party.owner(k, c.unit)
			n := v.Available(a, at)
			if err := d.Take(ledger.ADJ, a, ledger.System(ledger.Adjustment, c.unit), n, at); err != nil {
				return err
			}
			c.rec.Qty -= n
		}
		c.rec.Balances = []Balance{c.shown(v, &c.party, kind)}
		return nil
	}
}

// redeemFrom spends points, credit or visits outside a basket (J3, J6, J18).
func redeemFrom(kind ledger.Kind) func(*purse, *ledger.View, *ledger.Draft, clock.Instant) error {
	return func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
		if err := usable(v.Holder(c.party.Card)); err != nil {
			return err
		}
		to := ledger.System(ledger.UnitsRedeemed, c.unit)
		if kind == ledger.Credit {
			to = ledger.System(ledger.TillClearing, c.unit)
		}
		if err := d.Take(ledger.RED, c.party.owner(kind, c.unit), to, c.rec.Qty, at); err != nil {
			return err
		}
		c.rec.Balances = []Balance{c.shown(v, &c.party, kind)}
		return nil
	}
}

// handOver moves value to another account of the same kind, lot by lot with its dates (J15).
func handOver(kind ledger.Kind) func(*purse, *ledger.View, *ledger.Draft, clock.Instant) error {
	return func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
		if !c.version.Settings.Transferable {
			return fault.New(ErrTransferForbidden)
		}
		from, to := c.party.owner(kind, c.unit), c.other.owner(kind, c.unit)
		if from == to {
			return fault.Invalid("to", "another account")
		}
		for _, p := range []*Party{&c.party, c.other} {
			if err := usable(v.Holder(p.Card)); err != nil {
				return err
			}
		}
		qty := max(c.rec.Qty, int64(c.rec.Amount))
		if err := c.fits(v, kind, to, qty); err != nil {
			return err
		}
		if err := d.Transfer(ledger.TRF, from, to, qty, at); err != nil {
			return err
		}
		d.Touch(to.Holder)
		c.rec.Balances = []Balance{c.shown(v, &c.party, kind), c.shown(v, c.other, kind)}
		return nil
	}
}

// fits refuses what a card may not hold (I5).
func (c *purse) fits(v *ledger.View, kind ledger.Kind, to ledger.Account, qty int64) error {
	if kind != ledger.Paid && kind != ledger.Promo {
		return nil
	}
	h := v.Holder(to.Holder)
	product := c.version.GiftProductOf(c.other.Product)
	var own money.Amount
	if product != nil {
		own = product.MaxBalance
	}
	balance := money.Amount(h.Balance(ledger.Paid, c.unit).Posted + h.Balance(ledger.Promo, c.unit).Posted)
	if top := lower(own, c.version.Settings.MaxBalance); top > 0 && balance+money.Amount(qty) > top {
		return fault.New(ErrMaxBalance, "allowed", c.version.Currency.Of(max(0, top-balance)))
	}
	return nil
}

// redemption finds the entry that a refund gives back.
func (r *Room) redemption(ctx context.Context, p Place, q *Request) (*ledger.Entry, error) {
	if q.Original == nil {
		return nil, fault.Invalid("original", "the redemption that is refunded")
	}
	e, err := r.find(ctx, p, q.Original, p.Outlet, 0)
	if err == nil && (e == nil || e.Kind != ledger.RED) {
		err = fault.New(ledger.ErrOriginalNotFound)
	}
	return e, err
}

// refunded is how much of a redemption has been given back.
type refunded struct {
	Amount int64 `json:"refunded"`
}

// refundOf gives a redemption back to the lots that it took, in part or whole (J17).
func refundOf(e *ledger.Entry) func(*purse, *ledger.View, *ledger.Draft, clock.Instant) error {
	return func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
		am := v.Amendment(e.Seq)
		var done refunded
		if am.State != "" {
			if err := json.Unmarshal([]byte(am.State), &done); err != nil {
				return err
			}
		}
		if am.ReversedBy != 0 {
			return fault.New(ErrOriginalVoided)
		}
		uses, total := usesOf(e, c.party.Card, c.party.Holder())
		if total == 0 {
			return fault.New(ledger.ErrOriginalNotFound)
		}
		qty := max(c.rec.Qty, int64(c.rec.Amount))
		if qty == 0 {
			qty = total - done.Amount
		}
		if qty == 0 || qty > total-done.Amount {
			return fault.New(reward.ErrOverReturn, "left", total-done.Amount)
		}
		if err := restore(d, e, uses, done.Amount, qty); err != nil {
			return err
		}
		state, err := json.Marshal(refunded{done.Amount + qty})
		am.State = string(state)
		v.SetAmendment(e.Seq, am)
		d.Reverses = e.Seq
		c.rec.Amount, c.rec.Qty = 0, qty
		c.rec.Balances = []Balance{c.shown(v, &c.party, uses[0].Kind)}
		return err
	}
}

// usesOf gives the lots that an entry took from a card or its member, and their sum.
func usesOf(e *ledger.Entry, holders ...int64) (uses []ledger.LotMove, total int64) {
	for _, u := range e.Post.Uses {
		for _, h := range holders {
			if u.Holder == h && u.Qty > 0 {
				uses, total = append(uses, u), total+u.Qty
				break
			}
		}
	}
	return uses, total
}

// restore gives back the part of the uses that follows what was given back before: last used, first back.
func restore(d *ledger.Draft, e *ledger.Entry, uses []ledger.LotMove, done, qty int64) error {
	for i := len(uses) - 1; i >= 0 && qty > 0; i-- {
		u := uses[i]
		skip := min(done, u.Qty)
		done -= skip
		u.Qty = min(u.Qty-skip, qty)
		if u.Qty == 0 {
			continue
		}
		qty -= u.Qty
		d.Restore(ledger.RET, contra(e, u), []ledger.LotMove{u}, u.Qty, 0)
	}
	return nil
}

// contra gives the account to which the entry moved what it took.
func contra(e *ledger.Entry, u ledger.LotMove) ledger.Account {
	for i, l := range e.Post.Lines {
		if l.Account == (ledger.Account{Holder: u.Holder, Kind: u.Kind, Unit: u.Unit}) && i+1 < len(e.Post.Lines) {
			return e.Post.Lines[i+1].Account
		}
	}
	return ledger.System(ledger.TillClearing, u.Unit)
}

// tendersOf sums the tenders of a kind.
func tendersOf(list []reward.Tender, kind reward.TenderKind) (sum money.Amount, given bool) {
	for _, t := range list {
		if t.Kind == kind {
			sum, given = sum+t.Amount, true
		}
	}
	return sum, given
}
