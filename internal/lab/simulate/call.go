package simulate

import (
	"encoding/json"
	"fmt"
	"iter"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/reward"
	"lojal/internal/sale"
	"lojal/internal/shift"
)

// call is one delivery of an operation. It runs as a coroutine: it stops where the room gives a command to
// the lane, and goes on when the batch that it shared has been decided.
type call struct {
	o       *op
	reply   bool // the answer will reach the till
	cmd     ledger.Command
	res     ledger.Result
	answer  sale.Answer
	found   int64 // the original as the room found it, an entry; 0 for none
	judged  bool
	owner   int64 // of the primary card, when it was decided
	waiting bool
	resume  func() (ledger.Command, bool)
	stop    func()
}

// start makes the coroutine of a call.
func (s *sim) start(c *call) {
	c.resume, c.stop = iter.Pull(func(yield func(ledger.Command) bool) {
		s.yield[c] = yield
		s.perform(c)
		delete(s.yield, c)
	})
}

// advance runs a call until it needs a decision, or to its end.
func (s *sim) advance(c *call) {
	s.running = c
	c.found = s.originalOf(c.o)
	c.cmd, c.waiting = c.resume()
	s.running = nil
}

// through stands between the rooms and the lane: what a running call gives waits for its batch.
func (s *sim) through(cmd ledger.Command) ledger.Result {
	c := s.running
	if c == nil {
		return s.w.lane.ApplyBatch(ctx, []ledger.Command{cmd})[0]
	}
	if !s.yield[c](cmd) {
		return ledger.Result{Err: fault.New(fault.ErrUnavailable)}
	}
	return c.res
}

// originalOf gives the entry that a look-up of the operation's original finds now.
func (s *sim) originalOf(o *op) int64 {
	if o.orig == nil {
		return 0
	}
	switch o.named {
	case "id":
		seq, _, _, _ := s.m.Outcome(o.orig.client(), o.orig.key)
		if o.kind == "return" && seq != 0 && s.m.Entry(seq).Kind != "SAL" {
			return 0
		}
		return seq
	case "":
		return 0
	}
	if o.kind == "return" && s.m.Entry(o.orig.seq).Kind != "SAL" {
		return 0
	}
	return o.orig.seq
}

// perform asks the room that the operation is meant for.
func (s *sim) perform(c *call) {
	o, w := c.o, s.w
	switch o.kind {
	case "sale", "sale_gift", "sale_burn", "sale_coupon", "sale_load", "sale_pass", "commit":
		c.answer = w.sales.Commit(ctx, o.t.place, s.basketOf(o))
	case "quote":
		c.answer = w.sales.Quote(ctx, o.t.place, s.basketOf(o))
	case "hold":
		q := s.basketOf(o)
		q.Hold, q.HoldSeconds = true, o.seconds
		c.answer = w.sales.Quote(ctx, o.t.place, q)
	case "advice_sale", "advice_load", "advice_visit":
		s.advise(c)
	case "load", "redeem", "cashout", "visit", "points_transfer":
		c.answer = w.sales.Purse(ctx, o.t.place, s.purseOf(o), o.deed, s.targetOf(o))
	case "return":
		c.answer = w.sales.Return(ctx, o.t.place, s.backOf(o), s.namesOf(o))
	case "void", "reversal":
		c.answer = w.sales.Reverse(ctx, o.t.place, s.backOf(o), s.namesOf(o))
	case "fence":
		s.fence(c)
	case "look":
		s.look(c)
	case "statement":
		s.statement(c)
	case "close_batch":
		_, err := w.shifts.CloseBatch(ctx, shift.CloseBatch{Tenant: s.tenant, Outlet: o.t.place.Outlet, Terminal: o.t.place.Terminal, Actor: "c01"})
		c.answer.Err = err
	default:
		s.performCard(c)
	}
}

