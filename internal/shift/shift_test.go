package shift_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
	"lojal/internal/shift"
)

var ctx = context.Background()

func figures(t testing.TB, r *shift.Report) string {
	t.Helper()
	b, err := json.Marshal(r.Totals)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestX_CountsTheOpenBatchAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		empty := s.x()
		want(t, "no batch", empty.Batch, 0)
		want(t, "nothing counted", empty.Totals.Entries, 0)
		s.do(s.give(ledger.ACT, money(1), 50_00))
		s.do(s.take(ledger.RED, money(1), 20_00))
		first, again := s.x(), s.x()
		want(t, "batch", first.Batch, 1)
		want(t, "net", first.Totals.Columns[0].Net, 30_00)
		want(t, "repeated", figures(t, again), figures(t, first))
		want(t, "state", first.State, shift.Open)
		z := s.close(shift.CloseBatch{})
		want(t, "Z counts as X did", figures(t, z), figures(t, first))
		want(t, "Z number", z.Z, 1)
		want(t, "nothing to compare with", z.State, shift.Closed)
		after := s.x()
		want(t, "no batch after the Z", after.Batch, 0)
		want(t, "grand total goes on", after.Totals.Grand[0].Given, 50_00)
		s.sound()
	})
}

func TestZ_NeverChangesAndLateAdviceFallsInTheOpenBatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		s.do(s.give(ledger.ACT, money(1), 50_00))
		spent := s.do(s.take(ledger.RED, money(1), 20_00))
		z := s.close(shift.CloseBatch{Number: 1})
		kept := figures(t, z)
		s.clock.Set(at(22, 9, 0))
		late := s.take(ledger.RED, money(1), 1_00)
		late.op.Advice = true
		do := late.do
		late.do = func(v *ledger.View, e *ledger.Draft) error {
			e.BusinessDate = clock.Date(2026, 11, 21)
			return do(v, e)
		}
		e := s.do(late)
		want(t, "batch of the advice", e.Batch, 2)
		want(t, "its own business date", e.BusinessDate, "2026-11-21")
		s.do(s.back(ledger.REV, spent, 1)) // of an operation that the Z has counted
		same, err := s.room.ByID(ctx, tenant, z.ID)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "the Z", figures(t, same), kept)
		again := s.close(shift.CloseBatch{Number: 1})
		want(t, "closing it again answers it", again.ID, z.ID)
		x := s.x()
		want(t, "reversal of another batch", row(x, shift.Gift, "reversal"), shift.Row{Name: "reversal", Op: "REV", Count: 1, Sum: 20_00})
		want(t, "net", x.Totals.Columns[0].Net, 19_00)
		want(t, "equations hold", x.Totals.Holds(), true)
		s.close(shift.CloseBatch{Number: 2})
		s.sound()
		if _, err := s.room.ByNumber(ctx, tenant, till, 77); !fault.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
		if _, err := s.room.CloseBatch(ctx, shift.CloseBatch{Tenant: tenant, Terminal: till, Number: 77, Actor: "c07"}); !fault.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestClose_OfNothingIsAZeroZ(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		z := s.close(shift.CloseBatch{Number: 1})
		want(t, "entries", z.Totals.Entries, 0)
		want(t, "number", fmt.Sprint(z.Z, z.Batch), "1 1")
		want(t, "repeated", s.close(shift.CloseBatch{Number: 1}).ID, z.ID)
		want(t, "the next one", s.close(shift.CloseBatch{}).Batch, 2)
		s.sound()
	})
}

