package sale

import (
	"context"
	"encoding/json"
	"slices"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// Shipment is a part of an authorised order that is delivered and paid (S3).
type Shipment struct {
	Hold  int64 // seq of the entry that authorised the order
	Lines []int // numbers of the lines; none means all that are left
	Final bool  // nothing follows: what is still held is released
	Order string
}

// shipping is what became of an authorised order so far. It is kept with its entry.
type shipping struct {
	Holds   []openHold `json:"holds"`   // what still reserves, in the order of the first holds
	Shipped []int      `json:"shipped"` // numbers of lines
	Closed  bool       `json:"closed,omitempty"`
}

type openHold struct {
	Holder int64       `json:"h"`
	ID     int64       `json:"id"`
	Kind   ledger.Kind `json:"k"`
}

// ship is the command of a shipment. The order was priced when it was authorised: its lines are sold at the
// prices that they had then, and no promotion is looked at again.
type ship struct {
	room *Room
	*Order
	Shipment
	first *ledger.Entry   // that authorised the order
	plan  *Record         // its document
	was   *reward.Outcome // its price
}

// Op names the operation.
func (c *ship) Op() ledger.Operation { return c.Order.Op }

// Need asks for the state of everything that the order reserves.
func (c *ship) Need(n *ledger.Needs) {
	n.Amend(c.first.Seq)
	c.Order.need(c.room, n)
}

// Decide books the shipment: a sale of its lines, paid from the holds. It returns hold_resolved when the
// order has been closed, hold_expired after its time.
func (c *ship) Decide(v *ledger.View) error {
	if err := c.standing(v); err != nil {
		return err
	}
	amend := v.Amendment(c.first.Seq)
	state, err := shippingOf(c.first, amend)
	if err != nil {
		return err
	}
	if err := state.standing(v, c.first); err != nil {
		return err
	}
	at, err := c.choose(&state)
	if err != nil {
		return err
	}
	s := &sold{ship: c, v: v, at: at, state: &state}
	d, err := s.book()
	if err != nil {
		return err
	}
	state.Closed = c.Final || len(state.Shipped) == len(c.plan.Basket.Lines)
	if state.Closed {
		if err := s.release(d); err != nil {
			return err
		}
	}
	text, err := json.Marshal(state)
	amend.State = string(text)
	v.SetAmendment(c.first.Seq, amend)
	return err
}

func shippingOf(e *ledger.Entry, a ledger.Amendment) (shipping, error) {
	var s shipping
	if a.State != "" {
		return s, json.Unmarshal([]byte(a.State), &s)
	}
	for _, x := range e.Post.Holds {
		if x.State == ledger.HoldOpen {
			s.Holds = append(s.Holds, openHold{x.Holder, x.Hold, x.Kind})
		}
	}
	return s, nil
}

// standing refuses an order that has ended, by its own close or by the clock.
func (s *shipping) standing(v *ledger.View, e *ledger.Entry) error {
	if s.Closed {
		return fault.New(ledger.ErrHoldResolved)
	}
	for _, x := range s.Holds {
		h, err := v.FindHold(x.Holder, x.ID)
		if err != nil {
			return fault.New(ledger.ErrHoldExpired) // host work released it after its time
		}
		if v.Now() >= h.Ends {
			return fault.New(ledger.ErrHoldExpired)
		}
	}
	return nil
}

// choose gives the positions of the lines of this shipment and notes them.
func (c *ship) choose(s *shipping) ([]int, error) {
	lines := c.plan.Basket.Lines
	var at []int
	for i := range lines {
		if !slices.Contains(s.Shipped, lines[i].No) && (len(c.Lines) == 0 || slices.Contains(c.Lines, lines[i].No)) {
			at = append(at, i)
		}
	}
	if len(c.Lines) > 0 && len(at) != len(c.Lines) || len(at) == 0 {
		return nil, fault.Invalid("lines", "numbers of lines of the order that are not shipped yet, each once")
	}
	for _, i := range at {
		s.Shipped = append(s.Shipped, lines[i].No)
	}
	return at, nil
}

// sold is a shipment in the making.
type sold struct {
	*ship
	v     *ledger.View
	at    []int // positions of its lines in the order
	state *shipping
	take  []int64 // of each open hold
}

// book prices the lines as they were authorised and posts them.
func (s *sold) book() (*ledger.Draft, error) {
	c := &commit{room: s.room, Order: s.order()}
	when := s.plan.At
	facts := c.facts(s.room, s.v, when)
	if err := s.share(c, &facts); err != nil {
		return nil, err
	}
	wish := c.Wish
	out, err := reward.Price(c.Version, &c.Basket, &wish, &facts, when, c.OutletCode)
	if err != nil {
		return nil, err
	}
	c.out = out
	d := s.v.Begin(ledger.CAP)
	c.dates(s.v, d, when)
	c.room.till.Stamp(s.v, d)
	if err := s.capture(d); err != nil {
		return nil, err
	}
	if len(s.state.Shipped) == len(s.at) { // the first shipment uses the vouchers
		all := *c
		all.Vouchers, all.Order.Wish.Coupons = s.Vouchers, s.plan.Wish.Coupons
		all.use(s.v, d, when, s.was)
	}
	c.earn(s.v, d, when, out)
	s.count(c, d, out)
	c.rec = c.record(when, &wish, &facts)
	c.rec.Sold = s.allocations(out)
	c.rec.Balances = c.balances(s.v)
	doc, err := json.Marshal(&c.rec)
	d.Doc = string(doc)
	return d, err
}

// order gives the shipment as an order of its own: each line at the price that it was authorised for,
// closed to every promotion.
func (s *sold) order() *Order {
	o := *s.Order
	o.Basket.Lines, o.Vouchers, o.Hold = nil, nil, nil
	for _, i := range s.at {
		l := s.plan.Basket.Lines[i]
		l.Total, l.Locked, l.Reward, l.Paid = s.was.Lines[i].Paid, true, "", nil
		o.Basket.Lines = append(o.Basket.Lines, l)
	}
	o.Wish = reward.Wish{Tenders: s.Order.Wish.Tenders}
	for _, g := range s.plan.Wish.Gift {
		o.Wish.Gift = append(o.Wish.Gift, reward.GiftWish{Value: g.Value})
	}
	return &o
}

// share says how much each hold gives: points and promotional value as they were allocated to the lines,
// paid value and credit up to what the lines still cost, or as the tenders of the shipment say.
func (s *sold) share(c *commit, f *reward.Facts) error {
	var due money.Amount
	for i := range c.Basket.Lines {
		due += c.Basket.Lines[i].Total
	}
	gift, given := tendersOf(c.Wish.Tenders, reward.TenderGift)
	if !given {
		gift = due
	}
	credit, given := tendersOf(c.Wish.Tenders, reward.TenderCredit)
	if !given {
		credit = due
	}
	if gift > due || credit > due {
		return fault.New(reward.ErrAmountMismatch, "payable", c.Version.Currency.Of(due))
	}
	for i := range f.Gifts {
		f.Gifts[i] = reward.GiftFact{}
	}
	f.Credit = 0
	s.take = make([]int64, len(s.state.Holds))
	for i, x := range s.state.Holds {
		h, err := s.v.FindHold(x.Holder, x.ID)
		if err != nil {
			return err
		}
		switch x.Kind {
		case ledger.Points:
			s.take[i] = min(h.Amount, s.points())
		case ledger.Promo:
			s.take[i] = min(h.Amount, int64(s.promo(x.Holder)))
		case ledger.Credit:
			part := min(money.Amount(h.Amount), credit, due)
			s.take[i], f.Credit, due, credit = int64(part), f.Credit+part, due-part, credit-part
		case ledger.Paid:
			part := min(money.Amount(h.Amount), gift, due)
			s.take[i], due, gift = int64(part), due-part, gift-part
			s.pay(c, f, x.Holder, part)
		}
	}
	c.Wish.Credit = reward.Spend{Amount: f.Credit}
	return s.covered(c, gift, credit)
}

// covered refuses tenders that name more stored value than is held.
func (s *sold) covered(c *commit, gift, credit money.Amount) error {
	if _, given := tendersOf(c.Wish.Tenders, reward.TenderGift); given && gift > 0 {
		return fault.New(ledger.ErrInsufficientBalance, "missing", int64(gift))
	}
	if _, given := tendersOf(c.Wish.Tenders, reward.TenderCredit); given && credit > 0 {
		return fault.New(ledger.ErrInsufficientBalance, "missing", int64(credit))
	}
	return nil
}

func (s *sold) pay(c *commit, f *reward.Facts, card int64, part money.Amount) {
	for g := range c.Gifts {
		if c.Gifts[g].Card == card {
			c.Wish.Gift[g].Amount += part
			f.Gifts[g].Paid += part
			return
		}
	}
}

// points gives the points that were burned for the lines of the shipment.
func (s *sold) points() int64 {
	all := s.was.Sold(s.Version)
	var sum int64
	for _, i := range s.at {
		sum += all.Lines[i].Points
	}
	return sum
}

// promo gives the promotional value of a card that was allocated to the lines of the shipment.
func (s *sold) promo(card int64) money.Amount {
	all := s.was.Sold(s.Version)
	var sum money.Amount
	for _, g := range all.Gifts {
		if g.Value != cardRef(card) {
			continue
		}
		for _, p := range g.Promo {
			if slices.Contains(s.at, p.At) {
				sum += p.Amount
			}
		}
	}
	return sum
}

// capture spends the shares. What is left of a hold stays reserved by a successor with the same end.
func (s *sold) capture(d *ledger.Draft) error {
	var open []openHold
	for i, x := range s.state.Holds {
		if s.take[i] == 0 {
			open = append(open, x)
			continue
		}
		next, err := d.Capture(ledger.CAP, x.Holder, x.ID, s.clearingOf(x), s.take[i], false)
		if err != nil {
			return err
		}
		if next != 0 {
			open = append(open, openHold{x.Holder, next, x.Kind})
		}
	}
	s.state.Holds = open
	return nil
}

func (s *sold) clearingOf(x openHold) ledger.Account {
	switch x.Kind {
	case ledger.Points:
		return ledger.System(ledger.UnitsRedeemed, s.Programme.Points)
	case ledger.Paid, ledger.Promo:
		for i := range s.Gifts {
			if s.Gifts[i].Card == x.Holder {
				return s.clearing(s.Gifts[i].Programme)
			}
		}
	}
	return ledger.System(ledger.TillClearing, s.Money())
}

// release frees what is still held when nothing follows.
func (s *sold) release(d *ledger.Draft) error {
	for _, x := range s.state.Holds {
		if err := d.Release(x.Holder, x.ID, ledger.HoldReleased); err != nil {
			return err
		}
	}
	s.state.Holds = nil
	return nil
}

func (s *sold) count(c *commit, d *ledger.Draft, out *reward.Outcome) {
	o := c.Primary
	if o == nil {
		return
	}
	d.Touch(o.Holder())
	x := s.v.Holder(o.Holder()).Stats
	if x.First == 0 {
		x.First = s.plan.At
	}
	x.Last, x.Turnover = s.plan.At, x.Turnover+int64(out.Turnover)
	if len(s.state.Shipped) == len(s.at) {
		x.Count++
	}
	s.v.SetStats(o.Holder(), x)
}

// allocations gives the stored allocation of the shipment: that of its own price, with the points and the
// promotional value that the order had allocated to its lines.
func (s *sold) allocations(out *reward.Outcome) *reward.Sold {
	own, all := out.Sold(s.Version), s.was.Sold(s.Version)
	for i, from := range s.at {
		own.Lines[i].Points, own.Lines[i].Value = all.Lines[from].Points, all.Lines[from].Value
	}
	for _, g := range all.Gifts {
		moved := reward.SoldGift{Value: g.Value}
		for _, p := range g.Promo {
			if at := slices.Index(s.at, p.At); at >= 0 {
				moved.Promo = append(moved.Promo, reward.SoldPromo{At: at, Amount: p.Amount})
			}
		}
		if len(moved.Promo) > 0 {
			own.Gifts = append(own.Gifts, moved)
		}
	}
	if len(s.at) == len(s.plan.Basket.Lines) {
		own.Coupons = all.Coupons
	}
	return own
}

// Ship books a shipment of an authorised order (S3, A24).
func (r *Room) Ship(ctx context.Context, p Place, q *Request, x Shipment) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) {
		c := &ship{room: r, Shipment: x}
		var err error
		if c.first, c.plan, err = r.authorised(ctx, p.Tenant, x.Hold); err != nil {
			return nil, err
		}
		if c.Order, err = r.reopen(ctx, p, q, c.first, c.plan); err != nil {
			return nil, err
		}
		_, c.was, err = c.plan.price(c.Programme, c.first.Version)
		c.Order.Op = r.operation(p, q, ledger.CAP)
		c.Note.Order = x.Order
		return c, err
	})
	if res.Err != nil {
		return refused(res)
	}
	return r.saleOf(ctx, p.Tenant, res)
}

