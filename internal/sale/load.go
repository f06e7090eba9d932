package sale

import (
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/programme"
)

// PurseRecord is the stored document of an operation on one card or account outside a sale: load,
// cash-out, transfer, visit, adjustment.
type PurseRecord struct {
	Kind     string         `json:"k"`
	Reason   string         `json:"reason,omitempty"`
	Card     int64          `json:"c,omitempty"`
	Masked   string         `json:"mask,omitempty"`
	Amount   money.Amount   `json:"amount,omitempty"`
	Promo    money.Amount   `json:"promo,omitempty"`
	Qty      int64          `json:"qty,omitempty"`
	Currency money.Currency `json:"cur,omitzero"`
	Tender   string         `json:"tender,omitempty"`
	Until    clock.Day      `json:"until,omitempty"`
	Left     int64          `json:"left,omitempty"`
	Balances []Balance      `json:"bal,omitempty"`
	Note     Note           `json:"n,omitzero"`
}

// purse is a command on one card: what differs between its kinds is the deed.
type purse struct {
	room    *Room
	Place   Place
	op      ledger.Operation
	config  int64
	party   Party
	other   *Party // the receiver of a transfer
	version *programme.Version
	unit    ledger.Unit
	amends  int64 // the entry that is given back; 0 for none
	at      clock.Instant
	advice  bool
	offline bool
	rec     PurseRecord
	deed    func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error
	kind    ledger.Op
}

func (c *purse) Op() ledger.Operation { return c.op }

func (c *purse) Need(n *ledger.Needs) {
	c.room.till.Need(n, c.Place.Terminal)
	n.Holder(c.party.Card)
	n.Holder(c.party.Holder())
	if c.amends != 0 {
		n.Amend(c.amends)
	}
	if c.other != nil {
		n.Holder(c.other.Card)
		n.Holder(c.other.Holder())
	}
}

func (c *purse) Decide(v *ledger.View) error {
	if v.Config() != c.config || !c.party.fresh(v) || c.other != nil && !c.other.fresh(v) {
		return fault.New(ledger.ErrStale, staleConfig, v.Config())
	}
	at := v.Now()
	flags := ""
	if c.advice && c.op.TillAt != 0 {
		var flag string
		window := clock.Instant(otherWindow)
		if c.kind == ledger.RED || c.kind == ledger.CSO {
			window = redemptionWindow
		}
		if at, flag = clamp(c.op.TillAt, v.Now(), window); flag != "" {
			flags = addFlag(flags, flag)
		}
	}
	if c.offline {
		flags = addFlag(flags, "offline")
	}
	d := v.Begin(c.kind)
	d.EffectiveAt, d.BusinessDate, d.Flags = at, c.Place.Day(at), flags
	d.ValueDate = d.BusinessDate
	if c.version != nil {
		d.Version = c.version.ID
	}
	c.room.till.Stamp(v, d)
	c.rec.Balances = nil
	if err := c.deed(c, v, d, at); err != nil {
		return err
	}
	d.Touch(c.party.Holder())
	doc, err := json.Marshal(&c.rec)
	d.Doc = string(doc)
	return err
}

func (c *purse) account(k ledger.Kind) ledger.Account {
	return ledger.Account{Holder: c.party.Card, Kind: k, Unit: c.unit}
}

func (c *purse) day(at clock.Instant) clock.Day {
	day, _, _ := c.version.Local(at, offsetMinutes(c.version, c.Place, at))
	return day
}

