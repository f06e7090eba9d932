package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Pow10 gives 10 to the power n, for n from 0 to 18.
func Pow10(n int) int64 {
	v := int64(1)
	for range n {
		v *= 10
	}
	return v
}

// FormatDecimal writes v, which counts units of 10^-places, as a decimal number with all its places.
func FormatDecimal(v int64, places int) string {
	if places == 0 {
		return strconv.FormatInt(v, 10)
	}
	sign := ""
	u := uint64(v)
	if v < 0 {
		sign, u = "-", -u
	}
	p := uint64(Pow10(places))
	frac := strconv.FormatUint(u%p, 10)
	return sign + strconv.FormatUint(u/p, 10) + "." + strings.Repeat("0", places-len(frac)) + frac
}

// TrimDecimal writes v like FormatDecimal, without zeros at the end: 1500 of three places is 1.5.
func TrimDecimal(v int64, places int) string {
	s := FormatDecimal(v, places)
	if places == 0 {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// ParseDecimal reads a decimal number as a count of units of 10^-places. More places than that are an
// error, since they would have to be rounded.
func ParseDecimal(s string, places int) (int64, error) {
	rest, negative := strings.CutPrefix(s, "-")
	whole, frac, dotted := strings.Cut(rest, ".")
	if whole == "" || (dotted && frac == "") || len(frac) > places || len(whole)+places > 18 {
		return 0, fmt.Errorf("%.40q is not a decimal number of at most %d places", s, places)
	}
	var v int64
	for _, part := range [2]string{whole, frac} {
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return 0, fmt.Errorf("%.40q is not a decimal number", s)
			}
			v = v*10 + int64(part[i]-'0')
		}
	}
	v *= Pow10(places - len(frac))
	if negative {
		v = -v
	}
	return v, nil
}
