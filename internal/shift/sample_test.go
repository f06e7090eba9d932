package shift_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/i18n"
	cash "lojal/internal/base/money"
	"lojal/internal/base/paper"
	"lojal/internal/ledger"
	"lojal/internal/shift"
)

const sample = `        ** Z-REPORT  0000412 **
DEMO OPERATOR              TID 20010447
SIA PIEMERS LV40000000001    Outlet 017
Opened 21.11.26 08:58 c07    Bt. 000233
Closed 21.11.26 21:04 c07
----------------------------------------
GIFT EUR               cnt           sum
 Activation             12        480.00
 Reload                  3         60.00
 Redemption             21       -402.35
 Return to card          1         15.90
 Void redemption         1         20.00
 Reversal                2          0.00
 Net change                       173.55
POINTS                 cnt           pts
 Accrued                96         3 118
 Redeemed               14        -1 240
 Clawback                2           -55
VISITS used 34   DISCOUNT given 211.07
Declined 5 (PIN 2, funds 2, expired 1)
Offline 4  queue 0   Manual 3
HOST TOTALS BALANCED     GT 88 214.20
----------------------------------------
`

var header = shift.Header{
	Operator: "DEMO OPERATOR", Merchant: "SIA PIEMERS", Registration: "LV40000000001", Outlet: "017", TID: "20010447", Currency: cash.EUR,
}

// aDay is the day of the sample, operation by operation.
func aDay(s *shop) {
	s.t.Helper()
	if err := s.room.Carry(context.Background(), shift.Carry{
		Tenant: tenant, Outlet: outlet, Terminal: till, Actor: "install", Z: 411, Batch: 232,
		Grand: []shift.Grand{{Asset: shift.Gift, Unit: euro, Given: 8_767_420}},
	}); err != nil {
		s.t.Fatal(err)
	}
	for card := range int64(12) {
		s.do(s.give(ledger.ACT, money(card+1), 40_00))
	}
	for card := range int64(3) {
		c := s.give(ledger.LOD, money(card+1), 20_00)
		c.flags = "keyed"
		s.do(c)
	}
	spent := s.do(s.take(ledger.RED, money(1), 20_00))
	s.do(s.take(ledger.RED, money(2), 21_35))
	var some *ledger.Entry
	for i := range int64(19) {
		c := s.take(ledger.SAL, money(i%10+3), 19_00)
		if i < 4 {
			c.flags = "offline"
		}
		some = s.do(c)
	}
	s.do(s.deed(ledger.RET, some.Post.Uses[0].Holder, func(_ *ledger.View, d *ledger.Draft) error {
		d.Restore(ledger.RET, ledger.System(ledger.TillClearing, euro), some.Post.Uses, 15_90, 0)
		return nil
	}))
	s.do(s.back(ledger.VOI, spent, 1))
	lost := s.do(s.take(ledger.RED, money(1), 5_00))
	s.do(s.back(ledger.REV, lost, 1))
	s.points()
	s.visits()
	s.decline5()
}

func (s *shop) points() {
	s.t.Helper()
	purse := func(n int64) ledger.Account {
		return ledger.Account{Holder: 100 + n, Kind: ledger.Points, Unit: point}
	}
	for i := range int64(96) {
		qty := int64(32)
		if i == 0 {
			qty = 78
		}
		c := s.give(ledger.EAR, purse(i%4), qty)
		switch i {
		case 3:
			c.doc = `{"rule":1,"gross":180000,"discount":18000}`
		case 4:
			c.doc = `{"rule":2,"gross":9000,"discount":3107}`
		}
		s.do(c)
	}
	for i := range int64(14) {
		qty := int64(90)
		if i == 0 {
			qty = 70
		}
		s.do(s.take(ledger.RED, purse(i%4), qty))
	}
	for _, qty := range []int64{30, 25} {
		s.do(s.deed(ledger.RET, 100, func(_ *ledger.View, d *ledger.Draft) error {
			d.Claw(ledger.RET, nil, purse(0), ledger.System(ledger.UnitsIssued, point), qty)
			return nil
		}))
	}
}

