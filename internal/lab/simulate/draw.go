package simulate

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
	"lojal/internal/reward"
	"lojal/internal/sale"
)

// Draws. All of them come from the one generator of the seed.

func (s *sim) below(n int) int { return s.random.IntN(n) }

func (s *sim) between(lo, hi int64) int64 { return lo + s.random.Int64N(hi-lo+1) }

// chance is true so often in a hundred.
func (s *sim) chance(percent int) bool { return s.random.IntN(100) < percent }

// rarely is true so often in a thousand.
func (s *sim) rarely(perMille int) bool { return s.random.IntN(1000) < perMille }

// weighted is a kind of operation with its share (6.2 of the bank, and what only a simulation can do).
var weighted = []struct {
	kind   string
	weight int
}{
	{"load", 100}, {"redeem", 130}, {"sale", 110}, {"sale_gift", 80}, {"sale_burn", 80}, {"sale_coupon", 50}, {"sale_load", 45}, {"sale_pass", 25},
	{"quote", 40}, {"hold", 60}, {"points_transfer", 35}, {"money_transfer", 30}, {"visit", 40}, {"return", 80}, {"void", 35}, {"reversal", 35},
	{"cashout", 20}, {"block", 10}, {"unblock", 10}, {"activate", 12}, {"lost", 3}, {"close", 3}, {"sell", 5}, {"replace", 24}, {"link", 14},
	{"issue", 24}, {"member", 8}, {"grant", 8}, {"fence", 10}, {"look", 20}, {"statement", 8}, {"close_batch", 6}, {"advice_sale", 35}, {"advice_load", 8},
	{"advice_visit", 8}, {"resend", 45}, {"poison", 20},
}

var totalWeight = func() int {
	n := 0
	for _, w := range weighted {
		n += w.weight
	}
	return n
}()

func (s *sim) drawKind() string {
	at := s.below(totalWeight)
	for _, w := range weighted {
		if at -= w.weight; at < 0 {
			return w.kind
		}
	}
	return "load"
}

// fresh gives an operation of a till with its key, sequence and receipt.
func (s *sim) fresh(kind string) *op {
	t := s.tills[s.below(len(s.tills))]
	t.key++
	t.seq++
	s.serial++
	o := &op{n: s.serial, kind: kind, t: t, key: t.key, print: s.serial, sequence: t.seq, receipt: s.serial}
	if s.rarely(15) && t.last != nil { // somebody counts wrongly
		o.sequence, o.moved, t.last.moved = t.last.sequence, true, true
	}
	t.last = o
	if s.chance(25) {
		o.at = s.w.clock.Now() + clock.Instant(s.between(-60, 60))*clock.Second
	}
	return o
}

// hosted gives an operation of the console.
func (s *sim) hosted(kind string) *op {
	s.serial++
	s.console++
	return &op{n: s.serial, kind: kind, key: s.console, print: s.serial}
}

// pick gives a card: the same few very often, dead ones seldom.
func (s *sim) pick(list []*plastic) *plastic {
	for range 4 {
		p := list[s.below(len(list))]
		if s.chance(25) {
			p = list[max(0, len(list)-1-s.below(min(len(list), hotCards)))]
		}
		if !p.dead || s.chance(8) {
			return p
		}
	}
	return list[s.below(len(list))]
}

const hotCards = 8

func (s *sim) pickAny() *plastic {
	if s.chance(50) {
		return s.pick(s.gift)
	}
	return s.pick(s.bonus)
}

// draw makes a new operation of a kind; nil when the shop has nothing for it.
func (s *sim) draw(kind string) *op {
	switch kind {
	case "sale", "sale_gift", "sale_burn", "sale_coupon", "sale_load", "sale_pass", "quote", "hold", "advice_sale":
		return s.drawSale(kind)
	case "load", "redeem", "cashout", "visit", "points_transfer", "advice_load", "advice_visit":
		return s.drawPurse(kind)
	case "return", "void", "reversal":
		return s.drawBack(kind)
	case "fence", "look", "statement", "close_batch":
		o := s.fresh(kind)
		o.card, o.orig = s.pickAny(), s.remembered()
		o.all = s.chance(30)
		return o
	}
	return s.drawCard(kind)
}

