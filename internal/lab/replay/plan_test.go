package replay

import (
	"compress/gzip"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const head = "invoice,sku,name,qty,sold_at,price,customer,country\n"

func planOf(t *testing.T, rows string) *plan {
	t.Helper()
	p, err := makePlan(strings.NewReader(head+rows), OnlineRetail())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// check holds what is true of every plan: rows in = rows booked + rows left out, no sale gives back more
// than it sold, keys and receipts are unique, times never run back.
func check(t *testing.T, p *plan) {
	t.Helper()
	left := int64(0)
	for _, n := range p.left {
		left += n
	}
	if int64(p.rows) != int64(p.booked)+left {
		t.Errorf("%d rows, %d booked, %d left out", p.rows, p.booked, left)
	}
	ids := map[string]bool{}
	back := map[*operation]map[int]int64{}
	var at time.Time
	for _, g := range p.groups {
		if !g[0].at.After(at) {
			t.Errorf("the clock stands or runs back to %v", g[0].at)
		}
		at = g[0].at
		for _, o := range g {
			if ids[o.id] || ids[o.receipt] || !o.at.Equal(at) {
				t.Errorf("%s is there twice, or at another time than its group", o.id)
			}
			ids[o.id], ids[o.receipt] = true, true
			if o.original == nil {
				continue
			}
			if back[o.original] == nil {
				back[o.original] = map[int]int64{}
			}
			for _, l := range o.lines {
				back[o.original][l.no] += l.qty
			}
		}
	}
	for sale, lines := range back {
		for no, n := range lines {
			if l := sale.lines[no-1]; n > l.qty || n != l.qty-l.left {
				t.Errorf("%s line %d: %d of %d given back, %d left", sale.id, no, n, l.qty, l.left)
			}
		}
	}
}

func TestPlan_NamesEveryOddRow(t *testing.T) {
	t.Parallel()
	p := planOf(t, strings.Join([]string{
		"1,A,Cup,2,2009-12-01T07:45:00,2.1,13085.0,UK",
		"1,BB,,1,2009-12-01T07:46:00,0,13085.0,UK",
		"1,PADS,Pads,1,2009-12-01T07:46:00,0.001,13085.0,UK",
		"1,POST,Postage,1,2009-12-01T07:46:00,18,13085.0,UK",
		"2,C,lost,-5,2009-12-01T07:47:00,0,,UK",
		"3,BANK CHARGES,Bank,1,2009-12-01T07:48:00,5,,UK",
		"3,M,Manual,1,2009-12-01T07:48:00,5,,UK",
		"3,D,Discount,-1,2009-12-01T07:48:00,5,,UK",
		"3,S,Samples,1,2009-12-01T07:48:00,5,,UK",
		"3,TEST001,Test,1,2009-12-01T07:48:00,5,,UK",
		"A4,B,Adjust bad debt,1,2009-12-01T07:49:00,-53594.36,,UK",
		"C5,A,Cup,1,2009-12-01T07:50:00,2.1,13085.0,UK",
		"C6,A,Cup,-1,2009-12-01T07:50:00,2.1,,UK",
		"7,A,Cup,0,2009-12-01T07:50:00,2.1,,UK",
		"8,A,Cup,1,2009-12-01T07:50:00,-2.1,,UK",
	}, "\n"))
	check(t, p)
	want := map[string]int64{
		"price_zero": 1, "price_fraction": 1, "stock_write_off": 1, "bank_charge": 1, "manual_adjustment": 1, "discount_note": 1,
		"sample": 1, "test_product": 1, "bad_debt": 1, "positive_cancellation": 1, reasonBlind: 1, "quantity_zero": 1, "price_negative": 1,
	}
	if !maps.Equal(p.left, want) {
		t.Errorf("left out %v, want %v", p.left, want)
	}
	if p.booked != 2 || p.operations() != 1 || p.invoices != 8 {
		t.Fatalf("%d booked in %d operations of %d invoices", p.booked, p.operations(), p.invoices)
	}
	o := p.groups[0][0]
	if o.gross() != 2*210+1800 || o.customer != "13085" || !o.enrols || o.lines[1].kind != "delivery" || o.lines[0].kind != "goods" {
		t.Errorf("sale %+v", o)
	}
}

func TestPlan_CancellationGoesToTheLatestSales(t *testing.T) {
	t.Parallel()
	p := planOf(t, strings.Join([]string{
		"1,A,Cup,5,2009-12-01T08:00:00,1,7.0,UK",
		"2,A,Cup,2,2009-12-01T09:00:00,1.5,7.0,UK",
		"2,A,Cup,1,2009-12-01T09:00:00,2,7.0,UK",
		"3,A,Cup,9,2009-12-01T10:00:00,1,8.0,UK",
		"C4,A,Cup,-4,2009-12-01T11:00:00,1,7.0,UK",
		"C5,A,Cup,-9,2009-12-01T11:00:00,1,7.0,UK",
	}, "\n"))
	check(t, p)
	last := p.groups[len(p.groups)-1]
	if len(last) != 3 {
		t.Fatalf("%d returns, want C4 of two sales and C5 of one", len(last))
	}
	first, second, third := last[0], last[1], last[2]
	if first.original.receipt != "2" || first.receipt != "C4-1" || len(first.lines) != 2 || first.lines[0].no != 2 || first.gross() != 200+2*150 {
		t.Errorf("first return %+v", first)
	}
	if second.original.receipt != "1" || second.id != "return-C4-2" || second.gross() != 100 {
		t.Errorf("second return %+v", second)
	}
	if third.original.receipt != "1" || third.gross() != 400 || p.blindUnits != 5 || p.partial != 1 || p.booked != 6 {
		t.Errorf("third return %+v, blind %d, partial %d, booked %d", third, p.blindUnits, p.partial, p.booked)
	}
}

func TestPlan_OneSaleIsReturnedOnce(t *testing.T) {
	t.Parallel()
	p := planOf(t, strings.Join([]string{
		"1,A,Cup,5,2009-12-01T08:00:00,1,7.0,UK",
		"C2,A,Cup,-2,2009-12-01T11:00:00,1,7.0,UK",
		"C2,A,Cup,-3,2009-12-01T11:00:00,1,7.0,UK",
	}, "\n"))
	check(t, p)
	if got := p.groups[1]; len(got) != 1 || len(got[0].lines) != 1 || got[0].lines[0].qty != 5 {
		t.Errorf("returns %+v", got)
	}
}

func TestPlan_RefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, rows := range []string{
		",A,Cup,1,2009-12-01T08:00:00,1,7.0,UK",
		"1,A,Cup,1.5,2009-12-01T08:00:00,1,7.0,UK",
		"1,A,Cup,1,yesterday,1,7.0,UK",
		"1,A,Cup,1,2009-12-01T08:00:00,one,7.0,UK",
		"1,A,Cup,1,2009-12-01T08:00:00,0.x01,7.0,UK",
		"1,A,Cup,9999999,2009-12-01T08:00:00,1,7.0,UK",
	} {
		if _, err := makePlan(strings.NewReader(head+rows), OnlineRetail()); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", rows, err)
		}
	}
	if _, err := makePlan(strings.NewReader("a,b\n"), OnlineRetail()); err == nil {
		t.Error("a log without its columns is read")
	}
}

