package once_test

import (
	"context"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/once"
)

func TestFence_ClosesAKeyThatStandsForNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		fence := func(key string) (closed bool) {
			if err := d.Write(ctx, tenant, func(tx db.Tx) (err error) { closed, err = once.Fence(ctx, tx, 1, key, 5); return err }); err != nil {
				t.Fatal(err)
			}
			return closed
		}
		if !fence("early") {
			t.Fatal("an absent key was not closed")
		}
		if _, err := do(d, call("early", "{}"), 1, nil); !fault.Is(err, once.ErrFenced) || rows(t, d) != 0 {
			t.Errorf("a request under a closed key: %v, %d rows", err, rows(t, d))
		}
		if _, err := do(d, call("late", "{}"), 2, nil); err != nil {
			t.Fatal(err)
		}
		if fence("late") {
			t.Error("a key that stands for an answer was closed")
		}
	})
}

func TestLook_GivesTheAnswerAndDoesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		look := func(c once.Call) (a once.Answer, known bool, err error) {
			err = d.Read(ctx, tenant, func(tx db.Tx) (err error) { a, known, err = once.Look(ctx, tx, c); return err })
			return a, known, err
		}
		if _, known, err := look(call("k", "{}")); known || err != nil {
			t.Fatalf("an unused key is known: %v", err)
		}
		if _, err := do(d, call("k", "{}"), 1, nil); err != nil {
			t.Fatal(err)
		}
		if a, known, err := look(call("k", "{}")); !known || err != nil || string(a.Body) != `{"row":1}` || !a.Replayed {
			t.Errorf("look gives %+v %t %v", a, known, err)
		}
		if _, _, err := look(call("k", `{"other":1}`)); !fault.Is(err, fault.ErrKeyMismatch) {
			t.Errorf("another request under the key: %v", err)
		}
	})
}
