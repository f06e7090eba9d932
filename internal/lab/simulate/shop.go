package simulate

import (
	"fmt"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/once"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/internal/sale"

	"lojal/internal/lab/model"
)

const (
	programmeID = "club"
	closesHours = 3 // the outlets' day closes at three in the morning
	tillCount   = 6
	outletCount = 3
)

// zone is the shop's zone; the server knows only UTC.
var zone = func() *time.Location {
	z, err := time.LoadLocation("Europe/Riga")
	if err != nil {
		panic(err)
	}
	return z
}()

// till is a terminal with the people at it.
type till struct {
	place  sale.Place
	outlet string // its code
	code   string // the terminal's own name
	seq    int64  // of its next operation
	key    int64  // of its next operation: every till counts for itself, as clients do
	last   *op
}

// openShop makes the tenant with its merchant, outlets, tills and first rules.
func (s *sim) openShop() error {
	w, by := s.w, merchant.By{Actor: "simulate"}
	var tenant merchant.TenantID
	_, err := w.house.CreateTenant(ctx, by, once.Call{Now: w.clock.Now()}, merchant.NewTenant{Slug: "shop", Name: "Shop", Zone: zone.String(), Currency: "EUR", Profile: string(merchant.None), Language: "lv"},
		func(_ db.Tx, t merchant.Tenant) (int, []byte, error) {
			tenant = t.ID
			return 200, nil, nil
		})
	if err != nil {
		return fmt.Errorf("make the tenant: %w", err)
	}
	s.tenant = int64(tenant)
	if w.keys, err = w.ring.Of(ctx, s.tenant); err != nil {
		return err
	}
	err = w.house.Write(ctx, tenant, func(tx db.Tx) error {
		s.tills = nil
		m, err := w.house.CreateMerchant(ctx, tx, by, merchant.NewMerchant{Name: "Merchant"})
		if err != nil {
			return err
		}
		for i := range outletCount {
			o, err := w.house.CreateOutlet(ctx, tx, by, merchant.NewOutlet{
				Merchant: m.ID, Code: fmt.Sprintf("%03d", i+1), Name: "Outlet", Zone: zone.String(), Currency: "EUR", DayClosesAt: fmt.Sprintf("%02d:00", closesHours),
			})
			if err != nil {
				return err
			}
			for k := range tillCount / outletCount {
				t, err := w.house.CreateTerminal(ctx, tx, by, merchant.NewTerminal{Outlet: o.ID, TID: fmt.Sprintf("2000%04d", 10*i+k), Kind: "pos"})
				if err != nil {
					return err
				}
				s.tills = append(s.tills, &till{outlet: o.Code, code: t.TID, place: sale.Place{
					Tenant: s.tenant, Client: int64(t.ID), Merchant: int64(m.ID), Outlet: int64(o.ID), OutletCode: o.Code, Terminal: int64(t.ID),
					Zone: zone, ClosesAt: closesHours * time.Hour,
				}})
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make the outlets: %w", err)
	}
	s.merchant = s.tills[0].place.Merchant
	return s.publish()
}

// publish makes the next version of the rules, drawn from the seed, in force at once or soon.
func (s *sim) publish() error {
	s.version++
	from := max(s.w.clock.Now(), s.lastFrom+1)
	if s.version > 1 && s.chance(30) {
		from += clock.Instant(s.between(1, 48)) * clock.Hour
	}
	s.lastFrom = from
	text, rules := s.drawRules()
	rules.From = int64(from)
	d, problems := programme.Parse([]byte(text))
	if len(problems) > 0 {
		return fmt.Errorf("the rules of version %d: %v\n%s", s.version, problems, text)
	}
	err := s.w.d.Write(ctx, s.tenant, func(tx db.Tx) error {
		_, err := programme.Publish(ctx, tx, d, s.merchant, from, s.w.clock.Now(), "simulate")
		return err
	})
	if err != nil {
		return fmt.Errorf("publish version %d: %w", s.version, err)
	}
	if s.version == 1 {
		shelf, err := s.w.book.Shelf(ctx, s.tenant)
		if err != nil {
			return err
		}
		p := shelf.Find(programmeID)
		s.points, s.visits = p.Points, p.Visits
		s.m = model.New(model.Setting{Zone: zone, Money: euro, Points: int64(p.Points), Visits: int64(p.Visits), ClosesHours: closesHours})
	}
	s.m.Publish(rules)
	return nil
}

const euro = 978

// drawRules writes a version of the programme, and says to the model what of it touches value.
func (s *sim) drawRules() (string, model.Rules) {
	pick := func(words ...string) string { return words[s.below(len(words))] }
	r := model.Rules{
		Points: model.Lasts{Days: []int64{2, 3, 5, 40, 200}[s.below(5)]}, Delay: []int64{0, 0, 1, 2}[s.below(4)], Grace: s.between(0, 3),
		HoldTTL: int64(15 * clock.Minute), Transfers: !s.chance(20), PaidFirst: s.chance(40), Strict: s.chance(40), Prevent: s.chance(20),
		Gifts: map[string]model.Gift{}, Passes: map[string]model.Pass{}, Coupons: map[string]model.Coupon{}, Budgets: map[string]int64{},
	}
	if s.chance(30) {
		r.DebtLimit = s.between(5, 50)
	}
	onOff := map[bool]string{true: "on", false: "off"}
	text := fmt.Sprintf("id: %s\nname: Club\nzone: %s\ncurrency: EUR\nearn_rate: %s\npoints_value: 0.01\n", programmeID, zone, pick("1/1.00", "2/1.00", "1/0.50", "3/2.00")) +
		fmt.Sprintf("expiry: {kind: lot, n: %d, unit: days}\nactivation_delay_days: %d\nrestore_grace_days: %d\n", r.Points.Days, r.Delay, r.Grace) +
		fmt.Sprintf("transferable: %s\nbucket_order: %s\nrestore: %s\nclawback: %s\ndebt_limit: %d\nhold_ttl: 15m\ncard_percent: %s\n",
			onOff[r.Transfers], map[bool]string{true: "paid_first", false: "promo_first"}[r.PaidFirst], map[bool]string{true: "strict", false: "grace"}[r.Strict],
			map[bool]string{true: "prevent", false: "allow"}[r.Prevent], r.DebtLimit, pick("0", "0", "3", "7"))
	text += fmt.Sprintf("earn_rounding: %s\n", pick("floor", "half_up"))

	lucky := fmt.Sprintf("lucky_%d", s.version)
	r.Budgets[lucky] = s.between(5, 60)
	text += fmt.Sprintf("offers:\n  - {id: coffee, kind: percent_line, percent: %s, groups: [coffee]}\n", pick("10", "15", "25"))
	text += fmt.Sprintf("  - {id: tea, kind: fixed_line, amount: 0.%s, groups: [tea]}\n", pick("10", "35"))
	text += fmt.Sprintf("  - {id: %s, kind: fixed_basket, amount: 0.50, groups: [lucky], budget: {count: %d}}\n", lucky, r.Budgets[lucky])
	text += fmt.Sprintf("  - {id: bonus, kind: bonus_points, points: %s, groups: [bakery]}\n", pick("3", "10"))
	most := 20 * int64(s.version)
	text += fmt.Sprintf("coupons:\n  - {id: ten, kind: percent_basket, percent: 10}\n  - {id: capped, kind: fixed_basket, amount: 0.40, uses_per_coupon: 0, global_cap: %d}\n  - {id: own, kind: fixed_basket, amount: 0.30, uses_per_coupon: 0, uses_per_member: 2}\n", most)
	r.Coupons["ten"], r.Coupons["capped"], r.Coupons["own"] = model.Coupon{}, model.Coupon{Cap: most}, model.Coupon{PerMember: 2}

	gift := model.Gift{Paid: model.Lasts{Months: s.between(0, 2)}, Promo: model.Lasts{Days: s.between(1, 4)}, Bonus: []model.Bonus{{Load: 5000, Get: 500}, {Load: 9000, Get: 1200}}, Closes: s.chance(50)}
	capped := model.Gift{MaxBalance: 15000, MaxDay: 12000, KeepsPromo: true}
	r.Gifts["gift"], r.Gifts["capped"] = gift, capped
	paid := ""
	if gift.Paid.Months > 0 {
		paid = fmt.Sprintf("expiry: {kind: lot, n: %d, unit: months}, ", gift.Paid.Months)
	}
	text += fmt.Sprintf("gift:\n  - {id: gift, %spromo_expiry: {kind: lot, n: %d, unit: days}, promo: [{load: 50.00, get: 5.00}, {load: 90.00, get: 12.00}], refund_closes: %s}\n", paid, gift.Promo.Days, onOff[gift.Closes])
	text += "  - {id: capped, max_balance: 150.00, max_load_per_day: 120.00, refund_promo: keep, refund_closes: off}\n"

	pass := model.Pass{Visits: s.between(2, 12), Days: s.between(2, 30)}
	r.Passes["swim"] = pass
	text += fmt.Sprintf("passes:\n  - {id: swim, visits: %d, days: %d}\n", pass.Visits, pass.Days)
	return text, r
}

// member is the command that opens a membership: the person behind it is nobody's matter here.
type member struct {
	op ledger.Operation
	id int64
}

func (c member) Op() ledger.Operation { return c.op }

func (c member) Need(n *ledger.Needs) { n.Holder(c.id) }

func (c member) Decide(v *ledger.View) error {
	v.Create(c.id, ledger.OwnerMembership, ledger.Active)
	d := v.Begin(ledger.ISS)
	d.BusinessDate = clock.BusinessDay(v.Now(), zone, closesHours*time.Hour)
	d.ValueDate = d.BusinessDate
	d.Touch(c.id)
	return nil
}