func (s *sim) basketOf(o *op) *sale.Request {
	q := o.request()
	q.Basket = reward.Basket{Lines: o.lines}
	q.Wish.Burn = reward.Burn{Points: o.burn}
	for _, g := range o.gifts {
		q.Wish.Gift = append(q.Wish.Gift, reward.GiftWish{Value: g.card.number, Spend: reward.Spend{Amount: money.Amount(g.amount)}})
	}
	for _, ref := range o.coupons {
		q.Wish.Coupons = append(q.Wish.Coupons, reward.CouponWish{Ref: ref})
	}
	if o.quote != nil {
		q.Quote = o.quote.token
	}
	q.Kind = "sale"
	return q
}

func (s *sim) purseOf(o *op) *sale.Request {
	q := o.request()
	switch o.deed {
	case sale.Load, sale.Redeem, sale.CashOut:
		q.Amount = money.Amount(o.amount)
	default:
		q.Qty = o.amount
	}
	return q
}

func (s *sim) targetOf(o *op) sale.Target {
	t := sale.Target{}
	if o.other != nil {
		t.Other = o.other.id
	}
	return t
}

func (s *sim) namesOf(o *op) sale.Names {
	if o.named == "id" {
		return sale.Names{}
	}
	return sale.Names{Outlet: o.orig.t.place.Outlet, Terminal: o.orig.t.place.Terminal}
}

func (s *sim) backOf(o *op) *sale.Request {
	q := o.request()
	q.Original = &sale.Original{}
	switch o.named {
	case "id":
		q.Original.ID = keyText(o.orig.key)
	case "place":
		q.Original.TerminalSeq, q.Original.Date = o.orig.sequence, o.orig.date
	default:
		q.Original.Receipt, q.Original.Date = receiptText(o.orig.receipt), o.orig.date
	}
	q.Reason = sale.ReasonTimeout
	if o.void {
		q.Reason = sale.ReasonCashier
	}
	q.All = o.all
	for i, n := range o.ask {
		if n > 0 && !o.all {
			q.Lines = append(q.Lines, reward.AskLine{No: o.orig.lines[i].No, Qty: reward.Qty(n)})
		}
	}
	return q
}

func (s *sim) advise(c *call) {
	o := c.o
	u := sale.Upload{Place: o.t.place, Deed: o.deed}
	if o.kind == "advice_sale" {
		u.Request = *s.basketOf(o)
	} else {
		u.Request = *s.purseOf(o)
		u.Request.Kind = string(o.deed)
	}
	a := s.w.sales.Advise(ctx, []sale.Upload{u})[0]
	c.answer.Seq = a.Seq
	if a.Code != "" {
		c.answer.Err = fault.New(fault.Code{Name: a.Code, Kind: fault.Declined})
	}
}

func (s *sim) performCard(c *call) {
	o, w := c.o, s.w
	now := w.clock.Now()
	act := card.Act{Day: clock.BusinessDay(s.now(), zone, closesHours*3600e9), Reason: "simulated", Operation: s.operation(o, 0)}
	var cmd ledger.Command
	var err error
	switch o.kind {
	case "block":
		cmd = w.cards.Block(act, card.ID(o.card.id))
	case "unblock":
		cmd = w.cards.Unblock(act, card.ID(o.card.id))
	case "lost":
		cmd = w.cards.MarkLost(act, card.ID(o.card.id))
	case "close":
		cmd = w.cards.Close(act, card.ID(o.card.id))
	case "sell":
		cmd = w.cards.Sell(act, card.ID(o.card.id))
	case "activate":
		cmd = w.cards.Activate(act, card.ID(o.card.id))
	case "replace":
		for range 3 {
			var old *card.Facts
			if old, err = w.finder.ByID(ctx, s.tenant, o.card.id); err != nil {
				break
			}
			if cmd, err = w.cards.Replace(ctx, w.d, card.ReplaceRequest{Act: act, Old: old, New: card.ID(o.other.id)}); err != nil {
				break
			}
			if c.res = w.lane.Do(ctx, cmd); !fault.Is(c.res.Err, ledger.ErrStale) {
				break
			}
		}
		c.answer = sale.Answer{Err: c.res.Err, Replayed: c.res.Replayed}
		if err != nil {
			c.answer.Err = err
		}
		return
	case "link":
		cmd = w.cards.Link(act, card.ID(o.card.id), programmeID, o.member)
	case "money_transfer":
		cmd = card.Transfer{Act: act, From: o.card.id, To: o.other.id, Kind: ledger.Paid, Unit: euro, Qty: o.amount, Transferable: true}
	case "issue":
		status := ledger.New
		if o.card.product == "bonus" && o.n%5 != 0 {
			status = ledger.Active
		}
		cmd, err = w.cards.Issue(w.keys, card.IssueRequest{Act: act, Card: card.ID(o.card.id), Programme: programmeID, Product: o.card.product, Number: card.Number(o.card.number), Status: status}, now)
	case "member":
		cmd = member{s.operation(o, ledger.ISS), o.member}
	case "grant":
		err = s.grant(o)
	}
	if err != nil || cmd == nil {
		c.answer.Err = err
		return
	}
	res := w.lane.Do(ctx, cmd)
	c.answer = sale.Answer{Err: res.Err, Replayed: res.Replayed}
}