func TestClose_AloneAtNightAndAfterADay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		next, err := s.room.NextDue(ctx, tenant)
		want(t, "nothing open", fmt.Sprint(next, err), fmt.Sprint(clock.Instant(0), nil))
		s.do(s.give(ledger.ACT, money(1), 50_00))
		next, err = s.room.NextDue(ctx, tenant)
		want(t, "due", fmt.Sprint(next, err), fmt.Sprint(at(21, 23, 59), nil))
		n, err := s.room.CloseOverdue(ctx, tenant, next-1)
		want(t, "too early", fmt.Sprint(n, err), "0 <nil>")
		s.clock.Set(next)
		n, err = s.room.CloseOverdue(ctx, tenant, next)
		want(t, "closed", fmt.Sprint(n, err), "1 <nil>")
		z, err := s.room.ByNumber(ctx, tenant, till, 1)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "by", z.ClosedBy, shift.Auto)
		s.clock.Set(at(21, 23, 59) + 30*clock.Second)
		if _, err := s.room.OpenShift(ctx, shift.OpenShift{Tenant: tenant, Outlet: outlet, Terminal: till, Cashier: "c07"}); err != nil {
			t.Fatal(err)
		}
		next, _ = s.room.NextDue(ctx, tenant)
		want(t, "due on the next night, without receipts", next, at(22, 23, 59))
		s.clock.Set(next)
		n, err = s.room.CloseOverdue(ctx, tenant, next)
		want(t, "zero Z", fmt.Sprint(n, err), "1 <nil>")
		s.clock.Set(clock.Of(time.Date(2027, 10, 30, 23, 59, 0, 0, zone))) // summer time ends in this night
		s.do(s.give(ledger.LOD, money(1), 1_00))
		next, _ = s.room.NextDue(ctx, tenant)
		want(t, "never longer than a day", next, s.clock.Now()+24*clock.Hour)
		s.sound()
	})
}

func TestShift_OfOneCashierAtATime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		on := func(who string) (shift.Till, error) {
			return s.room.OpenShift(ctx, shift.OpenShift{Tenant: tenant, Outlet: outlet, Terminal: till, Cashier: who})
		}
		off := func(n int64) (shift.Shift, error) {
			return s.room.CloseShift(ctx, shift.CloseShift{Tenant: tenant, Outlet: outlet, Terminal: till, Shift: n, Actor: "c07"})
		}
		if _, err := off(0); !fault.Is(err, shift.ErrShiftNotOpen) {
			t.Fatal(err)
		}
		first, err := on("c07")
		want(t, "first", fmt.Sprint(first.Shift, first.Batch, err), "1 1 <nil>")
		again, err := on("c07")
		want(t, "again", fmt.Sprint(again.Shift, err), "1 <nil>")
		if _, err := on("c08"); !fault.Is(err, shift.ErrShiftOpen) {
			t.Fatal(err)
		}
		e := s.do(s.give(ledger.ACT, money(1), 50_00))
		want(t, "shift of the entry", e.Shift, 1)
		done, err := off(1)
		want(t, "closed", fmt.Sprint(done.Number, " ", done.Cashier, " ", err), "1 c07 <nil>")
		if _, err := on("c08"); err != nil {
			t.Fatal(err)
		}
		repeated, err := off(1)
		want(t, "closed again", fmt.Sprint(repeated.ID, err), fmt.Sprint(done.ID, nil))
		c := s.take(ledger.RED, money(1), 20_00)
		c.op.Actor = "c08"
		s.do(c)
		r1, err := s.room.OfShift(ctx, tenant, till, 1, s.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		r2, err := s.room.OfShift(ctx, tenant, till, 2, s.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		want(t, "states", fmt.Sprint(r1.State, " ", r2.State), "closed open")
		z := s.close(shift.CloseBatch{})
		want(t, "Σ shifts = Σ batch", r1.Totals.Columns[0].Net+r2.Totals.Columns[0].Net, z.Totals.Columns[0].Net)
		want(t, "cashiers", fmt.Sprint(z.Totals.Cashiers[0].Actor, " ", z.Totals.Cashiers[1].Actor, " ", z.Totals.Cashiers[1].Columns[0].Net), "c07 c08 -2000")
		s.sound()
	})
}

func TestClose_ComparesWithTheTerminal(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		s.do(s.give(ledger.ACT, money(1), 50_00))
		s.do(s.take(ledger.RED, money(1), 20_00))
		claim := shift.Claim{Queue: 1, Lines: []shift.ClaimLine{
			{Asset: shift.Gift, Unit: euro, Op: "ACT", Count: 1, Sum: 50_00}, {Asset: shift.Gift, Unit: euro, Op: "RED", Count: 2, Sum: -25_00},
		}}
		z := s.close(shift.CloseBatch{Claim: &claim})
		want(t, "state", z.State, shift.OutOfBalance)
		want(t, "queue", z.Queue, 1)
		want(t, "the class that differs", z.Differs, []shift.Difference{{Asset: shift.Gift, Unit: euro, Op: "RED", HostCount: 1, HostSum: -20_00, TerminalCount: 2, TerminalSum: -25_00}})
		before := figures(t, z)
		claim.Lines[1].Count, claim.Lines[1].Sum, claim.Queue = 1, -20_00, 0
		z, err := s.room.Compare(ctx, tenant, till, 1, claim)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "after the upload", z.State, shift.Corrected)
		want(t, "the Z", figures(t, z), before)
		claim.Lines[0].Asset = "gold"
		if _, err := s.room.Compare(ctx, tenant, till, 1, claim); !fault.Is(err, fault.ErrInvalidValue) {
			t.Fatal(err)
		}
		s.sound()
	})
}