func (s *shop) visits() {
	s.t.Helper()
	pass := ledger.Account{Holder: 200, Kind: ledger.Visits, Unit: visit}
	s.do(s.give(ledger.ACT, pass, 40))
	for range 33 {
		s.do(s.take(ledger.VIS, pass, 1))
	}
	s.do(s.deed(ledger.VIS, 201, func(_ *ledger.View, d *ledger.Draft) error { // an unlimited pass
		d.Touch(201)
		return nil
	}))
}

func (s *shop) decline5() {
	s.t.Helper()
	for i := range 2 {
		s.clock.Set(s.clock.Now() + clock.Second)
		if s.try(s.decline(errPIN)).Err == nil {
			s.t.Fatal("not declined")
		}
		c := s.take(ledger.RED, money(1), 1_000_00)
		c.op.TerminalSeq, c.op.Key = 0, fmt.Sprint("poor", i)
		s.n--
		if s.try(c).Err == nil {
			s.t.Fatal("not declined")
		}
	}
	if s.try(s.decline(errExpired)).Err == nil {
		s.t.Fatal("not declined")
	}
}

func claimed() *shift.Claim {
	gift := func(op string, count, sum int64) shift.ClaimLine {
		return shift.ClaimLine{Asset: shift.Gift, Unit: euro, Op: op, Count: count, Sum: sum}
	}
	return &shift.Claim{Lines: []shift.ClaimLine{
		gift("ACT", 12, 480_00), gift("LOD", 3, 60_00), gift("RED", 21, -402_35), gift("RET", 1, 15_90), gift("VOI", 1, 20_00), gift("REV", 2, 0),
	}}
}

func TestZ_ReproducesTheSampleOfTheDomainReference(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).start()
		aDay(s)
		s.clock.Set(at(21, 21, 4))
		z := s.close(shift.CloseBatch{Claim: claimed()})
		if got := z.Slip(header, "en", 40); got != sample {
			t.Fatalf("got\n%s\nwant\n%s\n%+v", got, sample, z.Differs)
		}
		want(t, "state", z.State, shift.Balanced)
		want(t, "sequence", fmt.Sprint(z.Totals.Sequence.First, z.Totals.Sequence.Last, z.Totals.Sequence.Missing), fmt.Sprint(1, s.n, 0))
		want(t, "voided redemptions", row(z, shift.Gift, "redemption").Voided, 1)
		want(t, "keyed reloads", row(z, shift.Gift, "reload").Keyed, 3)
		want(t, "offline redemptions", row(z, shift.Gift, "redemption").Offline, 4)
		want(t, "discounts by rule", z.Totals.Sections[0].Lines, []shift.Line{{Name: "rule 1", Unit: euro, Count: 1, Base: 180000, Sum: 18000}, {Name: "rule 2", Unit: euro, Count: 1, Base: 9000, Sum: 3107}})
		want(t, "cashiers", len(z.Totals.Cashiers), 1)
		want(t, "voids of the cashier", z.Totals.Cashiers[0].Voids, 1)
		s.sound()
		everyLanguage(t, z)
		var back struct {
			ZNo      int64  `json:"z_no"`
			OpenedAt string `json:"opened_at"`
			State    string `json:"state"`
			Columns  []struct{ Net int64 }
		}
		text, err := json.Marshal(z)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || back.ZNo != 412 || back.OpenedAt != "2026-11-21T08:58:00+02:00" || back.State != "balanced" || back.Columns[0].Net != 173_55 {
			t.Fatalf("%v: %s", err, text)
		}
	})
}

func everyLanguage(t *testing.T, z *shift.Report) {
	t.Helper()
	for _, lang := range i18n.Languages {
		for _, width := range paper.Widths {
			text := z.Slip(header, lang, width)
			if strings.Contains(text, "z.") {
				t.Errorf("%s lacks a text:\n%s", lang, text)
			}
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d columns on %d: %q", lang, n, width, line)
				}
			}
			sum := "402,35"
			if lang == "en" {
				sum = "402.35"
			}
			if !strings.Contains(text, " -"+sum+"\n") || !strings.Contains(text, "3 118\n") {
				t.Errorf("%s on %d lacks its sums:\n%s", lang, width, text)
			}
		}
	}
}
