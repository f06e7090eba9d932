package card_test

import (
	"context"
	"errors"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/card"
	"lojal/internal/ledger"
)

func TestBind_ANumberGoesFromCardToCard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		one, two := w.issue(t, "9428010000000012", nil), w.issue(t, "9428010000000020", nil)
		phone := card.Presented{Kind: "phone", Value: "+37126543210"}
		bind := func(c card.ID, end bool) card.Bind {
			prepare := w.Bind
			if end {
				prepare = w.Unbind
			}
			b, err := prepare(w.keys(t, tenant), w.act(""), c, phone, w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		facts := w.find(t, scan("9428010000000012"))
		w.do(t, bind(one, false))
		if err := facts.Fresh(w.holder(t, int64(one))); !fault.Is(err, ledger.ErrStale) {
			t.Fatal(err)
		}
		w.refuse(t, bind(two, false), card.ErrNumberTaken)
		w.refuse(t, bind(two, true), fault.ErrNotFound)
		if f := w.find(t, phone); card.ID(f.Card) != one {
			t.Fatalf("the phone finds %d", f.Card)
		}
		w.do(t, bind(one, true))
		w.Forget(ctx, tenant, phone)
		if _, err := w.Find(ctx, tenant, phone); !errors.Is(err, card.ErrUnknown) {
			t.Fatalf("an ended value finds a card: %v", err)
		}
		w.do(t, bind(two, false))
		if f := w.find(t, phone); card.ID(f.Card) != two {
			t.Fatalf("the phone finds %d", f.Card)
		}
	})
}

func TestCard_AsStaffSeesIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		c := w.issue(t, "9428010000000012", func(r *card.IssueRequest) { r.Membership, r.PIN = 501, "4711" })
		w.give(t, 503, ledger.Points, point, 0, ledger.Terms{})
		w.do(t, w.Link(w.act(""), c, "club", 503))
		w.do(t, w.Block(w.act("stolen"), c))
		got, err := w.Card(ctx, tenant, c)
		if err != nil || got.Status != ledger.Blocked || got.Membership != 501 || len(got.Memberships) != 1 || !got.HasPIN || got.Masked != "************0012" {
			t.Fatalf("%+v, %v", got, err)
		}
		if n, err := w.Number(ctx, tenant, got); err != nil || n != "9428010000000012" {
			t.Fatal(n, err)
		}
		if _, err := w.Number(ctx, tenant+1, got); err == nil {
			t.Fatal("another tenant opens the number")
		}
		if _, err := w.Card(ctx, tenant+1, c); !fault.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
		if list, err := w.CardsOf(ctx, tenant, 501); err != nil || len(list) != 1 || list[0].ID != c {
			t.Fatalf("%+v, %v", list, err)
		}
	})
}