// loadMoney puts paid money on an active card, with the promo value that its product gives on the load. It
// declines with limit_max_balance (and the allowed rest), limit_loads_per_day or a card code.
func loadMoney(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	h := v.Holder(c.party.Card)
	if err := usable(h); err != nil {
		return err
	}
	product := c.product()
	promo := money.Amount(0)
	for _, p := range product.Promo {
		if c.rec.Amount >= p.Load {
			promo = max(promo, p.Get)
		}
	}
	day := c.day(at)
	if err := c.limits(h, product, c.rec.Amount+promo, day); err != nil {
		return err
	}
	c.rec.Promo = promo
	paid := ledger.Terms{Cost: ledger.FullCost, Until: lasts(product.Expiry, day, c.version)}
	d.Give(ledger.LOD, ledger.System(ledger.CashClearing, c.unit), c.account(ledger.Paid), int64(c.rec.Amount), paid)
	d.Give(ledger.LOD, ledger.System(ledger.PromoExpense, c.unit), c.account(ledger.Promo), int64(promo), ledger.Terms{Until: lasts(product.PromoExpiry, day, c.version)})
	v.SetMark(c.party.Card, markLoaded, day, h.Mark(markLoaded, day)+int64(c.rec.Amount+promo))
	v.SetMark(c.party.Card, markLoads, day, h.Mark(markLoads, day)+1)
	c.rec.Balances = []Balance{giftBalance(v.Holder(c.party.Card), c.unit, c.party.Masked)}
	return nil
}

func (c *purse) product() *programme.GiftProduct {
	if p := c.version.GiftProductOf(c.party.Product); p != nil {
		return p
	}
	return &programme.GiftProduct{}
}

// limits holds the lower of what the product and the programme permit; 0 means none.
func (c *purse) limits(h *ledger.Holder, p *programme.GiftProduct, add money.Amount, day clock.Day) error {
	s := &c.version.Settings
	balance := money.Amount(h.Balance(ledger.Paid, c.unit).Posted + h.Balance(ledger.Promo, c.unit).Posted)
	if top := lower(p.MaxBalance, s.MaxBalance); top > 0 && balance+add > top {
		return fault.New(ErrMaxBalance, "allowed", c.version.Currency.Of(max(0, top-balance)))
	}
	loaded := money.Amount(h.Mark(markLoaded, day))
	if top := lower(p.MaxLoadPerDay, s.MaxLoadPerDay); top > 0 && loaded+add > top {
		return fault.New(ErrMaxLoad, "allowed", c.version.Currency.Of(max(0, top-loaded)))
	}
	return nil
}

