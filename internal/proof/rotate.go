package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"strconv"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/secret"
)

// A rotating code is L1.account.step.mac (IDN-03): the public id of an account, the number of the half
// minute, and 8 characters that only the account's key gives. Its holder's device makes it without a
// network; only the host can check it.

const (
	rotatingPrefix = "L1"
	stepLength     = 30 * clock.Second
	stepsAround    = 1 // a clock may be one step early or late
	macCharacters  = 8 // 40 bits, of one step, behind the terminal's budget
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// RotatingKey gives the key of an account's rotating codes, for the device that shows them. A new public id
// ends the old key.
func RotatingKey(k *secret.Keys, account string) []byte {
	return k.Sign("card rotating", []byte(strings.ToUpper(account)))
}

// RotatingCode gives the code of an account at an instant.
func RotatingCode(key []byte, account string, at clock.Instant) string {
	return rotatingCode(key, strings.ToUpper(account), int64(at/stepLength))
}

func rotatingCode(key []byte, account string, step int64) string {
	open := rotatingPrefix + "." + account + "." + strconv.FormatInt(step, 10)
	h := hmac.New(sha256.New, key)
	h.Write([]byte(open))
	sum := h.Sum(nil)
	out := make([]byte, macCharacters)
	for i := range out {
		out[i] = crockford[sum[i]&31]
	}
	return open + "." + string(out)
}

// rotatingStep gives the step of a code that is genuine and of this time; 0 when it is not.
func rotatingStep(k *secret.Keys, code string, now clock.Instant) (step int64, reason string) {
	code = strings.ToUpper(code)
	parts := strings.Split(code, ".")
	if len(parts) != 4 || parts[0] != rotatingPrefix {
		return 0, "wrong"
	}
	step, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return 0, "wrong"
	}
	want := rotatingCode(RotatingKey(k, parts[1]), parts[1], step)
	if subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1 {
		return 0, "wrong"
	}
	if at := int64(now / stepLength); step < at-stepsAround || step > at+stepsAround {
		return 0, "expired"
	}
	return step, ""
}
