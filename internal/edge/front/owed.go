package front

import (
	"context"
	"sync"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/programme"
)

var sumBalances = db.SQL("front.sum_balances", `
	SELECT b.kind, b.unit, SUM(b.posted)
	  FROM balance b
	 WHERE b.tenant_id = $1
	 GROUP BY b.kind, b.unit
	 ORDER BY b.kind, b.unit`)

// owed is one thing that a tenant owes its customers.
type owed struct {
	key       string // of its name
	amount    int64
	currency  money.Currency // none for what is counted
	worth     money.Value    // of points, at what they are worth now; no currency for none
	programme string         // whose unit it is
}

// owedKinds are the kinds of value in the order of the page.
var owedKinds = []struct {
	key  string
	kind ledger.Kind
}{
	{"front.owed_gift", ledger.Paid}, {"front.owed_promo", ledger.Promo}, {"front.owed_credit", ledger.Credit},
	{"front.owed_points", ledger.Points}, {"front.owed_pending", ledger.Pending}, {"front.owed_visits", ledger.Visits},
}

type purse struct {
	kind ledger.Kind
	unit ledger.Unit
}

// owedFor is how long sums are kept: the view reads every holder of the tenant.
const owedFor = 30 * time.Second

// ledgerSums keeps the sums of the tenants that were looked at.
type ledgerSums struct {
	d    *db.DB
	book *programme.Book
	now  clock.Clock

	mu sync.Mutex
	by map[int64]sums
}

type sums struct {
	read time.Duration
	list []owed
}

// of gives what a tenant owes its customers, as it stood at most half a minute ago. What customers owe is
// no negative liability: it is left out.
func (x *ledgerSums) of(ctx context.Context, tenant int64) ([]owed, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if known, ok := x.by[tenant]; ok && clock.Mono()-known.read < owedFor {
		return known.list, nil
	}
	shelf, err := x.book.Shelf(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var order []purse
	total := map[purse]int64{}
	err = x.d.Read(ctx, tenant, func(tx db.Tx) error {
		order, total = nil, map[purse]int64{}
		return tx.Each(ctx, sumBalances, db.Args(tenant), func(scan func(...any) error) error {
			var p purse
			var sum int64
			err := scan(&p.kind, &p.unit, &sum)
			order = append(order, p)
			total[p] = sum
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	var list []owed
	for _, k := range owedKinds {
		for _, p := range order {
			if p.kind == k.kind && total[p] != 0 {
				list = append(list, describe(shelf, k.key, p, total[p], x.now.Now()))
			}
		}
	}
	if len(x.by) >= maxDiaries {
		clear(x.by)
	}
	x.by[tenant] = sums{clock.Mono(), list}
	return list, nil
}

// describe finds out what a unit is: money, or the points or visits of a programme.
func describe(shelf *programme.Shelf, key string, p purse, amount int64, now clock.Instant) owed {
	o := owed{key: key, amount: amount}
	if p.unit < ledger.FirstAsset {
		o.currency, _ = money.FindNum(int32(p.unit))
		return o
	}
	for _, one := range shelf.Programmes {
		if one.Points != p.unit && one.Visits != p.unit || len(one.Versions) == 0 {
			continue
		}
		v := one.At(now)
		o.programme = one.ID
		if one.Points == p.unit {
			if worth, ok := v.PointWorth.Of(amount, money.Floor); ok {
				o.worth = v.Currency.Of(money.Amount(worth))
			}
		}
	}
	return o
}
