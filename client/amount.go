package client

import (
	"encoding/json"
	"errors"
	"strconv"
)

// Money is an amount that stands alone, in minor units of its currency (ISO 4217).
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Amount is what a sale wants of a wallet: so many units, or as much as is allowed. A quote takes either, a
// commit only an exact one.
type Amount struct {
	units int64
	max   bool
}

// Max asks for as much as the rules and the balance allow.
var Max = Amount{max: true}

// Exactly asks for so many points, or minor units of money.
func Exactly(units int64) Amount { return Amount{units: units} }

// Units gives the exact amount, 0 for Max.
func (a Amount) Units() int64 { return a.units }

// IsZero tells whether nothing is asked for.
func (a Amount) IsZero() bool { return a == Amount{} }

// MarshalJSON writes a number, or "max".
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.max {
		return []byte(`"max"`), nil
	}
	return strconv.AppendInt(nil, a.units, 10), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Amount) UnmarshalJSON(text []byte) error {
	if string(text) == `"max"` {
		*a = Max
		return nil
	}
	*a = Amount{}
	if json.Unmarshal(text, &a.units) != nil {
		return errors.New(`client: an amount is a whole number or "max"`)
	}
	return nil
}
