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

// Amends is what the sale room keeps of a sale that was returned in part or whole.
type Amends struct {
	Parts   []reward.Part `json:"p,omitempty"`
	Entries []int64       `json:"e,omitempty"` // the return's entry, one per part
	Undone  []int         `json:"u,omitempty"` // positions of parts that were reversed
	Back    []backUse     `json:"b,omitempty"` // value given back so far, per account
}

type backUse struct {
	Holder int64       `json:"h"`
	Kind   ledger.Kind `json:"k"`
	Qty    int64       `json:"q"`
}

func readAmends(state string) (Amends, error) {
	var a Amends
	if state == "" {
		return a, nil
	}
	return a, json.Unmarshal([]byte(state), &a)
}

// standing gives the parts that count.
func (a *Amends) standing() []reward.Part {
	var out []reward.Part
	for i := range a.Parts {
		if !contains(a.Undone, i) {
			out = append(out, a.Parts[i])
		}
	}
	return out
}

func contains(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func (a *Amends) back(h int64, k ledger.Kind) *int64 {
	for i := range a.Back {
		if a.Back[i].Holder == h && a.Back[i].Kind == k {
			return &a.Back[i].Qty
		}
	}
	a.Back = append(a.Back, backUse{Holder: h, Kind: k})
	return &a.Back[len(a.Back)-1].Qty
}

// ReturnRecord is the stored document of a return.
type ReturnRecord struct {
	Kind     string      `json:"k"` // return
	Original int64       `json:"of"`
	Receipt  string      `json:"or,omitempty"`
	Part     reward.Part `json:"part"`
	Restored clock.Day   `json:"until,omitempty"` // earliest expiry among restored lots
	Forgiven int64       `json:"forgiven,omitempty"`
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
	part, err := reward.Refund(c.sold.Sold, state.standing(), ask, c.version)
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
	notBefore := clock.Day(0)
	strict := c.version != nil && c.version.Settings.Restore == "strict"
	if c.version != nil && !strict {
		notBefore = day + clock.Day(c.version.Settings.RestoreGraceDays)
	}
	till := func(card int64) ledger.Account { return c.cameFrom(card, unit) }
	for _, t := range part.Tenders {
		switch t.Kind {
		case reward.TenderGift:
			card, err := id.Parse("crd", t.Value)
			if err != nil {
				return err
			}
			revive(v, card)
			c.restore(v, d, state, till(card), ledger.Account{Holder: card, Kind: ledger.Paid, Unit: unit}, int64(t.Amount), notBefore)
		case reward.TenderCredit:
			c.restore(v, d, state, ledger.System(ledger.TillClearing, unit), ledger.Account{Holder: c.primary(), Kind: ledger.Credit, Unit: unit}, int64(t.Amount), notBefore)
		}
	}
	for _, p := range part.Promo {
		card := c.sold.Gifts[p.Gift]
		revive(v, card)
		c.restore(v, d, state, till(card), ledger.Account{Holder: card, Kind: ledger.Promo, Unit: unit}, int64(p.Amount), notBefore)
	}
	if c.programme != nil && c.primary() != 0 {
		points := ledger.Account{Holder: c.primary(), Kind: ledger.Points, Unit: c.programme.Points}
		c.restore(v, d, state, ledger.System(ledger.UnitsRedeemed, c.programme.Points), points, part.Restored, notBefore)
		c.claw(d, points, part.Clawback)
		if strict {
			d.ExpireFreed(points)
		}
		d.Touch(points.Holder)
	}
	c.restoreVouchers(v, part, day)
	return c.takeBackCards(v, d, part, unit)
}

// cameFrom gives the account that a card's value went to when it was spent.
func (c *giveBack) cameFrom(card int64, unit ledger.Unit) ledger.Account {
	for _, p := range c.original.Post.Lines {
		if p.Kind == ledger.Settlement && p.Unit == unit {
			return p.Account
		}
	}
	_ = card
	return ledger.System(ledger.TillClearing, unit)
}

// revive makes a card that has expired since active again (VRR-28).
func revive(v *ledger.View, card int64) {
	if h := v.Holder(card); h != nil && h.Status == ledger.Expired {
		v.SetStatus(card, ledger.Active)
	}
}

// restore gives value back to the lots that the sale used, in reverse order of consumption, after what
// earlier returns have given back already.
func (c *giveBack) restore(v *ledger.View, d *ledger.Draft, state *Amends, from, to ledger.Account, qty int64, notBefore clock.Day) {
	if qty == 0 {
		return
	}
	done := state.back(to.Holder, to.Kind)
	var uses []ledger.LotMove
	var total int64
	for _, u := range c.original.Post.Uses {
		if u.Holder == to.Holder && u.Kind == to.Kind && u.Unit == to.Unit && u.Qty > 0 {
			uses = append(uses, u)
			total += u.Qty
		}
	}
	for skip := *done; skip > 0 && len(uses) > 0; {
		last := &uses[len(uses)-1]
		part := min(skip, last.Qty)
		last.Qty -= part
		skip -= part
		if last.Qty == 0 {
			uses = uses[:len(uses)-1]
		}
	}
	fromLots := min(qty, max(0, total-*done))
	*done += qty
	before := len(d.Post.Adds)
	d.Restore(ledger.RET, from, uses, fromLots, notBefore)
	c.noteExpiry(d, to, before, uses, fromLots, notBefore)
	if rest := qty - fromLots; rest > 0 {
		d.Repay(ledger.RET, from, to, rest)
	}
}

// noteExpiry remembers the earliest last day among the restored points.
func (c *giveBack) noteExpiry(_ *ledger.Draft, to ledger.Account, _ int, uses []ledger.LotMove, qty int64, notBefore clock.Day) {
	if to.Kind != ledger.Points {
		return
	}
	for i := len(uses) - 1; i >= 0 && qty > 0; i-- {
		qty -= uses[i].Qty
		until := uses[i].Until
		if until == 0 {
			continue
		}
		until = max(until, notBefore)
		if c.rec.Restored == 0 || until < c.rec.Restored {
			c.rec.Restored = until
		}
	}
}

// claw takes earned points back: pending before active; a shortage becomes debt, up to the programme's
// limit, or is forgiven where the programme prevents debt (VRR-24).
func (c *giveBack) claw(d *ledger.Draft, points ledger.Account, qty int64) {
	if qty == 0 {
		return
	}
	to := ledger.System(ledger.UnitsIssued, points.Unit)
	if c.version.Settings.Clawback == "prevent" {
		c.rec.Forgiven = d.ClawAtMost(ledger.RET, c.original.Post.Adds, points, to, qty)
		return
	}
	if limit := int64(c.version.Settings.DebtLimit); limit > 0 {
		short := d.ClawAtMost(ledger.RET, c.original.Post.Adds, points, to, qty)
		owed := min(short, limit)
		d.Owe(ledger.RET, points, to, owed)
		c.rec.Forgiven = short - owed
		return
	}
	d.Claw(ledger.RET, c.original.Post.Adds, points, to, qty)
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
