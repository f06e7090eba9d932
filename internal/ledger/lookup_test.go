package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

func TestNumbers_ParseWhatTheyFormat(t *testing.T) {
	t.Parallel()
	key, strange := ledger.DeriveNumberKey([]byte("a")), ledger.DeriveNumberKey([]byte("b"))
	rapid.Check(t, func(t *rapid.T) {
		e := &ledger.Entry{Seq: rapid.Int64Range(1, 2_000_000_000).Draw(t, "seq"), BookedAt: noon}
		s := ledger.FormatRRN(e, key)
		if got, err := ledger.ParseRRN(strings.ToLower(s), key); err != nil || got != e.Seq || len(s) != 12 || s[:6] != "601012" {
			t.Fatalf("%s gives %d, %v", s, got, err)
		}
		big := rapid.Int64Range(1, 1<<53).Draw(t, "big")
		txn := ledger.FormatEntryID(big, key)
		if got, err := ledger.ParseEntryID(txn, key); err != nil || got != big {
			t.Fatalf("%s gives %d, %v", txn, got, err)
		}
		if _, err := ledger.ParseEntryID(txn, strange); err == nil {
			t.Fatalf("%s reads under another tenant's key", txn)
		}
	})
	a, b := ledger.FormatRRN(&ledger.Entry{Seq: 1, BookedAt: noon}, key), ledger.FormatRRN(&ledger.Entry{Seq: 2, BookedAt: noon}, key)
	if a[6:10] == b[6:10] {
		t.Errorf("neighbours look alike: %s, %s", a, b)
	}
	for _, bad := range []string{"", "60101200000", "6010120000000", "60101200000-", "60101x000000", "txn_", "txn_0000000000000", "crd_0000000000001"} {
		if _, err := ledger.ParseRRN(bad, key); !fault.Is(err, fault.ErrInvalidValue) {
			t.Errorf("RRN %q: %v", bad, err)
		}
		if _, err := ledger.ParseEntryID(bad, key); !fault.Is(err, fault.ErrInvalidValue) {
			t.Errorf("id %q: %v", bad, err)
		}
	}
}

// at places an operation at a till.
func at(c deed, terminal, seq int64, receipt string) deed {
	c.op.Origin = ledger.Origin{Outlet: 5, Terminal: terminal, TerminalSeq: seq, Receipt: receipt, Batch: 1}
	return c
}

func TestLookup_FindsEntriesByEveryName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		day := clock.Date(2026, 1, 10)
		sale := deed{op(ledger.EAR, "s"), func(n *ledger.Needs) { n.Holder(1) }, func(v *ledger.View) error {
			v.Create(1, ledger.OwnerMembership, ledger.Active)
			x := v.Begin(ledger.EAR)
			x.BusinessDate = day
			x.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, point), ledger.Account{Holder: 1, Kind: ledger.Points, Unit: point}, 5, ledger.Terms{})
			return nil
		}}
		first := must(t, s.Do(ctx, at(sale, 9, 77, "A-1"))).Entry
		for i := range 6 {
			must(t, s.Do(ctx, give(fmt.Sprint("g", i), int64(i%2+1), 10, 0)))
		}
		no := s.Do(ctx, take("no", 1, 1000))
		s.read(t, func(tx db.Tx) error {
			key, err := ledger.ReadNumberKey(ctx, tx)
			if err != nil {
				return err
			}
			byRRN, err := ledger.FindRRN(ctx, tx, ledger.FormatRRN(first, key), key)
			if err != nil || byRRN.Seq != first.Seq {
				t.Errorf("by RRN: %v", err)
			}
			if _, err := ledger.FindRRN(ctx, tx, ledger.FormatRRN(&ledger.Entry{Seq: 5000, BookedAt: noon}, key), key); !fault.Is(err, fault.ErrNotFound) {
				t.Errorf("RRN of nothing: %v", err)
			}
			if list, err := ledger.FindByReceipt(ctx, tx, 5, "A-1", day); err != nil || len(list) != 1 || list[0].Seq != first.Seq {
				t.Errorf("by receipt: %d, %v", len(list), err)
			}
			if list, err := ledger.FindByReceipt(ctx, tx, 6, "A-1", day); err != nil || len(list) != 0 {
				t.Errorf("by another outlet's receipt: %d, %v", len(list), err)
			}
			if list, err := ledger.FindByTerminal(ctx, tx, 9, 77, day); err != nil || len(list) != 1 || list[0].Seq != first.Seq {
				t.Errorf("by terminal: %d, %v", len(list), err)
			}
			if list, err := ledger.FindByTerminal(ctx, tx, 9, 77, day+1); err != nil || len(list) != 0 {
				t.Errorf("on another day: %d, %v", len(list), err)
			}
			if o, err := ledger.ReadByKey(ctx, tx, 1, "s"); err != nil || o.Found != ledger.Applied || o.Entry.Seq != first.Seq {
				t.Errorf("by key: %+v, %v", o, err)
			}
			if o, err := ledger.ReadByKey(ctx, tx, 1, "no"); err != nil || o.Found != ledger.Refused || o.Err.Error() != no.Err.Error() || o.Seq != no.Seq {
				t.Errorf("by the key of a refusal: %+v, %v", o, err)
			}
			if o, err := ledger.ReadByKey(ctx, tx, 2, "s"); err != nil || o.Found != ledger.Absent {
				t.Errorf("by another client's key: %+v, %v", o, err)
			}
			list, err := ledger.ReadEntries(ctx, tx, 2, 3)
			if err != nil || len(list) != 3 || list[0].Seq != 3 || list[2].Seq != 5 {
				t.Errorf("after 2: %d entries, %v", len(list), err)
			}
			return nil
		})
	})
}

func TestStatement_FollowsTheChainInPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), context.Background()
		for i := range 20 {
			must(t, s.Do(ctx, give(fmt.Sprint("g", i), int64(i%2+1), 10, 0)))
		}
		s.read(t, func(tx db.Tx) error {
			var seqs []int64
			for before := int64(0); ; {
				list, err := ledger.Statement(ctx, tx, 2, before, 3)
				if err != nil {
					return err
				}
				for _, e := range list {
					seqs = append(seqs, e.Seq)
				}
				if len(list) < 3 {
					break
				}
				before = list[len(list)-1].Seq
			}
			if fmt.Sprint(seqs) != "[20 18 16 14 12 10 8 6 4 2]" {
				t.Errorf("statement %v", seqs)
			}
			if _, err := ledger.Statement(ctx, tx, 2, 3, 3); !fault.Is(err, fault.ErrInvalidValue) {
				t.Errorf("a cursor of another holder: %v", err)
			}
			if _, err := ledger.Statement(ctx, tx, 99, 0, 3); !fault.Is(err, fault.ErrNotFound) {
				t.Errorf("a holder that is none: %v", err)
			}
			return nil
		})
	})
}
