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
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/base/web"
)

func TestStaff_IsInTheRosterAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.restart(t).Roster()
		if s, err := other.Staffing(ctx, tenant); err != nil || s.Code("c07") != nil {
			t.Fatal(s, err)
		}
		s := w.staff(t, "c07", access.Cashier, 3)
		now, err := w.Roster().Staffing(ctx, tenant)
		if err != nil {
			t.Fatal(err)
		}
		got := now.Code("c07")
		if got == nil || got != now.Staff(s.ID) || !got.At(3) || got.At(4) || got.Role != access.Cashier {
			t.Fatalf("%+v", got)
		}
		closed := true
		w.do(t, tenant, func(tx db.Tx) error {
			_, err := w.ChangeStaff(ctx, tx, by, s.ID, access.StaffChange{Closed: &closed})
			return err
		})
		if now, err = w.Roster().Staffing(ctx, tenant); err != nil || now.Code("c07").At(3) {
			t.Fatal("somebody who left works here", err)
		}
		if late, err := other.Refresh(ctx, tenant, now.Config); err != nil || late.Code("c07").At(3) {
			t.Fatal(err)
		}
		if _, err := w.CheckPIN(ctx, tenant, "c07", "246810"); !fault.Is(err, access.ErrWrongPIN) {
			t.Fatal(err)
		}
		pin, err := w.StorePIN(ctx, tenant, "c07", "246810")
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := w.CreateStaff(ctx, tx, by, access.NewStaff{Code: "c07", Role: access.Cashier, PIN: pin})
			return err
		})
		if !fault.Is(err, access.ErrExists) {
			t.Error(err)
		}
		err = w.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := w.CreateStaff(ctx, tx, by, access.NewStaff{Code: "c08", Role: access.Cashier, PIN: pin})
			return err
		})
		if !fault.Is(err, fault.ErrInvalidValue) {
			t.Error("a PIN made for another code is taken", err)
		}
		if rows := w.trail(t, tenant); !slices.Equal(acts(rows), []string{"staff.create", "staff.change"}) || strings.Contains(rows[0].Detail, "Anna") {
			t.Error(acts(rows), rows[0].Detail)
		}
	})
}

func TestPIN_FiveWrongOnesLockAcrossARestart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.staff(t, "c07", access.Cashier)
		wrong := func(h *access.House, n int) {
			t.Helper()
			for range n {
				if _, err := h.CheckPIN(ctx, tenant, "c07", "111111"); !fault.Is(err, access.ErrWrongPIN) {
					t.Fatal(err)
				}
			}
		}
		wrong(w.House, 4)
		if got, err := w.CheckPIN(ctx, tenant, "c07", "246810"); err != nil || got.ID != s.ID {
			t.Fatal(got, err)
		}
		wrong(w.House, 3) // a right PIN forgave the four
		wrong(w.restart(t), 2)
		_, err := w.restart(t).CheckPIN(ctx, tenant, "c07", "246810")
		if !fault.Is(err, access.ErrStaffLocked) || fault.Of(err).Params.Get(web.RetryAfter) != int64(60) {
			t.Fatal(err)
		}
		w.clock.Move(time.Minute)
		wrong(w.House, 5)
		w.clock.Move(14 * time.Minute)
		if _, err := w.CheckPIN(ctx, tenant, "c07", "246810"); !fault.Is(err, access.ErrStaffLocked) {
			t.Fatal("the second lock is no longer than the first", err)
		}
		w.do(t, tenant, func(tx db.Tx) error {
			_, err := w.ChangeStaff(ctx, tx, by, s.ID, access.StaffChange{Unlock: true})
			return err
		})
		if _, err := w.CheckPIN(ctx, tenant, "c07", "246810"); err != nil {
			t.Fatal("a manager's unlock does not unlock", err)
		}
		if got := acts(w.trail(t, tenant)); !slices.Equal(got, []string{"staff.create", "staff.lock", "staff.lock", "staff.change"}) {
			t.Error(got)
		}
	})
}

func TestPIN_GuessesAtTheSameTimeGetFiveTriesTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.staff(t, "c07", access.Cashier)
		var wg sync.WaitGroup
		var judged atomic.Int64
		for range 16 {
			wg.Go(func() {
				_, err := w.CheckPIN(ctx, tenant, "c07", "111111")
				switch {
				case fault.Is(err, access.ErrWrongPIN):
					judged.Add(1)
				case !fault.Is(err, access.ErrStaffLocked):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if judged.Load() != 5 {
			t.Errorf("%d guesses were judged", judged.Load())
		}
	})
}

func TestPIN_RefusesWhatIsNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, pin := range []string{"", "12345", "123456789", "12345a", "１２３４５６"} {
			if _, err := w.StorePIN(ctx, tenant, "c07", secret.Secret(pin)); !fault.Is(err, fault.ErrInvalidValue) {
				t.Errorf("%q: %v", pin, err)
			}
		}
	})
}
