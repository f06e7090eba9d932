package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/id"
)

// bad is an input of reliability's list. Text may be taken, as plain text; everything else is refused.
type bad struct {
	row  string
	raw  string // JSON, or what is none
	text bool
}

var long = strings.Repeat("a", 10_000)

// values fit wherever a value stands.
var values = []bad{
	{"BI-3", `[]`, false},
	{"BI-9", "\"\xff\"", false},
	{"BI-10", `"\ud800"`, false},
	{"BI-11", `"a\u0000b"`, false},
	{"BI-14", `"a` + strings.Repeat("\u0301", 10_000) + `"`, true},
	{"BI-13", "\"a\u200bb\"", true},
	{"BI-17", `1e2`, false},
	{"BI-18", `10.005`, false},
	{"BI-19", `9223372036854775808`, false},
	{"BI-21", `NaN`, false},
	{"BI-21", `-Infinity`, false},
	{"BI-34", `"2026-02-30"`, true},
	{"BI-34", `"9999-12-31T23:59:60Z"`, true},
	{"BI-34", `"2027-01-10T10:00:00+99:00"`, true},
	{"BI-39", `"<img onerror=x>"`, true},
	{"BI-41", `"Robert'); DROP TABLE entry;--"`, true},
	{"BI-42", `"../../etc"`, true},
	{"BI-35", `"a@b\r\nBcc: c"`, true},
	{"BI-37", `"+1 900 555"`, true},
	{"long", `"` + long + `"`, true},
	{"empty", `""`, true},
}

// numbers fit where a number stands: some of them a rule may permit.
var numbers = []bad{{"BI-15", `-1`, true}, {"BI-22", `-0`, true}, {"zero", `0`, true}, {"great", `9007199254740993`, true}, {"greatest", `9223372036854775807`, true}}

func TestBadInput_EveryFieldOfEveryOperation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		own := w.resources(&w.tenant)
		_, list := w.document()
		n, asked := 0, w.keys
		for i := range list {
			o := &list[i]
			if !strings.HasPrefix(o.path, "/v1/") || o.body == nil {
				continue
			}
			key := w.admin
			if o.id == "create-tenant" {
				key = w.operator
			}
			path, body := w.about(o, own), sample(o, &w.tenant, own, 7000+i)
			w.wholeBodies(t, o, key, path, body)
			w.fields(t, o, key, path, body)
			n++
		}
		if n < 40 || w.keys-asked < 2000 {
			t.Errorf("%d operations with a body were asked %d times", n, w.keys-asked)
		}
	})
}