// drawSale draws a basket and what is to pay for it. Points and gift cards together stay far below the price
// after all discounts, but where a refusal is wanted.
func (s *sim) drawSale(kind string) *op {
	o := s.fresh(kind)
	var total int64
	groups := []string{"coffee", "tea", "bakery", "wine", "lucky"}
	if kind == "quote" || kind == "hold" {
		groups = groups[:4] // what others buy meanwhile must not change what a quote has promised
	}
	for i := range 1 + s.below(3) {
		qty, price := s.between(1, 3), s.between(300, 6000)
		total += qty * price
		o.lines = append(o.lines, reward.Line{
			No: i + 1, SKU: "sku", Qty: reward.Qty(qty) * reward.Unit, UnitPrice: money.Amount(price), Total: money.Amount(qty * price), VAT: "21", Group: groups[s.below(len(groups))],
		})
	}
	if !s.chance(15) {
		o.card = s.pick(s.bonus)
	}
	o.unknown = s.rarely(8)
	burns := kind == "sale_burn" || (kind == "quote" || kind == "hold") && s.chance(60) || kind == "advice_sale" && s.chance(30)
	if burns && o.card != nil {
		o.burn = s.between(1, min(60, total/5))
	}
	if kind == "sale_gift" || (kind == "quote" || kind == "hold") && s.chance(60) || kind == "advice_sale" && s.chance(30) {
		s.drawGifts(o, total/5)
	}
	if kind == "sale_coupon" || (kind == "quote" || kind == "hold") && s.chance(15) {
		s.drawCoupons(o)
	}
	if kind == "sale_load" || kind == "sale_pass" {
		s.drawGives(o, kind == "sale_pass")
	}
	if kind == "hold" {
		o.seconds = []int64{0, s.between(10, 900), s.between(3600, 86_400)}[s.below(3)]
	}
	if kind == "advice_sale" {
		s.offline(o)
	}
	return o
}

func (s *sim) drawGifts(o *op, most int64) {
	first := s.pick(s.gift)
	o.gifts = append(o.gifts, spend{first, s.between(1, most/2)})
	if second := s.pick(s.gift); s.chance(40) && second != first {
		o.gifts = append(o.gifts, spend{second, s.between(1, most/2)})
	}
	if o.kind == "sale_gift" && s.rarely(60) {
		o.tooMuch, o.gifts = true, o.gifts[:1]
		o.gifts[0].amount = 20 * most
	}
}

func (s *sim) drawCoupons(o *op) {
	switch {
	case s.rarely(30):
		o.noCode, o.coupons = true, []string{"NO-SUCH-CODE"}
	case len(s.vouchers) > 0:
		v := s.vouchers[len(s.vouchers)-1-s.below(min(len(s.vouchers), 24))]
		o.vouchers, o.coupons = []int64{v}, []string{id.Format("cpn", v)}
	}
}

func (s *sim) drawGives(o *op, pass bool) {
	no := len(o.lines) + 1
	if pass {
		g := load{card: s.pick(s.bonus), product: "swim", pass: true, qty: s.between(1, 2)}
		o.gives = append(o.gives, g)
		o.lines = append(o.lines, reward.Line{No: no, Type: "pass_sale", Qty: reward.Qty(g.qty) * reward.Unit, UnitPrice: 2000, Total: money.Amount(2000 * g.qty), VAT: "21", Give: &reward.Give{Value: g.card.number, Product: g.product}})
		return
	}
	g := load{card: s.pick(s.gift), face: s.between(10, 100) * 100, qty: 1}
	g.product = g.card.product
	if s.rarely(90) { // stored value is not bought with stored value
		o.onlyGift, o.lines, no = true, nil, 1
		o.gifts = []spend{{s.pick(s.gift), 500}}
	}
	o.gives = append(o.gives, g)
	o.lines = append(o.lines, reward.Line{No: no, Type: "gift_card_sale", Qty: reward.Unit, UnitPrice: money.Amount(g.face), Total: money.Amount(g.face), VAT: "0", Give: &reward.Give{Value: g.card.number, Product: g.product}})
}

// offline makes an operation one that happened without the server, some time ago or by a wrong clock.
func (s *sim) offline(o *op) {
	o.advice, o.unknown = true, false
	back := clock.Instant(s.between(0, 3600)) * clock.Second
	switch s.below(10) {
	case 0:
		back = clock.Instant(s.between(1, 12*24)) * clock.Hour
	case 1:
		back = -clock.Instant(s.between(1, 30)) * clock.Minute
	case 2:
		o.at = 0
		return
	}
	o.at = s.w.clock.Now() - back
}

