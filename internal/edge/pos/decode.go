package pos

import (
	"strings"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/money"
	"lojal/internal/base/web"
	"lojal/internal/card"
	"lojal/internal/reward"
	"lojal/internal/sale"
)

// body reads one request of the till API. What it finds in the document lands in a Request; whether the
// fields make sense together is the deed's matter.
type body struct {
	*web.Reader
	q   *sale.Request
	err error
}

// decode reads a body for a route and gives the request its fingerprint.
func decode(raw []byte, route string) (*sale.Request, error) {
	q := &sale.Request{}
	b := &body{Reader: web.NewReader(raw), q: q}
	b.document()
	b.End()
	if err := b.Err(); err != nil {
		return nil, err
	}
	if b.err != nil {
		return nil, b.err
	}
	q.Unknown = b.Unknown()
	seal(q, route)
	return q, nil
}

func (b *body) document() {
	q := b.q
	b.Object(func(key string) bool {
		switch key {
		case "id":
			q.ID = b.key()
		case "kind":
			q.Kind = b.word()
		case "session":
			q.Session = b.word()
		case "quote":
			q.Quote = b.word()
		case "receipt":
			q.Receipt = b.text()
		case "order":
			q.Order = b.text()
		case "currency":
			q.Currency = b.word()
		case "base":
			q.Base = b.money()
		case "at":
			q.At = b.instant()
		case "cashier":
			q.Context.Cashier = b.word()
		case "context":
			b.context()
		case "programme":
			q.Programme = b.word()
		case "presented":
			b.presented()
		case "lines":
			b.lines()
		case "wish":
			b.wish()
		case "tenders":
			b.tenders()
		case "verify":
			b.verify()
		default:
			return b.more(key)
		}
		return true
	})
}

// more reads the fields that fewer routes have.
func (b *body) more(key string) bool {
	q := b.q
	switch key {
	case "hold":
		q.Hold = b.Bool()
	case "hold_seconds":
		q.HoldSeconds = b.Int()
	case "offline":
		q.Offline = b.Bool()
	case "rules_version":
		q.Version = b.word()
	case "terminal_seq":
		q.TerminalSeq = b.Int()
	case "fiscal":
		q.Fiscal = b.fiscal()
	case "reason":
		q.Reason = b.word()
	case "original":
		b.original()
	case "all":
		q.All = b.Bool()
	case "final":
		v := b.Bool()
		q.Final = &v
	case "amount":
		q.Amount = money.Amount(b.Int())
	case "qty", "points", "visits":
		q.Qty = b.Int()
	case "refund_tenders":
		q.Refund = b.word()
	case "approval":
		q.Approval = b.word()
	case "pass":
		q.Pass = b.word()
	case "value":
		q.Presented = append(q.Presented, card.Presented{Kind: "scan", Value: b.Str(), Entry: "barcode"})
	default:
		return false
	}
	return true
}

// Limits of single fields.
const (
	maxWord = 200
	maxText = 100
)

func (b *body) word() string {
	s := b.Str()
	if len(s) > maxWord {
		b.Refuse("at most 200 bytes")
	}
	return strings.Clone(s)
}

func (b *body) text() string {
	s := b.Str()
	if len(s) > maxText {
		b.Refuse("at most 100 bytes")
	}
	return strings.Clone(s)
}

func (b *body) key() string {
	s := b.Str()
	if !web.ValidKey(s) {
		b.Refuse("1 to 255 visible ASCII characters")
	}
	return strings.Clone(s)
}

func (b *body) instant() clock.Instant {
	s := b.Str()
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		b.Refuse("a time of RFC 3339 with offset")
		return 0
	}
	return clock.Of(t)
}

func (b *body) day() clock.Day {
	d, err := clock.ParseDay(b.Str())
	if err != nil || d <= 0 {
		b.Refuse("a date YYYY-MM-DD")
	}
	return d
}

func (b *body) money() *money.Value {
	v := &money.Value{}
	b.Object(func(key string) bool {
		switch key {
		case "amount":
			v.Amount = money.Amount(b.Int())
		case "currency":
			c, ok := money.Find(b.Str())
			if !ok {
				b.Refuse("an ISO 4217 code")
			}
			v.Currency = c
		default:
			return false
		}
		return true
	})
	return v
}

