package api

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// Moment is an instant as clients send it: RFC 3339 with offset.
type Moment clock.Instant

// MarshalText writes RFC 3339 in UTC.
func (m Moment) MarshalText() ([]byte, error) { return []byte(clock.Instant(m).String()), nil }

// UnmarshalText reads RFC 3339 with offset, of a year that a till's clock may show.
func (m *Moment) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return fault.Invalid("", "a time of RFC 3339 with offset")
	}
	*m = Moment(clock.Of(t))
	return nil
}

// Schema tells the document its form.
func (Moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// Day is a local day as clients send it.
type Day clock.Day

// UnmarshalText reads YYYY-MM-DD.
func (d *Day) UnmarshalText(b []byte) error {
	v, err := clock.ParseDay(string(b))
	if err != nil || v <= 0 {
		return fault.Invalid("", "a date YYYY-MM-DD")
	}
	*d = Day(v)
	return nil
}

// MarshalText writes YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(clock.Day(d).String()), nil }

// Schema tells the document its form.
func (Day) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date"}
}

// Most is a whole number, or "max" for as much as possible.
type Most struct {
	N   int64
	Max bool
}

// UnmarshalJSON reads a whole number or "max".
func (m *Most) UnmarshalJSON(b []byte) error {
	if string(b) == `"max"` {
		*m = Most{Max: true}
		return nil
	}
	if err := json.Unmarshal(b, &m.N); err != nil {
		return fault.Invalid("", `a whole number or "max"`)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (m Most) MarshalJSON() ([]byte, error) {
	if m.Max {
		return []byte(`"max"`), nil
	}
	return fmt.Appendf(nil, "%d", m.N), nil
}

// Schema tells the document its form.
func (Most) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeInteger, Format: "int64"}, {Type: huma.TypeString, Enum: []any{"max"}}}}
}
