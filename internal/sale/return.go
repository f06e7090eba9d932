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

// ReturnRecord is the stored document of a return.
type ReturnRecord struct {
	Kind     string      `json:"k"` // return
	Original int64       `json:"of"`
	Receipt  string      `json:"or,omitempty"`
	Part     reward.Part `json:"part"`
	Restored clock.Day   `json:"until,omitempty"`    // earliest expiry among restored lots
	Forgiven int64       `json:"forgiven,omitempty"` // below 0 where points are taken back that an earlier return had forgiven
	Masks    []mask      `json:"m,omitempty"`
	Coupons  []string    `json:"cpn,omitempty"` // vouchers given back
	Balances []Balance   `json:"bal,omitempty"`
	Blind    bool        `json:"blind,omitempty"`
	Note     Note        `json:"n,omitzero"`
}

type mask struct {
	Ref    string `json:"r"`
	Masked string `json:"m"`
}

// giveBack is the command of a return.
type giveBack struct {
	room      *Room
	Place     Place
	op        ledger.Operation
	original  *ledger.Entry
	sold      *Record
	programme *programme.Programme
	version   *programme.Version
	ask       reward.Ask
	at        clock.Instant
	note      Note
	advice    bool
	rec       ReturnRecord
}

func (c *giveBack) Op() ledger.Operation { return c.op }

func (c *giveBack) Need(n *ledger.Needs) {
	n.Amend(c.original.Seq)
	for _, h := range c.holders() {
		n.Holder(h)
	}
	for _, v := range c.sold.Vouchers {
		c.room.vouchers.Need(n, v)
	}
	c.room.till.Need(n, c.Place.Terminal)
}

// holders gives every holder that the sale moved value of.
func (c *giveBack) holders() []int64 {
	var out []int64
	if c.sold.Card != 0 {
		out = append(out, c.sold.Card)
	}
	if c.sold.Membership != 0 {
		out = append(out, c.sold.Membership)
	}
	out = append(out, c.sold.Gifts...)
	return append(out, c.sold.Gives...)
}

func (c *giveBack) primary() int64 {
	if c.sold.Membership != 0 {
		return c.sold.Membership
	}
	return c.sold.Card
}

// Decide reverses stored allocations; promotions are never run again unless a rule asks so (VRR-20).
func (c *giveBack) Decide(v *ledger.View) error {
	am := v.Amendment(c.original.Seq)
	if am.ReversedBy != 0 {
		return fault.New(ErrOriginalVoided)
	}
	state, err := readAmends(am.State)
	if err != nil {
		return err
	}
	at := v.Now()
	if c.advice && c.at != 0 {
		at, _ = clamp(c.at, v.Now(), otherWindow)
	}
	ask := c.ask
	ask.On = c.day(at)
	part, err := reward.Refund(c.sold.Sold, before(state.standing()), ask, c.version)
	if err != nil {
		return err
	}
	d := v.Begin(ledger.RET)
	d.Reverses = c.original.Seq
	d.EffectiveAt, d.BusinessDate = at, c.Place.Day(at)
	d.ValueDate = d.BusinessDate
	if c.version != nil {
		d.Version = c.version.ID
	}
	c.room.till.Stamp(v, d)
	c.rec = ReturnRecord{Kind: "return", Original: c.original.Seq, Receipt: c.original.Receipt, Part: *part, Note: c.note}
	if err := c.settle(v, d, &state, part, ask.On); err != nil {
		return err
	}
	state.Parts = append(state.Parts, *part)
	state.Entries = append(state.Entries, d.Seq)
	text, err := json.Marshal(&state)
	if err != nil {
		return err
	}
	v.SetAmendment(c.original.Seq, ledger.Amendment{State: string(text)})
	c.rec.Balances = c.balances(v)
	doc, err := json.Marshal(&c.rec)
	d.Doc = string(doc)
	return err
}

func (c *giveBack) day(at clock.Instant) clock.Day {
	if c.version == nil {
		return c.Place.Day(at)
	}
	day, _, _ := c.version.Local(at, offsetMinutes(c.version, c.Place, at))
	return day
}