func (b *body) context() {
	c := &b.q.Context
	b.Object(func(key string) bool {
		switch key {
		case "outlet":
			c.Outlet = b.text()
		case "terminal":
			c.Terminal = b.text()
		case "shift":
			c.Shift = b.text()
		case "cashier":
			c.Cashier = b.text()
		case "receipt":
			c.Receipt = b.text()
			if b.q.Receipt == "" {
				b.q.Receipt = c.Receipt
			}
		default:
			return false
		}
		return true
	})
}

func (b *body) presented() {
	one := func() {
		p := card.Presented{Kind: "scan", Entry: "barcode"}
		b.Object(func(key string) bool {
			switch key {
			case "kind":
				p.Kind = b.word()
			case "value":
				p.Value = b.word()
			case "entry":
				p.Entry = b.word()
			default:
				return false
			}
			return true
		})
		if p.Kind == "session" {
			b.q.Session = p.Value
			return
		}
		b.q.Presented = append(b.q.Presented, p)
	}
	if b.Kind() == web.Object {
		one()
		return
	}
	b.Array(func(i int) {
		if i >= reward.MaxRedeemables {
			b.Refuse("at most 30 cards")
		}
		one()
	})
}

func (b *body) lines() {
	b.Array(func(i int) {
		if i >= reward.MaxLines {
			b.Refuse("at most 1000 lines")
			return
		}
		l := reward.Line{Qty: reward.Unit}
		var ask reward.AskLine
		b.Object(func(key string) bool { return b.lineField(&l, &ask, key) })
		if ask.No != 0 {
			b.q.Lines = append(b.q.Lines, ask)
			return
		}
		b.q.Basket.Lines = append(b.q.Basket.Lines, l)
	})
}

func (b *body) lineField(l *reward.Line, ask *reward.AskLine, key string) bool {
	switch key {
	case "no":
		l.No = int(b.Int())
	case "type":
		l.Type = b.text()
	case "sku":
		l.SKU = b.text()
	case "ean":
		l.EAN = b.text()
	case "name":
		l.Name = b.word()
	case "qty":
		l.Qty = b.qty()
		ask.Qty = l.Qty
	case "unit_price":
		l.UnitPrice = money.Amount(b.Int())
	case "total":
		l.Total = money.Amount(b.Int())
	case "vat":
		l.VAT = b.text()
	case "group":
		l.Group = b.text()
	case "reg_class":
		if !b.Null() {
			l.RegClass = b.text()
		}
	case "locked":
		l.Locked = b.Bool()
	case "promo":
		l.Promo = b.Bool()
	case "reward":
		l.Reward = b.text()
	case "give":
		l.Give = b.give()
	case "paid":
		v := money.Amount(b.Int())
		l.Paid = &v
	case "original_no":
		ask.No = int(b.Int())
	case "amount":
		ask.Amount = money.Amount(b.Int())
	default:
		return false
	}
	return true
}

func (b *body) qty() reward.Qty {
	var q reward.Qty
	if err := q.UnmarshalText([]byte(b.Str())); err != nil {
		b.Refuse("a decimal number with at most three places, as a string")
	}
	return q
}

func (b *body) give() *reward.Give {
	g := &reward.Give{}
	b.Object(func(key string) bool {
		switch key {
		case "value":
			g.Value = b.text()
		case "product":
			g.Product = b.text()
		default:
			return false
		}
		return true
	})
	return g
}

func (b *body) original() {
	o := &sale.Original{}
	b.q.Original = o
	b.Object(func(key string) bool {
		switch key {
		case "id":
			o.ID = b.key()
		case "rrn":
			o.RRN = b.text()
		case "receipt":
			o.Receipt = b.text()
		case "outlet":
			o.Outlet = b.text()
		case "terminal":
			o.Terminal = b.text()
		case "terminal_seq":
			o.TerminalSeq = b.Int()
		case "date":
			o.Date = b.day()
		default:
			return false
		}
		return true
	})
}

func (b *body) verify() {
	v := &sale.Verify{}
	b.q.Verify = v
	b.Object(func(key string) bool {
		switch key {
		case "method":
			v.Method = b.text()
		case "challenge":
			v.Challenge = b.word()
		case "code":
			v.Code = b.word()
		default:
			return false
		}
		return true
	})
}

// fiscal keeps the fiscal device's own record as it was sent, within a limit.
func (b *body) fiscal() string {
	raw := b.Raw()
	if len(raw) > 2000 {
		b.Refuse("at most 2000 bytes")
	}
	return string(raw)
}