// fence asks what became of an operation, and may close its key (A5).
func (s *sim) fence(c *call) {
	o := c.o
	if o.orig == nil || o.orig.t == nil {
		return
	}
	a, err := s.w.sales.Operation(ctx, o.orig.t.place, keyText(o.orig.key), o.all)
	seq, code, tomb, known := s.m.Outcome(o.orig.client(), o.orig.key)
	c.answer.Err, c.res.Err = err, err
	want := "absent"
	switch {
	case known && seq != 0 && !tomb:
		want = "applied"
	case known && code != "":
		want = "declined"
	}
	if err == nil && (a.Status != want && !(a.Fenced && o.all) || a.Code != code && want == "declined") {
		s.fail("A5: key %d of till %d is %s %s, the model has %s %s", o.orig.key, o.orig.client(), a.Status, a.Code, want, code)
	}
}

// look reads the balance as the till shows it.
func (s *sim) look(c *call) {
	o := c.o
	q := o.request()
	q.ID = ""
	c.answer = s.w.sales.Identify(ctx, o.t.place, q)
	if c.answer.Err != nil {
		return
	}
	var got sale.IdentifyAnswer
	if err := json.Unmarshal(c.answer.Body, &got); err != nil {
		s.fail("identify: %v", err)
		return
	}
	for _, w := range got.Balances {
		if w.Wallet == "points" {
			active, pending, held, owed := s.m.Shown(o.card.owner(), int64(s.now()))
			if w.Active != active || w.Pending != pending || w.Held != held || w.Debt != owed {
				s.fail("C2: holder %d is shown %d active, %d pending, %d held, %d owed; the model has %d, %d, %d, %d", o.card.owner(), w.Active, w.Pending, w.Held, w.Debt, active, pending, held, owed)
			}
		}
	}
	if got.Seq != s.m.Seq {
		s.fail("C3: a read after entry %d says that it saw %d", s.m.Seq, got.Seq)
	}
}

// statement reads the latest entries of a holder by their chain.
func (s *sim) statement(c *call) {
	holder := c.o.card.owner()
	h := s.m.Holder(holder)
	if h == nil {
		return
	}
	want := h.Seqs
	err := s.w.d.Read(ctx, s.tenant, func(tx db.Tx) error {
		before := int64(0)
		for len(want) > 0 {
			page, err := ledger.Statement(ctx, tx, holder, before, 5)
			if err != nil {
				return err
			}
			for _, e := range page {
				if len(want) == 0 {
					break
				}
				if e.Seq != want[len(want)-1] {
					return fmt.Errorf("entry %d follows in the statement, the model has %d", e.Seq, want[len(want)-1])
				}
				want, before = want[:len(want)-1], e.Seq
			}
			if len(page) == 0 && len(want) > 0 {
				return fmt.Errorf("entry %d is missing", want[len(want)-1])
			}
		}
		return nil
	})
	if err != nil {
		s.fail("C1: statement of holder %d: %v", holder, err)
	}
}