// settle moves the value of a return: gift money and promo value to their cards, burned points to their
// lots, earned points back, vouchers restored.
func (c *giveBack) settle(v *ledger.View, d *ledger.Draft, state *Amends, part *reward.Part, day clock.Day) error {
	unit := ledger.Unit(c.sold.Sold.Currency.Num)
	b := &backing{giveBack: c, v: v, d: d, state: state, strict: c.version != nil && c.version.Settings.Restore == "strict"}
	if c.version != nil && !b.strict {
		b.notBefore = day + clock.Day(c.version.Settings.RestoreGraceDays)
	}
	for _, t := range part.Tenders {
		switch t.Kind {
		case reward.TenderGift:
			card, err := id.Parse("crd", t.Value)
			if err != nil {
				return err
			}
			revive(v, card)
			b.restore(c.cameFrom(unit), ledger.Account{Holder: card, Kind: ledger.Paid, Unit: unit}, int64(t.Amount))
		case reward.TenderCredit:
			b.restore(ledger.System(ledger.TillClearing, unit), ledger.Account{Holder: c.primary(), Kind: ledger.Credit, Unit: unit}, int64(t.Amount))
		}
	}
	for _, p := range part.Promo {
		card := c.sold.Gifts[p.Gift]
		revive(v, card)
		b.restore(c.cameFrom(unit), ledger.Account{Holder: card, Kind: ledger.Promo, Unit: unit}, int64(p.Amount))
	}
	if c.programme != nil && c.primary() != 0 {
		points := ledger.Account{Holder: c.primary(), Kind: ledger.Points, Unit: c.programme.Points}
		b.restore(ledger.System(ledger.UnitsRedeemed, c.programme.Points), points, part.Restored)
		b.claw(points, part.Clawback)
		d.Touch(points.Holder)
	}
	c.restoreVouchers(v, part, day)
	return c.takeBackCards(v, d, part, unit)
}

// cameFrom gives the account that cards' value went to when it was spent.
func (c *giveBack) cameFrom(unit ledger.Unit) ledger.Account {
	for _, p := range c.original.Post.Lines {
		if p.Kind == ledger.Settlement && p.Unit == unit {
			return p.Account
		}
	}
	return ledger.System(ledger.TillClearing, unit)
}

// revive makes a card that has expired since active again (VRR-28).
func revive(v *ledger.View, card int64) {
	if h := v.Holder(card); h != nil && h.Status == ledger.Expired {
		v.SetStatus(card, ledger.Active)
	}
}

func (c *giveBack) restoreVouchers(v *ledger.View, part *reward.Part, day clock.Day) {
	if !part.Full || c.version == nil {
		return
	}
	for _, ref := range part.Coupons {
		n, err := id.Parse("cpn", ref)
		if err != nil {
			continue
		}
		x, ok := c.room.vouchers.Get(v, n)
		if !ok || x.Uses == 0 || x.Through != 0 && x.Through < day {
			continue
		}
		keep := bool(c.version.Settings.RestoreOnReturn)
		if def := c.version.CouponOf(x.Def); def != nil && def.RestoreOnReturn != "" {
			keep = def.RestoreOnReturn == "on"
		}
		if keep {
			x.Uses--
			c.room.vouchers.Set(v, n, x)
			c.rec.Coupons = append(c.rec.Coupons, ref)
		}
	}
}

// takeBackCards empties the cards that returned lines had given. What has been spent from them stays sold.
func (c *giveBack) takeBackCards(v *ledger.View, d *ledger.Draft, part *reward.Part, unit ledger.Unit) error {
	next := -1
	for i := range c.sold.Basket.Lines {
		l := &c.sold.Basket.Lines[i]
		if l.Give == nil {
			continue
		}
		next++
		if !returned(part, i) || l.Type != "gift_card_sale" {
			continue
		}
		card := c.sold.Gives[next]
		for _, a := range c.original.Post.Adds {
			if a.Holder != card || a.Unit != unit {
				continue
			}
			to := ledger.System(ledger.CashClearing, unit)
			if a.Kind == ledger.Promo {
				to = ledger.System(ledger.PromoExpense, unit)
			}
			from := ledger.Account{Holder: card, Kind: a.Kind, Unit: unit}
			if v.Available(from, v.Now()) < a.Qty {
				return fault.New(ErrFurtherActivity)
			}
			d.Claw(ledger.RET, []ledger.LotMove{a}, from, to, a.Qty)
		}
		// A card that was only topped up still holds what else is its bearer's.
		if h := v.Holder(card); h.Balance(ledger.Paid, unit).Posted == 0 && h.Balance(ledger.Promo, unit).Posted == 0 {
			v.SetStatus(card, ledger.Closed)
		}
	}
	return nil
}

func returned(part *reward.Part, at int) bool {
	for _, l := range part.Lines {
		if l.At == at && (l.Qty > 0 || l.Amount > 0) {
			return true
		}
	}
	return false
}

func (c *giveBack) balances(v *ledger.View) []Balance {
	var out []Balance
	if c.programme != nil && c.primary() != 0 {
		out = append(out, pointsBalance(v.Holder(c.primary()), c.programme.Points))
	}
	for i, card := range c.sold.Gifts {
		out = append(out, giftBalance(v.Holder(card), ledger.Unit(c.sold.Sold.Currency.Num), c.sold.Masks[i]))
		c.rec.Masks = append(c.rec.Masks, mask{id.Format("crd", card), c.sold.Masks[i]})
	}
	return out
}
