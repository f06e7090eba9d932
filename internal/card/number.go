package card

import (
	"strings"

	"lojal/internal/base/fault"
)

// Number is a card number in its normal form: 5 to 19 digits.
type Number string

const (
	minDigits = 5 // KIND-14
	maxDigits = 19
	maskStars = 12
)

// ParseNumber reads a number with or without spaces and dashes. It refuses anything else than ASCII digits,
// and numbers of payment cards; the refusal never carries the value.
func ParseNumber(s string) (Number, error) {
	if len(s) > maxValue {
		return "", fault.Invalid("number", "5 to 19 digits")
	}
	n := strip(s)
	if !allDigits(n) || len(n) < minDigits || len(n) > maxDigits {
		return "", fault.Invalid("number", "5 to 19 digits")
	}
	if paymentCard(n) {
		return "", fault.Invalid("number", "no number of a payment card")
	}
	return Number(n), nil
}

// Masked gives the form for receipts and screens (NUM-13): twelve stars and the last four digits, whatever
// the length, so that the mask tells nothing of it.
func (n Number) Masked() string { return Masked(n.Last4()) }

// Last4 gives the last four digits.
func (n Number) Last4() string { return string(n[max(0, len(n)-4):]) }

// Grouped gives the number in groups of four, as it is printed on a card.
func (n Number) Grouped() string {
	var b strings.Builder
	for i := range len(n) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(n[i])
	}
	return b.String()
}

// Masked gives what receipts and screens show of a number of which the last four characters are known.
func Masked(last4 string) string { return strings.Repeat("*", maskStars) + last4 }

// LuhnDigit gives the check digit of ISO/IEC 7812-1 for digits without one.
func LuhnDigit(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// EANDigit gives the check digit of GS1 for the twelve digits of an EAN-13.
func EANDigit(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// LuhnValid tells whether the last digit is the check digit of the others.
func LuhnValid(digits string) bool {
	last := len(digits) - 1
	return last > 0 && LuhnDigit(digits[:last]) == digits[last]
}

// EANValid tells whether the digits are an EAN-13 with its check digit.
func EANValid(digits string) bool { return len(digits) == 13 && EANDigit(digits[:12]) == digits[12] }

// Payment cards have 14 to 19 digits; the 13 digits of an EAN-13 are left alone.
const (
	panDigitsMin = 14
	panDigitsMax = 19
)

// bankPrefixes are ranges of payment cards (ISO/IEC 7812 issuers as NUM-01 lists them).
var bankPrefixes = []string{"3", "4", "5", "2", "62", "81"}

func bankRange(n string) bool {
	for _, p := range bankPrefixes {
		if strings.HasPrefix(n, p) {
			return true
		}
	}
	return false
}

// paymentCard tells whether digits look like the number of a payment card: it must not be stored or logged.
func paymentCard(n string) bool {
	return len(n) >= panDigitsMin && len(n) <= panDigitsMax && allDigits(n) && bankRange(n) && LuhnValid(n)
}

// strip takes out the spaces and dashes that people and printers put into numbers.
func strip(s string) string {
	if !strings.ContainsAny(s, " -") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] != ' ' && s[i] != '-' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
