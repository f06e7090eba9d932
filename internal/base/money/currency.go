package money

import "fmt"

// Amount is money in minor units of a currency.
type Amount int64

// MaxAmount bounds every amount that enters the house, so that a product of an amount and a factor up to
// a million always fits.
const MaxAmount Amount = 1_000_000_000_000

// Currency is a row of the currency table. Its zero value is no currency.
type Currency struct {
	Code         string
	Num          int32  // ISO 4217 number
	Exponent     uint8  // decimal places of the minor unit
	Quantum      Amount // every computed amount is a multiple of it
	CashRounding Amount // step of the cash drawer; the till's business alone
}

// table is sorted by code. HUF counts in fillér by ISO 4217 but is priced in whole forint.
var table = [...]Currency{
	{"AED", 784, 2, 1, 25},
	{"AMD", 51, 2, 100, 1000},
	{"AUD", 36, 2, 1, 5},
	{"AZN", 944, 2, 1, 1},
	{"BGN", 975, 2, 1, 1},
	{"BYN", 933, 2, 1, 1},
	{"CAD", 124, 2, 1, 5},
	{"CHF", 756, 2, 1, 5},
	{"CNY", 156, 2, 1, 1},
	{"CZK", 203, 2, 1, 100},
	{"DKK", 208, 2, 1, 50},
	{"EUR", 978, 2, 1, 1},
	{"GBP", 826, 2, 1, 1},
	{"GEL", 981, 2, 1, 1},
	{"HUF", 348, 2, 100, 500},
	{"ILS", 376, 2, 1, 10},
	{"ISK", 352, 0, 1, 1},
	{"JPY", 392, 0, 1, 1},
	{"KGS", 417, 2, 1, 1},
	{"KWD", 414, 3, 1, 5},
	{"KZT", 398, 2, 1, 100},
	{"MDL", 498, 2, 1, 1},
	{"NOK", 578, 2, 1, 100},
	{"PLN", 985, 2, 1, 1},
	{"RON", 946, 2, 1, 1},
	{"RSD", 941, 2, 1, 100},
	{"RUB", 643, 2, 1, 1},
	{"SEK", 752, 2, 1, 100},
	{"TRY", 949, 2, 1, 1},
	{"UAH", 980, 2, 1, 10},
	{"USD", 840, 2, 1, 1},
	{"UZS", 860, 2, 1, 100},
}

// Find gives the currency with an ISO 4217 code.
func Find(code string) (Currency, bool) {
	lo, hi := 0, len(table)
	for lo < hi {
		mid := (lo + hi) / 2
		if table[mid].Code < code {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(table) && table[lo].Code == code {
		return table[lo], true
	}
	return Currency{}, false
}

// FindNum gives the currency with an ISO 4217 number, as terminals send it.
func FindNum(num int32) (Currency, bool) {
	for _, c := range table {
		if c.Num == num {
			return c, true
		}
	}
	return Currency{}, false
}

// Currencies gives the whole table, sorted by code.
func Currencies() []Currency { return append([]Currency(nil), table[:]...) }

// EUR is the currency of the presets.
var EUR, _ = Find("EUR")

// String gives the code.
func (c Currency) String() string { return c.Code }

// MarshalText writes the code.
func (c Currency) MarshalText() ([]byte, error) { return []byte(c.Code), nil }

// UnmarshalText reads a code of the table; nothing is no currency.
func (c *Currency) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = Currency{}
		return nil
	}
	found, ok := Find(string(b))
	if !ok {
		return fmt.Errorf("%.8q is no known currency code", b)
	}
	*c = found
	return nil
}

// Unit gives how many minor units one unit has.
func (c Currency) Unit() int64 { return Pow10(int(c.Exponent)) }

// Whole tells whether an amount is a multiple of the quantum (R1).
func (c Currency) Whole(a Amount) bool { return c.Quantum <= 1 || a%c.Quantum == 0 }

// Value is an amount that stands alone, with its currency.
type Value struct {
	Amount   Amount   `json:"amount"`
	Currency Currency `json:"currency"`
}

// Of gives a value.
func (c Currency) Of(a Amount) Value { return Value{a, c} }

// String gives 12.50 EUR.
func (v Value) String() string { return v.Currency.Format(v.Amount) + " " + v.Currency.Code }

// Format gives the amount with the decimal places of the currency and a point: 12.50.
func (c Currency) Format(a Amount) string { return FormatDecimal(int64(a), int(c.Exponent)) }

// ParseAmount reads a decimal number as minor units: "12.5" of EUR is 1250.
func (c Currency) ParseAmount(s string) (Amount, error) {
	v, err := ParseDecimal(s, int(c.Exponent))
	return Amount(v), err
}
