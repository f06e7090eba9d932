package simulate

import (
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
	"lojal/internal/sale"
	"lojal/internal/shift"

	"lojal/internal/lab/model"
)

// judge holds the decision of a command against the model's, and both move on.
func (s *sim) judge(c *call) {
	if fault.Is(c.res.Err, ledger.ErrStale) {
		return // nothing was decided: the room reads again
	}
	o := c.o
	if x, ok := c.cmd.(*shift.CloseBatch); ok {
		s.m.Close(x.Terminal, x.Number, x.Due)
		return
	}
	if c.judged = true; o.card != nil {
		c.owner = o.card.owner()
	}
	var v model.Verdict
	switch {
	case o.kind == "fence":
		v = s.m.Fence(model.Op{Clock: int64(s.w.clock.Now()), Client: o.orig.client()}, o.orig.key)
	case s.lapsedOtherwise(c):
		v = model.Verdict{Code: "quote_changed"}
	default:
		v = s.decide(c)
	}
	s.compare(c, v)
	s.settle(c, v)
}

// lapsedOtherwise tells that a quote past its time was priced by newer rules and came out otherwise: pricing
// is not the model's matter.
func (s *sim) lapsedOtherwise(c *call) bool {
	q := c.o.quote
	return q != nil && codeOf(c.res.Err) == "quote_changed" && s.w.clock.Now() >= q.until && q.version != s.m.At(int64(s.w.clock.Now()))
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if f := fault.Of(err); f != nil {
		return f.Code.Name
	}
	return "error: " + err.Error()
}

// decide asks the model.
func (s *sim) decide(c *call) model.Verdict {
	o, now := c.o, s.w.clock.Now()
	m := o.model(now)
	switch o.kind {
	case "sale", "sale_gift", "sale_burn", "sale_coupon", "sale_load", "sale_pass", "commit", "advice_sale":
		return s.m.Sell(s.saleOf(o), func() (model.Priced, bool) { return s.priced(c), c.res.Entry != nil })
	case "hold":
		ttl := s.m.At(int64(now)).HoldTTL
		if o.seconds > 0 {
			ttl = o.seconds * int64(clock.Second)
		}
		return s.m.Reserve(s.saleOf(o), 0, ttl)
	case "load", "redeem", "cashout", "visit", "points_transfer", "advice_load", "advice_visit":
		return s.m.Act(s.deedOf(o))
	case "return":
		return s.m.Back(model.Return{Op: m, Original: c.found, Ask: o.ask, All: o.all, Gives: s.givesBack(c)}, func() (model.Part, bool) { return s.part(c), c.res.Entry != nil })
	case "void", "reversal":
		r := model.Reversal{Op: m, Original: c.found, Void: o.void}
		if o.named == "id" {
			r.Named = o.orig.key
		} else {
			r.At.Terminal, r.At.Sequence, r.At.Day = o.orig.t.place.Terminal, o.orig.sequence, int64(o.orig.date)
		}
		return s.m.Reverse(r)
	}
	return s.decideCard(o, m)
}

func (s *sim) decideCard(o *op, m model.Op) model.Verdict {
	switch o.kind {
	case "replace":
		return s.m.Replace(m, o.card.id, o.other.id)
	case "link":
		return s.m.Link(m, o.card.id, o.member, o.card.member != 0)
	case "money_transfer":
		return s.m.Transfer(m, o.card.id, o.other.id, o.amount)
	case "issue":
		status := "new"
		if o.card.product == "bonus" && o.n%5 != 0 {
			status = "active"
		}
		return s.m.Issue(m, o.card.id, status)
	case "member":
		return s.m.Issue(m, o.member, "active")
	}
	return s.m.Change(m, o.card.id, o.change)
}

// saleOf gives a sale as the model is asked: cards as they are linked now, rules as they were in force.
func (s *sim) saleOf(o *op) model.Sale {
	now := s.w.clock.Now()
	x := model.Sale{Op: o.model(now), Burn: o.burn, Coupons: o.vouchers, NoCode: o.noCode, TooMuch: o.tooMuch, OnlyGift: o.onlyGift}
	x.Version = s.m.At(int64(now))
	if o.advice && o.at != 0 {
		x.Version = s.m.At(min(max(int64(o.at), int64(now-7*24*clock.Hour)), int64(now+5*clock.Minute)))
	}
	if o.card != nil {
		p := o.card.party()
		x.Primary = &p
	}
	for _, g := range o.gifts {
		x.Gifts = append(x.Gifts, model.Spend{Card: g.card.id, Amount: g.amount})
	}
	for _, g := range o.gives {
		x.Gives = append(x.Gives, model.Load{Card: g.card.id, Owner: g.card.owner(), Product: g.product, Face: g.face, Pass: g.pass, Qty: g.qty})
	}
	if q := o.quote; q != nil {
		x.Quoted = q.splits
		if q.hold != nil {
			x.Hold = q.hold.seq
		}
		if now < q.until {
			x.At, x.Version = int64(q.at), q.version
			x.Moved = o.card != nil && o.card.owner() != q.owner
		}
	}
	return x
}

