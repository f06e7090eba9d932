package card

import (
	"strings"

	"lojal/internal/base/fault"
)

// Presented is what a till says that it was shown. Kind is scan, keyed, stripe, nfc or phone; Entry is
// barcode, qr, stripe, rfid, nfc or keyed.
type Presented struct{ Kind, Value, Entry string }

// Types of instruments (E9). A number is a barcode in all its printed forms: bars, square, stripe, digits.
const (
	Barcode    = "barcode"
	QRRotating = "qr_rotating"
	RFIDUID    = "rfid_uid"
	NFCPass    = "nfc_pass"
	Phone      = "phone"
	Alias      = "alias"
)

var types = []string{"", Barcode, QRRotating, RFIDUID, NFCPass, Phone, Alias}

const (
	maxValue = 128 // characters of a presented value; a first track has 79
	minAlias = 4
	maxAlias = 40
	// RotatingPrefix begins a rotating code: L1.account.step.mac (IDN-03).
	RotatingPrefix = "L1."
)

// Form is a presented value in its normal form: what was keyed in small letters or with spaces, printed in
// groups or read from a stripe is one and the same (I55). Types are what it may stand for, likeliest first.
type Form struct {
	Value string
	Types []string
}

var (
	numberTypes = []string{Barcode, Alias}
	aliasTypes  = []string{Alias}
	phoneTypes  = []string{Phone}
	tagTypes    = []string{RFIDUID, NFCPass, Barcode}
	passTypes   = []string{NFCPass, Barcode, Alias}
	rotateTypes = []string{QRRotating}
)

// Normalise gives the normal form of a presented value. It returns invalid_value for what cannot be an
// identifier and for numbers of payment cards; the refusal never carries the value.
func Normalise(p Presented) (Form, error) {
	if p.Value == "" || len(p.Value) > maxValue {
		return Form{}, unreadable()
	}
	switch {
	case p.Kind == "phone":
		return phoneForm(p.Value)
	case p.Kind == "stripe":
		n, ok := fromTrack(p.Value)
		if !ok {
			return Form{}, unreadable()
		}
		return plain(n, numberTypes)
	case p.Kind == "nfc" || p.Entry == "rfid":
		if uid, ok := tagUID(p.Value); ok && !paymentCard(uid) {
			return Form{uid, tagTypes}, nil
		}
		return plain(p.Value, passTypes)
	case p.Kind != "scan" && p.Kind != "keyed":
		return Form{}, fault.Invalid("presented.kind", "scan, keyed, stripe, nfc or phone")
	case strings.HasPrefix(p.Value, RotatingPrefix):
		account, _, _ := strings.Cut(p.Value[len(RotatingPrefix):], ".")
		return plain(account, rotateTypes)
	case p.Value[0] == '+':
		return phoneForm(p.Value)
	}
	return plain(p.Value, numberTypes)
}

func unreadable() error { return fault.Invalid("presented.value", "a card number, code or phone") }

// plain reads a bare number or code of ASCII letters and digits.
func plain(s string, types []string) (Form, error) {
	s = strip(s)
	if len(s) < minAlias || len(s) > maxAlias {
		return Form{}, unreadable()
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return Form{}, unreadable()
		}
	}
	if !allDigits(s) {
		if &types[0] == &numberTypes[0] {
			types = aliasTypes
		}
		return Form{strings.ToUpper(s), types}, nil
	}
	if paymentCard(s) {
		return Form{}, fault.Invalid("presented.value", "no number of a payment card")
	}
	return Form{s, types}, nil
}

const (
	phoneDigitsMin = 7
	phoneDigitsMax = 15 // ITU-T E.164
)

// phoneForm gives +digits; a leading 00 is the same as +.
func phoneForm(s string) (Form, error) {
	n := strip(strings.NewReplacer("(", "", ")", "").Replace(s))
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	digits, ok := strings.CutPrefix(n, "+")
	if !ok || !allDigits(digits) || len(digits) < phoneDigitsMin || len(digits) > phoneDigitsMax || digits[0] == '0' {
		return Form{}, fault.Invalid("presented.value", "a phone number with its country code")
	}
	return Form{n, phoneTypes}, nil
}

// tagUID gives the UID of a contactless tag (4, 7 or 10 bytes) in capital hexadecimal digits, from readers
// that write it with or without colons.
func tagUID(s string) (string, bool) {
	s = strings.ToUpper(strip(strings.ReplaceAll(s, ":", "")))
	if n := len(s); n != 8 && n != 14 && n != 20 {
		return "", false
	}
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'A' || s[i] > 'F') {
			return "", false
		}
	}
	return s, true
}

// Readers send tracks as key strokes, which a Latvian, Russian or Hungarian keyboard turns into other
// letters (NUM-12): the marks of a track are undone, and the 0 that a Hungarian keyboard has elsewhere.
var undoLayout = strings.NewReplacer("ž", ";", "Ž", ";", "ж", ";", "Ж", ";", "é", ";", "É", ";", "ó", "=", "Ó", "=", "ö", "0", "Ö", "0")

// fromTrack gives the number of a first or second track (ISO/IEC 7813), or of a bare number from a reader
// that strips the rest. What follows the number is dropped and never kept.
func fromTrack(s string) (string, bool) {
	s = undoLayout.Replace(s)
	switch {
	case strings.HasPrefix(s, ";"):
		n, rest, ok := strings.Cut(s[1:], "=")
		return n, ok && allDigits(n) && len(n) <= maxDigits && trackRest(rest)
	case strings.HasPrefix(s, "%B"):
		n, rest, ok := strings.Cut(s[2:], "^")
		return strip(n), ok && allDigits(strip(n)) && len(rest) > 0
	}
	return s, allDigits(strip(s))
}

// trackRest tells whether what stands after the separator of a second track is digits and an end mark,
// which layouts write as ? , or _.
func trackRest(rest string) bool {
	rest = strings.TrimRight(rest, "?,_")
	return rest == "" || allDigits(rest)
}
