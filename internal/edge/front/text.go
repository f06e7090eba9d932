package front

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/i18n"
	"lojal/internal/base/money"
)

// text says things in one language. Templates call it T.
type text struct {
	Lang string
}

const languageCookie = "lojal_language"

// textOf gives the language that a browser has chosen, or the first one of its own that the house speaks.
func textOf(r *http.Request) text {
	if c, err := r.Cookie(languageCookie); err == nil && i18n.Known(c.Value) {
		return text{c.Value}
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		code, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		code, _, _ = strings.Cut(strings.ToLower(code), "-")
		if i18n.Known(code) {
			return text{code}
		}
	}
	return text{i18n.Fallback}
}

// choose keeps a language for a year and goes back to the page.
func (f *Front) choose(w http.ResponseWriter, r *http.Request) {
	if code := r.PathValue("code"); i18n.Known(code) {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: code, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600})
	}
	back := "/"
	if r.URL.Query().Get("to") == "docs" {
		back = "/docs"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// languageNames are what each language calls itself.
var languageNames = map[string]string{"lv": "Latviešu", "ru": "Русский", "en": "English", "et": "Eesti", "hu": "Magyar"}

// Language is one that can be chosen.
type Language struct {
	Code, Name string
	Chosen     bool
}

// Languages gives those that can be chosen.
func (t text) Languages() []Language {
	var out []Language
	for _, code := range i18n.Languages {
		out = append(out, Language{code, languageNames[code], code == t.Lang})
	}
	return out
}

// Say gives a text of the catalogue; parameters come as name, value, name, value.
func (t text) Say(key string, params ...any) string {
	if len(params) == 0 {
		return i18n.Text(t.Lang, key, nil)
	}
	with := make(map[string]any, len(params)/2)
	for i := 0; i+1 < len(params); i += 2 {
		with[params[i].(string)] = params[i+1]
	}
	return i18n.Text(t.Lang, key, with)
}

// A space that keeps a number on one line, and the minus that is as wide as a digit.
const (
	narrow = "\u202f"
	minus  = "\u2212"
)

// Number writes a whole number with its thousands parted as the language does.
func (t text) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = minus, digits[1:]
	}
	separator := narrow
	if t.Lang == "en" {
		separator = ","
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Money writes an amount with its currency: 1,234.50 EUR.
func (t text) Money(v money.Value) string {
	whole, part, _ := strings.Cut(v.Currency.Format(v.Amount), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return v.String()
	}
	out := t.Number(n)
	if n == 0 && v.Amount < 0 {
		out = minus + out
	}
	if part != "" {
		point := ","
		if t.Lang == "en" {
			point = "."
		}
		out += point + part
	}
	return out + "\u00a0" + v.Currency.Code
}

// Percent writes a change in whole per cent with its sign.
func (t text) Percent(n int64) string {
	if n > 0 {
		return "+" + t.Number(n) + "\u00a0%"
	}
	return t.Number(n) + "\u00a0%"
}

// dayForms are how each language writes a day in figures.
var dayForms = map[string]string{"en": "2 January 2006", "lv": "02.01.2006.", "ru": "02.01.2006", "et": "02.01.2006", "hu": "2006. 01. 02."}

// Day writes a day.
func (t text) Day(d clock.Day) string {
	y, m, day := d.Civil()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Format(dayForms[t.Lang])
}

func upper(s string) string { return strings.ToUpper(s) }

func trimmed(s string) string { return strings.TrimSpace(s) }