func TestZ_ListsGapsAndDuplicates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		s.do(s.give(ledger.ACT, money(1), 50_00))
		s.n = 4
		s.do(s.take(ledger.RED, money(1), 1_00)) // 5: 2 to 4 are missing
		z := s.close(shift.CloseBatch{})
		want(t, "gaps", z.Totals.Sequence, shift.Sequence{First: 1, Last: 5, Count: 2, Missing: 3, Gaps: []shift.Span{{From: 2, Through: 4}}, Duplicates: []int64{}})
		want(t, "gaps are no fault", z.Totals.Holds(), true)
		s.n = 6
		s.do(s.take(ledger.RED, money(1), 1_00)) // 7: 6 is missing between the batches
		twice := s.take(ledger.RED, money(1), 1_00)
		twice.op.TerminalSeq, twice.op.Advice = 7, true
		s.do(twice)
		z = s.close(shift.CloseBatch{})
		want(t, "gap and duplicate", z.Totals.Sequence, shift.Sequence{First: 6, Last: 7, Count: 1, Missing: 1, Gaps: []shift.Span{{From: 6, Through: 6}}, Duplicates: []int64{7}})
		want(t, "state", z.State, shift.OutOfBalance)
		want(t, "equation", z.Differs[0].Equation, "ZR-21")
		found := s.checks()
		want(t, "complaints of what is flagged and listed", fmt.Sprint(len(found["I12"]), len(found["I32"]), len(found["I51"])), "0 0 0")
	})
}

func TestZ_EquationFindsAnOperationThatNoRowKnows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		s.do(s.deed(ledger.ISS, 1, func(_ *ledger.View, d *ledger.Draft) error {
			d.Give(ledger.ISS, ledger.System(ledger.PromoExpense, euro), money(1), 5_00, ledger.Terms{})
			return nil
		}))
		z := s.close(shift.CloseBatch{})
		want(t, "state", z.State, shift.OutOfBalance)
		want(t, "difference", z.Differs, []shift.Difference{{Equation: "ZR-20", Unit: euro, HostSum: 0, TerminalSum: 5_00}})
		want(t, "I32", len(s.checks()["I32"]), 1)
	})
}

func TestClose_BetweenOperationsOfOneLaneBatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		closing := func() ledger.Command {
			return s.room.Closing(shift.CloseBatch{Tenant: tenant, Outlet: outlet, Terminal: till, Actor: "c07"})
		}
		results := s.lane.ApplyBatch(ctx, []ledger.Command{
			s.give(ledger.ACT, money(1), 50_00), s.decline(errPIN), closing(), s.take(ledger.RED, money(1), 20_00), s.decline(errExpired), closing(), closing(),
			s.take(ledger.RED, money(1), 5_00),
		})
		for i, r := range results {
			if (r.Err != nil) != (i == 1 || i == 4) {
				t.Fatal(i, r.Err)
			}
		}
		want(t, "batches", fmt.Sprint(results[0].Entry.Batch, results[3].Entry.Batch, results[7].Entry.Batch), "1 2 4")
		s.start()
		z, err := s.room.ByNumber(ctx, tenant, till, 3)
		want(t, "zero Z", fmt.Sprint(err, z.Totals.Entries, z.Z), "<nil> 0 3")
		z, err = s.room.ByNumber(ctx, tenant, till, 2)
		want(t, "second", fmt.Sprint(err, z.Totals.Columns[0].Net, z.Totals.Declined), "<nil> -2000 [{card_expired 1}]")
		z, err = s.room.ByNumber(ctx, tenant, till, 1)
		want(t, "first", fmt.Sprint(err, z.Totals.Columns[0].Net, z.Totals.Declined), "<nil> 5000 [{wrong_pin 1}]")
		s.sound()
	})
}

var unseal = db.SQL("test.unseal", `UPDATE batch SET totals = '', state = 'sealing', differs = '' WHERE tenant_id = $1`)

var tamper = db.SQL("test.tamper", `UPDATE batch SET totals = REPLACE(totals, '"count":1', '"count":2') WHERE tenant_id = $1 AND z_no = 1`)

