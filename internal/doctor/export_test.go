package doctor_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/seal"
	"lojal/internal/ledger"
)

var update = flag.Bool("update", false, "write the golden files again")

// verifierData are the books on which the independent verifier is tested: it reads what we write here.
const verifierData = "../../tools/verify/testdata"

var insertAct = db.SQL("test.insert_act", `
	INSERT INTO audit (tenant_id, n, at, actor, act, entity, detail, request, ledger_seq, leaf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)

var insertActs = db.SQL("test.insert_acts", `INSERT INTO audit_head (tenant_id, n) VALUES ($1, $2)`)

func (b *books) acts(t *testing.T, n int64) {
	t.Helper()
	if err := b.d.Write(ctx, tenant, func(tx db.Tx) error {
		for i := int64(1); i <= n; i++ {
			a := seal.Act{Tenant: tenant, N: i, At: noon + clock.Instant(i), Actor: "stf_1", Act: "card.block", Entity: "crd_1", Detail: `{"why":"lost ņ"}`, Request: "req_1", LedgerSeq: i}
			leaf := a.Leaf()
			if _, err := tx.Exec(ctx, insertAct, tenant, a.N, int64(a.At), a.Actor, a.Act, a.Entity, a.Detail, a.Request, a.LedgerSeq, leaf[:]); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, insertActs, tenant, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(verifierData, name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is another: if the canonical form has changed, every kept checkpoint is void", name)
	}
}

func TestExport_IsWhatTheVerifierIsTestedOn(t *testing.T) {
	if _, err := os.Stat(filepath.Join(verifierData, "checkpoint.key")); err != nil && !*update {
		t.Fatal(err)
	}
	keys, err := seal.OpenKeys(verifierData, "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, list := empty(t, d, keys), deeds("mem_1")
		b.book(t, list[:100])
		b.sign(t, noon)
		golden(t, "kept.txt", []byte(b.note))
		b.acts(t, 3)
		b.book(t, list[100:300])
		b.sign(t, noon+clock.Second)
		b.book(t, list[300:])
		var out bytes.Buffer
		if err := d.Read(ctx, tenant, func(tx db.Tx) error { return ledger.Export(ctx, tx, &out) }); err != nil {
			t.Fatal(err)
		}
		golden(t, "books.jsonl", out.Bytes())
	})
}
