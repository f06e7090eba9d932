package money

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Rounding says what happens to a cut fraction. Magnitudes are rounded, so that negative amounts give the
// same figures as positive ones.
type Rounding uint8

// The ways of rounding.
const (
	Floor Rounding = iota
	HalfUp
	Ceil
)

// MulDiv gives a × b ÷ c through 128 bits. It reports false when c is zero or the result does not fit.
func MulDiv(a, b, c int64, mode Rounding) (int64, bool) {
	if c == 0 {
		return 0, false
	}
	negative := (a < 0) != (b < 0) != (c < 0)
	d := magnitude(c)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi >= d {
		return 0, false
	}
	q, r := bits.Div64(hi, lo, d)
	switch {
	case r == 0:
	case mode == Ceil, mode == HalfUp && r >= d-r:
		if q++; q == 0 {
			return 0, false
		}
	}
	if q > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(q), true
	}
	return int64(q), true
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// To gives the amount rounded to a multiple of the quantum.
func (a Amount) To(quantum Amount, mode Rounding) Amount {
	if quantum <= 1 {
		return a
	}
	v, ok := MulDiv(int64(a), 1, int64(quantum), mode)
	if !ok {
		panic(fmt.Sprintf("money: %d to the quantum %d", a, quantum))
	}
	return Amount(v) * quantum
}

// BasisPoints are hundredths of a percent: 10,000 is the whole.
type BasisPoints int32

// Hundred is 100 %.
const Hundred BasisPoints = 10_000

// ParsePercent reads "7", "7.5" or "7.25 %" as basis points.
func ParsePercent(s string) (BasisPoints, error) {
	v, err := ParseDecimal(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%")), 2)
	if err != nil || v > math.MaxInt32 || v < math.MinInt32 {
		return 0, fmt.Errorf("%.40q is not a percentage of at most two places", s)
	}
	return BasisPoints(v), nil
}

// String gives 7.5%.
func (b BasisPoints) String() string { return TrimDecimal(int64(b), 2) + "%" }

// Percent gives that share of the amount, half-up to the quantum (R3).
func (a Amount) Percent(b BasisPoints, quantum Amount) Amount {
	return a.share(int64(b), int64(Hundred), quantum, HalfUp)
}

// PercentFloor gives that share of the amount, floored to the quantum, as caps are (R7).
func (a Amount) PercentFloor(b BasisPoints, quantum Amount) Amount {
	return a.share(int64(b), int64(Hundred), quantum, Floor)
}

// Part gives a × num ÷ den, half-up to the quantum: the cumulative method of R8 is built on it.
func (a Amount) Part(num, den int64, quantum Amount) Amount {
	return a.share(num, den, quantum, HalfUp)
}

func (a Amount) share(num, den int64, quantum Amount, mode Rounding) Amount {
	if quantum > 1 {
		den *= int64(quantum)
	} else {
		quantum = 1
	}
	v, ok := MulDiv(int64(a), num, den, mode)
	if !ok {
		panic(fmt.Sprintf("money: %d × %d ÷ %d does not fit", a, num, den))
	}
	return Amount(v) * quantum
}

// Rate is a ratio P ÷ Q of whole numbers, Q above zero.
type Rate struct{ P, Q int64 }

// NewRate gives a rate in lowest terms. It reports false for a zero or negative divisor.
func NewRate(p, q int64) (Rate, bool) {
	if q <= 0 || p == math.MinInt64 {
		return Rate{}, false
	}
	g := gcd(int64(magnitude(p)), q)
	return Rate{p / g, q / g}, true
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

// ParseRate reads "1/1.00", "0.5", "1/3" or "2": decimal numbers, at most one stroke.
func ParseRate(s string) (Rate, error) {
	above, below, split := strings.Cut(s, "/")
	if !split {
		below = "1"
	}
	p, err := ParseDecimal(strings.TrimSpace(above), 6)
	if err != nil {
		return Rate{}, fmt.Errorf("rate %.40q: %w", s, err)
	}
	q, err := ParseDecimal(strings.TrimSpace(below), 6)
	if err != nil {
		return Rate{}, fmt.Errorf("rate %.40q: %w", s, err)
	}
	r, ok := NewRate(p, q)
	if !ok {
		return Rate{}, fmt.Errorf("rate %.40q divides by nothing", s)
	}
	return r, nil
}

// String gives P/Q, or P alone where Q is one.
func (r Rate) String() string {
	if r.Q == 1 || r.P == 0 {
		return strconv.FormatInt(r.P, 10)
	}
	return strconv.FormatInt(r.P, 10) + "/" + strconv.FormatInt(r.Q, 10)
}

// MarshalText writes String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what ParseRate reads; nothing is the zero rate.
func (r *Rate) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*r = Rate{}
		return nil
	}
	v, err := ParseRate(string(b))
	*r = v
	return err
}