func TestSeal_CountsAgainWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		var kept []string
		for i := range int64(3) {
			s.do(s.give(ledger.LOD, money(1), 10_00+i))
			kept = append(kept, figures(t, s.close(shift.CloseBatch{})))
		}
		exec := func(st *db.Stmt) {
			if err := d.Write(ctx, tenant, func(tx db.Tx) error {
				_, err := tx.Exec(ctx, st, tenant)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		exec(unseal)
		if err := s.room.SealAll(ctx, tenant); err != nil {
			t.Fatal(err)
		}
		for i, text := range kept {
			z, err := s.room.ByNumber(ctx, tenant, till, int64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			want(t, "counted again", figures(t, z), text)
		}
		s.sound()
		exec(tamper)
		want(t, "I51 finds an edited Z", len(s.checks()["I51"]), 1)
	})
}

func TestConsolidate_IsTheSumOfTheZs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		var zs []*shift.Report
		for i := range int64(3) {
			c := s.give(ledger.ACT, money(i+1), 10_00*(i+1))
			c.op.Terminal, c.op.Outlet = till+i, outlet+i/2
			s.do(c)
			z, err := s.room.CloseBatch(ctx, shift.CloseBatch{Tenant: tenant, Outlet: outlet + i/2, Terminal: till + i, Actor: "c07"})
			if err != nil {
				t.Fatal(err)
			}
			zs = append(zs, z)
		}
		day := clock.Date(2026, 11, 21)
		of := func(outlets ...int64) *shift.Report {
			r, err := s.room.Consolidate(ctx, tenant, outlets, day, day)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		want(t, "one outlet", of(outlet).Totals.Columns[0], shift.Column{Asset: shift.Gift, Unit: euro, Net: 30_00, Rows: []shift.Row{{Name: "activation", Op: "ACT", Count: 2, Sum: 30_00}}})
		whole := of()
		want(t, "all", whole.Totals.Columns[0].Net, 60_00)
		want(t, "by hand", figures(t, shift.Sum(zs)), figures(t, whole))
		want(t, "grand total", whole.Totals.Grand[0].Given, 60_00)
		want(t, "holds", whole.Totals.Holds(), true)
		want(t, "Zs do not change by being summed", zs[0].Totals.Columns[0].Net, 10_00)
		s.sound()
	})
}

func TestHosted_ExpiryHasItsBatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		purse := ledger.Account{Holder: 1, Kind: ledger.Points, Unit: point}
		s.do(s.deed(ledger.EAR, 1, func(_ *ledger.View, d *ledger.Draft) error {
			d.Give(ledger.EAR, ledger.System(ledger.UnitsIssued, point), purse, 100, ledger.Terms{Until: clock.Date(2026, 11, 21)})
			return nil
		}))
		s.clock.Set(at(22, 0, 0))
		host := ledger.Origin{Terminal: 900, Actor: "expiry"}
		e := s.do(s.room.Hosted(ledger.Due{Tenant: tenant, Holder: 1, At: at(22, 0, 0), Host: host, Day: clock.Date(2026, 11, 22)}))
		want(t, "batch", fmt.Sprint(e.Kind, e.Terminal, e.Batch), "EXP 900 1")
		z, err := s.room.CloseBatch(ctx, shift.CloseBatch{Tenant: tenant, Terminal: 900, Actor: shift.Auto})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "expiry", row(z, shift.Points, "expiry").Sum, -100)
		s.close(shift.CloseBatch{})
		s.sound()
	})
}

func TestStanding_IsWhatAVoidNeeds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		e := s.do(s.give(ledger.ACT, money(1), 50_00))
		standing := func() (ok bool) {
			c := s.deed(ledger.BLK, 1, func(v *ledger.View, d *ledger.Draft) error {
				ok = s.room.Standing(v, e)
				d.Touch(1)
				return nil
			})
			c.also, c.op.Terminal = till, till+1
			s.do(c)
			return ok
		}
		want(t, "open", standing(), true)
		s.close(shift.CloseBatch{})
		want(t, "closed", standing(), false)
		s.do(s.take(ledger.RED, money(1), 1_00))
		want(t, "another batch is open", standing(), false)
	})
}

