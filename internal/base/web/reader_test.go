package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lojal/internal/base/fault"
)

// readSample reads {"id":…,"amount":…,"ok":…,"lines":[{"no":…}]} as a hot handler would.
func readSample(body string) (*Reader, int64, string) {
	r := NewReader([]byte(body))
	var amount int64
	var id string
	r.Object(func(key string) bool {
		switch key {
		case "id":
			id = r.Str()
		case "amount":
			amount = r.Int()
		case "ok":
			r.Bool()
		case "lines":
			r.Array(func(int) {
				r.Object(func(key string) bool {
					if key != "no" {
						return false
					}
					r.Int()
					return true
				})
			})
		default:
			return false
		}
		return true
	})
	r.End()
	return r, amount, id
}

func TestReader_RefusesBadInputs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, body, code, field string
	}{
		{"BI-1 empty body", ``, "malformed", ""},
		{"BI-1 only space", " \n", "malformed", ""},
		{"BI-2 null", `null`, "invalid_value", ""},
		{"BI-3 array", `[]`, "invalid_value", ""},
		{"BI-6 duplicate key", `{"amount":1,"amount":100}`, "malformed", "amount"},
		{"BI-6 duplicate key by escape", `{"amount":1,"\u0061mount":100}`, "malformed", "amount"},
		{"BI-6 duplicate key in a skipped value", `{"x":{"a":1,"a":2}}`, "malformed", "x.a"},
		{"BI-7 trailing data", `{}{}`, "malformed", ""},
		{"BI-7 trailing comma", `{"amount":1,}`, "malformed", ""},
		{"BI-9 invalid UTF-8", "{\"id\":\"\xff\"}", "malformed", "id"},
		{"BI-9 invalid UTF-8 beside an escape", "{\"id\":\"\\n\xff\"}", "malformed", "id"},
		{"BI-9 invalid UTF-8 in a key", "{\"\xff\":1}", "malformed", ""},
		{"BI-9 surrogate in UTF-8", "{\"id\":\"\xed\xa0\x80\"}", "malformed", "id"},
		{"BI-10 lone surrogate", `{"id":"\ud800"}`, "malformed", "id"},
		{"BI-10 low surrogate first", `{"id":"\udc00\ud800"}`, "malformed", "id"},
		{"BI-11 NUL escaped", `{"id":"a\u0000b"}`, "malformed", "id"},
		{"BI-11 NUL raw", "{\"id\":\"a\x00b\"}", "malformed", "id"},
		{"control character", "{\"id\":\"a\nb\"}", "malformed", "id"},
		{"unknown escape", `{"id":"\x41"}`, "malformed", "id"},
		{"BI-17 exponent", `{"amount":1e2}`, "invalid_value", "amount"},
		{"BI-18 fraction", `{"amount":10.005}`, "invalid_value", "amount"},
		{"BI-19 beyond 63 bits", `{"amount":9223372036854775808}`, "invalid_value", "amount"},
		{"BI-19 below 63 bits", `{"amount":-9223372036854775809}`, "invalid_value", "amount"},
		{"BI-21 NaN", `{"amount":NaN}`, "malformed", "amount"},
		{"BI-21 Infinity", `{"amount":Infinity}`, "malformed", "amount"},
		{"BI-21 -Infinity", `{"amount":-Infinity}`, "invalid_value", "amount"},
		{"BI-22 minus zero", `{"amount":-0}`, "invalid_value", "amount"},
		{"BI-23 fraction of a yen", `{"amount":10.50}`, "invalid_value", "amount"},
		{"leading zero", `{"amount":007}`, "invalid_value", "amount"},
		{"leading plus", `{"amount":+7}`, "malformed", "amount"},
		{"number in quotes", `{"amount":"7"}`, "invalid_value", "amount"},
		{"null amount", `{"amount":null}`, "invalid_value", "amount"},
		{"number for a string", `{"id":7}`, "invalid_value", "id"},
		{"string for a boolean", `{"ok":"true"}`, "invalid_value", "ok"},
		{"path of an element", `{"lines":[{"no":1},{"no":1.5}]}`, "invalid_value", "lines[1].no"},
		{"element of another kind", `{"lines":[1]}`, "invalid_value", "lines[0]"},
		{"unfinished", `{"lines":[{"no":1}`, "malformed", "lines"},
		{"skipped number of no form", `{"x":01}`, "malformed", "x"},
		{"skipped word", `{"x":nul}`, "malformed", "x"},
		{"too deep", `{"x":` + strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth) + `}`, "malformed", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, amount, _ := readSample(c.body)
			if r.Err() == nil {
				t.Fatalf("%s was accepted, amount %d", c.body, amount)
			}
			if got := r.Err().Code.Name; got != c.code {
				t.Fatalf("code %s, want %s (%v)", got, c.code, r.Err())
			}
			if got := r.Err().Params.Get("field"); c.name != "too deep" && got != c.field {
				t.Fatalf("field %v, want %q (%v)", got, c.field, r.Err())
			}
		})
	}
}

