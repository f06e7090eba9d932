package access_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

// lets tells whether a gate lets a key in, and fails on anything but a plain refusal.
func lets(t *testing.T, h *access.House, key string) bool {
	t.Helper()
	_, err := h.Gate().Authenticate(ctx, key)
	if err != nil && !fault.Is(err, fault.ErrUnauthenticated) {
		t.Fatal(err)
	}
	return err == nil
}

func TestKey_SaysWhoCalls(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key, text := w.issue(t, tenant, access.NewKey{Kind: access.Integration, Name: "shop", Scopes: []string{"sales.write"}, Outlets: []int64{3}})
		for range 2 { // read, then remembered
			c, err := w.Gate().Authenticate(ctx, "Bearer "+text)
			if err != nil {
				t.Fatal(err)
			}
			if c.Tenant != tenant || c.Client != int64(key.ID) || c.Key != key.ID || c.Kind != access.Integration || c.Profile != "chain" || c.Terminal != 0 {
				t.Fatalf("%+v", c)
			}
			if !c.May("sales.write") || c.May("keys.write") || !c.At(3) || c.At(4) || c.Actor() != key.ID.String() {
				t.Fatalf("%+v", c)
			}
		}
		if !strings.HasPrefix(text, "ljk_live_") || !strings.HasSuffix(text, key.Last4) {
			t.Error("form of the key")
		}
		if c, err := w.restart(t).Gate().Authenticate(ctx, text); err != nil || c.Key != key.ID {
			t.Fatal(c, err)
		}
	})
}

func TestKey_TenantsAreApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key, _ := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "a"})
		err := w.Write(ctx, another, func(tx db.Tx) error { return w.Revoke(ctx, tx, by, key.ID) })
		if !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("a tenant ends another's key: %v", err)
		}
		if err := w.d.Read(ctx, another, func(tx db.Tx) error {
			list, err := w.Keys(ctx, tx, 0, 10)
			if len(list) != 0 {
				t.Errorf("a tenant lists another's keys: %v", list)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		s := w.staff(t, "c07", access.Manager)
		if got, err := w.CheckPIN(ctx, another, "c07", "246810"); !fault.Is(err, access.ErrWrongPIN) {
			t.Fatal(got, err)
		}
		token, _, err := w.Approve(ctx, tenant, access.Ask{Code: "c07", PIN: "246810", Act: "refund"})
		if err != nil {
			t.Fatal(s, err)
		}
		if _, err := w.ReadApproval(ctx, another, token); !fault.Is(err, access.ErrApprovalRequired) {
			t.Fatalf("an approval holds in another tenant: %v", err)
		}
	})
}

func TestKey_OperatorStandsAboveTenants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, text := w.issue(t, 0, access.NewKey{Kind: access.Operator, Name: "first start"})
		c, err := w.Gate().Authenticate(ctx, text)
		if err != nil || c.Tenant != 0 || !c.May("anything") || c.Actor() != "operator" {
			t.Fatal(c, err)
		}
		for at, kind := range map[int64]access.Kind{tenant: access.Operator, 0: access.Admin} {
			err := w.Write(ctx, at, func(tx db.Tx) error {
				_, _, err := w.Issue(ctx, tx, by, access.NewKey{Kind: kind, Name: "x"})
				return err
			})
			if !fault.Is(err, fault.ErrInvalidValue) {
				t.Errorf("%s in tenant %d: %v", kind, at, err)
			}
		}
		if got := acts(w.trail(t, 0)); !slices.Equal(got, []string{"key.issue"}) {
			t.Error(got)
		}
	})
}

func TestKey_RefusesWhatIsNone(t *testing.T) {
	w := open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	_, text := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "a"})
	bad := []string{"", "Bearer ", "ljk_live_", "ljk_live_" + strings.Repeat("0", 71), text[:len(text)-1], text + "0", strings.Replace(text, "live", "test", 1), strings.ToUpper(text)}
	for i := len("ljk_live_"); i < len(text); i++ {
		c := byte('0')
		if text[i] == c {
			c = '1'
		}
		bad = append(bad, text[:i]+string(c)+text[i+1:])
	}
	for _, key := range bad {
		if lets(t, w.House, key) {
			t.Errorf("%q passes", key)
		}
	}
	if !lets(t, w.House, text) {
		t.Error("the right key does not pass")
	}
}

