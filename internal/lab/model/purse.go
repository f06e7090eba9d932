package model

import "slices"

// Purse operations: what is done on one card outside a sale.
type Deed struct {
	Op
	Do      string // load, cashout, redeem, visit, transfer, adjust
	Party   Party
	Other   Party // of a transfer
	Product string
	Amount  int64
	Kind    int64 // of an adjustment
	Version *Rules
}

// Act decides a purse operation.
func (b *Book) Act(x Deed) Verdict {
	return b.decide(x.Op, func(t *deed) string {
		at, late := t.now, ""
		if x.Advice && x.Till != 0 {
			window := others
			if x.Do == "cashout" || x.Do == "redeem" {
				window = spends
			}
			at, late = clamp(x.Till, t.now, window)
		}
		kinds := map[string]string{"load": "LOD", "cashout": "CSO", "redeem": "RED", "visit": "VIS", "transfer": "TRF", "adjust": "ADJ"}
		t.entry(kinds[x.Do], at)
		if late != "" {
			t.flag(late)
		}
		if x.Offline {
			t.flag("offline")
		}
		t.stamp()
		if code := usable(t.look(x.Party.Card)); code != "" && !(x.Advice && (x.Do == "visit" || x.Do == "redeem")) && x.Do != "transfer" {
			return code
		}
		code := t.purse(&x, at)
		t.touch(x.Party.Owner)
		return code
	})
}

func (t *deed) purse(x *Deed, at int64) string {
	switch x.Do {
	case "load":
		return t.load(x, at)
	case "cashout":
		return t.cashOut(x, at)
	case "redeem":
		return t.redeem(x, at)
	case "visit":
		if t.free(x.Party.Owner, Visits, at) < x.Amount {
			return "pass_used_up"
		}
		t.take(unitsRedeemed, x.Party.Owner, Visits, x.Amount, at)
	case "transfer":
		return t.handOn(x, at)
	case "adjust":
		return t.adjust(x, at)
	}
	return ""
}

func (t *deed) load(x *Deed, at int64) string {
	k, d := x.Version.Gifts[x.Product], t.b.cal.day(at)
	promo := k.bonus(x.Amount)
	h := t.look(x.Party.Card)
	if k.MaxBalance > 0 && h.Purse(Paid).Posted+h.Purse(Promo).Posted+x.Amount+promo > k.MaxBalance {
		return "limit_max_balance"
	}
	if k.MaxDay > 0 && t.loadedOn(h, d)+x.Amount+promo > k.MaxDay {
		return "limit_max_load"
	}
	t.give(cashClearing, x.Party.Card, Paid, x.Amount, terms{0, k.Paid.through(d), 1_000_000}, true)
	t.give(promoExpense, x.Party.Card, Promo, promo, terms{0, k.Promo.through(d), 0}, true)
	t.loaded(x.Party.Card, d, x.Amount+promo)
	return ""
}

func (t *deed) cashOut(x *Deed, at int64) string {
	paid := t.free(x.Party.Card, Paid, at)
	if x.Amount > paid {
		return "insufficient_balance"
	}
	if x.Amount > 0 {
		paid = x.Amount
	}
	t.take(cashClearing, x.Party.Card, Paid, paid, at)
	k := x.Version.Gifts[x.Product]
	if !k.KeepsPromo {
		t.take(promoExpense, x.Party.Card, Promo, t.free(x.Party.Card, Promo, at), at)
	}
	if h := t.look(x.Party.Card); k.Closes && h.Purse(Paid).Posted == 0 && h.Purse(Promo).Posted == 0 {
		t.own(x.Party.Card).Status = "closed"
	}
	return ""
}

func (t *deed) redeem(x *Deed, at int64) string {
	kinds := []int64{Promo, Paid}
	if x.Version.PaidFirst {
		slices.Reverse(kinds)
	}
	if t.free(x.Party.Card, Paid, at)+t.free(x.Party.Card, Promo, at) < x.Amount {
		return "insufficient_balance"
	}
	left := x.Amount
	for _, k := range kinds {
		part := min(left, t.free(x.Party.Card, k, at))
		t.take(tillClearing, x.Party.Card, k, part, at)
		left -= part
	}
	return ""
}

func (t *deed) handOn(x *Deed, at int64) string {
	if !x.Version.Transfers {
		return "not_transferable"
	}
	for _, p := range []Party{x.Party, x.Other} {
		if code := usable(t.look(p.Card)); code != "" {
			return code
		}
	}
	if t.free(x.Party.Owner, Points, at) < x.Amount {
		return "insufficient_points"
	}
	t.move(x.Party.Owner, x.Other.Owner, Points, x.Amount, func(l Lot) bool { return t.b.usable(l, at) })
	t.touch(x.Other.Owner)
	return ""
}

func (t *deed) adjust(x *Deed, at int64) string {
	holder, cost := x.Party.Owner, int64(0)
	if x.Kind == Paid || x.Kind == Promo {
		holder = x.Party.Card
	}
	if x.Kind == Paid || x.Kind == Credit {
		cost = 1_000_000
	}
	if x.Amount > 0 {
		t.give(adjustment, holder, x.Kind, x.Amount, terms{cost: cost}, false)
		return ""
	}
	if t.free(holder, x.Kind, at) < -x.Amount {
		if x.Kind == Points {
			return "insufficient_points"
		}
		return "insufficient_balance"
	}
	t.take(adjustment, holder, x.Kind, -x.Amount, at)
	return ""
}