// mark tells how far everything of the tenant is that a write moves.
func (w *world) mark() string {
	w.t.Helper()
	n, err := id.Parse("ten", w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	var seq, config, acts int64
	err = w.DB().Read(context.Background(), n, func(tx db.Tx) error {
		_, err := tx.One(context.Background(), standing, db.Args(n), &seq, &config, &acts)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%d entries, configuration %d, %d acts", seq, config, acts)
}

var standing = db.SQL("test.standing", `
	SELECT h.seq, h.config, COALESCE(a.n, 0)
	  FROM head h LEFT JOIN audit_head a ON a.tenant_id = h.tenant_id
	 WHERE h.tenant_id = $1`)

// oracle is BI-0: a 4xx with a code; of what may be taken, no 5xx.
func oracle(t *testing.T, o *operation, what string, a answer, may bool) {
	t.Helper()
	switch code, _ := a.body["code"].(string); {
	case a.status >= 500:
		t.Errorf("%s with %s: %d %.300s", o.id, what, a.status, a.raw)
	case may && a.status < 300:
	case a.status < 400 || code == "":
		t.Errorf("%s with %s: %d %.300s, want it refused with a code", o.id, what, a.status, a.raw)
	}
}

// wholeBodies sends what is wrong with a body as a whole.
func (w *world) wholeBodies(t *testing.T, o *operation, key, path, body string) {
	before := w.mark()
	inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(body), "{"), "}")
	comma := ","
	if strings.TrimSpace(inner) == "" {
		comma = ""
	}
	for _, b := range []struct {
		row, body string
		head      map[string]string
		status    int // 0 for any refusal
	}{
		{"BI-1 an empty body", " ", nil, 400},
		{"BI-2 null", "null", nil, 400},
		{"BI-3 a list", "[]", nil, 400},
		{"BI-7 trailing data", body + "{}", nil, 400},
		{"BI-9 invalid UTF-8", "{\"a\":\"\xff\"}", nil, 400},
		{"BI-5 a long string", `{"a":"` + strings.Repeat("x", 10<<20) + `"}`, nil, 413},
		{"BI-6 a duplicate key", `{"x":1,"x":2}`, nil, 400},
		{"BI-25 an unknown field", "{" + inner + comma + `"no_such_field":1}`, nil, 400},
		{"BI-26 mass assignment", "{" + inner + comma + `"tenant_id":1,"balance":100,"role_":"admin"}`, nil, 400},
		{"BI-29 another type", body, map[string]string{"Content-Type": "text/plain"}, 415},
		{"BI-29 no type", body, map[string]string{"Content-Type": ""}, 415},
		{"BI-31 a packed body", packed(body), map[string]string{"Content-Encoding": "gzip"}, 415},
		{"a body cut short", body[:len(body)-1], nil, 400},
		{"deep nesting", strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), nil, 400},
	} {
		a := w.send(request{method: o.method, path: path, key: key, body: b.body, head: b.head})
		oracle(t, o, b.row, a, false)
		if b.status != 0 && a.status != b.status {
			t.Errorf("%s with %s: %d %.200s, want %d", o.id, b.row, a.status, a.raw, b.status)
		}
		if strings.HasPrefix(b.row, "BI-25") && (a.body["code"] != "unknown_field" || at(a.body, "params.field") != "no_such_field") {
			t.Errorf("%s with %s: %s", o.id, b.row, a.raw)
		}
	}
	if after := w.mark(); after != before {
		t.Errorf("%s: refused bodies moved the tenant from %s to %s", o.id, before, after)
	}
}

func packed(body string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return b.String()
}

// fields puts every input into every field of the sample.
func (w *world) fields(t *testing.T, o *operation, key, path, body string) {
	before := w.mark()
	var refuse, may []string
	for _, leaf := range leaves(t, body) {
		inputs := values
		if leaf.number {
			inputs = append(slices.Clone(values), numbers...)
		}
		for _, b := range inputs {
			if leaf.list && b.row == "BI-3" {
				continue // an empty list where a list is due is no error of form
			}
			what := strconv.Quote(leaf.path + " " + b.row)
			if b.text {
				may = append(may, what)
				continue
			}
			oracle(t, o, what, w.send(request{method: o.method, path: path, key: key, body: leaf.with(b.raw)}), false)
			refuse = append(refuse, what)
		}
	}
	if after := w.mark(); after != before {
		t.Errorf("%s: refused values moved the tenant from %s to %s", o.id, before, after)
	}
	for _, leaf := range leaves(t, body) {
		inputs := values
		if leaf.number {
			inputs = numbers
		}
		for _, b := range inputs {
			if b.text {
				oracle(t, o, leaf.path+" "+b.row, w.send(request{method: o.method, path: path, key: key, body: leaf.with(b.raw)}), true)
			}
		}
	}
	if len(refuse) == 0 && len(may) == 0 && strings.Contains(body, ":") {
		t.Errorf("%s: no field of %s was tried", o.id, body)
	}
}

// leaf is a place in a body.
type leaf struct {
	path         string
	number, list bool
	with         func(raw string) string
}

const hole = "@@hole@@"

