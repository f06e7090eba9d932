package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

func post(body io.Reader, contentType string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", body)
	r.Header.Set("Content-Type", contentType)
	return r
}

// unread fails the test when it is read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func codeOf(err error) string {
	if e := fault.Of(err); e != nil {
		return e.Code.Name
	}
	return fmt.Sprint(err)
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	const json8 = "application/json; charset=UTF-8"
	announced := post(unread{t}, "application/json")
	announced.ContentLength = 10 << 20
	encoded := post(strings.NewReader("{}"), "application/json")
	encoded.Header.Set("Content-Encoding", "gzip")
	short := post(strings.NewReader("{}"), "application/json")
	short.ContentLength = 100
	chunked := post(io.MultiReader(strings.NewReader(strings.Repeat("x", MaxBody)), strings.NewReader("x")), "application/json")
	chunked.ContentLength = -1
	broken := post(io.MultiReader(strings.NewReader("{"), errReader{}), "application/json")
	broken.ContentLength = -1
	for _, c := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"plain", post(strings.NewReader("{}"), "application/json"), ""},
		{"charset", post(strings.NewReader("{}"), json8), ""},
		{"at the limit", post(strings.NewReader(strings.Repeat(" ", MaxBody)), json8), ""},
		{"empty", post(nil, json8), ""},
		{"form", post(strings.NewReader("a=1"), "application/x-www-form-urlencoded"), "unsupported_media_type"},
		{"none", post(strings.NewReader("{}"), ""), "unsupported_media_type"},
		{"latin", post(strings.NewReader("{}"), "application/json; charset=latin1"), "unsupported_media_type"},
		{"gzip", encoded, "unsupported_media_type"},
		{"BI-5 announced", announced, "too_large"},
		{"BI-5 chunked", chunked, "too_large"},
		{"short", short, "malformed"},
		{"broken", broken, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body, err := ReadBody(httptest.NewRecorder(), c.r, MaxBody)
			if c.want == "" && err == nil {
				return
			}
			if codeOf(err) != c.want {
				t.Fatalf("%d bytes, %v; want %s", len(body), err, c.want)
			}
		})
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("reset") }

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	for key, good := range map[string]bool{
		"01JD0Z8C3M9Q":             true,
		"!~":                       true,
		strings.Repeat("k", 255):   true,
		"":                         false,
		strings.Repeat("k", 256):   false,
		strings.Repeat("k", 10000): false,
		"a b":                      false,
		"a\tb":                     false,
		"a\x7f":                    false,
		"atslēga":                  false,
	} {
		r := post(nil, "")
		r.Header["Idempotency-Key"] = []string{key}
		got, err := IdempotencyKey(r)
		if good && (err != nil || got != key) || !good && codeOf(err) != "invalid_value" {
			t.Errorf("BI-27 %.20q: %.20q %v", key, got, err)
		}
	}
	if _, err := IdempotencyKey(post(nil, "")); codeOf(err) != "invalid_value" {
		t.Error("no key at all is accepted")
	}
	twice := post(nil, "")
	twice.Header["Idempotency-Key"] = []string{"a", "b"}
	if _, err := IdempotencyKey(twice); codeOf(err) != "invalid_value" {
		t.Error("two keys are accepted")
	}
}

type address struct {
	City string `json:"city"`
}

type form struct {
	address
	Base
	Name   string           `json:"name"`
	Born   clock.Day        `json:"born"`
	Nick   *string          `json:"nick,omitempty"`
	Count  int8             `json:"count"`
	Size   uint16           `json:"size"`
	OK     bool             `json:"ok"`
	Tags   []string         `json:"tags"`
	Homes  []address        `json:"homes"`
	Limits map[string]int64 `json:"limits"`
	Any    any              `json:"any"`
	Raw    json.RawMessage  `json:"raw"`
	Hidden string           `json:"-"`
}

// Base is embedded.
type Base struct {
	Version int64 `json:"version"`
}

func TestDecode_ReadsEveryKind(t *testing.T) {
	t.Parallel()
	var f form
	err := Decode([]byte(`{"city":"Rīga","version":3,"name":"A","born":"1990-02-28","nick":"n","count":-5,"size":7,"ok":true,
		"tags":["a","b"],"homes":[{"city":"Cēsis"}],"limits":{"a":1},"any":{"x":[1]},"raw":{"y": 1}}`), &f)
	if err != nil {
		t.Fatal(err)
	}
	nick := "n"
	want := form{
		address: address{"Rīga"}, Base: Base{3}, Name: "A", Born: clock.Date(1990, 2, 28), Nick: &nick, Count: -5, Size: 7, OK: true,
		Tags: []string{"a", "b"}, Homes: []address{{"Cēsis"}}, Limits: map[string]int64{"a": 1},
		Any: map[string]any{"x": []any{1.0}}, Raw: json.RawMessage(`{"y": 1}`),
	}
	if !reflect.DeepEqual(f, want) {
		t.Fatalf("%+v", f)
	}
	if err := Decode([]byte(`{"nick":null,"tags":null,"limits":null,"raw":null}`), &f); err != nil || f.Nick != nil || f.Tags != nil || f.Limits != nil {
		t.Fatal(err, f)
	}
}

func TestDecode_Refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, code, field string }{
		{"BI-1", ``, "malformed", ""},
		{"BI-2", `null`, "invalid_value", ""},
		{"BI-3", `[]`, "invalid_value", ""},
		{"BI-6", `{"name":"a","name":"b"}`, "malformed", "name"},
		{"BI-7", `{}{}`, "malformed", ""},
		{"BI-25", `{"colour":1}`, "unknown_field", "colour"},
		{"BI-25 deep", `{"homes":[{"city":"a"},{"zip":1}]}`, "unknown_field", "homes[1].zip"},
		{"BI-26 hidden", `{"Hidden":"x"}`, "unknown_field", "Hidden"},
		{"BI-26 other case", `{"NAME":"x"}`, "unknown_field", "NAME"},
		{"BI-34", `{"born":"2026-02-30"}`, "invalid_value", "born"},
		{"kind", `{"name":1}`, "invalid_value", "name"},
		{"null", `{"name":null}`, "invalid_value", "name"},
		{"int8", `{"count":128}`, "invalid_value", "count"},
		{"unsigned", `{"size":-1}`, "invalid_value", "size"},
		{"element", `{"tags":["a",1]}`, "invalid_value", "tags[1]"},
		{"value of a map", `{"limits":{"a":"1"}}`, "invalid_value", "limits.a"},
		{"duplicate in any", `{"any":{"a":1,"a":2}}`, "malformed", "any.a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := Decode([]byte(c.body), &form{})
			if codeOf(err) != c.code || fault.Of(err).Params.Get("field") != c.field {
				t.Fatalf("%v, want %s of %s", err, c.code, c.field)
			}
			if strings.Contains(err.Error(), "2026-02-30") {
				t.Fatal("a client's value is repeated")
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"A","born":"1990-02-28","any":{"x":[1]},"tags":["a"],"limits":{"a":1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var v form
		if err := Decode(body, &v); err == nil && !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
	})
}