func TestReader_ReadsGoodInputs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, body, id string
		amount         int64
	}{
		{"BI-15 negative", `{"amount":-1}`, "", -1},
		{"extremes", `{"amount":-9223372036854775808}`, "", -9223372036854775808},
		{"BI-14 combining marks", `{"id":"a` + strings.Repeat("\u0301", 10000) + `"}`, "a" + strings.Repeat("\u0301", 10000), 0},
		{"escapes", `{"id":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00ž"}`, "\"\\/\b\f\n\r\tä😀ž", 0},
		{"space", " {\n\t\"amount\" : 0 , \"lines\" : [ ] }\r\n", "", 0},
		{"deep enough", `{"x":` + strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1) + `,"amount":5}`, "", 5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, amount, id := readSample(c.body)
			if r.Err() != nil || amount != c.amount || id != c.id {
				t.Fatalf("%d %q %v", amount, id, r.Err())
			}
		})
	}
}

func TestReader_NamesUnknownFieldsOnce(t *testing.T) {
	t.Parallel()
	r, amount, _ := readSample(`{"role":"admin","amount":3,"lines":[{"no":1,"hue":[{"a":1}]},{"hue":2}],"tenant_id":9}`)
	if r.Err() != nil || amount != 3 {
		t.Fatal(amount, r.Err())
	}
	if want := []string{"role", "lines[].hue", "tenant_id"}; !slices.Equal(r.Unknown(), want) {
		t.Fatalf("unknown %v, want %v", r.Unknown(), want)
	}
}

func TestReader_ManyKeysAreStillCompared(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	if r, _, _ := readSample(`{` + b.String() + `"amount":1}`); r.Err() != nil || len(r.Unknown()) != MaxUnknown {
		t.Fatal(len(r.Unknown()), r.Err())
	}
	r, _, _ := readSample(`{` + b.String() + `"k4999":1}`)
	if r.Err() == nil || r.Err().Params.Get("field") != "k4999" {
		t.Fatal(r.Err())
	}
}

func TestReader_LongKeysAreClippedInErrors(t *testing.T) {
	t.Parallel()
	r := NewReader([]byte(`{"` + strings.Repeat("ā", 500) + `":nope}`))
	r.Object(func(string) bool { return false })
	if field := fmt.Sprint(r.Err().Params.Get("field")); len(field) > maxName+len("…") {
		t.Fatalf("%d bytes of a client's key in an error", len(field))
	}
}

func TestReader_RawNullAndRefuse(t *testing.T) {
	t.Parallel()
	r := NewReader([]byte(`{"a": [1, {"b":2.5e1}] , "c":null,"d":"x"}`))
	var raw string
	var null bool
	r.Object(func(key string) bool {
		switch key {
		case "a":
			raw = string(r.Raw())
		case "c":
			null = r.Null()
		case "d":
			if r.Str() != "y" {
				r.Refuse("y")
			}
		}
		return true
	})
	if raw != `[1, {"b":2.5e1}]` || !null {
		t.Fatalf("%s %v", raw, null)
	}
	if !fault.Is(r.Err(), fault.ErrInvalidValue) || r.Err().Params.Get("field") != "d" {
		t.Fatal(r.Err())
	}
}

func TestReader_ShortKeysCostNoAllocation(t *testing.T) {
	body := []byte(saleBody)
	var s sale
	got := testing.AllocsPerRun(100, func() { s.read(NewReader(body)) })
	if s.lines != 5 || s.payable != 2250 {
		t.Fatalf("%+v", s)
	}
	if got > 6 {
		t.Fatalf("%.0f allocations for one sale", got)
	}
}

// walk reads any value by its kind.
func walk(r *Reader) {
	switch r.Kind() {
	case Null:
		r.Null()
	case Bool:
		r.Bool()
	case String:
		r.Str()
	case Object:
		r.Object(func(key string) bool {
			if strings.HasPrefix(key, "?") {
				return false
			}
			walk(r)
			return true
		})
	case Array:
		r.Array(func(int) { walk(r) })
	default:
		r.Raw()
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `{}{}`, "\"\xff\"", `"\ud800"`, `"\u0000"`, `1e2`, `-0`, `10.005`, `{"a":1,"a":2}`,
		`{"?":{"a":[1,{"b":"c"}]}}`, `[1,]`, `[,1]`, `{"a"}`, `{,}`, `"\`, `"\u12`, `NaN`, `-`, `1.`, `1e`, saleBody,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := NewReader(body)
		walk(r)
		r.End()
		if r.Err() == nil && !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
		whole := NewReader(body)
		whole.Raw()
		whole.End()
		if (whole.Err() == nil) != (r.Err() == nil) {
			t.Fatalf("read and skipped differ: %v, %v", r.Err(), whole.Err())
		}
	})
}

func FuzzAppendString(f *testing.F) {
	f.Add("Ā\"\\\b\f\n\r\t\x00\x1f<b>&\u2028\u2029\xff\xed\xa0\x80😀")
	f.Fuzz(func(t *testing.T, s string) {
		want, _ := json.Marshal(s)
		if got := AppendString(nil, s); string(got) != string(want) {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}

func TestAppend_WritesObjects(t *testing.T) {
	t.Parallel()
	b := append([]byte(nil), '{')
	b = AppendBool(AppendKey(b, "ok"), true)
	b = AppendMoney(AppendKey(b, "worth"), -1250, "EUR")
	b = append(AppendKey(b, "list"), '[')
	b = AppendValue(AppendComma(b), "x")
	b = AppendValue(AppendComma(b), []int{1})
	b = AppendValue(AppendComma(b), func() {})
	b = append(b, ']', '}')
	if want := `{"ok":true,"worth":{"amount":-1250,"currency":"EUR"},"list":["x",[1],null]}`; string(b) != want {
		t.Fatalf("%s", b)
	}
}