func (s *sim) deedOf(o *op) model.Deed {
	now := s.w.clock.Now()
	x := model.Deed{Op: o.model(now), Do: string(o.deed), Party: o.card.party(), Product: o.card.product, Amount: o.amount, Version: s.m.At(int64(now))}
	if o.other != nil {
		x.Other = o.other.party()
	}
	return x
}

// priced asks the product's calculator what an accepted sale earns and uses, by its stored document.
func (s *sim) priced(c *call) model.Priced {
	var p model.Priced
	e := c.res.Entry
	if e == nil {
		return p
	}
	var rec sale.Record
	out, err := s.reprice(e, &rec)
	if err != nil {
		s.fail("I31: entry %d does not price again: %v", e.Seq, err)
		return p
	}
	p.Earn = out.Earn.Points
	for _, u := range out.Uses {
		x := model.Use{Rule: u.Rule}
		if u.Coupon != "" {
			x.Voucher, _ = id.Parse("cpn", u.Coupon)
		}
		p.Uses = append(p.Uses, x)
	}
	for _, g := range out.Gives {
		for i := range rec.Basket.Lines {
			if l := &rec.Basket.Lines[i]; l.No == g.No && l.Type == "gift_card_sale" {
				p.Paid, p.Promo = append(p.Paid, int64(g.Paid)), append(p.Promo, int64(g.Promo))
			}
		}
	}
	return p
}

func (s *sim) reprice(e *ledger.Entry, rec *sale.Record) (*reward.Outcome, error) {
	if err := json.Unmarshal([]byte(e.Doc), rec); err != nil {
		return nil, err
	}
	v, err := s.versionOf(e.Version)
	if err != nil {
		return nil, err
	}
	return reward.Price(v, rec.Basket, rec.Wish, rec.Facts, rec.At, rec.Outlet)
}

func (s *sim) versionOf(name string) (*programme.Version, error) {
	shelf, err := s.w.book.Shelf(ctx, s.tenant)
	if err != nil {
		return nil, err
	}
	if v := shelf.Find(programmeID).Version(name); v != nil {
		return v, nil
	}
	return nil, fault.New(fault.ErrNotFound, "version", name)
}

// part reads what pricing said of a return from its stored document.
func (s *sim) part(c *call) model.Part {
	var p model.Part
	e := c.res.Entry
	if e == nil {
		return p
	}
	var rec sale.ReturnRecord
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		s.fail("entry %d: %v", e.Seq, err)
		return p
	}
	o := s.m.Entry(c.found)
	for _, t := range rec.Part.Tenders {
		if t.Kind == reward.TenderGift && t.Amount > 0 {
			n, _ := id.Parse("crd", t.Value)
			p.Gifts = append(p.Gifts, model.Spend{Card: n, Amount: int64(t.Amount)})
		}
	}
	for _, t := range rec.Part.Promo {
		p.Promo = append(p.Promo, model.Spend{Card: o.Sale.Gifts[t.Gift].Card, Amount: int64(t.Amount)})
	}
	p.Points, p.Clawback, p.Full, p.Lines = rec.Part.Restored, rec.Part.Clawback, rec.Part.Full, make([]int64, len(o.Sale.Lines))
	for _, l := range rec.Part.Lines {
		p.Lines[l.At] = int64(l.Qty)
	}
	for _, ref := range rec.Part.Coupons {
		n, _ := id.Parse("cpn", ref)
		p.Vouchers = append(p.Vouchers, n)
	}
	s.wholeReturn(o, &p)
	return p
}

// givesBack gives the positions of the gift cards that a return takes back, among those that the sale gave.
func (s *sim) givesBack(c *call) []int {
	e := s.m.Entry(c.found)
	if e == nil {
		return nil
	}
	var out []int
	left, n := e.Left(), 0
	for i := range c.o.orig.lines {
		l := &c.o.orig.lines[i]
		if l.Give == nil {
			continue
		}
		if l.Type == "gift_card_sale" && (c.o.all && left[i] > 0 || !c.o.all && c.o.ask[i] > 0) {
			out = append(out, n)
		}
		n++
	}
	return out
}

// wholeReturn holds I42: a full set of returns gives all of it back, whatever its order.
func (s *sim) wholeReturn(o *model.Entry, p *model.Part) {
	if !p.Full {
		return
	}
	if got := o.Clawed() + p.Clawback; got != o.Sale.Priced.Earn {
		s.fail("I42: all of sale %d is back and %d of its %d points are", o.Seq, got, o.Sale.Priced.Earn)
	}
}

// settle lets the tills know, and the shop's own lists.
func (s *sim) settle(c *call, v model.Verdict) {
	o := c.o
	if len(v.Entries) > 0 && !v.Replayed && o.kind != "fence" {
		e := v.Entries[0]
		o.seq, o.date, o.settled = e.Seq, clock.Day(e.Business), true
		if e.Sale != nil {
			for i := range o.lines {
				e.Sale.Lines = append(e.Sale.Lines, int64(o.lines[i].Qty))
			}
			s.sales = append(s.sales, o)
		}
		if o.kind == "hold" {
			s.holds = remember(s.holds, o)
		}
		s.settleCard(o)
	}
	if v.Kept {
		o.settled, o.code = true, v.Code
	}
}
