package sale

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/coupon"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

// maxSkew is how far a till's clock may be from the server's while it is online (OFF-10).
const maxSkew = 10 * clock.Minute

// order resolves a request: who, where, under which programme and version, which cards and vouchers.
func (r *Room) order(ctx context.Context, p Place, q *Request) (*commit, error) {
	if err := skewed(p, q, r.clock.Now()); err != nil {
		return nil, err
	}
	shelf, err := r.book.Shelf(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	o := &Order{Place: p, Config: shelf.Config, Basket: q.Basket, Wish: q.Wish, Offline: q.Offline, Advice: q.Advice}
	o.Op = r.operation(p, q, ledger.SAL)
	o.Note = Note{Fiscal: q.Fiscal, Unknown: q.Unknown, Order: q.Order, Cashier: q.Context.Cashier}
	if err := r.who(ctx, o, q, shelf); err != nil {
		return nil, err
	}
	if err := r.which(ctx, o, q); err != nil {
		return nil, err
	}
	if err := o.currency(q); err != nil {
		return nil, err
	}
	if err := r.redeemables(ctx, o, shelf); err != nil {
		return nil, err
	}
	if err := r.prove(ctx, o, q); err != nil {
		return nil, err
	}
	return &commit{room: r, Order: o}, nil
}

func skewed(p Place, q *Request, now clock.Instant) error {
	if q.At == 0 || q.Advice || p.Loose {
		return nil
	}
	if q.At > now+maxSkew || q.At < now-maxSkew {
		return fault.New(ErrClockSkew, "server_time", now.String())
	}
	return nil
}

// operation gives what the lane must know of a request.
func (r *Room) operation(p Place, q *Request, kind ledger.Op) ledger.Operation {
	op := ledger.Operation{
		Tenant: p.Tenant, Client: p.Client, Key: q.ID, Fingerprint: q.Fingerprint, Kind: kind, Advice: q.Advice,
		Origin: ledger.Origin{
			Outlet: p.Outlet, Terminal: p.Terminal, TerminalSeq: q.TerminalSeq, Actor: q.Context.Cashier, Receipt: q.Receipt, TillAt: q.At,
		},
	}
	if q.Order != "" && p.Terminal == 0 {
		op.Receipt = "order:" + q.Order
	}
	return op
}

// who finds the primary card and its programme (A20).
func (r *Room) who(ctx context.Context, o *Order, q *Request, shelf *programme.Shelf) error {
	var primary *Party
	var named []string
	if q.Session != "" {
		s, err := r.readSession(ctx, o.Tenant, q.Session)
		if err != nil {
			return err
		}
		if s.Terminal != o.Terminal {
			return fault.Invalid("session", "a session of this terminal")
		}
		f, err := r.cards.ByID(ctx, o.Tenant, s.Card)
		if err != nil {
			return err
		}
		primary, named = party(f), memberships(f)
		o.Note.Entry = s.Entry
	}
	for _, one := range q.Presented {
		if primary != nil {
			break
		}
		f, err := r.cards.Find(ctx, o.Tenant, one)
		if err != nil {
			return err
		}
		primary, named = party(f), memberships(f)
		o.Note.Entry = one.Entry
		o.shown = one
	}
	p, err := choose(shelf, named, q.Programme, o.Merchant)
	if err != nil {
		return err
	}
	o.Programme = p
	if primary == nil {
		return nil
	}
	primary.Programme = p
	primary.Membership = primary.facts.In(p.ID)
	o.Primary = primary
	return nil
}

func party(f *card.Facts) *Party {
	return &Party{Card: f.Card, Membership: f.Membership, Product: f.Product, Masked: f.Masked(), Links: f.Links, facts: f}
}

func memberships(f *card.Facts) []string {
	out := []string{f.Programme}
	for _, m := range f.Memberships {
		if m.Programme != f.Programme {
			out = append(out, m.Programme)
		}
	}
	return out
}

// choose gives the programme of a sale: the one the till names, else the one that the outlet's merchant
// issues, else the first accepted one by id. A card whose programmes are not taken here is refused.
func choose(shelf *programme.Shelf, of []string, named string, merchant int64) (*programme.Programme, error) {
	var first *programme.Programme
	for _, p := range shelf.Programmes {
		if of != nil && !has(of, p.ID) || !p.AcceptedBy(merchant) {
			continue
		}
		if named != "" {
			if p.ID == named {
				return p, nil
			}
			continue
		}
		if p.Issuer == merchant && p.Issuer != 0 {
			return p, nil
		}
		if first == nil {
			first = p
		}
	}
	if first == nil {
		return nil, fault.New(ErrNotAccepted)
	}
	return first, nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// which finds the version: that of the quote, that of an advice, or the one in force.
func (r *Room) which(ctx context.Context, o *Order, q *Request) error {
	now := r.clock.Now()
	at := now
	if o.Advice && q.At != 0 {
		at, _ = clamp(q.At, now, otherWindow)
	}
	o.Version = o.Programme.At(at)
	if o.Advice && q.Version != "" {
		if v := o.Programme.Version(q.Version); v != nil {
			o.Version = v
		}
	}
	if q.Quote == "" {
		return nil
	}
	keys, err := r.keys.Of(ctx, o.Tenant)
	if err != nil {
		return err
	}
	t, err := readToken(keys.Derive("quote"), q.Quote)
	if err != nil {
		return err
	}
	if t.Programme != o.Programme.ID || t.N < 1 || t.N > int64(len(o.Programme.Versions)) {
		return fault.Invalid("quote", "a quote of this card's programme")
	}
	t.Lapsed = now >= t.Until
	if !t.Lapsed {
		o.Version = o.Programme.Versions[t.N-1]
	}
	o.Token = &t
	if t.Hold == 0 {
		return nil
	}
	return r.d.Read(ctx, o.Tenant, func(tx db.Tx) error {
		o.Hold, err = ledger.ReadEntry(ctx, tx, t.Hold)
		return err
	})
}

// currency judges the document's currency. An order in another one is booked at its base amount (E1, T100).
func (o *Order) currency(q *Request) error {
	c, ok := money.Find(q.Currency)
	if !ok {
		return fault.Invalid("currency", "an ISO 4217 code")
	}
	o.Basket.Currency = c
	if q.Base == nil || c.Code == o.Version.Currency.Code {
		return nil
	}
	if q.Base.Currency.Code != o.Version.Currency.Code {
		return fault.New(ErrCurrencyMismatch, "currency", q.Base.Currency.Code, "expected", o.Version.Currency.Code)
	}
	o.Note.BaseFrom = c.Code
	o.Basket.Currency = q.Base.Currency
	o.Basket.Lines = []reward.Line{{No: 1, Type: "goods", Qty: reward.Unit, UnitPrice: q.Base.Amount, Total: q.Base.Amount}}
	return nil
}

// redeemables finds the cards and vouchers of the wish and of the lines. Numbers and codes are replaced by
// references on the way: none of them is ever stored.
func (r *Room) redeemables(ctx context.Context, o *Order, shelf *programme.Shelf) error {
	refs := map[string]string{}
	find := func(value string) (*Party, error) {
		f, err := r.cards.Find(ctx, o.Tenant, card.Presented{Kind: "scan", Value: value, Entry: "barcode"})
		if err != nil {
			return nil, err
		}
		p := party(f)
		p.Programme = shelf.Find(f.Programme)
		if p.Programme == nil || !p.Programme.AcceptedBy(o.Merchant) {
			return nil, fault.New(ErrNotAccepted)
		}
		refs[value] = cardRef(p.Card)
		return p, nil
	}
	gifts := make([]reward.GiftWish, len(o.Wish.Gift))
	for i, g := range o.Wish.Gift {
		p, err := find(g.Value)
		if err != nil {
			return err
		}
		g.Value = cardRef(p.Card)
		gifts[i] = g
		o.Gifts = append(o.Gifts, *p)
	}
	o.Wish.Gift = gifts
	lines := append([]reward.Line(nil), o.Basket.Lines...)
	for i := range lines {
		if lines[i].Give == nil {
			continue
		}
		p, err := find(lines[i].Give.Value)
		if err != nil {
			return err
		}
		product := lines[i].Give.Product
		if product == "" {
			product = p.Product
		}
		lines[i].Give = &reward.Give{Value: cardRef(p.Card), Product: product}
		o.Gives = append(o.Gives, *p)
	}
	o.Basket.Lines = lines
	tenders := append([]reward.Tender(nil), o.Wish.Tenders...)
	for i := range tenders {
		if ref, ok := refs[tenders[i].Value]; ok {
			tenders[i].Value = ref
		}
	}
	if o.Wish.Tenders != nil {
		o.Wish.Tenders = tenders
	}
	return r.vouchersOf(ctx, o)
}

func (r *Room) vouchersOf(ctx context.Context, o *Order) error {
	if len(o.Wish.Coupons) == 0 {
		return nil
	}
	keys, err := r.keys.Of(ctx, o.Tenant)
	if err != nil {
		return err
	}
	wishes := append([]reward.CouponWish(nil), o.Wish.Coupons...)
	return r.d.Read(ctx, o.Tenant, func(tx db.Tx) error {
		o.Vouchers = o.Vouchers[:0]
		for i := range wishes {
			id, err := coupon.Find(ctx, tx, keys.Derive("coupon"), wishes[i].Ref)
			if err != nil {
				return err
			}
			wishes[i].Ref = coupon.ID(id).String()
			o.Vouchers = append(o.Vouchers, id)
		}
		o.Wish.Coupons = wishes
		return nil
	})
}
