package model

import "slices"

// Party is a card that takes part. Owner has its points and visits: its membership, or the card itself.
type Party struct{ Card, Owner int64 }

// Sale is a sale as it was asked for.
type Sale struct {
	Op
	Primary  *Party // nil for a passer-by
	Burn     int64  // points
	Gifts    []Spend
	Coupons  []int64 // vouchers
	NoCode   bool    // a coupon code that is nobody's
	Gives    []Load
	TooMuch  bool    // a gift card is to pay more than is due
	OnlyGift bool    // stored value is to buy stored value
	At       int64   // frozen by a quote that stands; 0 for none
	Hold     int64   // the entry of the quote's hold; 0 for none
	Quoted   []Split // as the quote divided the gift cards; nil for a sale without one
	Moved    bool    // the card has got a member since the quote
	Version  *Rules
}

// Spend is what a gift card pays in all; Load what a line puts on a card.
type (
	Spend struct{ Card, Amount int64 }
	Load  struct {
		Card, Owner int64
		Product     string
		Face        int64 // of a gift card
		Pass        bool
		Qty         int64
	}
)

// Priced is what pricing says of a sale that is accepted.
type Priced struct {
	Earn  int64
	Uses  []Use
	Promo []int64 // per load of a gift card: promo value beside what was paid
	Paid  []int64
}

// Use is a use of a rule; Voucher is 0 for an offer.
type Use struct {
	Rule    string
	Voucher int64
}

// Sold is what is remembered of a sale for its return.
type Sold struct {
	Primary  *Party
	Gifts    []Spend
	Gives    []Load
	Vouchers []int64
	Priced   Priced
	Rules    *Rules
	Lines    []int64 // quantities, set by the one who asked
	Hold     int64
}

// Sell decides a sale.
func (b *Book) Sell(s Sale, priced func() (Priced, bool)) Verdict {
	return b.decide(s.Op, func(t *deed) string {
		at := s.at(t)
		if s.NoCode {
			return "voucher_expired"
		}
		if code := t.standing(&s); code != "" {
			return code
		}
		if t.spent(&s) {
			return "hold_resolved"
		}
		split, code := t.payable(&s, at)
		if code != "" {
			return code
		}
		if s.Moved || s.Quoted != nil && !slices.Equal(s.Quoted, split) {
			return "quote_changed"
		}
		p, ok := priced()
		if t.blind = !ok; t.blind {
			p = Priced{Paid: make([]int64, len(s.Gives)), Promo: make([]int64, len(s.Gives))}
		}
		t.entry("SAL", min(at, t.now+5*minute))
		t.saleFlags(&s, at)
		t.stamp()
		t.settleHold(s.Hold)
		if code := t.spendAll(&s, at, split); code != "" {
			return code
		}
		if code := t.loads(&s, at, &p); code != "" {
			return code
		}
		t.useUp(&s, &p)
		t.earn(&s, at, p.Earn)
		if s.Primary != nil {
			t.touch(s.Primary.Owner)
		}
		t.e.Sale = &Sold{Primary: s.Primary, Gifts: s.Gifts, Gives: s.Gives, Vouchers: s.Coupons, Priced: p, Rules: s.Version, Hold: s.Hold}
		return ""
	})
}

// at gives the instant by which the sale is judged: the quote's, the till's for an advice, else now.
func (s *Sale) at(t *deed) int64 {
	switch {
	case s.At != 0:
		return s.At
	case s.Advice && s.Till != 0:
		window := others
		if s.Burn > 0 || len(s.Gifts) > 0 {
			window = spends
		}
		at, _ := clamp(s.Till, t.now, window)
		return at
	}
	return t.now
}

func (t *deed) saleFlags(s *Sale, at int64) {
	if s.Offline {
		t.flag("offline")
	}
	switch {
	case !s.Advice || s.Till == 0 || s.Till == at:
	case s.Till > at:
		t.flag("clock_ahead")
	default:
		t.flag("late")
	}
}

