package card

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"lojal/internal/base/fault"
)

// Rule says how the numbers of a batch or of a single card are made.
type Rule struct {
	Kind   string `json:"kind"`             // sequential or random
	From   int64  `json:"from,omitempty"`   // first of a sequence, without prefix and check digit
	Length int    `json:"length"`           // digits in all
	Prefix string `json:"prefix,omitempty"` // digits that every number begins with
	Check  string `json:"check"`            // luhn, ean13 or none
}

// Words of a rule.
const (
	Sequential = "sequential"
	Random     = "random"

	CheckLuhn = "luhn"
	CheckEAN  = "ean13"
	CheckNone = "none"
)

const (
	randomDigitsMin = 10 // SEC-01
	randomLengthMin = 16 // NUM-01
	eanLength       = 13
	eanPrefix       = "29" // NUM-02: the one range that tills do not use for weighed goods
)

// countryDigits are ISO 3166-1 numeric codes of the countries that have a pack.
var countryDigits = map[string]string{
	"lv": "428", "ee": "233", "lt": "440", "hu": "348", "kz": "398", "ru": "643", "pl": "616", "fi": "246", "de": "276", "gb": "826",
}

// StoredValueRule gives the default rule for cards with stored value: 19 digits, of which 14 are random
// (NUM-01). A country without a known code has 9999.
func StoredValueRule(country string) Rule {
	digits, ok := countryDigits[strings.ToLower(country)]
	if !ok {
		digits = "999"
	}
	return Rule{Kind: Random, Length: maxDigits, Prefix: "9" + digits, Check: CheckLuhn}
}

// EANRule gives the default rule for numbers that tills read as an EAN-13 (NUM-02).
func EANRule() Rule { return Rule{Kind: Random, Length: eanLength, Prefix: eanPrefix, Check: CheckEAN} }

// body gives how many digits the rule leaves between the prefix and the check digit.
func (r Rule) body() int {
	if r.Check == CheckNone {
		return r.Length - len(r.Prefix)
	}
	return r.Length - len(r.Prefix) - 1
}

// Validate refuses a rule with invalid_value that could not make so many numbers, that makes guessable
// ones where they must not be guessed (SEC-01), or numbers in the ranges of payment cards.
func (r Rule) Validate(quantity int64) error {
	switch {
	case r.Length < minDigits || r.Length > maxDigits:
		return fault.Invalid("rule.length", "5 to 19")
	case r.Prefix != "" && !allDigits(r.Prefix):
		return fault.Invalid("rule.prefix", "digits")
	case r.Check != CheckLuhn && r.Check != CheckEAN && r.Check != CheckNone:
		return fault.Invalid("rule.check", "luhn, ean13 or none")
	case r.Check == CheckEAN && (r.Length != eanLength || !strings.HasPrefix(r.Prefix, "2")):
		return fault.Invalid("rule.prefix", "13 digits in the restricted range 20 to 29")
	case r.body() < 1:
		return fault.Invalid("rule.prefix", "shorter than the number")
	}
	if r.Length >= panDigitsMin && (bankRange(r.Prefix) || r.Prefix == "" || r.Prefix == "6" || r.Prefix == "8") {
		return fault.Invalid("rule.prefix", "a prefix outside the ranges of payment cards")
	}
	switch r.Kind {
	case Sequential:
		if last := r.From + quantity - 1; r.From < 0 || last < r.From || last >= power(r.body()) {
			return fault.Invalid("rule.from", "a start that leaves room for the quantity")
		}
		return nil
	case Random:
		return r.validateRandom()
	}
	return fault.Invalid("rule.kind", "sequential or random")
}

func (r Rule) validateRandom() error {
	ean := r.Check == CheckEAN
	if !ean && (r.Length < randomLengthMin || r.Check != CheckLuhn) {
		return fault.Invalid("rule.length", "16 to 19 with luhn, or 13 with ean13")
	}
	if r.body() < randomDigitsMin {
		return fault.Invalid("rule.prefix", "a prefix that leaves 10 random digits")
	}
	return nil
}

// Sequence gives the i-th number of a sequence, counted from 0.
func (r Rule) Sequence(i int64) Number { return r.number(r.From + i) }

// Random gives a number from a source of random bytes, every one equally likely.
func (r Rule) Random(random io.Reader) (Number, error) {
	v, err := uniform(random, power(r.body()))
	if err != nil {
		return "", err
	}
	return r.number(v), nil
}

func (r Rule) number(v int64) Number {
	s := r.Prefix + fmt.Sprintf("%0*s", r.body(), strconv.FormatInt(v, 10))
	switch r.Check {
	case CheckLuhn:
		s += string(LuhnDigit(s))
	case CheckEAN:
		s += string(EANDigit(s))
	}
	return Number(s)
}

// Fits tells whether a number given by the operator keeps to the rule.
func (r Rule) Fits(n Number) bool {
	if len(n) != r.Length || !strings.HasPrefix(string(n), r.Prefix) {
		return false
	}
	switch r.Check {
	case CheckLuhn:
		return LuhnValid(string(n))
	case CheckEAN:
		return EANValid(string(n))
	}
	return true
}

// power gives 10 to the n; n is at most 18 for a body, or 19 digits without prefix, which a rule refuses.
func power(n int) int64 {
	v := int64(1)
	for range min(n, 18) {
		v *= 10
	}
	return v
}

// uniform gives a number below the limit without favour: what does not fit the next power of two is drawn
// again.
func uniform(random io.Reader, limit int64) (int64, error) {
	mask := uint64(1)
	for mask < uint64(limit-1) {
		mask = mask<<1 | 1
	}
	var b [8]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, fmt.Errorf("draw a number: %w", err)
		}
		if v := binary.BigEndian.Uint64(b[:]) & mask; v < uint64(limit) {
			return int64(v), nil
		}
	}
}
