package i18n

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// forms are those that CLDR has for whole numbers; ru has other for fractions, and the web asks for it.
var forms = map[string][]string{
	"en": {"one", "other"},
	"lv": {"one", "other", "zero"},
	"ru": {"few", "many", "one", "other"},
	"et": {"one", "other"},
	"hu": {"one", "other"},
}

func split(key string) (base, form string) {
	at := strings.LastIndexByte(key, '_')
	if at > 0 && slices.Contains([]string{"zero", "one", "two", "few", "many", "other"}, key[at+1:]) {
		return key[:at], key[at+1:]
	}
	return key, ""
}

// isPlural tells whether the English catalogue has one and other of the base.
func isPlural(base string) bool {
	return catalogue["en"][base+"_one"] != "" && catalogue["en"][base+"_other"] != ""
}

// shape gives the keys of a language without plural forms, and the forms of its plural keys.
func shape(lang string) (keys []string, plurals map[string][]string) {
	plurals = map[string][]string{}
	for key := range catalogue[lang] {
		base, form := split(key)
		if form == "" || !isPlural(base) {
			keys = append(keys, key)
			continue
		}
		plurals[base] = append(plurals[base], form)
	}
	slices.Sort(keys)
	for _, f := range plurals {
		slices.Sort(f)
	}
	return keys, plurals
}

func TestCatalogue_SameKeysAndRightFormsInFiveLanguages(t *testing.T) {
	t.Parallel()
	want, wantPlurals := shape("en")
	for _, lang := range Languages {
		keys, plurals := shape(lang)
		for _, k := range want {
			if !slices.Contains(keys, k) {
				t.Errorf("%s.json lacks %s", lang, k)
			}
		}
		for _, k := range keys {
			if !slices.Contains(want, k) {
				t.Errorf("%s.json has %s, which en.json lacks", lang, k)
			}
		}
		if a, b := slices.Sorted(maps.Keys(plurals)), slices.Sorted(maps.Keys(wantPlurals)); !slices.Equal(a, b) {
			t.Errorf("%s.json has the plural keys %v, en.json %v", lang, a, b)
		}
		for base, got := range plurals {
			if !slices.Equal(got, forms[lang]) {
				t.Errorf("%s.json: %s has the forms %v, want %v", lang, base, got, forms[lang])
			}
		}
	}
}

func TestCatalogue_SamePlaceholdersInFiveLanguages(t *testing.T) {
	t.Parallel()
	placeholder := regexp.MustCompile(`\{\{[^}]*\}\}`)
	names := func(s string) []string { return slices.Sorted(slices.Values(placeholder.FindAllString(s, -1))) }
	for _, lang := range Languages {
		for key, text := range catalogue[lang] {
			english := catalogue["en"][key]
			if base, form := split(key); english == "" && form != "" {
				english = catalogue["en"][base+"_other"]
			}
			if !slices.Equal(names(text), names(english)) {
				t.Errorf("%s.json: %s has %v, en.json %v", lang, key, names(text), names(english))
			}
			if text == "" || text != strings.TrimSpace(text) {
				t.Errorf("%s.json: %s is empty or has space around it", lang, key)
			}
		}
	}
}

func TestCatalogue_EveryCodeInTheTreeHasAText(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`fault\.Code\{(?:Name:\s*)?"([a-z0-9_]+)"|= Code\{"([a-z0-9_]+)"`)
	found := map[string]string{"internal": "base/web"}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range code.FindAllStringSubmatch(string(b), -1) {
			found[m[1]+m[2]] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 17 {
		t.Fatalf("only %d codes found: the search is wrong", len(found))
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !Has("error." + name) {
			t.Errorf("%s declares %s, but no language has error.%s", found[name], name, name)
		}
	}
}

func TestCatalogue_ErrorsFitATillDisplay(t *testing.T) {
	t.Parallel()
	const room = 60
	for _, lang := range Languages {
		for key, text := range catalogue[lang] {
			if n := utf8.RuneCountInString(text); strings.HasPrefix(key, "error.") && n > room {
				t.Errorf("%s.json: %s has %d characters, at most %d fit", lang, key, n, room)
			}
			if n := utf8.RuneCountInString(text); strings.HasPrefix(key, "z.") && n > 20 {
				t.Errorf("%s.json: %s has %d characters, a row of a 40-column report has 20", lang, key, n)
			}
		}
	}
}

func TestText_ChoosesPluralForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang  string
		count int64
		want  string
	}{
		{"en", 1, "1 point"}, {"en", 0, "0 points"}, {"en", -1, "-1 point"},
		{"lv", 0, "0 punktu"}, {"lv", 1, "1 punkts"}, {"lv", 2, "2 punkti"}, {"lv", 11, "11 punktu"}, {"lv", 21, "21 punkts"}, {"lv-LV", 30, "30 punktu"},
		{"ru", 1, "1 балл"}, {"ru", 2, "2 балла"}, {"ru", 5, "5 баллов"}, {"ru", 11, "11 баллов"}, {"ru", 21, "21 балл"}, {"ru", 112, "112 баллов"},
		{"et", 1, "1 punkt"}, {"et", 7, "7 punkti"}, {"hu", 7, "7 pont"}, {"de", 7, "7 points"},
		{"ru", 40_000_000_021, "40000000021 балл"},
	} {
		if got := Text(c.lang, "count.points", map[string]any{"count": c.count}); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.lang, c.count, got, c.want)
		}
	}
}

func TestText_FallsBack(t *testing.T) {
	t.Parallel()
	if got := Text("lv", "no.such.key", nil); got != "no.such.key" {
		t.Error(got)
	}
	if got := Text("", "error.not_found", nil); got != "Not found" {
		t.Error(got)
	}
	if got := fill("{{a}} and {{b}} and {{c", map[string]any{"a": 1}); got != "1 and {{b}} and {{c" {
		t.Error(got)
	}
	d := Display("limit_max_balance", nil)
	if got := fmt.Sprint(d); got != "{Pārsniegts atlikuma limits Превышен лимит остатка Balance limit exceeded Jäägi piirmäär on ületatud Egyenlegkorlát túllépve}" {
		t.Error(got)
	}
}
