package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"lojal/internal/base/clock"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/ledger"
)

// BenchmarkLane books an earn, a burn and a gift payment in one entry, 64 callers at a time.
func BenchmarkLane(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			s := open(b, dbtest.Open(b, url(b)))
			const members = 5000
			ctx := context.Background()
			fill(b, s, members)
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			var wg sync.WaitGroup
			for range 64 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if r := s.Do(ctx, purchase(fmt.Sprint("p", i), i%members+1)); r.Err != nil {
							b.Error(r.Err)
							return
						}
					}
				}()
			}
			wg.Wait()
		})
	}
}

func fill(b *testing.B, s *shop, members int64) {
	var wg sync.WaitGroup
	for i := range members {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				r := s.Do(context.Background(), give(fmt.Sprint("f", i), i+1, 1_000_000, 0))
				if r.Err == nil {
					return
				}
			}
		}()
	}
	wg.Wait()
	b.Helper()
}

func purchase(key string, holder int64) deed {
	until := clock.Date(2027, 1, 31)
	doc := `{"k":"sale","b":{"currency":"EUR","lines":[{"no":1,"sku":"4750001","name":"Coffee","qty":"1","unit_price":1000,"total":1000,"vat":"21","group":"coffee"},{"no":2,"sku":"4750002","name":"Bread","qty":"1","unit_price":800,"total":800,"vat":"21","group":"bakery"},{"no":3,"sku":"4750003","name":"Milk","qty":"2","unit_price":100,"total":200,"vat":"21","group":"dairy"}]},"f":{"m":true,"pts":{"a":1000}}}`
	return deed{op(ledger.SAL, key), func(n *ledger.Needs) { n.Holder(holder) }, func(v *ledger.View) error {
		d := v.Begin(ledger.SAL)
		a := ledger.Account{Holder: holder, Kind: ledger.Points, Unit: point}
		if err := d.Take(ledger.RED, a, ledger.System(ledger.UnitsRedeemed, point), 5, v.Now()); err != nil {
			return err
		}
		d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, point), a, 9, ledger.Terms{Until: until})
		d.Give(ledger.LOD, ledger.System(ledger.CashClearing, 978), ledger.Account{Holder: holder, Kind: ledger.Paid, Unit: 978}, 100, ledger.Terms{Cost: ledger.FullCost})
		d.Doc = doc
		return nil
	}}
}
