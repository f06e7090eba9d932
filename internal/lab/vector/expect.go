package vector

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Failure is an expectation that did not hold.
type Failure struct {
	Vector, Case string
	Line         int
	Path         string
	Want, Got    any
}

// Error gives T01 only, line 9: lines.0.points: want 4, got 3.
func (f Failure) Error() string {
	at := f.Vector + " " + f.Case
	if f.Line > 0 {
		at += fmt.Sprintf(", line %d", f.Line)
	}
	return fmt.Sprintf("%s: %s: want %s, got %s", at, f.Path, show(f.Want), show(f.Got))
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	if s, ok := v.(string); ok {
		return s
	}
	return clip(string(encode(v)))
}

// Keys of an expectation that speak of the answer as a whole and not of its body.
const (
	wantHTTP     = "http"
	wantReplayed = "replayed"
	wantSame     = "same"
	wantCode     = "code"
)

// check judges one answer.
func check(want Tree, a *Recorded, fail func(path string, want, got any)) {
	if want == nil {
		want = Tree{}
	}
	if a.Err != "" {
		fail("", "an answer", a.Err)
		return
	}
	body, _ := a.Body.(Tree)
	if code, declined := want[wantCode]; declined {
		if body[wantCode] != code || a.Status < 300 {
			fail(wantCode, code, answerOf(a))
			return
		}
		if a.Before != a.After {
			fail("ledger_seq", a.Before, a.After)
		}
	} else if a.Status >= 300 {
		fail(wantHTTP, "success", answerOf(a))
		return
	}
	if same, asked := want[wantSame]; asked && same != a.Same {
		fail(wantSame, same, a.Same)
	}
	if v, asked := want[wantReplayed]; asked && v != a.Replayed {
		fail(wantReplayed, v, a.Replayed)
	}
	if v, asked := want[wantHTTP]; asked && v != int64(a.Status) {
		fail(wantHTTP, v, a.Status)
	}
	rest := Tree{}
	for k, v := range want {
		if !slices.Contains([]string{wantHTTP, wantReplayed, wantSame, wantCode}, k) {
			rest[k] = v
		}
	}
	match("", rest, a.Body, fail)
}

func answerOf(a *Recorded) any {
	if t, ok := a.Body.(Tree); ok && t[wantCode] != nil {
		return Tree{"status": a.Status, "code": t[wantCode], "params": t["params"]}
	}
	return Tree{"status": a.Status, "body": a.Body}
}

// match compares a wanted value with what came. A mapping wants just the keys that it names; a list wants
// every entry in its order; nothing wants the field to be absent. A mapping against a list picks entries:
// wallet=points picks the one entry with that field, count is the number of entries.
func match(path string, want, got any, fail func(path string, want, got any)) {
	switch w := want.(type) {
	case Tree:
		switch g := got.(type) {
		case Tree:
			for _, k := range keysOf(w) {
				match(join(path, k), w[k], g[k], fail)
			}
		case []any:
			for _, k := range keysOf(w) {
				matchPicked(join(path, k), k, w[k], g, fail)
			}
		default:
			fail(path, want, got)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			fail(path, want, got)
			return
		}
		for i := range w {
			match(fmt.Sprintf("%s.%d", path, i), w[i], g[i], fail)
		}
	default:
		if word(want) != word(got) {
			fail(path, want, got)
		}
	}
}

func matchPicked(path, key string, want any, from []any, fail func(path string, want, got any)) {
	if key == "count" {
		if want != int64(len(from)) {
			fail(path, want, len(from))
		}
		return
	}
	picked := pick(key, from)
	switch {
	case want == nil && len(picked) == 0:
	case len(picked) != 1:
		fail(path, want, fmt.Sprintf("%d entries like this in %s", len(picked), clip(string(encode(from)))))
	default:
		match(path, want, picked[0], fail)
	}
}

// pick gives the entries with all the fields of a key such as kind=gift,bucket=paid.
func pick(key string, from []any) []any {
	var out []any
	for _, one := range from {
		t, ok := one.(Tree)
		for part := range strings.SplitSeq(key, ",") {
			field, value, _ := strings.Cut(part, "=")
			have, err := find(t, field)
			ok = ok && err == nil && fmt.Sprint(have) == value
		}
		if ok {
			out = append(out, one)
		}
	}
	return out
}

// word gives a single value in one form, so that 5 and a JSON 5 are equal and "5" is not.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return "text " + v
	case json.Number:
		return "number " + v.String()
	case int64, int:
		return fmt.Sprintf("number %d", v)
	case bool:
		return fmt.Sprintf("claim %t", v)
	}
	return "more " + string(encode(v))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
