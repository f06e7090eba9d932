package access_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

// till is a lane with the slots of access.
type till struct {
	*ledger.Lane
	log       access.Log
	approvals access.Approvals
}

type oneZone struct{}

func (oneZone) Zone(ledger.Unit) *time.Location { return time.UTC }

func (w *world) lane(t *testing.T) *till {
	t.Helper()
	l, err := ledger.NewLane(ctx, w.d, w.clock, func(int64) ledger.Zones { return oneZone{} })
	if err != nil {
		t.Fatal(err)
	}
	out := &till{l, access.NewLog(l), access.NewApprovals(l)}
	l.Start()
	t.Cleanup(l.Stop)
	return out
}

// refund gives points under an approval and says so in the trail.
type refund struct {
	till     *till
	key      string
	approval access.Approval
	use      access.Use
	holder   int64
}

func (c refund) Op() ledger.Operation {
	return ledger.Operation{Tenant: tenant, Client: 1, Key: c.key, Fingerprint: []byte("0123456789abcdef"), Kind: ledger.EAR}
}

func (c refund) Need(n *ledger.Needs) {
	n.Holder(c.holder)
	c.till.log.Need(n)
	c.till.approvals.Need(n, c.approval)
}

func (c refund) Decide(v *ledger.View) error {
	d := v.Begin(ledger.EAR)
	if err := c.till.log.Write(v, access.Act{Tenant: tenant, Actor: "stf_1", Name: "refund", Entity: c.key, LedgerSeq: d.Seq}); err != nil {
		return err
	}
	c.use.LedgerSeq = d.Seq
	if err := c.till.approvals.Spend(v, c.approval, c.use); err != nil {
		return err
	}
	if v.Holder(c.holder) == nil {
		v.Create(c.holder, ledger.OwnerMembership, ledger.Active)
	}
	to := ledger.Account{Holder: c.holder, Kind: ledger.Points, Unit: ledger.FirstAsset}
	d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, ledger.FirstAsset), to, 10, ledger.Terms{})
	return nil
}

func (w *world) approve(t *testing.T, code, act string) access.Approval {
	t.Helper()
	token, _, err := w.Approve(ctx, tenant, access.Ask{Code: code, PIN: "246810", Act: act, Terminal: 55, Outlet: 3, MaxMinor: 50_00})
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.restart(t).ReadApproval(ctx, tenant, token)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestApproval_IsSpentOnceInTheLane(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.lane(t)
		w.staff(t, "m01", access.Manager, 3)
		use := access.Use{Act: "refund", Terminal: 55, AmountMinor: 50_00}
		a := w.approve(t, "m01", "refund")
		var wg sync.WaitGroup
		results := make([]ledger.Result, 16)
		for i := range results {
			wg.Go(func() {
				results[i] = l.Do(ctx, refund{l, fmt.Sprint("k", i), a, use, int64(i + 1)})
			})
		}
		wg.Wait()
		ok := 0
		for _, r := range results {
			if r.Err == nil {
				ok++
			} else if !fault.Is(r.Err, access.ErrApprovalRequired) {
				t.Fatal(r.Err)
			}
		}
		if ok != 1 {
			t.Fatalf("an approval served %d times", ok)
		}
		rows := w.trail(t, tenant)
		if got := acts(rows); !slices.Equal(got, []string{"staff.create", "approval.grant", "refund"}) {
			t.Fatalf("a declined command left a row: %v", got)
		}
		if rows[2].LedgerSeq != 1 {
			t.Errorf("%+v", rows[2])
		}
	})
}

func TestApproval_HoldsForItsActAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.lane(t)
		w.staff(t, "m01", access.Manager, 3)
		a := w.approve(t, "m01", "refund")
		for reason, use := range map[string]access.Use{
			"act":      {Act: "clear", Terminal: 55, AmountMinor: 1},
			"terminal": {Act: "refund", Terminal: 56, AmountMinor: 1},
			"amount":   {Act: "refund", Terminal: 55, AmountMinor: 50_01},
		} {
			r := l.Do(ctx, refund{l, reason, a, use, 1})
			if !fault.Is(r.Err, access.ErrApprovalRequired) || fmt.Sprintf("%s", fault.Of(r.Err).Params.Get("reason")) != `"`+reason+`"` {
				t.Errorf("%s: %v", reason, r.Err)
			}
		}
		if r := l.Do(ctx, refund{l, "none", access.Approval{}, access.Use{}, 1}); !fault.Is(r.Err, access.ErrApprovalRequired) {
			t.Error(r.Err)
		}
		w.clock.Move(time.Duration(access.ApprovalLife) * time.Microsecond)
		if r := l.Do(ctx, refund{l, "late", a, access.Use{Act: "refund", Terminal: 55}, 1}); !fault.Is(r.Err, access.ErrApprovalRequired) {
			t.Error("an approval outlives its five minutes", r.Err)
		}
	})
}