// leaves gives every place of a body where a value stands.
func leaves(t *testing.T, body string) []leaf {
	t.Helper()
	if body == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var out []leaf
	var walk func(path string, v any, set func(any))
	add := func(path string, v any, set func(any)) {
		set(hole)
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		set(v)
		_, number := v.(json.Number)
		_, list := v.([]any)
		out = append(out, leaf{path, number, list, func(raw string) string { return strings.Replace(string(text), `"`+hole+`"`, raw, 1) }})
	}
	walk = func(path string, v any, set func(any)) {
		if path != "" {
			add(path, v, set)
		}
		switch x := v.(type) {
		case map[string]any:
			for _, k := range sorted(x) {
				walk(path+"."+k, x[k], func(n any) { x[k] = n })
			}
		case []any:
			for i := range x {
				walk(fmt.Sprintf("%s[%d]", path, i), x[i], func(n any) { x[i] = n })
			}
		}
	}
	walk("", tree, func(n any) { tree = n })
	return out
}

func sorted(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Parameters of the query and of the path.
func TestBadInput_EveryParameter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		own := w.resources(&w.tenant)
		_, list := w.document()
		before := w.mark()
		for i := range list {
			o := &list[i]
			if !strings.HasPrefix(o.path, "/v1/") || strings.HasPrefix(o.path, "/v1/openapi") {
				continue
			}
			key := w.admin
			if slices.Contains(forOperator, o.id) {
				key = w.operator
			}
			w.queries(t, o, key, own)
			w.paths(t, o, own)
		}
		if after := w.mark(); after != before {
			t.Errorf("refused parameters moved the tenant from %s to %s", before, after)
		}
		for _, name := range []string{"", "ten_", "ten_0000000000000", "x", long} {
			if a := w.send(request{method: "GET", path: "/v1/merchants", key: w.operator, head: map[string]string{"X-Tenant": name}}); a.status < 400 || a.status >= 500 {
				t.Errorf("the operator in the tenant %.30q: %d %.200s", name, a.status, a.raw)
			}
		}
	})
}

func (w *world) queries(t *testing.T, o *operation, key string, own resources) {
	if o.method != http.MethodGet {
		return
	}
	garbage := []string{"\x00", "\xff", "'; DROP TABLE entry;--", "../../etc", long[:2000], "1e9"}
	for _, name := range append(slices.Clone(o.query), "sort") {
		inputs := garbage
		must := name == "limit" || name == "after" || name == "sort" || name == "updated_since" || name == "fence" || name == "explain" || name == "wait" || name == "size" || name == "from" || name == "to"
		switch name {
		case "limit":
			inputs = append(slices.Clone(garbage), "-1", "0", "501", "1000000000", "1.5") // BI-33
		case "after":
			inputs = append(slices.Clone(garbage), "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "MTIz")
		case "updated_since":
			inputs = append(slices.Clone(garbage), "2026-02-30", "0000-01-01", "9999-12-31T23:59:60Z", "2027-01-10T10:00:00+99:00") // BI-34
		case "sort":
			inputs = append(slices.Clone(garbage), ";drop")
		}
		for _, v := range inputs {
			sep := "?"
			path := w.about(o, own)
			if strings.Contains(path, "?") {
				sep = "&"
			}
			a := w.send(request{method: o.method, path: path + sep + name + "=" + url.QueryEscape(v), key: key})
			oracle(t, o, fmt.Sprintf("%s=%.40q", name, v), a, !must)
		}
	}
}

// paths puts what is no identifier where one is due.
func (w *world) paths(t *testing.T, o *operation, own resources) {
	if !strings.Contains(o.path, "{") || o.id == "read-operation" {
		return
	}
	for _, v := range []string{"0", "crd_", "mem_0000000000000", "%00", "%ff", "..%2f..%2fetc", "'%3b%20DROP", long[:3000], "１２３", "-1"} {
		parts := strings.Split(fill(o, own), "/")
		for i, p := range strings.Split(o.path, "/") {
			if strings.HasPrefix(p, "{") {
				parts[i] = v
			}
		}
		a := w.send(request{method: o.method, path: strings.Join(parts, "/"), key: w.admin, body: sample(o, &w.tenant, own, 1)})
		if a.status != 404 && a.status != 400 {
			t.Errorf("%s of %.40q: %d %.200s, want nothing found", o.id, v, a.status, a.raw)
		}
	}
}
