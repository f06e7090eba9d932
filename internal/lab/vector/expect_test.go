package vector

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMatch_NamesWhatDiffers(t *testing.T) {
	t.Parallel()
	got, err := parseJSON([]byte(`{"n":5,"s":"21","on":true,"none":null,"list":[{"k":"a","b":"x","v":1},{"k":"b","v":2},{"k":"b","v":3}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for want, path := range map[string]string{
		`{n: 5, s: "21", on: true, none: ~, other: ~}`: "",
		`{n: 6}`:                           "n",
		`{n: "5"}`:                         "n",
		`{s: 21}`:                          "s",
		`{on: false}`:                      "on",
		`{n: ~}`:                           "n",
		`{other: 1}`:                       "other",
		`{list: [{v: 1}, {v: 2}, {v: 3}]}`: "",
		`{list: [{v: 1}, {v: 2}]}`:         "list",
		`{list: [{v: 1}, {v: 3}, {v: 3}]}`: "list.1.v",
		`{list: {count: 3, k=a: {v: 1}, "k=b,v=3": {}}}`: "",
		`{list: {count: 2}}`:                             "list.count",
		`{list: {k=a: {v: 2}}}`:                          "list.k=a.v",
		`{list: {k=b: {v: 2}}}`:                          "list.k=b", // two of them
		`{list: {k=c: ~}}`:                               "",
		`{list: {k=a: ~}}`:                               "list.k=a",
		`{n: {deeper: 1}}`:                               "n",
	} {
		f, err := Parse([]byte("vector: X\nsays: x\nsteps: [{identify: m, expect: " + want + "}]"))
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		var paths []string
		match("", f.Cases[0].Steps[0].Expect, got, func(path string, _, _ any) { paths = append(paths, path) })
		if strings.Join(paths, " ") != path {
			t.Errorf("%s: failed at %q, want %q", want, paths, path)
		}
	}
}

func TestCheck_ADeclineBooksNothing(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		want  Tree
		got   Recorded
		fails int
	}{
		"as expected":           {Tree{"code": "x"}, Recorded{Status: 422, Body: Tree{"code": "x"}, Before: 4, After: 4}, 0},
		"something was booked":  {Tree{"code": "x"}, Recorded{Status: 422, Body: Tree{"code": "x"}, Before: 4, After: 5}, 1},
		"another code":          {Tree{"code": "x"}, Recorded{Status: 422, Body: Tree{"code": "y"}}, 1},
		"it was accepted":       {Tree{"code": "x"}, Recorded{Status: 200, Body: Tree{"code": "x"}}, 1},
		"an unexpected decline": {nil, Recorded{Status: 422, Body: Tree{"code": "x"}}, 1},
		"another status":        {Tree{"http": int64(409)}, Recorded{Status: 200, Body: Tree{}}, 1},
		"not the same bytes":    {Tree{"same": true}, Recorded{Status: 200, Body: Tree{}}, 1},
		"no answer":             {nil, Recorded{Err: "down"}, 1},
	} {
		var failed int
		check(one.want, &one.got, func(string, any, any) { failed++ })
		if failed != one.fails {
			t.Errorf("%s: %d failures, want %d", name, failed, one.fails)
		}
	}
}

func TestParse_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for text, word := range map[string]string{
		"":                                      "empty",
		"vector: X":                             "says",
		"vector: X\nsays: x\nother: 1":          "other",
		"vector: X\nsays: x\nvector: Y":         "vector",
		"vector: X\nsays: x":                    "no list of steps",
		"vector: X\nsays: x\nsteps: []":         "no step",
		"vector: X\nsays: x\nsteps: [{as: a}]":  "needs a verb",
		"vector: X\nsays: x\nsteps: [{fly: a}]": "no verb",
		"vector: X\nsays: x\nsteps: [{sale: {}, load: {}}]":               "second",
		"vector: X\nsays: x\nsteps: [{sale: {a: 1, a: 2}}]":               "twice",
		"vector: X\nsays: x\ngiven: {at: noon}\nsteps: [{sale: {}}]":      "no time",
		"vector: X\nsays: x\ngiven: {weather: fine}\nsteps: [{sale: {}}]": "weather",
		"vector: X\nsays: x\ngiven: {cards: 5}\nsteps: [{sale: {}}]":      "names",
		"vector: X\nsays: x\nsteps: [{sale: {}, expect: 5}]":              "wrong form",
		"vector: X\nsays: x\ncases: {a: {steps: [{sale: {}}], more: 1}}":  "more",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want %q", text, err, word)
		}
	}
}

func TestParse_LaysACaseOverTheVector(t *testing.T) {
	t.Parallel()
	f, err := Parse([]byte(`
vector: X
says: x
given: {programmes: {club: {earn_rate: 1/2.00, carry_remainder: off}}, members: {m: {points: 5}}}
steps: [{sale: {card: m, lines: [700]}}]
cases:
  a: {}
  b: {given: {programmes: {club: {carry_remainder: on}}}, steps: [{identify: m}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	a, b := f.Cases[0], f.Cases[1]
	if a.Given.Programmes["club"]["carry_remainder"] != "off" || b.Given.Programmes["club"]["carry_remainder"] != "on" || b.Given.Programmes["club"]["earn_rate"] != "1/2.00" {
		t.Errorf("programmes: %v and %v", a.Given.Programmes, b.Given.Programmes)
	}
	if a.Steps[0].Verb != "sale" || b.Steps[0].Verb != "identify" || b.Given.Members["m"]["points"] != int64(5) {
		t.Errorf("%+v, %+v", a.Steps, b)
	}
}

func TestFill_PutsInValuesAndTexts(t *testing.T) {
	t.Parallel()
	names := Tree{"m": Tree{"number": "77", "list": []any{int64(4)}}}
	got, err := fill(Tree{"a": "{m.list.0}", "b": "/x/{m.number}/y", "k={m.number}": []any{"plain"}}, names)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(encode(got)); text != `{"a":4,"b":"/x/77/y","k=77":["plain"]}` {
		t.Error(text)
	}
	for _, bad := range []string{"{m.other}", "{m.list.1}", "{n}", "{m"} {
		if _, err := fill(bad, names); err == nil {
			t.Errorf("%s was filled", bad)
		}
	}
}

func TestTimeline_AllMeetInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	var moves []int
	line := &timeline{set: func(at time.Time) error { moves = append(moves, at.Day()); return nil }, now: day(1)}
	plans := [][]int{{3, 9}, {2, 3, 7}, {}, {5, 4}}
	line.enter(len(plans))
	var mu sync.Mutex
	var seen []string
	var all sync.WaitGroup
	for i, plan := range plans {
		all.Add(1)
		go func() {
			defer all.Done()
			defer line.leave()
			for _, n := range plan {
				err := line.until(day(n))
				mu.Lock()
				seen = append(seen, fmt.Sprintf("%d:%d:%t", i, n, err == nil))
				mu.Unlock()
			}
		}()
	}
	all.Wait()
	if got := fmt.Sprint(moves); got != "[2 3 5 7 9]" {
		t.Errorf("the clock went %s", got)
	}
	if len(seen) != 7 || !strings.Contains(strings.Join(seen, " "), "3:4:false") {
		t.Errorf("a step back must be refused: %v", seen)
	}
}