func (s *sim) drawPurse(kind string) *op {
	o := s.fresh(kind)
	o.card = s.pick(s.gift)
	o.unknown = s.rarely(6)
	switch kind {
	case "load", "advice_load":
		o.deed, o.amount = sale.Load, []int64{s.between(1, 400), s.between(100, 6000), 5000, 9000 + s.between(0, 3000)}[s.below(4)]
		if s.chance(20) {
			o.card = s.pick(s.bonus)
		}
	case "redeem":
		o.deed, o.amount = sale.Redeem, []int64{s.between(1, 400), s.between(100, 3000), s.between(3000, 12000)}[s.below(3)]
	case "cashout":
		o.deed = sale.CashOut
		if s.chance(60) {
			o.amount = s.between(1, 5000)
		}
	case "visit", "advice_visit":
		o.deed, o.card, o.amount = sale.Visit, s.pick(s.bonus), s.between(1, 2)
	case "points_transfer":
		o.deed, o.card, o.other, o.amount = sale.Transfer, s.pick(s.bonus), s.pick(s.bonus), s.between(1, 60)
		if o.card.owner() == o.other.owner() {
			return nil
		}
	}
	if kind == "advice_load" || kind == "advice_visit" {
		s.offline(o)
	}
	return o
}

// drawBack draws a return, void or reversal of something that is remembered, or of nothing.
func (s *sim) drawBack(kind string) *op {
	o := s.fresh(kind)
	o.void = kind == "void"
	o.orig = s.remembered()
	if kind == "return" {
		o.orig = s.soldLately()
	}
	if o.orig == nil || o.orig.t == nil {
		return nil
	}
	o.named = "id"
	if o.t = o.orig.t; s.chance(30) && o.orig.settled && o.orig.seq != 0 && !o.orig.moved {
		o.named, o.t = map[bool]string{true: "receipt", false: "place"}[kind == "return"], s.tills[s.below(len(s.tills))]
	}
	o.t.key++
	o.t.seq++
	o.key, o.sequence, o.moved = o.t.key, o.t.seq, false
	if kind != "return" {
		return o
	}
	o.all = s.chance(25)
	if o.ask = make([]int64, len(o.orig.lines)); !o.all {
		for i := range o.ask {
			if s.chance(60) {
				o.ask[i] = s.between(0, int64(o.orig.lines[i].Qty/reward.Unit)) * int64(reward.Unit)
			}
		}
		o.ask[s.below(len(o.ask))] = int64(reward.Unit)
	}
	return o
}

// remembered gives an operation of the recent past.
func (s *sim) remembered() *op { return s.lately(s.past) }

func (s *sim) soldLately() *op { return s.lately(s.sales) }

func (s *sim) lately(list []*op) *op {
	if len(list) == 0 {
		return nil
	}
	back := s.below(min(len(list), 40))
	if s.chance(20) {
		back = s.below(len(list))
	}
	return list[len(list)-1-back]
}

func (s *sim) drawCard(kind string) *op {
	o := s.hosted(kind)
	o.change = kind
	switch kind {
	case "block", "unblock", "lost", "close", "activate", "sell":
		o.card = s.pickAny()
		if x := s.inStock(); x != nil && (kind == "activate" || kind == "sell") {
			o.card = x
		}
		if x := s.stopped(); kind == "unblock" && x != nil && s.chance(80) {
			o.card = x
		}
	case "replace":
		o.card = s.pickAny()
		if x := s.stopped(); x != nil && s.chance(50) {
			o.card = x
		}
		if h := s.lately(s.holds); h != nil && len(h.gifts) > 0 && s.chance(30) {
			o.card = h.gifts[0].card
		}
		for range 4 {
			if o.other = s.inStock(); o.other != nil && o.other != o.card && o.other.product == o.card.product {
				return o
			}
		}
		return nil
	case "link":
		o.card = s.pick(s.bonus)
		if h := s.lately(s.holds); h != nil && h.card != nil && s.chance(50) { // somebody who is at it just now
			o.card = h.card
		}
		if len(s.members) == 0 || o.card.member != 0 && !s.chance(30) {
			return nil
		}
		o.member = s.members[s.below(len(s.members))]
	case "money_transfer":
		o.card, o.other, o.amount = s.pick(s.gift), s.pick(s.gift), s.between(1, 2000)
		if o.card == o.other {
			return nil
		}
	case "issue":
		o.card = s.newPlastic([]string{"bonus", "gift", "capped"}[s.below(3)])
	case "member":
		o.member = s.w.mint.Next()
	}
	return o
}
