package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lojal/internal/app"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/reward"
	"lojal/internal/sale"
)

func newHistory(p *played, order []int) *history {
	c := &history{played: p, order: order, name: fmt.Sprint(order), keys: map[int]string{}, facts: map[string]int64{}}
	if order == nil {
		c.name, c.order = "the full return", []int{whole}
	}
	for i := range p.wallets {
		c.numbers = append(c.numbers, fmt.Sprintf("9428%05d%05d%04d", p.no, len(p.copies), i+1))
	}
	p.copies = append(p.copies, c)
	return c
}

// whole stands for all parts at once.
const whole = -1

// key names an operation of the history.
func (c *history) key(deed string) string { return c.numbers[0] + deed }

// found makes the member, the cards and the voucher.
func (h *house) found(c *history) error {
	var wallets []app.TestWallet
	for i, n := range c.numbers {
		wallets = append(wallets, app.TestWallet{Number: n, Lots: c.wallets[i]})
	}
	var err error
	if c.owners, err = h.TestMember(h.ctx, c.programme, wallets...); err != nil || !c.coupon {
		return err
	}
	list, err := h.TestVouchers(h.ctx, c.programme, "coupon", 1)
	c.voucher = list[0]
	return err
}

func (c *history) presented() []card.Presented {
	return []card.Presented{{Kind: "scan", Value: c.numbers[0], Entry: "barcode"}}
}

var print = []byte("0123456789abcdef")

func (h *house) request(c *history) *sale.Request {
	q := &sale.Request{ID: c.key("sale"), Fingerprint: print, Currency: "EUR", Programme: c.programme, Presented: c.presented(), Basket: c.basket, Wish: c.wish}
	q.Wish.Gift = slices.Clone(c.wish.Gift)
	for i := range q.Wish.Gift {
		q.Wish.Gift[i].Value = c.numbers[i+1]
	}
	if c.coupon {
		q.Wish.Coupons = []reward.CouponWish{{Ref: id.Format("cpn", c.voucher), Auto: true}}
	}
	return q
}

// tenders asks for a quote and pays what it leaves in cash and by bank card.
func (h *house) tenders(c *history) error {
	q := h.request(c)
	a := h.room.Quote(h.ctx, h.place, q)
	if a.Err != nil {
		return nil // the sale will say so again
	}
	var quote sale.QuoteAnswer
	if err := json.Unmarshal(a.Body, &quote); err != nil {
		return err
	}
	if c.d.chance(10) {
		return nil // unspecified
	}
	c.wish.Tenders = []reward.Tender{}
	for _, t := range quote.Tenders {
		if t.Bucket != "promo" {
			c.wish.Tenders = append(c.wish.Tenders, reward.Tender{Kind: t.Kind, Amount: t.Amount})
		}
	}
	cash := money.Amount(0)
	if quote.Remaining > 1 {
		cash = money.Amount(c.d.IntN(int(quote.Remaining)))
	}
	for _, t := range []reward.Tender{{Kind: reward.TenderCash, Amount: cash}, {Kind: reward.TenderCard, Amount: quote.Remaining - cash}} {
		if t.Amount > 0 {
			c.wish.Tenders = append(c.wish.Tenders, t)
		}
	}
	return nil
}

func (h *house) commit(c *history) sale.Answer { return h.room.Commit(h.ctx, h.place, h.request(c)) }

func (h *house) sell(c *history) error {
	if err := h.found(c); err != nil {
		return err
	}
	return h.commit(c).Err
}

// measure says how much is spent between the parts: what every order has there.
func (h *house) measure(p *played) error {
	if p.between != aSpending {
		return nil
	}
	c := p.copies[0]
	s, err := h.room.Stand(h.ctx, h.place.Tenant, c.owners...)
	if err != nil {
		return err
	}
	for a, free := range s.Free {
		switch a.Kind {
		case ledger.Points:
			if p.after > 0 {
				free -= p.sale.Earn.Points // as much may have been taken back before
			}
			p.spend.points = max(0, free) * p.share / 100
		case ledger.Paid, ledger.Promo:
			if a.Holder == c.owners[1] {
				p.spend.gift += free
			}
		}
	}
	p.spend.gift = p.spend.gift * p.share / 100
	return nil
}

// giveBack plays the returns of a day, and what lies between them.
func (h *house) giveBack(c *history, day int) error {
	until := len(c.order)
	if c.between == anExpiry && day == c.first {
		until = c.before()
	}
	for ; c.next < until; c.next++ {
		if c.next == c.before() {
			if err := h.interfere(c); err != nil {
				return err
			}
		}
		if err := h.takeBack(c, c.order[c.next]); err != nil {
			return err
		}
	}
	if c.next == len(c.order) && c.between == aReversal && c.before() == c.next {
		return h.interfere(c)
	}
	return nil
}

// before gives how many returns come before the interference. A full return comes after it, but for one that
// is itself reversed.
func (c *history) before() int {
	if c.order[0] == whole {
		if c.between == aReversal {
			return 1
		}
		return 0
	}
	return c.after
}