// authorised reads the entry that reserved the value of an order.
func (r *Room) authorised(ctx context.Context, tenant, hold int64) (*ledger.Entry, *Record, error) {
	var e *ledger.Entry
	err := r.d.Read(ctx, tenant, func(tx db.Tx) error {
		var err error
		e, err = ledger.ReadEntry(ctx, tx, hold)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if e.Kind != ledger.HLD {
		return nil, nil, fault.New(ledger.ErrOriginalNotFound)
	}
	rec := &Record{}
	return e, rec, json.Unmarshal([]byte(e.Doc), rec)
}

// reopen resolves the parties of a stored order again: their links may have moved since.
func (r *Room) reopen(ctx context.Context, p Place, q *Request, e *ledger.Entry, rec *Record) (*Order, error) {
	shelf, err := r.book.Shelf(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	o := &Order{Place: p, Config: shelf.Config, Basket: *rec.Basket, Wish: reward.Wish{Tenders: q.Wish.Tenders}, Vouchers: rec.Vouchers, Note: rec.Note}
	if o.Programme = shelf.Find(rec.Programme); o.Programme == nil {
		return nil, fault.New(ErrNotAccepted)
	}
	if o.Version = o.Programme.Version(e.Version); o.Version == nil {
		return nil, fault.New(ErrNotAccepted)
	}
	if rec.Card != 0 {
		if o.Primary, err = r.byID(ctx, p.Tenant, rec.Card, shelf); err != nil {
			return nil, err
		}
		o.Primary.Programme, o.Primary.Membership = o.Programme, rec.Membership
	}
	for _, card := range rec.Gifts {
		one, err := r.byID(ctx, p.Tenant, card, shelf)
		if err != nil {
			return nil, err
		}
		o.Gifts = append(o.Gifts, *one)
	}
	return o, nil
}

// sells tells whether an entry is a sale: one of its own, or a shipment.
func sells(e *ledger.Entry) bool { return e.Kind == ledger.SAL || e.Kind == ledger.CAP }
