package clock

import (
	"fmt"
	"time"
)

// Day is a local calendar day as the number of days since 1970-01-01. It is written YYYY-MM-DD.
// The zero value means no day, as a lot without expiry has none.
type Day int32

// ParseDay reads YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("day %q is not YYYY-MM-DD", s)
	}
	return Day(t.Unix() / 86400), nil
}

// Date gives the day of a civil date; month and day overflow as in time.Date.
func Date(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// DayOf gives the local day of an instant in a zone.
func DayOf(at Instant, zone *time.Location) Day {
	y, m, d := at.In(zone).Date()
	return Date(y, m, d)
}

// BusinessDay gives the business date of an instant for an outlet whose day closes at the given offset
// after midnight: a sale before it belongs to the day before.
func BusinessDay(at Instant, zone *time.Location, closesAt time.Duration) Day {
	if closesAt == 0 {
		return DayOf(at, zone)
	}
	local := at.In(zone)
	day := DayOf(at, zone)
	since := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if since < closesAt {
		return day - 1
	}
	return day
}

// String gives YYYY-MM-DD, or nothing for no day.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

func (d Day) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Start gives the first instant of the day in a zone. Where midnight does not exist, it is the first
// instant after the gap.
func (d Day) Start(zone *time.Location) Instant {
	y, m, dd := d.utc().Date()
	t := time.Date(y, m, dd, 0, 0, 0, 0, zone)
	// time.Date answers a midnight inside a gap with the offset before it: step to the gap's end.
	if t.Day() != dd {
		for t.Day() != dd {
			t = t.Add(15 * time.Minute)
		}
	}
	return Of(t)
}

// End gives the instant at which something valid through this day ends: the first of the next day (R15).
func (d Day) End(zone *time.Location) Instant { return (d + 1).Start(zone) }

// AddMonths gives the day n months later, clamped to the end of the month (R16).
func (d Day) AddMonths(n int) Day {
	y, m, dd := d.utc().Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return Date(y, m+time.Month(n), min(dd, last))
}

// AddYears gives the day n years later; 29 February becomes the 28th in a common year.
func (d Day) AddYears(n int) Day { return d.AddMonths(12 * n) }

// MonthEnd gives the last day of this day's month.
func (d Day) MonthEnd() Day {
	y, m, _ := d.utc().Date()
	return Date(y, m+1, 0)
}

// YearEnd gives 31 December of this day's year.
func (d Day) YearEnd() Day { return Date(d.utc().Year(), time.December, 31) }

// Weekday gives the day of the week.
func (d Day) Weekday() time.Weekday { return d.utc().Weekday() }

// Civil gives year, month and day.
func (d Day) Civil() (int, time.Month, int) { return d.utc().Date() }

// MarshalText writes YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD or nothing.
func (d *Day) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDay(string(b))
	*d = v
	return err
}