// Zero tells whether the rate gives nothing.
func (r Rate) Zero() bool { return r.P == 0 }

// Of gives v × P ÷ Q. It reports false when that does not fit.
func (r Rate) Of(v int64, mode Rounding) (int64, bool) {
	if r.P == 0 {
		return 0, true
	}
	return MulDiv(v, r.P, r.Q, mode)
}

// Per gives v × Q ÷ P: how many of the unit below make v of the unit above.
func (r Rate) Per(v int64, mode Rounding) (int64, bool) { return MulDiv(v, r.Q, r.P, mode) }

// Times gives the rate multiplied by p ÷ q, in lowest terms.
func (r Rate) Times(p, q int64) (Rate, bool) {
	if r.P == 0 || p == 0 {
		return Rate{0, 1}, q > 0
	}
	a, ok1 := NewRate(r.P, q)
	b, ok2 := NewRate(p, r.Q)
	if !ok1 || !ok2 {
		return Rate{}, false
	}
	above, ok1 := product(a.P, b.P)
	below, ok2 := product(a.Q, b.Q)
	return Rate{above, below}, ok1 && ok2
}

// Plus gives the sum of two rates, in lowest terms.
func (r Rate) Plus(o Rate) (Rate, bool) {
	if r.Q == 0 || r.P == 0 {
		return o.orZero(), true
	}
	if o.Q == 0 || o.P == 0 {
		return r, true
	}
	g := gcd(r.Q, o.Q)
	a, ok1 := product(r.P, o.Q/g)
	b, ok2 := product(o.P, r.Q/g)
	q, ok3 := product(r.Q, o.Q/g)
	if !ok1 || !ok2 || !ok3 || (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b) {
		return Rate{}, false
	}
	return NewRate(a+b, q)
}

func (r Rate) orZero() Rate {
	if r.Q == 0 {
		return Rate{0, 1}
	}
	return r
}

func product(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

// Cut gives the whole part of v × P ÷ Q plus a carried fraction, and the fraction that is left (R5).
// A fraction whose divisor would not fit is cut to millionths.
func (r Rate) Cut(v int64, carry Rate) (int64, Rate, bool) {
	whole, ok := r.Of(v, Floor)
	if !ok {
		return 0, Rate{}, false
	}
	var rest Rate
	if r.P != 0 {
		_, lo := bits.Mul64(magnitude(v), magnitude(r.P))
		wholeLo := uint64(whole) * uint64(r.Q)
		rest, _ = NewRate(int64(lo-wholeLo), r.Q)
	}
	sum, ok := rest.Plus(carry)
	if !ok {
		a, _ := rest.Of(1_000_000, Floor)
		b, _ := carry.Of(1_000_000, Floor)
		sum, _ = NewRate(a+b, 1_000_000)
	}
	if sum.P >= sum.Q {
		whole, sum.P = whole+sum.P/sum.Q, sum.P%sum.Q
		sum, _ = NewRate(sum.P, sum.Q)
	}
	return whole, sum, true
}