func TestKey_EndsByRevocationAndByTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key, text := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "a"})
		other := w.restart(t)
		if !lets(t, w.House, text) || !lets(t, other, text) {
			t.Fatal("a new key does not pass")
		}
		w.do(t, tenant, func(tx db.Tx) error { return w.Revoke(ctx, tx, by, key.ID) })
		if lets(t, w.House, text) {
			t.Error("a revoked key passes in the process that revoked it")
		}
		if !lets(t, other, text) {
			t.Error("the other process read the key without need")
		}
		access.Age(other.Gate(), 60*time.Second)
		if lets(t, other, text) {
			t.Error("a revoked key passes elsewhere after 60 seconds")
		}
		_, brief := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "b", Life: time.Hour})
		w.clock.Move(time.Hour - time.Second)
		if !lets(t, w.House, brief) {
			t.Error("the key ended early")
		}
		w.clock.Move(time.Second)
		if lets(t, w.House, brief) {
			t.Error("an expired key passes")
		}
		err := w.Write(ctx, tenant, func(tx db.Tx) error {
			_, _, err := w.Issue(ctx, tx, by, access.NewKey{Kind: access.Admin, Name: "c", Life: access.MaxLife + time.Second})
			return err
		})
		if !fault.Is(err, fault.ErrInvalidValue) {
			t.Error("a key of more than 365 days", err)
		}
	})
}

func TestRotate_KeepsTheKeySpaceAndOverlaps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, oldText := w.issue(t, tenant, access.NewKey{Kind: access.Integration, Name: "shop", Scopes: []string{"sales.write"}})
		var text string
		w.do(t, tenant, func(tx db.Tx) error {
			_, s, err := w.Rotate(ctx, tx, by, old.ID)
			text = s.Reveal()
			return err
		})
		c, err := w.Gate().Authenticate(ctx, text)
		if err != nil || c.Client != int64(old.ID) || c.Key == old.ID || !c.May("sales.write") {
			t.Fatal(c, err)
		}
		w.clock.Move(access.Overlap - time.Second)
		if !lets(t, w.House, oldText) {
			t.Error("the old key ended before the overlap")
		}
		w.clock.Move(time.Second)
		if lets(t, w.House, oldText) || !lets(t, w.House, text) {
			t.Error("after the overlap")
		}
	})
}

func TestLink_ANewKeyEndsTheOldAfterTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, err := w.link(55, "")
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.link(55, "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.Gate().Authenticate(ctx, second)
		if err != nil || c.Kind != access.Terminal || c.Terminal != 55 || c.Client != 55 || !c.At(3) || c.At(4) || !strings.HasPrefix(c.Actor(), "trm_") {
			t.Fatal(c, err)
		}
		w.clock.Move(access.RelinkGrace - time.Second)
		if !lets(t, w.House, first) {
			t.Error("the old key ended before its ten minutes")
		}
		w.clock.Move(time.Second)
		if lets(t, w.House, first) || !lets(t, w.House, second) {
			t.Error("after ten minutes")
		}
	})
}

func TestLink_RefusesASecondDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if _, err := w.link(55, "A"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.link(55, "B"); !fault.Is(err, access.ErrTerminalInUse) {
			t.Fatal(err)
		}
		again, err := w.link(55, "A")
		if err != nil {
			t.Fatal("the same device cannot link again", err)
		}
		if _, err := w.link(56, "B"); err != nil {
			t.Fatal("another terminal is refused", err)
		}
		w.do(t, tenant, func(tx db.Tx) error { return w.Unlink(ctx, tx, by, 55) })
		if lets(t, w.House, again) {
			t.Error("an unlinked device passes")
		}
		if _, err := w.link(55, "B"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var linked atomic.Int64
		for i := range 8 {
			wg.Go(func() {
				_, err := w.link(57, string(rune('A'+i)))
				if err == nil {
					linked.Add(1)
				} else if !fault.Is(err, access.ErrTerminalInUse) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if linked.Load() != 1 {
			t.Errorf("%d of 8 devices linked one terminal at once", linked.Load())
		}
	})
}

func TestGate_WritesTheLastUseOffTheHotPath(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key, text := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "a"})
		used := func() (out int64) {
			if err := w.d.Read(ctx, tenant, func(tx db.Tx) error {
				k, err := w.Key(ctx, tx, key.ID)
				out = int64(k.UsedAt)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		lets(t, w.House, text)
		if used() != 0 {
			t.Error("a request wrote its use")
		}
		if err := w.Gate().WriteUsed(ctx); err != nil || used() != int64(w.clock.Now()) {
			t.Error(used(), err)
		}
	})
}

func TestGate_RemembersManyKeysInBoundedRoom(t *testing.T) {
	w := open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	_, text := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "a"})
	if !lets(t, w.House, text) {
		t.Fatal("refused")
	}
	for range 3 {
		access.Crowd(w.Gate())
	}
	if n := access.Remembered(w.Gate()); n > access.MaxRemembered {
		t.Errorf("%d keys in memory", n)
	}
	if !lets(t, w.House, text) {
		t.Error("a forgotten key is refused")
	}
}

func TestKey_IsNotInTheTrailNorShowsItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, text := w.issue(t, tenant, access.NewKey{Kind: access.Admin, Name: "a"})
		for _, r := range w.trail(t, tenant) {
			if strings.Contains(r.Detail, text[:len(text)-4]) {
				t.Error(r)
			}
		}
		if secret.Secret(text).String() == text {
			t.Error("a key shows itself")
		}
	})
}