// standing refuses by the state of cards. What has happened already stands.
func (t *deed) standing(s *Sale) string {
	if s.Advice {
		return ""
	}
	if s.Primary != nil {
		if code := usable(t.look(s.Primary.Card)); code != "" {
			return code
		}
	}
	for _, g := range s.Gifts {
		if code := usable(t.look(g.Card)); code != "" {
			return code
		}
	}
	return ""
}

// reserved gives what the quote's own hold still reserves of a purse.
func (t *deed) reserved(hold, holder, kind int64) int64 {
	h := t.look(holder)
	if hold == 0 || h == nil {
		return 0
	}
	var n int64
	for _, x := range h.Holds {
		if x.Entry == hold && x.Kind == kind {
			n += x.Amount
		}
	}
	return n
}

// spent tells whether the quote's hold was resolved before its time (S3): then nothing is left to capture.
func (t *deed) spent(s *Sale) bool {
	if s.Hold == 0 || s.At == 0 || s.Advice {
		return false
	}
	e := t.b.entries[s.Hold]
	for i, x := range e.Opened {
		if t.reserved(s.Hold, e.Owners[i], x.Kind) > 0 {
			return false
		}
	}
	return len(e.Opened) > 0
}

// Split is how a gift card's payment divides into promo and paid value.
type Split struct{ Promo, Paid int64 }

// Quote gives how a quote without a hold divides the gift cards, or its refusal. It books nothing.
func (b *Book) Quote(s Sale) ([]Split, string) {
	t := b.begin(s.Op)
	switch {
	case s.Door != "":
		return nil, s.Door
	case s.NoCode:
		return nil, "voucher_expired"
	}
	if code := t.standing(&s); code != "" {
		return nil, code
	}
	return t.payable(&s, t.now)
}

// payable tells whether points, vouchers, gift cards and loads are there, in the order of R2.
func (t *deed) payable(s *Sale, at int64) ([]Split, string) {
	for i, v := range s.Coupons {
		seen := int64(1)
		for _, other := range s.Coupons[:i] {
			if other == v {
				seen++
			}
		}
		if code := t.voucher(s, v, at, seen); code != "" {
			return nil, code
		}
	}
	if s.Burn > 0 && !s.Advice {
		have := t.free(s.Primary.Owner, Points, at) + t.reserved(s.Hold, s.Primary.Owner, Points)
		if have < s.Burn || t.look(s.Primary.Owner).Purse(Points).Owed > 0 {
			return nil, "insufficient_points"
		}
	}
	if s.OnlyGift {
		return nil, "tender_not_allowed"
	}
	out := make([]Split, len(s.Gifts))
	for i, g := range s.Gifts {
		promo := t.free(g.Card, Promo, at) + t.reserved(s.Hold, g.Card, Promo)
		paid := t.free(g.Card, Paid, at) + t.reserved(s.Hold, g.Card, Paid)
		if s.TooMuch {
			return nil, "amount_mismatch"
		}
		if s.Advice && promo+paid < g.Amount {
			paid = g.Amount - promo
		}
		if promo+paid < g.Amount {
			return nil, "insufficient_balance"
		}
		out[i] = Split{Promo: min(promo, g.Amount)}
		out[i].Paid = g.Amount - out[i].Promo
		if s.Version.PaidFirst {
			out[i].Paid = min(paid, g.Amount)
			out[i].Promo = g.Amount - out[i].Paid
		}
	}
	return out, t.limits(s, at)
}