func lower(a, b money.Amount) money.Amount {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// cashOut pays unused paid value to the bearer, reverses the promo value, and closes the card where its
// product says so (GIFT-14).
func cashOut(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	if err := usable(v.Holder(c.party.Card)); err != nil {
		return err
	}
	paid := v.Available(c.account(ledger.Paid), at)
	if c.rec.Amount > 0 && int64(c.rec.Amount) > paid {
		return fault.New(ledger.ErrInsufficientBalance, "need", int64(c.rec.Amount), "have", paid)
	}
	if c.rec.Amount > 0 {
		paid = int64(c.rec.Amount)
	}
	if err := d.Take(ledger.CSO, c.account(ledger.Paid), ledger.System(ledger.CashClearing, c.unit), paid, at); err != nil {
		return err
	}
	c.rec.Amount = money.Amount(paid)
	product := c.product()
	if product.RefundPromo != "keep" {
		promo := v.Available(c.account(ledger.Promo), at)
		if err := d.Take(ledger.CSO, c.account(ledger.Promo), ledger.System(ledger.PromoExpense, c.unit), promo, at); err != nil {
			return err
		}
		c.rec.Promo = money.Amount(promo)
	}
	h := v.Holder(c.party.Card)
	if product.RefundCloses && h.Balance(ledger.Paid, c.unit).Posted == 0 && h.Balance(ledger.Promo, c.unit).Posted == 0 {
		v.SetStatus(c.party.Card, ledger.Closed)
	}
	c.rec.Balances = []Balance{giftBalance(v.Holder(c.party.Card), c.unit, c.party.Masked)}
	return nil
}

// redeemMoney spends gift value outside a basket: promo and paid in the programme's order.
func redeemMoney(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	if err := usable(v.Holder(c.party.Card)); err != nil && !c.advice {
		return err
	}
	kinds := [2]ledger.Kind{ledger.Promo, ledger.Paid}
	if c.version.Settings.BucketOrder == "paid_first" {
		kinds = [2]ledger.Kind{ledger.Paid, ledger.Promo}
	}
	left := int64(c.rec.Amount)
	have := v.Available(c.account(ledger.Paid), at) + v.Available(c.account(ledger.Promo), at)
	if have < left {
		return fault.New(ledger.ErrInsufficientBalance, "need", left, "have", have)
	}
	for _, k := range kinds {
		part := min(left, v.Available(c.account(k), at))
		if err := d.Take(ledger.RED, c.account(k), ledger.System(ledger.TillClearing, c.unit), part, at); err != nil {
			return err
		}
		left -= part
		if k == ledger.Promo {
			c.rec.Promo = money.Amount(part)
		}
	}
	c.rec.Balances = []Balance{giftBalance(v.Holder(c.party.Card), c.unit, c.party.Masked)}
	return nil
}

// visit uses one visit of the pass that ends soonest.
func visit(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	if err := usable(v.Holder(c.party.Card)); err != nil && !c.advice {
		return err
	}
	a := ledger.Account{Holder: c.party.Holder(), Kind: ledger.Visits, Unit: c.unit}
	if err := d.Take(ledger.VIS, a, ledger.System(ledger.UnitsRedeemed, c.unit), max(c.rec.Qty, 1), at); err != nil {
		return err
	}
	if n := len(d.Post.Uses); n > 0 {
		c.rec.Until = d.Post.Uses[n-1].Until
	}
	c.rec.Left = v.Holder(a.Holder).Balance(ledger.Visits, c.unit).Posted
	c.rec.Balances = []Balance{{Wallet: "visits", Active: c.rec.Left}}
	return nil
}

// transfer moves points to another member's account, lot by lot.
func transfer(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	if !c.version.Settings.Transferable {
		return fault.New(ErrTransferForbidden)
	}
	for _, p := range []*Party{&c.party, c.other} {
		if err := usable(v.Holder(p.Card)); err != nil {
			return err
		}
	}
	from := ledger.Account{Holder: c.party.Holder(), Kind: ledger.Points, Unit: c.unit}
	to := ledger.Account{Holder: c.other.Holder(), Kind: ledger.Points, Unit: c.unit}
	if err := d.Transfer(ledger.TRF, from, to, c.rec.Qty, at); err != nil {
		return err
	}
	d.Touch(to.Holder)
	c.rec.Balances = []Balance{pointsBalance(v.Holder(from.Holder), c.unit)}
	return nil
}

// adjust awards or takes points or money by hand; who approved it stands in the audit trail.
func adjust(kind ledger.Kind) func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
	return func(c *purse, v *ledger.View, d *ledger.Draft, at clock.Instant) error {
		holder := c.party.Card
		if kind != ledger.Paid && kind != ledger.Promo {
			holder = c.party.Holder()
		}
		if err := usable(v.Holder(c.party.Card)); err != nil {
			return err
		}
		a := ledger.Account{Holder: holder, Kind: kind, Unit: c.unit}
		other := ledger.System(ledger.Adjustment, c.unit)
		if c.rec.Qty < 0 {
			if err := d.Take(ledger.ADJ, a, other, -c.rec.Qty, at); err != nil {
				return err
			}
		} else {
			d.Give(ledger.ADJ, other, a, c.rec.Qty, ledger.Terms{Until: c.rec.Until, Cost: cost(kind)})
		}
		c.rec.Balances = []Balance{c.shown(v, &c.party, kind)}
		return nil
	}
}

func cost(k ledger.Kind) int64 {
	if k == ledger.Paid || k == ledger.Credit {
		return ledger.FullCost
	}
	return 0
}
