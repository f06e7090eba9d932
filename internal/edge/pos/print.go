package pos

import (
	"crypto/sha256"
	"encoding/binary"

	"lojal/internal/reward"
	"lojal/internal/sale"
)

// fingerprintSize is how much of the hash is kept: 16 bytes (A3).
const fingerprintSize = 16

// seal gives a request its fingerprint. It covers what was understood, without quote, session and verify
// (A3), so that a till may send a newer quote with the same key. Every field is written behind its length
// or as eight bytes, so that no two requests are written alike; a test holds that none is forgotten.
func seal(q *sale.Request, route string) {
	p := make(print, 0, 2048)
	p.text(route)
	p.head(q)
	p.basket(&q.Basket)
	p.wish(&q.Wish)
	p.back(q)
	sum := sha256.Sum256(p)
	q.Fingerprint = append(q.Fingerprint[:0:0], sum[:fingerprintSize]...)
}

// print is the canonical form of a request.
type print []byte

func (p *print) num(n int64) { *p = binary.BigEndian.AppendUint64(*p, uint64(n)) }

func (p *print) text(s string) {
	*p = binary.BigEndian.AppendUint32(*p, uint32(len(s)))
	*p = append(*p, s...)
}

func (p *print) flag(on bool) {
	if on {
		*p = append(*p, 1)
		return
	}
	*p = append(*p, 0)
}

func (p *print) head(q *sale.Request) {
	p.text(q.ID)
	p.text(q.Kind)
	p.text(q.Receipt)
	p.text(q.Order)
	p.text(q.Currency)
	if p.flag(q.Base != nil); q.Base != nil {
		p.num(int64(q.Base.Amount))
		p.text(q.Base.Currency.Code)
	}
	p.num(int64(q.At))
	c := &q.Context
	p.text(c.Outlet)
	p.text(c.Terminal)
	p.text(c.Shift)
	p.text(c.Cashier)
	p.text(c.Receipt)
	p.text(q.Programme)
	p.num(int64(len(q.Presented)))
	for i := range q.Presented {
		p.text(q.Presented[i].Kind)
		p.text(q.Presented[i].Value)
		p.text(q.Presented[i].Entry)
	}
	p.flag(q.Hold)
	p.num(q.HoldSeconds)
	p.flag(q.Offline)
	p.flag(q.Advice)
	if p.flag(q.Final != nil); q.Final != nil {
		p.flag(*q.Final)
	}
	p.text(q.Version)
	p.num(q.TerminalSeq)
	p.text(q.Fiscal)
	p.text(q.Reason)
}

func (p *print) basket(b *reward.Basket) {
	p.text(b.Currency.Code)
	p.text(string(b.Prices))
	p.num(int64(len(b.Lines)))
	for i := range b.Lines {
		l := &b.Lines[i]
		p.num(int64(l.No))
		p.text(l.Type)
		p.text(l.SKU)
		p.text(l.EAN)
		p.text(l.Name)
		p.num(int64(l.Qty))
		p.num(int64(l.UnitPrice))
		p.num(int64(l.Total))
		p.text(l.VAT)
		p.text(l.Group)
		p.text(l.RegClass)
		p.flag(l.Locked)
		p.flag(l.Promo)
		p.text(l.Reward)
		if p.flag(l.Give != nil); l.Give != nil {
			p.text(l.Give.Value)
			p.text(l.Give.Product)
		}
		if p.flag(l.Paid != nil); l.Paid != nil {
			p.num(int64(*l.Paid))
		}
	}
}

func (p *print) wish(w *reward.Wish) {
	p.num(w.Burn.Points)
	p.flag(w.Burn.Max)
	p.num(int64(len(w.Coupons)))
	for i := range w.Coupons {
		p.text(w.Coupons[i].Ref)
		p.flag(w.Coupons[i].Auto)
	}
	p.num(int64(len(w.Rewards)))
	for _, r := range w.Rewards {
		p.text(r)
	}
	p.num(int64(len(w.Gift)))
	for i := range w.Gift {
		g := &w.Gift[i]
		p.text(g.Value)
		p.num(int64(g.Amount))
		p.flag(g.Max)
		p.flag(g.AllowPartial)
	}
	p.num(int64(w.Credit.Amount))
	p.flag(w.Credit.Max)
	p.text(w.Pass)
	p.flag(w.Tenders != nil) // none given is not the same as an empty list
	p.num(int64(len(w.Tenders)))
	for i := range w.Tenders {
		t := &w.Tenders[i]
		p.text(string(t.Kind))
		p.text(t.Value)
		p.num(int64(t.Amount))
		p.num(int64(t.Rounding))
	}
}

// back writes what operations on earlier ones say.
func (p *print) back(q *sale.Request) {
	if p.flag(q.Original != nil); q.Original != nil {
		o := q.Original
		p.text(o.ID)
		p.text(o.RRN)
		p.text(o.Receipt)
		p.text(o.Outlet)
		p.text(o.Terminal)
		p.num(o.TerminalSeq)
		p.num(int64(o.Date))
	}
	p.num(int64(len(q.Lines)))
	for i := range q.Lines {
		p.num(int64(q.Lines[i].No))
		p.num(int64(q.Lines[i].Qty))
		p.num(int64(q.Lines[i].Amount))
	}
	p.flag(q.All)
	p.num(int64(q.Amount))
	p.text(q.Refund)
	p.text(q.Approval)
	p.text(q.Pass)
	p.num(q.Qty)
}
