package card_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/card"
	"lojal/internal/ledger"
)

// numbers reads all numbers of a batch, page by page.
func (w *world) numbers(t *testing.T, b card.BatchID) []card.Numbered {
	t.Helper()
	var all []card.Numbered
	var after card.ID
	for {
		page, err := w.stock.Numbers(context.Background(), tenant, b, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Card
	}
}

func TestBatch_GoesOnAfterAKill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		rule := card.StoredValueRule("lv")
		b, err := w.stock.Order(ctx, tenant, card.BatchRequest{Programme: "main", Product: "gift", Kinds: "gift", Rule: rule, Quantity: 3500})
		if err != nil {
			t.Fatal(err)
		}
		dying, kill := context.WithCancel(ctx)
		err = w.stock.Run(dying, tenant, b, func(made int64) {
			if made >= 1000 {
				kill() // in the middle of the next chunk
			}
		})
		if !errors.Is(err, context.Canceled) && !fault.Is(err, fault.ErrUnavailable) {
			t.Fatalf("the run was not stopped: %v", err)
		}
		half, err := w.stock.Batch(ctx, tenant, b)
		if err != nil || half.Made < 1000 || half.Made >= 3500 || half.State != card.Ordered {
			t.Fatalf("%+v, %v", half, err)
		}
		if _, err := w.stock.Numbers(ctx, tenant, b, 0, 500); !fault.Is(err, card.ErrBatchRunning) {
			t.Fatal(err)
		}
		var last int64
		begun := clock.Mono()
		if err := w.stock.Run(ctx, tenant, b, func(made int64) { last = made }); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d numbers in %s", 3500-half.Made, (clock.Mono() - begun).Round(time.Millisecond))
		all := w.numbers(t, b)
		seen := map[card.Number]bool{}
		for _, n := range all {
			if seen[n.Number] || !rule.Fits(n.Number) {
				t.Fatalf("number %s", n.Number)
			}
			seen[n.Number] = true
		}
		if last != 3500 || len(seen) != 3500 {
			t.Fatalf("%d made, %d read", last, len(seen))
		}
		f := w.find(t, scan(all[7].Number.Grouped()))
		if card.ID(f.Card) != all[7].Card || f.Fresh(nil) != nil {
			t.Fatalf("stock is found as %+v", f)
		}
		w.refuse(t, w.Block(w.act(""), all[7].Card), ledger.ErrCardNotActive)
		w.do(t, w.Activate(w.act(""), all[7].Card))
		if h := w.holder(t, int64(all[7].Card)); h.Status != ledger.Active || f.Fresh(h) != nil {
			t.Fatalf("activated stock %+v", h)
		}
		if err := w.stock.Run(ctx, tenant, b, func(int64) { t.Error("a finished batch makes more") }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBatch_SequencesAscendAndNeverMeet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		order := func(from, quantity int64) card.BatchID {
			b, err := w.stock.Order(ctx, tenant, card.BatchRequest{Programme: "main", Product: "bonus", Rule: card.Rule{Kind: card.Sequential, From: from, Length: 5, Check: card.CheckNone}, Quantity: quantity})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		first := order(10001, 1200)
		if err := w.stock.Run(ctx, tenant, first, func(int64) {}); err != nil {
			t.Fatal(err)
		}
		all := w.numbers(t, first)
		if len(all) != 1200 || all[0].Number != "10001" || all[1199].Number != "11200" {
			t.Fatalf("%d numbers from %s", len(all), all[0].Number)
		}
		if err := w.stock.Run(ctx, tenant, order(11200, 5), func(int64) {}); !fault.Is(err, card.ErrNumberTaken) {
			t.Fatal(err)
		}
		if _, err := w.stock.Batch(ctx, tenant+1, first); !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("another tenant sees the batch: %v", err)
		}
		if _, err := w.stock.Order(ctx, tenant, card.BatchRequest{Rule: card.EANRule(), Quantity: card.MaxBatch + 1}); !fault.Is(err, fault.ErrInvalidValue) {
			t.Fatal(err)
		}
	})
}
