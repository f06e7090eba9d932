package reward

import (
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// payGifts is step 7: the cards in the order presented, in each card by bucket_order, then store credit.
func (c *calculator) payGifts() *fault.Error {
	c.gifts = resize(c.gifts, len(c.w.Gift))
	c.credit = 0
	for i := range c.lines {
		c.lines[i].promo = 0
	}
	var taken money.Amount // by stored value as tender
	for i := range c.w.Gift {
		ask, have := &c.w.Gift[i], c.f.Gifts[i]
		c.gifts[i] = GiftOutcome{Value: ask.Value, Left: have.Promo + have.Paid}
		if ask.Amount == 0 && !ask.Max {
			continue
		}
		if err := c.payGift(i, &taken); err != nil {
			return err
		}
	}
	if c.w.Credit.Amount == 0 && !c.w.Credit.Max {
		return nil
	}
	if _, err := c.storable(taken, c.w.Credit.Amount); err != nil {
		return err
	}
	due, _ := c.valueDue(taken, true)
	due = max(due, 0)
	want := c.w.Credit.Amount
	if c.w.Credit.Max {
		want = min(due, c.f.Credit).To(c.quantum, money.Floor)
	}
	if want > c.f.Credit {
		return fault.New(ErrInsufficientBalance, "need", want, "have", c.f.Credit)
	}
	if want > due {
		return fault.New(ErrAmountMismatch, "field", "wish.credit", "need", want, "due", due)
	}
	c.credit = want
	return nil
}

// storable gives what stored value may still pay, and declines where only stored value is bought (I45).
func (c *calculator) storable(taken, want money.Amount) (money.Amount, *fault.Error) {
	due, gifts := c.valueDue(taken, false)
	if gifts > 0 && (due <= 0 && taken == 0 || want > due && want <= due+gifts) {
		return 0, fault.New(ErrTenderNotAllowed, "tender", "gift", "line_type", typeGift)
	}
	return max(due, 0), nil
}

// valueDue gives what is due but for the stored value that is bought, and the price of that: at our price,
// or at the till's own where it is lower.
func (c *calculator) valueDue(taken money.Amount, till bool) (due, gifts money.Amount) {
	due = c.due(till) - c.tendered - taken
	if c.v.Settings.AllowGiftBuysGift {
		return due, 0
	}
	for i := range c.lines {
		if s := &c.lines[i]; s.gift {
			gifts += s.remaining
			if c.net { // its tax, if it has any, is not payable by stored value either
				gifts += s.remaining.Percent(money.BasisPoints(c.vat[s.vat].bp), c.quantum)
			}
		}
	}
	return due - gifts, gifts
}

func (c *calculator) payGift(i int, taken *money.Amount) *fault.Error {
	ask, have := &c.w.Gift[i], c.f.Gifts[i]
	have.Promo, have.Paid = have.Promo.To(c.quantum, money.Floor), have.Paid.To(c.quantum, money.Floor)
	due, err := c.storable(*taken, ask.Amount)
	if err != nil {
		return err
	}
	want := ask.Amount
	if ask.Max {
		want = min(have.Promo+have.Paid, due).To(c.quantum, money.Floor)
	}
	if have.Max > 0 && want > have.Max {
		if !ask.Max && !ask.AllowPartial {
			return fault.New(ErrInsufficientBalance, "need", want, "have", have.Max)
		}
		want = have.Max.To(c.quantum, money.Floor)
	}
	promo, paid := c.buckets(want, have, due, *taken)
	if promo > 0 {
		c.takePromo(ask.Value, promo)
	}
	// Only now is it known what the line costs: the till's lower price includes the promo value, and in net
	// prices a discount lowers the tax too.
	left, _ := c.valueDue(*taken, true)
	paid = min(paid, max(left, 0)).To(c.quantum, money.Floor)
	switch {
	case ask.Max || promo+paid == want:
	case want > due:
		return fault.New(ErrAmountMismatch, "field", "wish.gift", "need", want, "due", due)
	case !ask.AllowPartial:
		return fault.New(ErrInsufficientBalance, "need", want, "have", promo+paid)
	}
	if least := c.v.Settings.MinGiftPayment; promo+paid < least && promo+paid > 0 {
		return fault.New(ErrBelowMinimum, "field", "wish.gift", "missing", c.v.Currency.Of(least-promo-paid))
	}
	c.gifts[i].Promo, c.gifts[i].Paid = promo, paid
	c.gifts[i].Left -= promo + paid
	*taken += paid
	return nil
}

// buckets divides a payment into promo and paid value by bucket_order. Promo value never pays a line that
// takes no discount.
func (c *calculator) buckets(want money.Amount, have GiftFact, due, taken money.Amount) (promo, paid money.Amount) {
	if c.v.Settings.BucketOrder == "paid_first" {
		paid = min(want, have.Paid, due)
		return min(want-paid, have.Promo, c.promoRoom(due-paid, taken+paid)).To(c.quantum, money.Floor), paid
	}
	promo = min(want, have.Promo, c.promoRoom(due, taken)).To(c.quantum, money.Floor)
	return promo, min(want-promo, have.Paid, due-promo)
}

// promoRoom gives the most that promo value may take off, so that tenders taken before still fit. In net
// prices a unit off saves its tax as well, hence the narrower bound once there are tenders.
func (c *calculator) promoRoom(due, taken money.Amount) money.Amount {
	var room money.Amount
	for i := range c.lines {
		if c.takesPromo(i) {
			room += c.lines[i].remaining
		}
	}
	if c.net && taken+c.tendered > 0 {
		var most int64
		for k := range c.vat {
			most = max(most, c.vat[k].bp)
		}
		bound, _ := money.MulDiv(int64(due), int64(money.Hundred), int64(money.Hundred)+most, money.Floor)
		due = max(money.Amount(bound)-c.quantum*money.Amount(len(c.vat)), 0)
	}
	return min(room, due)
}

func (c *calculator) takesPromo(i int) bool {
	s := &c.lines[i]
	return !s.locked && s.lists&programme.NoDiscount == 0 && (!s.gift || bool(c.v.Settings.AllowGiftBuysGift))
}

func (c *calculator) takePromo(card string, promo money.Amount) {
	c.picked, c.weights = c.picked[:0], c.weights[:0]
	var base money.Amount
	for i := range c.lines {
		if c.lines[i].remaining > 0 && c.takesPromo(i) {
			c.picked, c.weights = append(c.picked, i), append(c.weights, c.lines[i].remaining)
			base += c.lines[i].remaining
		}
	}
	from := len(c.shares)
	c.spread(promo)
	for _, s := range c.shares[from:] {
		c.lines[s.line].promo += s.amount
		c.lines[s.line].remaining -= s.amount
	}
	c.total -= promo
	c.effects = append(c.effects, effect{instance: -1, rule: RulePromo, coupon: card, kind: RulePromo, step: stepGift, base: base, amount: promo, from: from, to: len(c.shares)})
}

// due gives what the lines cost now, with the tax in net prices and, when asked, the till's own lower prices.
func (c *calculator) due(till bool) money.Amount {
	for k := range c.vat {
		c.vat[k].sum = 0
	}
	var sum money.Amount
	for i := range c.lines {
		s := &c.lines[i]
		price := s.remaining
		if till && s.paid >= 0 && s.paid < price {
			price = s.paid
		}
		sum += price
		if c.net {
			c.vat[s.vat].sum += price
		}
	}
	if c.net {
		for k := range c.vat {
			sum += c.vat[k].sum.Percent(money.BasisPoints(c.vat[k].bp), c.quantum)
		}
	}
	return sum
}

// loads judges what gift_card_sale lines put on cards: the price paid as paid value, the rest of the face
// and the promo on load as promo value (T44).
func (c *calculator) loads() *fault.Error {
	for i := range c.b.Lines {
		l := &c.b.Lines[i]
		if l.Give == nil {
			continue
		}
		if l.Type != typeGift {
			c.gives = append(c.gives, GiveOutcome{No: l.No, Value: l.Give.Value, Product: l.Give.Product})
			continue
		}
		s := &c.lines[i]
		price := s.remaining
		if s.paid >= 0 {
			price = min(price, s.paid)
		}
		face := s.total + s.till
		g := GiveOutcome{No: l.No, Value: l.Give.Value, Product: l.Give.Product, Paid: price, Promo: face - price}
		set := &c.v.Settings
		balance, load, issue := set.MaxBalance, set.MaxLoadPerDay, set.MaxIssue
		if p := c.v.GiftProductOf(l.Give.Product); p != nil {
			balance, load, issue = lower(balance, p.MaxBalance), lower(load, p.MaxLoadPerDay), lower(issue, p.MaxIssue)
			for k := len(p.Promo) - 1; k >= 0; k-- {
				if face >= p.Promo[k].Load {
					g.Promo += p.Promo[k].Get
					break
				}
			}
		}
		if err := c.loadLimits(l.No, face, &g, balance, load, issue); err != nil {
			return err
		}
		c.gives = append(c.gives, g)
	}
	return nil
}

func (c *calculator) loadLimits(no int, face money.Amount, g *GiveOutcome, balance, load, issue money.Amount) *fault.Error {
	var fact LoadFact
	for k := range c.f.Loads {
		if c.f.Loads[k].No == no {
			fact = c.f.Loads[k]
		}
	}
	of := c.v.Currency.Of
	switch {
	case issue > 0 && face > issue:
		return fault.New(ErrMaxIssue, "allowed", of(issue))
	case load > 0 && fact.Today+face > load:
		return fault.New(ErrMaxLoad, "allowed", of(max(load-fact.Today, 0)))
	case balance > 0 && fact.Balance+g.Paid+g.Promo > balance:
		return fault.New(ErrMaxBalance, "allowed", of(max(balance-fact.Balance, 0)))
	}
	return nil
}

// lower gives the stricter of two limits, of which 0 is none.
func lower(a, b money.Amount) money.Amount {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}
