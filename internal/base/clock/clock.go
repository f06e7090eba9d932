// Package clock is the only place that asks the machine for the time. Instants are microseconds since
// 1970 UTC; local days carry no zone: they are made from an instant and a zone when they are written.
package clock

import (
	"sync"
	"time"
	_ "time/tzdata" // zones are embedded, so that a bare container judges a day as a desk does
)

// Instant is a moment in microseconds since 1970-01-01T00:00:00Z.
type Instant int64

// Units of Instant.
const (
	Second Instant = 1_000_000
	Minute         = 60 * Second
	Hour           = 60 * Minute
)

// Of gives the instant of a time, cut to the microsecond.
func Of(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time gives the instant as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// In gives the instant as a time in a zone.
func (i Instant) In(zone *time.Location) time.Time { return time.UnixMicro(int64(i)).In(zone) }

// Add gives the instant later by d.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Microsecond) }

// String gives RFC 3339 in UTC.
func (i Instant) String() string { return i.Time().Format(time.RFC3339Nano) }

// Clock tells the time.
type Clock interface {
	Now() Instant
}

// System is the machine's clock.
type System struct{}

// Now gives the machine's time.
func (System) Now() Instant { return Of(time.Now()) }

// Mono gives a monotonic reading for measuring how long something took. It is no time of day.
func Mono() time.Duration { return time.Since(started) }

var started = time.Now()

// Manual is a clock that stands still until it is moved: the test clock.
type Manual struct {
	mu  sync.RWMutex
	now Instant
}

// NewManual gives a manual clock that shows the instant.
func NewManual(at Instant) *Manual { return &Manual{now: at} }

// Now gives the time that the clock shows.
func (m *Manual) Now() Instant {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.now
}

// Set makes the clock show the instant.
func (m *Manual) Set(at Instant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = at
}

// Move makes the clock show a later time.
func (m *Manual) Move(d time.Duration) { m.Set(m.Now().Add(d)) }