// takeBack makes the return of one part, or of all.
func (h *house) takeBack(c *history, part int) error {
	c.made++
	key := c.key(fmt.Sprint("return", c.made))
	q := &sale.Request{ID: key, Fingerprint: print, Currency: "EUR", Original: &sale.Original{ID: c.key("sale")}}
	if q.All = part == whole; !q.All {
		q.Lines = c.parts[part]
	}
	a := h.room.Return(h.ctx, h.place, q, sale.Names{Outlet: h.place.Outlet, Terminal: h.place.Terminal})
	if a.Err != nil {
		return fmt.Errorf("%s%s, return %d: %w", c.story(), c.name, part, a.Err)
	}
	c.keys[part] = key
	return c.count(a.Body, 1)
}

// count adds an answer to the facts, or takes it off again.
func (c *history) count(body []byte, sign int64) error {
	var a sale.ReturnAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	c.facts["refund"] += sign * int64(a.Totals.Refund)
	for _, v := range a.Totals.VAT {
		c.facts["tax "+v.Rate] += sign * int64(v.Tax)
		c.facts["net "+v.Rate] += sign * int64(v.Net)
	}
	for _, t := range a.Refund {
		c.facts[strings.Join([]string{"tender", string(t.Kind), t.Card, t.Bucket}, " ")] += sign * int64(t.Amount)
	}
	c.facts["clawed"] += sign * a.Points.Clawback
	c.facts["restored"] += sign * a.Points.Restored
	c.facts["forgiven"] += sign * a.Points.Forgiven
	return nil
}

func (h *house) interfere(c *history) error {
	switch c.between {
	case aSpending:
		return h.redeem(c)
	case aFurtherSale:
		q := &sale.Request{ID: c.key("further"), Fingerprint: print, Currency: "EUR", Programme: c.programme, Presented: c.presented()}
		q.Basket = reward.Basket{Currency: money.EUR, Lines: []reward.Line{{No: 1, Qty: reward.Unit, UnitPrice: 1777, Total: 1777, VAT: "21", Group: "d"}}}
		return h.room.Commit(h.ctx, h.place, q).Err
	case aReversal:
		at := int(c.share) % c.before()
		c.late = at < c.before()-1
		return h.undo(c, c.order[at])
	}
	return nil
}

// redeem spends points and gift value outside of a sale.
func (h *house) redeem(c *history) error {
	if n := c.spend.points; n > 0 {
		q := &sale.Request{ID: c.key("points"), Fingerprint: print, Currency: "EUR", Presented: c.presented(), Amount: money.Amount(n)}
		a := h.room.Account(h.ctx, h.place, q, sale.Change{Deed: sale.Redeem, To: sale.Target{Kind: ledger.Points}, Wrap: func(c ledger.Command) ledger.Command { return c }})
		if a.Err != nil {
			return fmt.Errorf("%s: %d points: %w", c.story(), n, a.Err)
		}
	}
	if n := c.spend.gift; n > 0 {
		q := &sale.Request{ID: c.key("gift"), Fingerprint: print, Currency: "EUR", Amount: money.Amount(n)}
		q.Presented = []card.Presented{{Kind: "scan", Value: c.numbers[1], Entry: "barcode"}}
		if a := h.room.Purse(h.ctx, h.place, q, sale.Redeem, sale.Target{Kind: ledger.Paid}); a.Err != nil {
			return fmt.Errorf("%s: %d of a gift card: %w", c.story(), n, a.Err)
		}
	}
	return nil
}

// undo reverses the return of a part and makes it again.
func (h *house) undo(c *history, part int) error {
	key := c.keys[part]
	e, err := h.TestEntry(h.ctx, h.place.Client, key)
	if err != nil {
		return err
	}
	was, err := h.room.Render(h.ctx, h.place.Tenant, e)
	if err != nil {
		return err
	}
	q := &sale.Request{ID: key + "undo", Fingerprint: print, Original: &sale.Original{ID: key}, Reason: sale.ReasonTimeout}
	if a := h.room.Reverse(h.ctx, h.place, q, sale.Names{Outlet: h.place.Outlet, Terminal: h.place.Terminal}); a.Err != nil {
		return fmt.Errorf("%s: reversal of return %d: %w", c.story(), part, a.Err)
	}
	c.reversed = true
	if err := c.count(was, -1); err != nil {
		return err
	}
	return h.takeBack(c, part)
}

// look writes down what is left of a history.
func (h *house) look(c *history, used map[int64]bool, expired map[int64]map[ledger.Kind]int64) error {
	s, err := h.room.Stand(h.ctx, h.place.Tenant, c.owners...)
	if err != nil {
		return err
	}
	for i, owner := range c.owners {
		who := []string{"member", "gift 1", "gift 2"}[i]
		x := s.Holders[owner]
		for _, b := range x.Balances {
			c.facts[who+" "+b.Kind.String()] = b.Posted
		}
		for _, l := range x.Lots {
			c.facts[fmt.Sprintf("lot of %s %s until %s from %d at %d", who, l.Kind, l.Until, l.Starts, l.Cost)] += l.Remaining
		}
		for k, n := range expired[owner] {
			c.facts[who+" "+k.String()+" expired"] = n
		}
	}
	if used[c.voucher] {
		c.facts["coupon used"] = 1
	}
	maps.DeleteFunc(c.facts, func(_ string, n int64) bool { return n == 0 })
	return nil
}