// voucher gives why a voucher may not be used.
func (t *deed) voucher(s *Sale, id, at, seen int64) string {
	v, d := t.b.vouchers[id], t.b.cal.day(at)
	if v == nil {
		return "not_accepted_here"
	}
	def := s.Version.Coupons[v.Def]
	left := int64(1) << 40
	if v.Max > 0 {
		left = max(0, v.Max-v.Uses)
	}
	if v.By != 0 && v.By != s.Hold && v.Until > t.now {
		left = max(0, left-1)
	}
	switch {
	case v.Revoked, v.From > d, v.Through != 0 && v.Through < d:
		return "voucher_expired"
	case v.Holder != 0 && (s.Primary == nil || v.Holder != s.Primary.Owner && v.Holder != s.Primary.Card):
		return "voucher_expired"
	case v.Max > 0 && v.Uses >= v.Max:
		return "voucher_used"
	case left == 0:
		return "voucher_limit"
	case def.Cap > 0 && t.b.uses[v.Def] >= def.Cap:
		return "offer_exhausted"
	case def.PerMember > 0 && s.Primary != nil && t.b.personal[s.Primary.Owner][v.Def] >= def.PerMember:
		return "voucher_limit"
	case seen > left:
		return "voucher_used"
	}
	return ""
}

// limits judges what lines put on gift cards.
func (t *deed) limits(s *Sale, at int64) string {
	for _, g := range s.Gives {
		product := s.Version.Gifts[g.Product]
		if g.Pass {
			continue
		}
		h := t.look(g.Card)
		if product.MaxDay > 0 && t.loadedOn(h, t.b.cal.day(at))+g.Face > product.MaxDay {
			return "limit_max_load"
		}
		if product.MaxBalance > 0 && h.Purse(Paid).Posted+h.Purse(Promo).Posted+g.Face+product.bonus(g.Face) > product.MaxBalance {
			return "limit_max_balance"
		}
	}
	return ""
}

func (t *deed) loadedOn(h *Holder, d int64) int64 {
	if h == nil || h.Day != d {
		return 0
	}
	return h.Loaded
}

// loaded counts a load on its day. One that arrives late for an earlier day changes nothing of today's sum.
func (t *deed) loaded(card, d, amount int64) {
	if h := t.own(card); d >= h.Day {
		h.Day, h.Loaded = d, t.loadedOn(h, d)+amount
	}
}

// settleHold ends the holds of a quote: what they reserved is spent in the same entry.
func (t *deed) settleHold(hold int64) {
	if hold == 0 {
		return
	}
	e := t.b.entries[hold]
	for _, id := range e.Owners {
		t.dropHolds(id, hold)
	}
}

func (t *deed) dropHolds(holder, hold int64) int64 {
	var freed int64
	h := t.look(holder)
	if h == nil || !slices.ContainsFunc(h.Holds, func(x Hold) bool { return x.Entry == hold }) {
		return 0
	}
	h = t.touch(holder)
	h.Holds = slices.DeleteFunc(h.Holds, func(x Hold) bool {
		if x.Entry != hold {
			return false
		}
		h.purse(x.Kind).Held -= x.Amount
		freed += x.Amount
		return true
	})
	return freed
}

// spendAll takes points and gift value. What a hold had reserved beyond its time may have expired meanwhile.
func (t *deed) spendAll(s *Sale, at int64, parts []Split) string {
	code := ""
	spend := func(to, holder, kind, qty int64) {
		switch {
		case code != "" || qty == 0:
		case s.Advice:
			if t.overdraw(to, holder, kind, qty, at) > 0 {
				t.flag("offline_overdraft")
			}
		case t.free(holder, kind, at) < qty:
			code = "insufficient_balance"
			if kind == Points {
				code = "insufficient_points"
			}
		default:
			t.take(to, holder, kind, qty, at)
		}
	}
	if s.Primary != nil {
		spend(unitsRedeemed, s.Primary.Owner, Points, s.Burn)
	}
	for i, g := range s.Gifts {
		spend(tillClearing, g.Card, Promo, parts[i].Promo)
		spend(tillClearing, g.Card, Paid, parts[i].Paid)
	}
	return code
}