func TestApproval_NeedsTheRoleAndTheOutlet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.staff(t, "c07", access.Cashier, 3)
		w.staff(t, "s01", access.Senior, 3)
		w.staff(t, "m01", access.Manager, 4)
		for _, c := range []struct {
			code, act string
			ok        bool
		}{{"c07", "void", false}, {"s01", "void", true}, {"s01", "refund", false}, {"m01", "refund", false}} {
			_, _, err := w.Approve(ctx, tenant, access.Ask{Code: c.code, PIN: "246810", Act: c.act, Terminal: 55, Outlet: 3})
			if (err == nil) != c.ok || err != nil && !fault.Is(err, fault.ErrForbidden) {
				t.Errorf("%s for %s: %v", c.code, c.act, err)
			}
		}
		token, _, err := w.Approve(ctx, tenant, access.Ask{Code: "m01", PIN: "246810", Act: "refund", Outlet: 4})
		if err != nil {
			t.Fatal(err)
		}
		text := token.Reveal()
		for i := len("lja_"); i < len(text)-1; i++ {
			c := byte('0')
			if text[i] == c {
				c = '1'
			}
			if a, err := w.ReadApproval(ctx, tenant, secret.Secret(text[:i]+string(c)+text[i+1:])); err == nil {
				t.Fatalf("a changed token gives %+v", a)
			}
		}
	})
}

func TestAudit_HasNoGapUnderConcurrency(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.lane(t)
		w.staff(t, "m01", access.Manager)
		var wg sync.WaitGroup
		const n = 24
		approvals := make([]access.Approval, n)
		for i := range approvals {
			approvals[i] = access.Approval{ID: access.ApprovalID(i + 1), Act: "refund", ExpiresAt: w.clock.Now() + clock.Hour}
		}
		for i := range n {
			wg.Go(func() {
				r := l.Do(ctx, refund{l, fmt.Sprint("k", i), approvals[i], access.Use{Act: "refund"}, int64(i%3 + 1)})
				if r.Err != nil {
					t.Error(r.Err)
				}
			})
			wg.Go(func() {
				err := w.d.Write(ctx, tenant, func(tx db.Tx) error {
					if err := ledger.ConfigChanged(ctx, tx); err != nil {
						return err
					}
					if err := access.Audit(ctx, tx, w.clock.Now(), "stf_2", "outlet.change", fmt.Sprint(i), map[string]int{"i": i}, "r"); err != nil {
						return err
					}
					if i%4 == 0 {
						return errTakenBack
					}
					return nil
				})
				if err != nil && err != errTakenBack {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		counts := map[string]int{}
		for _, r := range w.trail(t, tenant) { // checks numbers and leaves
			counts[r.Act]++
		}
		if counts["refund"] != n || counts["outlet.change"] != n-n/4 {
			t.Error(counts)
		}
	})
}

var errTakenBack = fault.New(fault.ErrVersionConflict)

var forge = db.SQL("test.forge", `INSERT INTO audit (tenant_id, n, at, actor, act, entity, detail, request, ledger_seq, leaf) VALUES ($1, $2, 0, 'x', 'y', 'z', '{}', '', 0, $3)`)

func TestCheckTrail_FindsWhatWasPutIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for at, n := range map[int64]int64{tenant: 1, another: 2} {
			w.do(t, at, func(tx db.Tx) error { _, err := tx.Exec(ctx, forge, at, n, []byte("leaf")); return err })
			err := w.d.Read(ctx, at, func(tx db.Tx) error { _, err := access.CheckTrail(ctx, tx); return err })
			if err == nil {
				t.Errorf("a forged row %d passes", n)
			}
		}
	})
}
