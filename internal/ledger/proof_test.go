package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/seal"
	"lojal/internal/ledger"
)

var noon = clock.Of(time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC))

func sealKeys(t testing.TB) *seal.Keys {
	t.Helper()
	k, err := seal.OpenKeys(t.TempDir(), "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// gives books n entries in batches.
func (s *shop) gives(t testing.TB, name string, n int) {
	t.Helper()
	for n > 0 {
		var batch []ledger.Command
		for range min(n, 100) {
			s.n++
			batch = append(batch, give(fmt.Sprint(name, s.n), int64(s.n%50+1), 10, clock.Date(2027, 1, s.n%30+1)))
		}
		for _, r := range s.ApplyBatch(context.Background(), batch) {
			must(t, r)
		}
		n -= len(batch)
	}
}

var insertAct = db.SQL("test.insert_act", `
	INSERT INTO audit (tenant_id, n, at, actor, act, entity, detail, request, ledger_seq, leaf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)

var setActs = db.SQL("test.set_acts", `
	INSERT INTO audit_head (tenant_id, n) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET n = excluded.n`)

func (s *shop) acts(t testing.TB, from, through int64) {
	t.Helper()
	ctx := context.Background()
	if err := s.d.Write(ctx, tenant, func(tx db.Tx) error {
		for n := from; n <= through; n++ {
			a := seal.Act{Tenant: tenant, N: n, At: noon, Actor: "stf_1", Act: "edit", Entity: "crd_1", Detail: "{}", Request: "req_1", LedgerSeq: 1}
			leaf := a.Leaf()
			if _, err := tx.Exec(ctx, insertAct, tenant, n, int64(a.At), a.Actor, a.Act, a.Entity, a.Detail, a.Request, a.LedgerSeq, leaf[:]); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, setActs, tenant, through)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) read(t testing.TB, do func(tx db.Tx) error) {
	t.Helper()
	if err := s.d.Read(context.Background(), tenant, do); err != nil {
		t.Fatal(err)
	}
}

func TestProof_EntriesAreInTheLogAndTheLogGrowsByThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx, k := open(t, d), context.Background(), sealKeys(t)
		var kept []seal.Checkpoint
		for _, n := range []int{3, 250, 3, 300, 144} { // 3, 253, 256, 556, 700
			s.gives(t, "p", n)
			note, err := ledger.Checkpoint(ctx, d, tenant, k, noon)
			if err != nil {
				t.Fatal(err)
			}
			c, err := k.Verify(note)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, c)
		}
		last := kept[len(kept)-1]
		if last.Size != 700 || last.Tenant != tenant || last.Epoch != 1 {
			t.Fatalf("checkpoint %+v", last)
		}
		s.read(t, func(tx db.Tx) error {
			for _, c := range kept {
				if c.Size != last.Size {
					p, err := ledger.ConsistencyProof(ctx, tx, c.Size, last.Size)
					if err != nil {
						return err
					}
					if err := tlog.CheckTree(p, last.Size, last.Root, c.Size, c.Root); err != nil {
						t.Errorf("%d to %d: %v", c.Size, last.Size, err)
					}
				}
				for _, seq := range []int64{1, 2, 3, 200, 253, 256, 257, 512, 556, 700} {
					if seq > c.Size {
						continue
					}
					e, err := ledger.ReadEntry(ctx, tx, seq)
					if err != nil {
						return err
					}
					p, err := ledger.InclusionProof(ctx, tx, seq, c.Size)
					if err != nil {
						return err
					}
					if err := tlog.CheckRecord(p, c.Size, c.Root, seq-1, tlog.Hash(e.Leaf)); err != nil {
						t.Errorf("entry %d at %d: %v", seq, c.Size, err)
					}
				}
			}
			for _, bad := range [][2]int64{{0, 5}, {6, 5}, {1, 701}} {
				if _, err := ledger.InclusionProof(ctx, tx, bad[0], bad[1]); !fault.Is(err, fault.ErrInvalidValue) {
					t.Errorf("proof of %v: %v", bad, err)
				}
			}
			return nil
		})
	})
}

func TestCheckpoint_CountsActsAndRepeatsItselfUntilSomethingHappens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx, k := open(t, d), context.Background(), sealKeys(t)
		first, err := ledger.Checkpoint(ctx, d, tenant, k, noon)
		if err != nil {
			t.Fatal(err)
		}
		if c, _ := k.Verify(first); c.Root != seal.EmptyRoot || c.AuditRoot != seal.EmptyRoot {
			t.Fatalf("empty books give %+v", c)
		}
		s.gives(t, "c", 1)
		s.acts(t, 1, 300)
		note, err := ledger.Checkpoint(ctx, d, tenant, k, noon)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ledger.Checkpoint(ctx, d, tenant, k, noon.Add(time.Hour)); err != nil || again != note {
			t.Fatalf("nothing happened, yet the checkpoint is another (%v)", err)
		}
		s.acts(t, 301, 1100)
		note, err = ledger.Checkpoint(ctx, d, tenant, k, noon)
		if err != nil {
			t.Fatal(err)
		}
		var tree seal.Tree
		for n := int64(1); n <= 1100; n++ {
			a := seal.Act{Tenant: tenant, N: n, At: noon, Actor: "stf_1", Act: "edit", Entity: "crd_1", Detail: "{}", Request: "req_1", LedgerSeq: 1}
			tree.Add(a.Leaf(), nil)
		}
		if c, err := k.Verify(note); err != nil || c.AuditSize != 1100 || c.AuditRoot != tree.Root() {
			t.Fatalf("audit root is wrong: %+v, %v", c, err)
		}
	})
}

func TestCheckpoint_RefusesAForkedHistory(t *testing.T) {
	k, ctx := sealKeys(t), context.Background()
	one, other := open(t, dbtest.Open(t, dbtest.SQLiteURL(t))), open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	one.gives(t, "a", 300)
	other.gives(t, "b", 400) // a longer history, whole in itself, that never continued the first one
	note, err := ledger.Checkpoint(ctx, one.d, tenant, k, noon)
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.Verify(note)
	if err != nil {
		t.Fatal(err)
	}
	one.gives(t, "a", 100)
	one.read(t, func(tx db.Tx) error { return ledger.Continues(ctx, tx, c) })
	err = other.d.Read(ctx, tenant, func(tx db.Tx) error { return ledger.Continues(ctx, tx, c) })
	if !fault.Is(err, seal.ErrForked) {
		t.Fatalf("the fork passes: %v", err)
	}
	short := open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	short.gives(t, "a", 200)
	err = short.d.Read(ctx, tenant, func(tx db.Tx) error { return ledger.Continues(ctx, tx, c) })
	if !fault.Is(err, seal.ErrForked) {
		t.Fatalf("a history that lost entries passes: %v", err)
	}
}