// loads puts value on the cards that lines give; a new card becomes active.
func (t *deed) loads(s *Sale, at int64, p *Priced) string {
	d, n := t.b.cal.day(at), 0
	for _, g := range s.Gives {
		if code := t.activate(g.Card); code != "" {
			return code
		}
		t.touch(g.Card)
		if g.Pass {
			continue
		}
		k := s.Version.Gifts[g.Product]
		t.give(cashClearing, g.Card, Paid, p.Paid[n], terms{0, k.Paid.through(d), 1_000_000}, true)
		t.give(promoExpense, g.Card, Promo, p.Promo[n], terms{0, k.Promo.through(d), 0}, true)
		t.loaded(g.Card, d, p.Paid[n]+p.Promo[n])
		n++
	}
	for _, g := range s.Gives {
		if !g.Pass {
			continue
		}
		k := s.Version.Passes[g.Product]
		x := terms{}
		if k.Days > 0 {
			x.until = d + k.Days
		}
		t.give(unitsIssued, g.Owner, Visits, k.Visits*g.Qty, x, true)
	}
	return ""
}

func (t *deed) activate(card int64) string {
	h := t.look(card)
	if h == nil || h.Status == "new" || h.Status == "sold" {
		t.own(card).Status = "active"
		return ""
	}
	return usable(h)
}

// useUp counts the uses of vouchers and of rules with a limit.
func (t *deed) useUp(s *Sale, p *Priced) {
	for _, u := range p.Uses {
		t.after = append(t.after, func() {
			if u.Voucher != 0 {
				v := t.b.vouchers[u.Voucher]
				v.Uses++
				v.By, v.Until = 0, 0
			}
			if s.Version.counts(u.Rule) {
				t.b.uses[u.Rule]++
			}
			if u.Voucher != 0 && s.Primary != nil && s.Version.Coupons[u.Rule].PerMember > 0 {
				if t.b.personal[s.Primary.Owner] == nil {
					t.b.personal[s.Primary.Owner] = map[string]int64{}
				}
				t.b.personal[s.Primary.Owner][u.Rule]++
			}
		})
	}
}

// earn awards points, at once or pending until their day (EARN-03).
func (t *deed) earn(s *Sale, at, points int64) {
	if s.Primary == nil || points == 0 {
		return
	}
	d := t.b.cal.day(at)
	k, kind := terms{0, s.Version.Points.through(d), 0}, int64(Points)
	if starts := t.b.cal.start(d+s.Version.Delay) + 10*minute; s.Version.Delay > 0 && starts > t.now {
		kind, k.starts = Pending, starts
	}
	t.give(unitsIssued, s.Primary.Owner, kind, points, k, true)
}

// Reserve decides a quote that holds: it prices as a sale and reserves what that uses (A11).
func (b *Book) Reserve(s Sale, replaces int64, seconds int64) Verdict {
	return b.decide(s.Op, func(t *deed) string {
		s.Hold = replaces
		if s.NoCode {
			return "voucher_expired"
		}
		if code := t.standing(&s); code != "" {
			return code
		}
		parts, code := t.payable(&s, t.now)
		if code != "" {
			return code
		}
		t.entry("HLD", t.now)
		t.stamp()
		t.settleHold(replaces)
		ends := t.now + seconds
		if s.Primary != nil {
			t.hold(s.Primary.Owner, Points, s.Burn, ends)
			t.touch(s.Primary.Owner)
		}
		for i, g := range s.Gifts {
			t.hold(g.Card, Promo, parts[i].Promo, ends)
			t.hold(g.Card, Paid, parts[i].Paid, ends)
		}
		for _, id := range s.Coupons {
			seq := t.e.Seq
			t.after = append(t.after, func() { t.b.vouchers[id].By, t.b.vouchers[id].Until = seq, ends })
		}
		return ""
	})
}

func (t *deed) hold(holder, kind, qty, ends int64) {
	if qty == 0 {
		return
	}
	x := Hold{t.e.Seq, kind, qty, ends, t.now}
	h := t.touch(holder)
	h.Holds = append(h.Holds, x)
	h.purse(kind).Held += qty
	t.e.Opened, t.e.Owners = append(t.e.Opened, x), append(t.e.Owners, holder)
}
