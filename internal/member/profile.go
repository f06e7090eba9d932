package member

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// Profile is what is known of a person. It is stored sealed, as JSON.
type Profile struct {
	Display  string `json:"display"`            // the name as the person wants to be called
	Language string `json:"language,omitempty"` // ISO 639 code
	Birthday string `json:"birthday,omitempty"` // YYYY-MM-DD, or MM-DD when the year is not told (PRV-23)
	Phone    string `json:"phone,omitempty"`    // E.164
}

const (
	maxDisplay    = 100 // characters
	maxBytes      = 400
	birthYearMin  = 1900
	languageMin   = 2
	languageMax   = 3
	phoneMin      = 7
	phoneMax      = 15 // ITU-T E.164
	leapYear      = 2024
	monthDayChars = 5
)

// normal gives the profile in its normal form. It returns invalid_value with the field, never the value.
func (p Profile) normal(today clock.Day) (Profile, error) {
	p.Display = strings.TrimSpace(p.Display)
	switch {
	case !validDisplay(p.Display):
		return p, fault.Invalid("display", "a name of at most 100 characters")
	case p.Language != "" && !validLanguage(p.Language):
		return p, fault.Invalid("language", "a code of ISO 639")
	case p.Birthday != "" && !validBirthday(p.Birthday, today):
		return p, fault.Invalid("birthday", "YYYY-MM-DD or MM-DD")
	}
	var err error
	if p.Phone != "" {
		p.Phone, err = parsePhone(p.Phone)
	}
	return p, err
}

func validDisplay(s string) bool {
	if s == "" || len(s) > maxBytes || utf8.RuneCountInString(s) > maxDisplay || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, unicode.IsControl)
}

func validLanguage(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return len(s) >= languageMin && len(s) <= languageMax
}

func validBirthday(s string, today clock.Day) bool {
	if len(s) == monthDayChars {
		_, err := time.Parse(time.DateOnly, "2024-"+s) // a leap year, so that 29 February is a birthday
		return err == nil
	}
	day, err := clock.ParseDay(s)
	if err != nil || day > today {
		return false
	}
	year, _, _ := day.Civil()
	return year >= birthYearMin
}

// parsePhone gives + and digits from a number with its country code.
func parsePhone(s string) (string, error) {
	n := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(s)
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	digits, ok := strings.CutPrefix(n, "+")
	if !ok || len(digits) < phoneMin || len(digits) > phoneMax || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return "", fault.Invalid("phone", "a phone number with its country code")
	}
	return "+" + digits, nil
}

// Short gives what a cashier sees of a name (PRV-25): the first name and the initial of the last.
func Short(display string) string {
	words := strings.Fields(display)
	if len(words) < 2 {
		return display
	}
	initial, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return words[0] + " " + string(unicode.ToUpper(initial)) + "."
}

// BirthdayOn tells whether a day is the birthday. Who was born on 29 February has it on the 28th in a
// common year.
func BirthdayOn(birthday string, today clock.Day) bool {
	if len(birthday) < monthDayChars {
		return false
	}
	day, err := clock.ParseDay("2024-" + birthday[len(birthday)-monthDayChars:])
	if err != nil {
		return false
	}
	year, month, date := today.Civil()
	_, m, d := day.AddYears(year - leapYear).Civil()
	return m == month && d == date
}
