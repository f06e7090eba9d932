package i18n

import (
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"lojal/locales"
)

// Languages are the languages of the catalogue, in the order in which an error shows them.
var Languages = []string{"lv", "ru", "en", "et", "hu"}

// Fallback is the language for a text or a language that is missing.
const Fallback = "en"

// Texts is one text in the five languages.
type Texts struct {
	LV, RU, EN, ET, HU string
}

var catalogue = load()

func load() map[string]map[string]string {
	out := make(map[string]map[string]string, len(Languages))
	for _, lang := range Languages {
		b, err := locales.Files.ReadFile(lang + ".json")
		if err != nil {
			panic(fmt.Sprintf("i18n: %v", err))
		}
		texts := map[string]string{}
		if err := json.Unmarshal(b, &texts); err != nil {
			panic(fmt.Sprintf("i18n: %s.json: %v", lang, err))
		}
		out[lang] = texts
	}
	return out
}

// Known tells whether the language is one of the five.
func Known(lang string) bool { return catalogue[lang] != nil }

// Has tells whether the catalogue has the key, as a plain or as a plural one.
func Has(key string) bool {
	english := catalogue[Fallback]
	return english[key] != "" || english[key+"_other"] != ""
}

// Text gives the text of the key in the language, with its parameters in place. A whole-number parameter
// "count" chooses the plural form. A region is ignored: lv-LV is lv. An unknown language is English, and
// an unknown key gives itself.
func Text(lang, key string, params map[string]any) string {
	lang, _, _ = strings.Cut(lang, "-")
	if !Known(lang) {
		lang = Fallback
	}
	text := find(lang, key, params)
	if text == "" {
		text = find(Fallback, key, params)
	}
	if text == "" {
		return key
	}
	return fill(text, params)
}

// Display gives the text of an error code in the five languages.
func Display(code string, params map[string]any) Texts {
	key := "error." + code
	return Texts{
		LV: Text("lv", key, params),
		RU: Text("ru", key, params),
		EN: Text("en", key, params),
		ET: Text("et", key, params),
		HU: Text("hu", key, params),
	}
}

func find(lang, key string, params map[string]any) string {
	texts := catalogue[lang]
	if count, ok := whole(params["count"]); ok {
		if text := texts[key+"_"+Form(lang, count)]; text != "" {
			return text
		}
	}
	if text := texts[key]; text != "" {
		return text
	}
	return texts[key+"_other"]
}

// Form gives the CLDR plural form of a whole number: zero, one, two, few, many or other.
func Form(lang string, count int64) string {
	if count < 0 {
		count = -count
	}
	return formNames[plural.Cardinal.MatchPlural(tag(lang), int(count%10_000_000), 0, 0, 0, 0)]
}

var formNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two",
	plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

var tags = map[string]language.Tag{
	"en": language.English, "lv": language.Latvian, "ru": language.Russian,
	"et": language.Estonian, "hu": language.Hungarian,
}

func tag(lang string) language.Tag { return tags[lang] }

func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

// fill puts the parameters into {{name}}. A name without a parameter stays as it is, so that it is seen.
func fill(text string, params map[string]any) string {
	if len(params) == 0 || !strings.Contains(text, "{{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			b.WriteString("{{" + rest)
			return b.String()
		}
		if v, given := params[name]; given {
			fmt.Fprint(&b, v)
		} else {
			b.WriteString("{{" + name + "}}")
		}
		text = after
	}
}
