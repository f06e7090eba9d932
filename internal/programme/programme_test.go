package programme

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lojal/internal/base/clock"
	"lojal/internal/base/money"
)

func read(t testing.TB, text string) *Definition {
	t.Helper()
	d, problems := Parse([]byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return d
}

func TestParse_DefaultsAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	d := read(t, "id: pro_1")
	if d.EarnRate != (money.Rate{P: 1, Q: 1}) || d.PointsValue != (money.Rate{P: 1, Q: 100}) || d.Zone != "Europe/Riga" || d.Currency != money.EUR {
		t.Fatalf("%+v", d)
	}
	if d.HoldTTL != Span(15*time.Minute) || d.AuthoriseTTL != Span(7*24*time.Hour) || d.RestoreGraceDays != 30 || !d.RestoreOnReturn || d.PublicLookupPerMinute != 5 {
		t.Fatalf("%+v", d.Settings)
	}
	if !cmp.Equal(d.EarnExclude, []string{"gift_card_sale"}) || d.OfflineWindow.Redemption != Span(72*time.Hour) {
		t.Fatalf("%+v", d.Settings)
	}
}

func TestParse_NamesPlaceAndRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"id: a\nearn_rat: 1", `2:1 earn_rat: no key "earn_rat" here; did you mean earn_rate?`},
		{"id: a\nburn_as: tendre", `2:10 burn_as: "tendre" is none of discount, tender; did you mean tender?`},
		{"id: a\nid: b", "2:1 id:"},
		{"id: a\nearn_rate: 1/0", "2:12 earn_rate:"},
		{"id: a\noffers:\n  - id: o1\n    kind: percent_line\n    percent: 101", "5:14 offers[0].percent:"},
		{"id: a\noffers:\n  - id: o1\n    kind: percent_line", "3:5 offers[0].percent: percent_line needs percent above 0"},
		{"id: a\noffers:\n  - {id: o1, kind: fixed_line, amount: -1}", "3:40"},
		{"id: a\ncurrency: HUF\nfloor_total: 5.50", "3:14 floor_total:"},
		{"id: a\ncarry_remainder: on\nearn_rounding: ceil", "2:18 carry_remainder:"},
		{"id: a\n\tb: 1", "2:0"},
		{"name: x", "1:1 id: a programme needs an id"},
		{"id: a\nzone: Mars/One", "2:7 zone:"},
	} {
		_, problems := Parse([]byte(c.text))
		if len(problems) == 0 || !strings.HasPrefix(problems[0].String(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, problems, c.want)
		}
	}
}

const full = `id: pro_1
name: Beans
currency: EUR
earn_rate: 2/1.00
points_value: 0.01
max_burn_percent: 50%
earn_exclude: gift_card_sale, delivery, deposit
discount_exclude: []
max_balance: 150.00
expiry: {kind: lot, n: 12, unit: months}
tiers:
  - {id: base}
  - {id: gold, from: 1000, percent: 5, multiplier: 1.5}
offers:
  - id: off_12
    label: {en: Happy hour, lv: "Laimīgā stunda"}
    kind: percent_line
    percent: 20
    groups: [coffee]
    weekdays: [mon, tue]
    time_from: 22:00
    time_to: 02:00
    budget: {money: 100.00}
coupons:
  - {id: cpn_55, kind: fixed_basket, amount: 5.00, min_basket: 50.00, exclusive: x}
rewards:
  - {id: rwd_2, kind: percent_line, percent: 100, price: 100, groups: [mug]}
gift:
  - id: gift_50
    face: [50.00]
    promo: [{load: 50.00, get: 5.00}]
passes:
  - {id: gym, visits: 10, clock: first_use, days: 30}
`

func TestYAML_ParseOfWrittenGivesTheSame(t *testing.T) {
	t.Parallel()
	d := read(t, full)
	y, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, read(t, string(y))); diff != "" {
		t.Fatalf("%s\n%s", diff, y)
	}
	j, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	back := &Definition{}
	if err := json.Unmarshal(j, back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Fatalf("%s\n%s", diff, j)
	}
	if os.Getenv("SHOW") != "" {
		t.Logf("\n%s\n%s", y, j)
	}
}

func TestCompile_IndexFindsWhatTheConditionsName(t *testing.T) {
	t.Parallel()
	v, err := Compile(read(t, full), "2026-11-21.3", 0)
	if err != nil {
		t.Fatal(err)
	}
	if v.EarnRate != (money.Rate{P: 1, Q: 50}) || v.PointWorth != (money.Rate{P: 1, Q: 1}) {
		t.Fatal(v.EarnRate, v.PointWorth)
	}
	bits := make([]uint64, v.Words())
	lists, names := v.Look(&Item{Type: "delivery", Group: "coffee"}, bits)
	if lists != NoEarn || !cmp.Equal(names, []string{"delivery"}) {
		t.Fatal(lists, names)
	}
	night := clock.Of(time.Date(2026, 11, 25, 0, 30, 0, 0, v.Zone)) // Wednesday, of Tuesday's night
	day, weekday, minute := v.Local(night, 0)
	if day.String() != "2026-11-25" || weekday != time.Wednesday || minute != 30 {
		t.Fatal(day, weekday, minute)
	}
	at := &Circumstance{Day: day, Weekday: weekday, Minute: minute}
	for i := range v.Rules {
		if v.Rules[i].ID != "off_12" {
			continue
		}
		if r := v.Rules[i].Refuses(at); r != "" {
			t.Fatal(r)
		}
		v.Candidates(bits, "017", weekday)
		if bits[i/64]>>(i%64)&1 != 1 {
			t.Fatal("the night offer is no candidate")
		}
		at.Minute = 150
		if r := v.Rules[i].Refuses(at); r != "not_now" {
			t.Fatal(r)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add("id: a\noffers: [{}]")
	f.Fuzz(func(t *testing.T, s string) {
		d, problems := Parse([]byte(s))
		if len(problems) > 0 {
			return
		}
		y, err := d.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, problems := Parse(y)
		if len(problems) > 0 || !cmp.Equal(d, back) {
			t.Fatalf("%v\n%s\n%s", problems, s, y)
		}
		if _, err := Compile(d, "1", 0); err != nil {
			t.Fatal(err)
		}
	})
}
