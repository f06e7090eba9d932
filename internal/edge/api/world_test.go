package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/clock"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/seal"
	"lojal/internal/doctor"
)

// rules is the programme of the world: points, gift cards, passes and a coupon.
const rules = `id: SLUG
name: Beans
zone: Europe/Riga
currency: EUR
earn_rate: 1/1.00
points_value: 0.01
transferable: on
burn_verification: {need: off}
gift_verification: {need: off}
max_balance: 150.00
expiry: {kind: lot, n: 12, unit: months}
gift:
  - {id: purse, label: Purse, face_min: 1.00, face_max: 150.00}
passes:
  - {id: dozen, label: Dozen, visits: 12, days: 365}
coupons:
  - {id: off-SLUG, label: One off, kind: fixed_basket, amount: 1.00, uses_per_coupon: 1}
`

// world is a running house with one tenant, and helpers to speak to it.
type world struct {
	*app.App
	t        testing.TB
	url      string
	operator string
	keys     int
	tenant
}

// tenant is a tenant with an outlet of each of two codes, a till and a programme.
type tenant struct {
	id, admin, till            string
	merchant, outlet, other    string
	terminal, elsewhere        string
	member, membership         string
	card, number, gift, giftNo string
	points, purse              string
	slug                       string
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := open(t, url)
		w.tenant = w.makeTenant("beans")
		run(t, w)
		w.sound()
	})
}

func open(t testing.TB, url string) *world {
	t.Helper()
	a, err := app.Open(context.Background(), app.Config{Database: url, Data: t.TempDir(), TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler())
	t.Cleanup(func() { server.Close(); _ = a.Close() })
	w := &world{App: a, t: t, url: server.URL}
	if w.operator, err = a.OperatorKey(); err != nil {
		t.Fatal(err)
	}
	if err := a.SetClock(context.Background(), clock.Of(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	return w
}

// sound holds every invariant against what the test has left.
func (w *world) sound() {
	w.t.Helper()
	ctx := context.Background()
	keys, err := seal.ReadVerifiers(filepath.Join(w.Data, app.CheckpointKeys))
	if err != nil {
		w.t.Fatal(err)
	}
	checks, err := app.Checks(ctx, w.DB(), w.Clock(), keys)
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := doctor.New(w.DB(), w.Clock(), checks...).Run(ctx, doctor.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	if !report.OK() {
		var text bytes.Buffer
		_ = report.Print(&text)
		w.t.Error(text.String())
	}
}

// answer is what the server said.
type answer struct {
	status   int
	raw      []byte
	body     map[string]any
	replayed bool
	head     http.Header
}

// request is what it is asked; a write without a key gets one.
type request struct {
	method, path, key string
	body              string
	idem              string
	head              map[string]string
}

func (w *world) send(q request) answer {
	w.t.Helper()
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	r, err := http.NewRequest(q.method, w.url+q.path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if q.key != "" {
		r.Header.Set("Authorization", "Bearer "+q.key)
	}
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.method != http.MethodGet {
		if q.idem == "" {
			w.keys++
			q.idem = fmt.Sprint("key-", w.keys)
		}
		r.Header.Set("Idempotency-Key", q.idem)
	}
	for name, v := range q.head {
		if r.Header.Del(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, replayed: resp.Header.Get("Idempotent-Replayed") == "true", head: resp.Header}
	if a.raw, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	_ = json.Unmarshal(a.raw, &a.body)
	return a
}

// ok sends a request of the tenant's administrator that must succeed.
func (w *world) ok(method, path, body string) map[string]any {
	w.t.Helper()
	return w.okAs(w.admin, method, path, body)
}

func (w *world) okAs(key, method, path, body string) map[string]any {
	w.t.Helper()
	a := w.send(request{method: method, path: path, key: key, body: body})
	if a.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a.body
}

// refused sends a request that must be refused with a status and a code.
func (w *world) refused(status int, code, method, path, body string) answer {
	w.t.Helper()
	a := w.send(request{method: method, path: path, key: w.admin, body: body})
	if a.status != status || a.body["code"] != code {
		w.t.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, a.status, a.raw, status, code)
	}
	return a
}

// at digs a value out of an answer by a dotted path.
func at(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any, path string) string { s, _ := at(v, path).(string); return s }

func want(t testing.TB, v any, path string, expected any) {
	t.Helper()
	if got := at(v, path); fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Errorf("%s is %v, want %v\n%v", path, got, expected, v)
	}
}

// makeTenant makes a tenant with all that tests use of it.
func (w *world) makeTenant(slug string) tenant {
	w.t.Helper()
	x := tenant{slug: slug}
	a := w.okAs(w.operator, "POST", "/v1/tenants", fmt.Sprintf(`{"slug":%q,"name":"Beans","zone":"Europe/Riga","currency":"EUR","limits_profile":"none"}`, slug))
	x.id, x.admin = text(a, "id"), text(a, "key")
	do := func(method, path, body string) map[string]any { return w.okAs(x.admin, method, path, body) }
	x.merchant = text(do("POST", "/v1/merchants", `{"name":"Beans"}`), "id")
	outlet := func(code string) string {
		return text(do("POST", "/v1/outlets", fmt.Sprintf(`{"merchant":%q,"code":%q,"name":"Old town","zone":"Europe/Riga","currency":"EUR"}`, x.merchant, code)), "id")
	}
	x.outlet, x.other = outlet("017"), outlet("018")
	x.terminal = text(do("POST", "/v1/terminals", fmt.Sprintf(`{"outlet":%q,"tid":"20010447","kind":"pos"}`, x.outlet)), "id")
	x.elsewhere = text(do("POST", "/v1/terminals", fmt.Sprintf(`{"outlet":%q,"tid":"20010448","kind":"pos"}`, x.other)), "id")
	x.till = text(do("POST", "/v1/terminals/"+x.terminal+"/link", `{"device":"a"}`), "key")
	do("POST", "/v1/staff", fmt.Sprintf(`{"code":"c07","name":"Anna","role":"manager","outlets":[%q],"pin":"271828"}`, x.outlet))
	definition, _ := json.Marshal(strings.ReplaceAll(rules, "SLUG", slug))
	do("POST", "/v1/programmes", `{"yaml":`+string(definition)+`}`)
	m := do("POST", "/v1/members", fmt.Sprintf(`{"programme":%q,"display":"Anna Kalnina","language":"lv","phone":"+371 26123456","card":{}}`, slug))
	x.member, x.membership, x.card, x.number = text(m, "id"), text(m, "membership"), text(m, "card.id"), text(m, "card.number")
	x.points = text(m, "card.accounts.0.id")
	c := do("POST", "/v1/cards", fmt.Sprintf(`{"programme":%q,"product":"purse","status":"active"}`, slug))
	x.gift, x.giftNo, x.purse = text(c, "id"), text(c, "number"), text(c, "accounts.1.id")
	return x
}
