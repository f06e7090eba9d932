package programme

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lojal/internal/base/money"
)

// Switch is on or off.
type Switch bool

// MarshalText writes on or off.
func (s Switch) MarshalText() ([]byte, error) {
	if s {
		return []byte("on"), nil
	}
	return []byte("off"), nil
}

// UnmarshalText reads on, off, true, false, yes, no.
func (s *Switch) UnmarshalText(b []byte) error {
	switch string(b) {
	case "on", "true", "yes":
		*s = true
	case "off", "false", "no", "":
		*s = false
	default:
		return errors.New("expected on or off")
	}
	return nil
}

// Percent is a percentage in basis points, written 7.5%.
type Percent money.BasisPoints

// MarshalText writes 7.5%.
func (p Percent) MarshalText() ([]byte, error) { return []byte(money.BasisPoints(p).String()), nil }

// UnmarshalText reads 7.5 or 7.5%, from 0 to 100.
func (p *Percent) UnmarshalText(b []byte) error {
	v, err := money.ParsePercent(string(b))
	if err != nil || v < 0 || v > money.Hundred {
		return errors.New("expected a percentage from 0 to 100 with at most two places")
	}
	*p = Percent(v)
	return nil
}

// Multiplier multiplies an earn rate, in ten-thousandths: 10,000 is once.
type Multiplier int64

// Once is the multiplier that changes nothing; MaxMultiplier bounds any combination of them.
const (
	Once          Multiplier = 10_000
	MaxMultiplier Multiplier = 100 * Once
)

// MarshalText writes 1.5.
func (m Multiplier) MarshalText() ([]byte, error) {
	return []byte(money.TrimDecimal(int64(m), 4)), nil
}

// UnmarshalText reads a number from 0 to 100.
func (m *Multiplier) UnmarshalText(b []byte) error {
	v, err := money.ParseDecimal(string(b), 4)
	if err != nil || v < 0 || Multiplier(v) > MaxMultiplier {
		return errors.New("expected a number from 0 to 100 with at most four places")
	}
	*m = Multiplier(v)
	return nil
}

// Points count units of the programme's points at its scale. They are written as decimal numbers.
type Points int64

// Span is a length of time, written 15m, 72h, 7d.
type Span time.Duration

// MarshalText writes the span in its largest whole unit.
func (s Span) MarshalText() ([]byte, error) {
	d := time.Duration(s)
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= u.unit && d%u.unit == 0 {
			return []byte(strconv.FormatInt(int64(d/u.unit), 10) + u.name), nil
		}
	}
	return []byte(strconv.FormatInt(int64(d/time.Second), 10) + "s"), nil
}

// UnmarshalText reads a whole number and s, m, h or d.
func (s *Span) UnmarshalText(b []byte) error {
	bad := errors.New("expected a whole number with s, m, h or d, at most 3660d")
	if len(b) < 2 {
		return bad
	}
	n, err := strconv.ParseInt(string(b[:len(b)-1]), 10, 64)
	unit, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[b[len(b)-1]]
	if err != nil || !ok || n < 0 || n > int64(3660*24*time.Hour/unit) {
		return bad
	}
	*s = Span(time.Duration(n) * unit)
	return nil
}

// Weekday is a day of the week, written mon … sun.
type Weekday time.Weekday

const weekdays = "sunmontuewedthufrisat"

// MarshalText writes mon.
func (w Weekday) MarshalText() ([]byte, error) { return []byte(weekdays[3*int(w) : 3*int(w)+3]), nil }

// UnmarshalText reads mon … sun.
func (w *Weekday) UnmarshalText(b []byte) error {
	at := strings.Index(weekdays, string(b))
	if len(b) != 3 || at < 0 || at%3 != 0 {
		return errors.New("expected mon, tue, wed, thu, fri, sat or sun")
	}
	*w = Weekday(at / 3)
	return nil
}

// TimeOfDay is a local time as minutes after midnight plus one; zero means none.
type TimeOfDay int16

// Minutes gives the minutes after midnight.
func (t TimeOfDay) Minutes() int { return int(t) - 1 }

// MarshalText writes 17:30, or nothing for none.
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if t == 0 {
		return nil, nil
	}
	return fmt.Appendf(nil, "%02d:%02d", t.Minutes()/60, t.Minutes()%60), nil
}

// UnmarshalText reads 00:00 to 24:00.
func (t *TimeOfDay) UnmarshalText(b []byte) error {
	bad := errors.New("expected a time from 00:00 to 24:00")
	if len(b) != 5 || b[2] != ':' {
		return bad
	}
	h, err1 := strconv.ParseUint(string(b[:2]), 10, 8)
	m, err2 := strconv.ParseUint(string(b[3:]), 10, 8)
	if err1 != nil || err2 != nil || m > 59 || h*60+m > 24*60 {
		return bad
	}
	*t = TimeOfDay(h*60 + m + 1)
	return nil
}

// Text is a text per language code.
type Text map[string]string

// In gives the text in a language, else in English, else in the first language by code.
func (t Text) In(language string) string {
	if s, ok := t[language]; ok {
		return s
	}
	if s, ok := t["en"]; ok {
		return s
	}
	first := ""
	for code := range t {
		if first == "" || code < first {
			first = code
		}
	}
	return t[first]
}
