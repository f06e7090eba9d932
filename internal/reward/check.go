package reward

import (
	"slices"

	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// check refuses what cannot be priced: sizes, signs, amounts that are no multiple of the quantum (R1).
func (c *calculator) check() *fault.Error {
	b, w, f := c.b, c.w, c.f
	switch {
	case len(b.Lines) == 0 || len(b.Lines) > MaxLines:
		return fault.Invalid("lines", "1 to 1000 lines")
	case len(w.Coupons)+len(w.Rewards)+len(w.Gift) > MaxRedeemables:
		return fault.Invalid("wish", "at most 30 coupons, rewards and gift cards")
	case len(w.Tenders) > MaxTenders:
		return fault.Invalid("tenders", "at most 40 tenders")
	case b.Currency.Code != c.v.Currency.Code:
		return fault.New(ErrCurrencyMismatch, "currency", b.Currency.Code, "expected", c.v.Currency.Code)
	case len(f.Coupons) != len(w.Coupons) || len(f.Gifts) != len(w.Gift):
		panic("reward: facts do not belong to the wish")
	case w.Burn.Points < 0 || w.Burn.Points > int64(money.MaxAmount):
		return fault.Invalid("wish.burn_points", "a number from 0")
	}
	for i := range w.Gift {
		if !c.fits(w.Gift[i].Amount) {
			return fault.Invalid("wish.gift", "an amount from 0, a multiple of the quantum")
		}
		if slices.ContainsFunc(w.Gift[:i], func(g GiftWish) bool { return g.Value == w.Gift[i].Value }) {
			return fault.Invalid("wish.gift", "each card once")
		}
	}
	if !c.fits(w.Credit.Amount) {
		return fault.Invalid("wish.credit", "an amount from 0, a multiple of the quantum")
	}
	for i := range w.Tenders {
		if !c.fits(w.Tenders[i].Amount) {
			return fault.Invalid("tenders[].amount", "an amount from 0, a multiple of the quantum")
		}
		if !knownTender(w.Tenders[i].Kind) {
			return fault.Invalid("tenders[].kind", "gift, credit, points, cash, card, transfer, other or unspecified")
		}
	}
	return c.checkLines()
}

func knownTender(k TenderKind) bool {
	switch k {
	case TenderGift, TenderCredit, TenderPoints, TenderCash, TenderCard, TenderTransfer, TenderOther, TenderUnspecified:
		return true
	}
	return false
}

func (c *calculator) fits(a money.Amount) bool {
	return a >= 0 && a <= money.MaxAmount && (c.quantum == 1 || a%c.quantum == 0)
}

func (c *calculator) checkLines() *fault.Error {
	var sum money.Amount
	for i := range c.b.Lines {
		l := &c.b.Lines[i]
		switch {
		case l.No <= 0 || (i > 0 && l.No <= c.b.Lines[i-1].No && c.repeated(i)):
			return fault.Invalid("lines[].no", "a number above 0, each once")
		case l.Qty <= 0 || l.Qty > MaxQty:
			return fault.Invalid("lines[].qty", "a quantity above 0, at most 1000000")
		case l.UnitPrice < 0 || l.UnitPrice > money.MaxAmount:
			return fault.Invalid("lines[].unit_price", "an amount from 0")
		case !c.fits(l.Total):
			return fault.Invalid("lines[].total", "an amount from 0, a multiple of the quantum")
		case l.Paid != nil && !c.fits(*l.Paid):
			return fault.Invalid("lines[].paid", "an amount from 0, a multiple of the quantum")
		case l.Type != "" && l.Type != "goods" && !slices.Contains(programme.LineTypes, l.Type):
			return fault.Invalid("lines[].type", "a line type of the contract")
		case l.Give != nil && l.Type != typeGift && l.Type != typePass:
			return fault.Invalid("lines[].give", "only on gift_card_sale and pass_sale")
		}
		if sum += l.Total; sum > money.MaxAmount {
			return fault.Invalid("lines[].total", "a basket of at most 1000000000000 minor units")
		}
	}
	return nil
}

func (c *calculator) repeated(i int) bool {
	for j := range i {
		if c.b.Lines[j].No == c.b.Lines[i].No {
			return true
		}
	}
	return false
}

// Line types with a rule of their own.
const (
	typeGoods = "goods"
	typeGift  = "gift_card_sale"
	typePass  = "pass_sale"
)

// vatRate reads "21" or "5.5" as basis points; nothing is 0.
func vatRate(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	v, err := money.ParseDecimal(s, 2)
	return v, err == nil && v >= 0 && v <= int64(money.Hundred)
}
