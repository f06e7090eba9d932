package money

import (
	"encoding/json"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCurrencies_AreSortedAndComplete(t *testing.T) {
	t.Parallel()
	if !slices.IsSortedFunc(table[:], func(a, b Currency) int {
		if a.Code < b.Code {
			return -1
		}
		return 1
	}) {
		t.Fatal("the table is not sorted by code")
	}
	for _, code := range []string{"EUR", "HUF", "USD", "GBP", "RUB", "BYN", "KZT", "UAH", "PLN", "CZK", "SEK", "NOK", "DKK", "CHF", "JPY"} {
		c, ok := Find(code)
		if !ok || c.Code != code {
			t.Fatalf("%s is missing", code)
		}
		if back, _ := FindNum(c.Num); back != c {
			t.Fatalf("%s by number gives %v", code, back)
		}
	}
	if _, ok := Find("XXX"); ok {
		t.Fatal("XXX is no currency")
	}
	if huf, _ := Find("HUF"); huf.Quantum != 100 {
		t.Fatalf("HUF has quantum %d", huf.Quantum)
	}
}

func TestValue_JSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(EUR.Of(1250))
	if err != nil || string(b) != `{"amount":1250,"currency":"EUR"}` {
		t.Fatalf("%s %v", b, err)
	}
	var v Value
	if err := json.Unmarshal(b, &v); err != nil || v != EUR.Of(1250) {
		t.Fatalf("%v %v", v, err)
	}
	if json.Unmarshal([]byte(`{"amount":1,"currency":"QQQ"}`), &v) == nil {
		t.Fatal("an unknown currency was read")
	}
}

func TestRate_Parse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Rate{"1/1.00": {1, 1}, "0.5": {1, 2}, "1/3": {1, 3}, "2": {2, 1}, "0": {0, 1}, "1.5 / 0.10": {15, 1}} {
		if got, err := ParseRate(in); err != nil || got != want {
			t.Errorf("%q: %v %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "1/0", "1/2/3", "x", "1/", "1/-2", "1.0000001", "9999999999999999999"} {
		if got, err := ParseRate(in); err == nil {
			t.Errorf("%q was read as %v", in, got)
		}
	}
}

func TestPercent_HalfUpToTheQuantum(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a       Amount
		b       BasisPoints
		q, want Amount
	}{{199500, 10_00, 100, 20000}, {85, 5_00, 1, 4}, {90, 5_00, 1, 5}, {-90, 5_00, 1, -5}, {4275, 10_00, 1, 428}} {
		if got := c.a.Percent(c.b, c.q); got != c.want {
			t.Errorf("%d of %s at %d: %d, want %d", c.a, c.b, c.q, got, c.want)
		}
	}
	if got := Amount(179500).PercentFloor(30_00, 100); got != 53800 {
		t.Errorf("floor gives %d", got)
	}
}

func TestMulDiv_AgreesWithBigIntegers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b"), rapid.Int64().Draw(t, "c")
		mode := Rounding(rapid.IntRange(0, 2).Draw(t, "mode"))
		got, ok := MulDiv(a, b, c, mode)
		if c == 0 {
			if ok {
				t.Fatal("divided by zero")
			}
			return
		}
		n := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		d := big.NewInt(c)
		sign := n.Sign() * d.Sign()
		n.Abs(n)
		d.Abs(d)
		q, r := new(big.Int).QuoRem(n, d, new(big.Int))
		twice := new(big.Int).Lsh(r, 1)
		if r.Sign() != 0 && (mode == Ceil || (mode == HalfUp && twice.Cmp(d) >= 0)) {
			q.Add(q, big.NewInt(1))
		}
		fits := q.IsInt64()
		if sign < 0 {
			q.Neg(q)
		}
		if ok != fits || (ok && q.Int64() != got) {
			t.Fatalf("%d × %d ÷ %d: %d %v, want %v", a, b, c, got, ok, q)
		}
	})
}

func TestAllocate_SumsExactlyAndNeverAboveAWeight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quantum := Amount(rapid.SampledFrom([]int64{1, 100}).Draw(t, "quantum"))
		weights := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Amount {
			return Amount(rapid.Int64Range(0, 1_000_000).Draw(t, "w")) * quantum
		}), 1, 60).Draw(t, "weights")
		var sum Amount
		for _, w := range weights {
			sum += w
		}
		amount := Amount(rapid.Int64Range(0, int64(sum/quantum)).Draw(t, "amount")) * quantum
		parts := Allocate(nil, amount, weights, quantum)
		back := Allocate(nil, -amount, weights, quantum)
		var total Amount
		for i, p := range parts {
			total += p
			if p < 0 || p > weights[i] || p%quantum != 0 {
				t.Fatalf("part %d of weight %d", p, weights[i])
			}
			if back[i] != -p {
				t.Fatalf("negative gives %d, positive %d", back[i], p)
			}
		}
		if total != amount {
			t.Fatalf("parts sum to %d of %d", total, amount)
		}
	})
}

func TestAllocate_TiesGoToTheEarlier(t *testing.T) {
	t.Parallel()
	if got := Allocate(nil, 100000, []Amount{70000, 70000, 70000}, 100); !slices.Equal(got, []Amount{33400, 33300, 33300}) {
		t.Fatal(got)
	}
	if got := Allocate(nil, 10, []Amount{350, 350, 350}, 1); !slices.Equal(got, []Amount{4, 3, 3}) {
		t.Fatal(got)
	}
	if got, ok := Split(nil, 400, []Amount{1000, 200}, 1); !ok || !slices.Equal(got, []Amount{333, 67}) {
		t.Fatal(got, ok)
	}
	if _, ok := Split(nil, 1201, []Amount{1000, 200}, 1); ok {
		t.Fatal("more was split than is left")
	}
}

func TestCut_NeverLosesAFraction(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate, _ := NewRate(rapid.Int64Range(1, 1000).Draw(t, "p"), rapid.Int64Range(1, 100_000).Draw(t, "q"))
		var carry Rate
		var earned, base int64
		for range rapid.IntRange(1, 20).Draw(t, "sales") {
			v := rapid.Int64Range(0, 1_000_000).Draw(t, "v")
			whole, rest, ok := rate.Cut(v, carry)
			if !ok {
				t.Fatal("does not fit")
			}
			earned, base, carry = earned+whole, base+v, rest
		}
		if want, _ := rate.Of(base, Floor); want != earned {
			t.Fatalf("earned %d in parts, %d at once", earned, want)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	f.Add("12.50")
	f.Add("-0.001")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseDecimal(s, 3)
		if err != nil {
			return
		}
		if back, err := ParseDecimal(FormatDecimal(v, 3), 3); err != nil || back != v {
			t.Fatalf("%q: %d became %d, %v", s, v, back, err)
		}
	})
}

func BenchmarkAllocate(b *testing.B) {
	weights := []Amount{1000, 250, 333, 1999, 45, 870, 1200, 60, 999, 3}
	buf := make([]Amount, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buf = Allocate(buf[:0], 1234, weights, 1)
	}
}
