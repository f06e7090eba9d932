package proof

import (
	"strconv"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

// Digits of a PIN (SEC-02).
const (
	PINDigitsMin = 4
	PINDigitsMax = 8
)

// ValidPIN tells whether a text may be a PIN: 4 to 8 ASCII digits.
func ValidPIN(pin string) bool {
	for i := range len(pin) {
		if pin[i] < '0' || pin[i] > '9' {
			return false
		}
	}
	return len(pin) >= PINDigitsMin && len(pin) <= PINDigitsMax
}

// PINMac gives the keyed hash of a subject's PIN. It binds the PIN to the subject, so that equal PINs have
// unequal hashes and a hash copied to another row opens nothing there.
func PINMac(k *secret.Keys, subject int64, pin string) []byte {
	return k.Index(secret.PIN, strconv.FormatInt(subject, 10)+"|"+pin)
}

const (
	failsToLock = 5  // SEC-03
	failsPerDay = 10 // L2: from here on only staff unlocks
	day         = 24 * clock.Hour
	forever     = clock.Instant(1<<63 - 1)
)

// lockSteps are the locks after the fifth wrong PIN in a row, the sixth, and every further one (SEC-03).
var lockSteps = []clock.Instant{clock.Minute, 15 * clock.Minute, day}

// tries are the wrong PINs of a subject: in a row since the last right one, and within a day.
type tries struct {
	fails, dayFails int64
	dayFrom         clock.Instant
	locked          clock.Instant // until when; forever means until staff unlocks
}

// after gives the tries after one more PIN, and its refusal. While a subject is locked no PIN is looked at
// and none is counted.
func (t tries) after(right bool, now clock.Instant) (tries, error) {
	if now < t.locked {
		return t, t.refusal(now)
	}
	if now >= t.dayFrom+day {
		t.dayFrom, t.dayFails = now, 0
	}
	if right {
		t.fails, t.locked = 0, 0
		return t, nil
	}
	t.fails++
	t.dayFails++
	switch {
	case t.dayFails >= failsPerDay:
		t.locked = forever
	case t.fails >= failsToLock:
		t.locked = now + lockSteps[min(int(t.fails-failsToLock), len(lockSteps)-1)]
	}
	return t, t.refusal(now)
}

func (t tries) refusal(now clock.Instant) error {
	switch {
	case t.locked == forever:
		return refuse("staff_unlock")
	case now < t.locked:
		return fault.New(ErrVerification, "reason", "locked", "retry_after_seconds", int64((t.locked-now+clock.Second-1)/clock.Second))
	}
	return refuse("wrong")
}

const (
	failsPerHour = 30 // SEC-04
	hour         = clock.Hour
)

// budget are the failed checks of a terminal within an hour from the first of them.
type budget struct {
	from  clock.Instant
	fails int64
}

// check refuses with throttled when the terminal has failed too often.
func (b budget) check(now clock.Instant) error {
	if end := b.from + hour; b.fails >= failsPerHour && now < end {
		return fault.New(fault.ErrThrottled, "retry_after_seconds", int64((end-now+clock.Second-1)/clock.Second))
	}
	return nil
}

func (b budget) failed(now clock.Instant) budget {
	if now >= b.from+hour {
		return budget{now, 1}
	}
	return budget{b.from, b.fails + 1}
}
