package model

import "time"

// Instants are microseconds since 1970 in UTC, days are days since 1970, as in the books.
const (
	second = int64(1_000_000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// calendar knows the days of one zone.
type calendar struct {
	zone   *time.Location
	starts map[int64]int64
}

func newCalendar(zone *time.Location) *calendar {
	return &calendar{zone: zone, starts: map[int64]int64{}}
}

// day gives the local day of an instant.
func (c *calendar) day(at int64) int64 {
	y, m, d := time.UnixMicro(at).In(c.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86_400
}

// start gives the first instant of a local day. Midnight exists on every day of the zones used here.
func (c *calendar) start(d int64) int64 {
	if at, ok := c.starts[d]; ok {
		return at
	}
	y, m, dd := time.Unix(d*86_400, 0).UTC().Date()
	at := time.Date(y, m, dd, 0, 0, 0, 0, c.zone).UnixMicro()
	c.starts[d] = at
	return at
}

// business gives the business day of an instant where the day closes so many hours after midnight.
func (c *calendar) business(at, closesHours int64) int64 {
	t := time.UnixMicro(at).In(c.zone)
	if int64(t.Hour()) < closesHours {
		return c.day(at) - 1
	}
	return c.day(at)
}

// months gives the day n months later, at most the last of its month (R16).
func months(d, n int64) int64 {
	y, m, dd := time.Unix(d*86_400, 0).UTC().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(dd, last)-1).Unix() / 86_400
}
