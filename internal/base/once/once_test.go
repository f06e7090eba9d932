package once_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/once"
)

const tenant = 7

var (
	errNo  = fault.Code{Name: "over_return", Kind: fault.Declined}
	note   = db.SQL("test.note", `INSERT INTO merchant (tenant_id, id, name, reg_no, vat_no, created_at) VALUES ($1, $2, 'x', '', '', 0)`)
	noted  = db.SQL("test.noted", `SELECT COUNT(*) FROM merchant WHERE tenant_id = $1`)
	stored = db.SQL("test.stored", `SELECT o.answer FROM once o WHERE o.tenant_id = $1 AND o.key = $2`)
)

func call(key, body string) once.Call {
	return once.Call{Client: 1, Key: key, Fingerprint: once.Fingerprint("POST /v1/x", []byte(body)), Now: 5}
}

// do runs a deed that writes one row and then ends as it is told.
func do(d *db.DB, c once.Call, row int64, fail error) (once.Answer, error) {
	ctx := context.Background()
	var out once.Answer
	err := d.Write(ctx, tenant, func(tx db.Tx) error {
		var err error
		out, err = once.Do(ctx, tx, c, func() (int, []byte, error) {
			if _, err := tx.Exec(ctx, note, tx.Tenant(), row); err != nil {
				return 0, nil, err
			}
			return 201, fmt.Appendf(nil, `{"row":%d}`, row), fail
		})
		return err
	})
	return out, err
}

func rows(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Read(context.Background(), tenant, func(tx db.Tx) error {
		_, err := tx.One(context.Background(), noted, db.Args(tx.Tenant()), &n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDo_SameKeyGivesTheFirstAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		first, err := do(d, call("a", "{}"), 1, nil)
		if err != nil || first.Replayed || first.Status != 201 {
			t.Fatal(first, err)
		}
		again, err := do(d, call("a", "{}"), 2, nil)
		if err != nil || !again.Replayed || again.Status != 201 || string(again.Body) != `{"row":1}` {
			t.Fatalf("%+v %s %v", again, again.Body, err)
		}
		if _, err := do(d, call("a", "[]"), 3, nil); !fault.Is(err, fault.ErrKeyMismatch) {
			t.Fatal(err)
		}
		other := call("a", "[]")
		other.Client = 2
		if a, err := do(d, other, 4, nil); err != nil || a.Replayed {
			t.Fatal("clients share a key space", a, err)
		}
		if n := rows(t, d); n != 2 {
			t.Fatalf("%d rows, want 2", n)
		}
	})
}

func TestDo_KeepsRefusalsAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		no, err := do(d, call("a", "{}"), 1, fault.New(errNo, "allowed", 3, "line", "x"))
		if err != nil || !fault.Is(no.Declined, errNo) || no.Replayed {
			t.Fatal(no, err)
		}
		again, err := do(d, call("a", "{}"), 2, nil)
		if err != nil || !again.Replayed || fault.Of(again.Declined).Code != errNo {
			t.Fatal(again, err)
		}
		if p := fault.Of(again.Declined).Params; len(p) != 2 || fmt.Sprintf("%s", p[0].Value) != "3" || p[1].Name != "line" {
			t.Fatalf("%+v", p)
		}
		if n := rows(t, d); n != 0 {
			t.Fatalf("a refused deed left %d rows", n)
		}
		for _, e := range []error{errors.New("disk"), fault.New(fault.ErrVersionConflict), fault.New(fault.ErrNotFound)} {
			if _, err := do(d, call("b", "{}"), 3, e); !errors.Is(err, e) {
				t.Fatal(err)
			}
		}
		if a, err := do(d, call("b", "{}"), 4, nil); err != nil || a.Replayed {
			t.Fatal("a passing failure was kept", a, err)
		}
	})
}

func TestDo_ARefusalByTheDatabaseItselfIsKeptToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := do(d, call("a", "{}"), 1, nil); err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		var out once.Answer
		err := d.Write(ctx, tenant, func(tx db.Tx) error {
			var err error
			out, err = once.Do(ctx, tx, call("b", "{}"), func() (int, []byte, error) {
				if _, err := tx.Exec(ctx, note, tx.Tenant(), 1); db.Classify(err) == db.Duplicate {
					return 0, nil, fault.Wrap(errNo, err)
				}
				return 201, nil, nil
			})
			return err
		})
		if err != nil || !fault.Is(out.Declined, errNo) {
			t.Fatal(out, err)
		}
	})
}

func TestDo_ThirtyTwoAtOnceHappenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		var fresh atomic.Int64
		for i := range 32 {
			wg.Go(func() {
				a, err := do(d, call("a", "{}"), int64(i+1), nil)
				if err != nil {
					t.Error(err)
				} else if !a.Replayed {
					fresh.Add(1)
				}
			})
		}
		wg.Wait()
		if fresh.Load() != 1 || rows(t, d) != 1 {
			t.Fatalf("%d deeds, %d rows", fresh.Load(), rows(t, d))
		}
	})
}

// flip is a sealer that a test can read.
type flip struct{}

func (flip) Seal(_ string, b []byte) ([]byte, error) { return turn(b), nil }
func (flip) Open(_ string, b []byte) ([]byte, error) { return turn(b), nil }

func turn(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = ^b[i]
	}
	return out
}

func TestDo_SealsWhatIsSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := call("a", "{}")
		c.Seal = flip{}
		if _, err := do(d, c, 1, nil); err != nil {
			t.Fatal(err)
		}
		var raw []byte
		if err := d.Read(context.Background(), tenant, func(tx db.Tx) error {
			_, err := tx.One(context.Background(), stored, db.Args(tx.Tenant(), "a"), &raw)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if string(raw) != string(turn([]byte(`{"row":1}`))) {
			t.Fatalf("stored %q", raw)
		}
		if a, err := do(d, c, 2, nil); err != nil || string(a.Body) != `{"row":1}` {
			t.Fatal(a, err)
		}
	})
}

func TestDo_RefusesKeysThatAreNone(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLiteURL(t))
	for _, key := range []string{"a b", "ā", "a\n", string(make([]byte, 256))} {
		if _, err := do(d, call(key, "{}"), 1, nil); !fault.Is(err, fault.ErrInvalidValue) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""}, {" \n", ""}, {`{"b": 1, "a":{"d":[1, 2.50 ], "c":null}}`, `{"a":{"c":null,"d":[1,2.50]},"b":1}`},
		{`"<&>"`, `"<&>"`}, {`{"n":123456789012345678901234567890}`, `{"n":123456789012345678901234567890}`}, {`"\u0101"`, `"ā"`},
	} {
		got, err := once.Canonical([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s %v", c.in, got, err)
		}
	}
	for _, bad := range []string{"{", "{} {}", "nil"} {
		if _, err := once.Canonical([]byte(bad)); !fault.Is(err, fault.ErrMalformed) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if string(once.Fingerprint("ab", []byte("c"))) == string(once.Fingerprint("a", []byte("bc"))) {
		t.Error("route and body run together")
	}
}