func TestCarry_OnlyBeforeTheFirstOperation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		s.do(s.give(ledger.ACT, money(1), 50_00))
		c := shift.Carry{Tenant: tenant, Outlet: outlet, Terminal: till, Actor: "install", Z: 9, Batch: 9}
		if err := s.room.Carry(ctx, c); !fault.Is(err, shift.ErrTillInUse) {
			t.Fatal(err)
		}
		c.Terminal, c.Batch = till+1, 999_999
		if err := s.room.Carry(ctx, c); err != nil {
			t.Fatal(err)
		}
		z, err := s.room.CloseBatch(ctx, shift.CloseBatch{Tenant: tenant, Outlet: outlet, Terminal: till + 1, Actor: "c07"})
		want(t, "numbers go on, the batch rolls over", fmt.Sprint(z.Z, z.Batch, err), "10 1 <nil>")
	})
}

func TestRRN_NamesAnEntry(t *testing.T) {
	t.Parallel()
	e := &ledger.Entry{Seq: 36*36*36*36*36*36 + 36, BookedAt: clock.Of(time.Date(2026, 2, 1, 9, 59, 0, 0, time.UTC))}
	want(t, "RRN", shift.RRN(e), "603209000010")
	seq, ok := shift.SeqOfRRN(shift.RRN(e), e.Seq+5)
	want(t, "seq", fmt.Sprint(seq, ok), fmt.Sprint(e.Seq, true))
	seq, ok = shift.SeqOfRRN("60320900000Z", 40)
	want(t, "seq", fmt.Sprint(seq, ok), "35 true")
	for _, bad := range []string{"", "60320900000", "603209+00001", "6032090000Ā", "60320900000Z"} {
		if seq, ok := shift.SeqOfRRN(bad, 30); ok {
			t.Errorf("%q names %d", bad, seq)
		}
	}
}

func TestProducts_AreCountedByHowTheCardIsSold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.room.Products(func(_ context.Context, _ db.Tx, holders []int64) (map[int64]string, error) {
			out := map[int64]string{}
			for _, h := range holders {
				out[h] = [...]string{"green", "red"}[h%2]
			}
			return out, nil
		})
		s.start()
		for card := range int64(3) {
			s.do(s.give(ledger.ACT, money(card+1), 10_00))
		}
		s.do(s.take(ledger.RED, money(1), 4_00))
		z := s.close(shift.CloseBatch{})
		want(t, "products", z.Totals.Products, []shift.Product{
			{Name: "green", Unit: euro, SoldCount: 1, SoldSum: 10_00, Outstanding: 10_00},
			{Name: "red", Unit: euro, SoldCount: 2, SoldSum: 20_00, RedeemedCount: 1, RedeemedSum: 4_00, Outstanding: 16_00},
		})
		s.sound()
	})
}

func TestSlip_SaysWhatDiffersAndWhatIsMissing(t *testing.T) {
	t.Parallel()
	z := &shift.Report{
		Kind: shift.X, State: shift.OutOfBalance, Batch: 7, Shift: 3, OpenedAt: at(21, 8, 0), OpenedBy: "c07", ClosedAt: at(21, 9, 0), Place: shift.Place{Zone: zone},
		Differs: []shift.Difference{{Asset: shift.Gift, Unit: 348, Op: "RED", HostCount: 1, HostSum: -1_234_500, TerminalCount: 2, TerminalSum: -2_000_050}},
		Totals: shift.Totals{
			Columns:  []shift.Column{{Asset: shift.Gift, Unit: 348, Net: -1_234_500}, {Asset: shift.Coupons, Unit: point, Rows: []shift.Row{{Name: "redemption", Count: 2, Sum: -2}}}},
			Sequence: shift.Sequence{Gaps: []shift.Span{{From: 2, Through: 4}, {From: 9, Through: 9}}},
		},
	}
	got := z.Slip(shift.Header{Operator: "Bolt", Copy: true}, "hu", 32)
	const text = `        ** X-JELENTÉS **
          zárás nélkül
            MÁSOLAT
Bolt
Nyitva 21.11.26 08:00 c07
                    Köt. 000007
Nyomtatva 21.11.26 09:00
                       Műszak 3
--------------------------------
AJÁNDÉK HUF       db      összeg
 Nettó változás          -12 345
ALKALMAK 0   KUPONOK 2
Elutasítva 0
Offline 0  sorban 0   Kézi 0
Hiányzó sz. 2-4, 9
ELTÉRŐ ÖSSZEGEK
 RED HUF           1     -12 345
  TID              2  -20 000,50
--------------------------------
`
	if got != text {
		t.Fatalf("got\n%s", got)
	}
}
