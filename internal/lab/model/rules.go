package model

import "time"

// Rules are the settings of one programme version, as far as value depends on them.
type Rules struct {
	From      int64 // effective from, an instant
	Points    Lasts // of points
	Delay     int64 // days until points become active
	Grace     int64 // days that restored value lasts at least
	Strict    bool  // restored value keeps its own date
	Prevent   bool  // what cannot be clawed back is forgiven
	DebtLimit int64 // the most that a claw-back may leave as debt, 0 for no limit
	PaidFirst bool  // gift cards spend paid before promo value
	HoldTTL   int64 // of a quote's hold
	Transfers bool  // points may be handed on
	Gifts     map[string]Gift
	Passes    map[string]Pass
	Coupons   map[string]Coupon
	Budgets   map[string]int64 // uses that an offer may have in all
}

// Lasts says how long value is valid; zero for ever.
type Lasts struct{ Days, Months int64 }

func (l Lasts) through(d int64) int64 {
	switch {
	case l.Days > 0:
		return d + l.Days
	case l.Months > 0:
		return months(d, l.Months)
	}
	return 0
}

// Gift is a kind of gift card.
type Gift struct {
	Paid, Promo        Lasts
	MaxBalance, MaxDay int64
	Bonus              []Bonus // in ascending order of Load
	KeepsPromo, Closes bool    // on cash-out
}

// Bonus is the promo value that a load gives.
type Bonus struct{ Load, Get int64 }

func (g Gift) bonus(load int64) int64 {
	var best int64
	for _, b := range g.Bonus {
		if load >= b.Load {
			best = max(best, b.Get)
		}
	}
	return best
}

// Pass is a kind of pass.
type Pass struct{ Visits, Days int64 }

// Coupon is a voucher definition with its limits; zero for none.
type Coupon struct{ Cap, PerMember int64 }

// Setting is what never changes while a shop runs.
type Setting struct {
	Zone                  *time.Location
	Money, Points, Visits int64 // units
	ClosesHours           int64 // after midnight
}

// At gives the version in force.
func (b *Book) At(instant int64) *Rules {
	r := b.rules[0]
	for _, next := range b.rules[1:] {
		if next.From <= instant {
			r = next
		}
	}
	return r
}
