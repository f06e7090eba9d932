package pos

import (
	"lojal/internal/base/money"
	"lojal/internal/base/web"
	"lojal/internal/reward"
)

func (b *body) wish() {
	w := &b.q.Wish
	b.Object(func(key string) bool {
		switch key {
		case "burn_points":
			if b.max() {
				w.Burn.Max = true
			} else {
				w.Burn.Points = b.Int()
			}
		case "credit":
			if b.max() {
				w.Credit.Max = true
			} else {
				w.Credit.Amount = money.Amount(b.Int())
			}
		case "coupons":
			b.Array(func(i int) {
				if i >= reward.MaxRedeemables {
					b.Refuse("at most 30 coupons")
				}
				w.Coupons = append(w.Coupons, reward.CouponWish{Ref: b.text()})
			})
		case "rewards":
			b.Array(func(i int) {
				if i >= reward.MaxRedeemables {
					b.Refuse("at most 30 rewards")
				}
				w.Rewards = append(w.Rewards, b.text())
			})
		case "gift":
			b.Array(b.gift)
		case "pass":
			w.Pass = b.text()
		default:
			return false
		}
		return true
	})
}

// max consumes "max" when it is next; anything else is left, and a wrong text is refused as a number.
func (b *body) max() bool {
	if b.Kind() != web.String {
		return false
	}
	if b.Str() != "max" {
		b.Refuse(`a whole number or "max"`)
	}
	return true
}

func (b *body) gift(i int) {
	if i >= reward.MaxRedeemables {
		b.Refuse("at most 30 gift cards")
	}
	g := reward.GiftWish{}
	b.Object(func(key string) bool {
		switch key {
		case "value":
			g.Value = b.text()
		case "amount":
			if b.max() {
				g.Max = true
			} else {
				g.Amount = money.Amount(b.Int())
			}
		case "allow_partial":
			g.AllowPartial = b.Bool()
		default:
			return false
		}
		return true
	})
	b.q.Wish.Gift = append(b.q.Wish.Gift, g)
}

func (b *body) tenders() {
	b.q.Wish.Tenders = []reward.Tender{}
	b.Array(func(i int) {
		if i >= reward.MaxTenders {
			b.Refuse("at most 40 tenders")
		}
		t := reward.Tender{}
		b.Object(func(key string) bool {
			switch key {
			case "kind":
				t.Kind = reward.TenderKind(b.text())
			case "value":
				t.Value = b.text()
			case "amount":
				t.Amount = money.Amount(b.Int())
			case "rounding":
				t.Rounding = money.Amount(b.Int())
			default:
				return false
			}
			return true
		})
		b.q.Wish.Tenders = append(b.q.Wish.Tenders, t)
	})
}