func TestMapping(t *testing.T) {
	t.Parallel()
	good := string(onlineRetail)
	for name, text := range map[string]string{
		"unknown key":  good + "colour: red\n",
		"no zone":      strings.Replace(good, "zone: Europe/London", "zone: Nowhere/Land", 1),
		"no currency":  strings.Replace(good, "currency: GBP", "", 1),
		"a bad name":   strings.Replace(good, "name: online-retail", "name: Online Retail", 1),
		"two reasons":  strings.Replace(good, "sample: [S]", "sample: [S, D]", 1),
		"no invoice":   strings.Replace(good, "invoice: invoice", "", 1),
		"wide comma":   good + "comma: ab\n",
		"no such unit": strings.Replace(good, "currency: GBP", "currency: XXQ", 1),
	} {
		if text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := ReadMapping(strings.NewReader(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

const month = "../../../testdata/replay/online_retail_2009_12.csv.gz"

// openMonth opens the month that we ship.
func openMonth(t *testing.T) io.Reader {
	t.Helper()
	f, err := os.Open(month)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestPlan_OfARealMonth(t *testing.T) {
	t.Parallel()
	p, err := makePlan(openMonth(t), OnlineRetail())
	if err != nil {
		t.Fatal(err)
	}
	check(t, p)
	if p.rows != 45228 || p.invoices < 2000 || p.booked < 43000 {
		t.Errorf("%d rows, %d invoices, %d booked, left out %v", p.rows, p.invoices, p.booked, p.left)
	}
	again, err := makePlan(openMonth(t), OnlineRetail())
	if err != nil {
		t.Fatal(err)
	}
	same := slices.EqualFunc(p.groups, again.groups, func(a, b []*operation) bool {
		return slices.EqualFunc(a, b, func(x, y *operation) bool {
			return x.id == y.id && x.seq == y.seq && x.gross() == y.gross() && x.outlet == y.outlet
		})
	})
	if !same {
		t.Error("the same log gives another plan")
	}
}
