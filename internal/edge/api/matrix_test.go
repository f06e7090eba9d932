package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What is not for every key with its scope, by the operation's id.
var (
	forOperator = []string{"create-tenant", "list-tenants"}
	forAdmins   = []string{"change-tenant", "create-staff", "change-staff", "create-key", "list-keys", "rotate-key", "delete-key"}
	forTills    = []string{"read-programme", "approve", "evaluate", "read-operation", "read-head", "read-checkpoint", "prove-entry", "prove-consistency"}
	forEvery    = []string{"read-operation"} // its answers are those of the key's own key space
	// What belongs to an outlet: a key of another outlet finds nothing of it.
	ofOutlet = []string{"read-outlet", "change-outlet", "read-terminal", "change-terminal", "link-terminal", "unlink-terminal", "read-sale", "return-sale", "read-session",
		"change-session", "authorise-session", "close-session", "cancel-session", "read-batch", "prove-entry"}
	// What needs a terminal in its query.
	ofTerminal = []string{"list-shifts", "list-batches"}
)

// caller is somebody with a key.
type caller struct {
	name, key string
	head      map[string]string
	expect    func(o *operation) (status int) // of a request about the caller's own things; 0 when it is let in
}

func TestMatrix_WhoMayDoWhat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.makeTenant("foreign")
		own, foreign := w.resources(&w.tenant), w.resources(&other)
		_, list := w.document()
		ops := slices.DeleteFunc(list, func(o operation) bool { return !strings.HasPrefix(o.path, "/v1/") })
		if len(ops) < 70 {
			t.Fatalf("%d operations in the document", len(ops))
		}
		before := w.standing(&other)
		for _, c := range w.callers(ops) {
			w.callOwn(t, c, ops, own)
			w.callForeign(t, c, ops, &other, foreign)
		}
		w.callElsewhere(t, ops, own)
		if after := w.standing(&other); after != before {
			t.Errorf("the other tenant stands at %s, stood at %s", after, before)
		}
	})
}

// standing tells how far a tenant's books and configuration are.
func (w *world) standing(x *tenant) string {
	h := w.okAs(x.admin, "GET", "/v1/ledger/head", "")
	m := w.okAs(x.admin, "GET", "/v1/merchants", "")
	k := w.okAs(x.admin, "GET", "/v1/keys", "")
	return fmt.Sprintf("%v entries, %d merchants, %d keys", at(h, "size"), len(at(m, "items").([]any)), len(at(k, "items").([]any)))
}

// scopes gives every scope that the document names.
func scopes(ops []operation) string {
	seen := map[string]bool{}
	for _, o := range ops {
		for _, word := range []string{"read", "write", "print"} {
			seen[fmt.Sprintf("%q", o.tag+":"+word)] = true
		}
	}
	var out []string
	for s := range seen {
		out = append(out, s)
	}
	out = append(out, `"tenant:read"`, `"approvals:write"`, `"evaluations:read"`)
	return "[" + strings.Join(out, ",") + "]"
}

func (w *world) callers(ops []operation) []caller {
	w.t.Helper()
	integration := text(w.ok("POST", "/v1/keys", `{"name":"all","scopes":`+scopes(ops)+`}`), "key")
	poor := text(w.ok("POST", "/v1/keys", `{"name":"none"}`), "key")
	is := func(list []string) func(*operation) bool {
		return func(o *operation) bool { return slices.Contains(list, o.id) }
	}
	operator, admins, tills, every := is(forOperator), is(forAdmins), is(forTills), is(forEvery)
	return []caller{
		{"nobody", "", nil, func(*operation) int { return 401 }},
		{"a stranger", "ljk_live_00", nil, func(*operation) int { return 401 }},
		{"a till", w.till, nil, func(o *operation) int { return unless(tills(o), 403) }},
		{"an integration without scopes", poor, nil, func(o *operation) int { return unless(every(o), 403) }},
		{"an integration", integration, nil, func(o *operation) int { return unless(!operator(o) && !admins(o), 403) }},
		{"the operator without a tenant", w.operator, nil, func(o *operation) int { return unless(operator(o), 400) }},
		{"the operator", w.operator, map[string]string{"X-Tenant": w.id}, func(*operation) int { return 0 }},
		{"the administrator", w.admin, nil, func(o *operation) int { return unless(!operator(o), 403) }},
	}
}

func unless(in bool, status int) int {
	if in {
		return 0
	}
	return status
}

// callOwn does every operation on the caller's own things.
func (w *world) callOwn(t *testing.T, c caller, ops []operation, own resources) {
	for i := range ops {
		o := &ops[i]
		w.keys++
		a := w.send(request{method: o.method, path: w.about(o, own), key: c.key, body: sample(o, &w.tenant, own, 9000+w.keys), head: c.head})
		want := c.expect(o)
		switch {
		case want != 0 && a.status != want:
			t.Errorf("%s does %s: %d %s, want %d", c.name, o.id, a.status, a.raw, want)
		case want == 0 && (a.status == 401 || a.status == 403 || a.status >= 500 || a.status == 404 && !spent(o)):
			t.Errorf("%s does %s: %d %s, want it let in", c.name, o.id, a.status, a.raw)
		}
	}
}

// spent tells whether an earlier caller may have ended what the operation is about.
func spent(o *operation) bool {
	return strings.HasPrefix(o.path, "/v1/webhooks/") || strings.HasPrefix(o.path, "/v1/keys/") || o.id == "find-cards"
}

func (w *world) about(o *operation, r resources) string {
	path := fill(o, r)
	switch {
	case slices.Contains(ofTerminal, o.id):
		path += "?terminal=" + r["terminals"]
	case o.id == "find-members":
		path += "?phone=%2B37126123456"
	case o.id == "find-cards":
		path += "?number=" + w.number
	}
	return path
}

// callForeign does every operation on another tenant's things: nothing is found, and nothing of them is told.
func (w *world) callForeign(t *testing.T, c caller, ops []operation, other *tenant, foreign resources) {
	if c.expect(&operation{id: "read-merchant"}) != 0 && c.name != "an integration without scopes" {
		return // is let in nowhere
	}
	for i := range ops {
		o := &ops[i]
		if slices.Contains(forOperator, o.id) || slices.Contains(forEvery, o.id) || c.expect(o) != 0 {
			continue
		}
		if !strings.Contains(o.path, "{") && !slices.Contains(ofTerminal, o.id) {
			continue
		}
		path := fill(o, foreign)
		if slices.Contains(ofTerminal, o.id) {
			path += "?terminal=" + foreign["terminals"]
		}
		a := w.send(request{method: o.method, path: path, key: c.key, body: sample(o, &w.tenant, foreign, 0), head: c.head})
		if a.status != 404 || a.body["code"] != "not_found" {
			t.Errorf("%s does %s to another tenant's: %d %s, want 404", c.name, o.id, a.status, a.raw)
		}
		for _, secret := range []string{other.number, other.giftNo, "Anna Kalnina", other.id} {
			if strings.Contains(string(a.raw), secret) {
				t.Errorf("%s of another tenant's tells %s", o.id, secret)
			}
		}
	}
	w.callForeignBodies(t, c, other, foreign)
}

// callForeignBodies names another tenant's things in bodies: they are refused.
func (w *world) callForeignBodies(t *testing.T, c caller, other *tenant, foreign resources) {
	if c.name != "the administrator" {
		return
	}
	for path, body := range map[string]string{
		"/v1/outlets":                           fmt.Sprintf(`{"merchant":%q,"code":"f1","name":"F","zone":"Europe/Riga","currency":"EUR"}`, other.merchant),
		"/v1/terminals":                         fmt.Sprintf(`{"outlet":%q,"tid":"99999999","kind":"pos"}`, other.outlet),
		"/v1/staff":                             fmt.Sprintf(`{"code":"f1","role":"cashier","pin":"271828","outlets":[%q]}`, other.outlet),
		"/v1/keys":                              fmt.Sprintf(`{"name":"f","outlets":[%q]}`, other.outlet),
		"/v1/members":                           fmt.Sprintf(`{"programme":%q,"display":"F"}`, other.slug),
		"/v1/cards":                             fmt.Sprintf(`{"programme":%q,"member":%q}`, w.slug, other.member),
		"/v1/sales":                             fmt.Sprintf(`{"currency":"EUR","context":{"outlet":"017"},"presented":[{"kind":"scan","value":%q}],"lines":[{"no":1,"qty":"1","unit_price":1,"total":1}]}`, other.number),
		"/v1/accounts/" + w.purse + "/transfer": fmt.Sprintf(`{"to":%q,"amount":{"amount":1,"currency":"EUR"},"outlet":"017"}`, other.purse),
		"/v1/vouchers/off-" + w.slug + "/publish":     fmt.Sprintf(`{"card":%q}`, other.card),
		"/v1/vouchers/off-" + other.slug + "/publish": `{"bearer":true}`,
	} {
		a := w.send(request{method: "POST", path: path, key: c.key, body: body})
		if a.status < 400 || a.status >= 500 {
			t.Errorf("%s with another tenant's things: %d %s", path, a.status, a.raw)
		}
	}
	cursor := text(w.okAs(other.admin, "GET", "/v1/entries?limit=1", ""), "next")
	if a := w.send(request{method: "GET", path: "/v1/entries?after=" + cursor, key: c.key}); a.status != 400 || a.body["code"] != "invalid_value" {
		t.Errorf("another tenant's cursor: %d %s", a.status, a.raw)
	}
}

// callElsewhere does the operations of an outlet with a key of another outlet of the same tenant.
func (w *world) callElsewhere(t *testing.T, ops []operation, own resources) {
	key := text(w.ok("POST", "/v1/keys", fmt.Sprintf(`{"name":"elsewhere","scopes":%s,"outlets":[%q]}`, scopes(ops), w.other)), "key")
	for i := range ops {
		o := &ops[i]
		if !slices.Contains(ofOutlet, o.id) && !slices.Contains(ofTerminal, o.id) {
			continue
		}
		a := w.send(request{method: o.method, path: w.about(o, own), key: key, body: sample(o, &w.tenant, own, 0)})
		if a.status != 404 {
			t.Errorf("a key of another outlet does %s: %d %s, want 404", o.id, a.status, a.raw)
		}
	}
	for _, path := range []string{"/v1/outlets", "/v1/terminals"} {
		a := w.okAs(key, "GET", path, "")
		if list := at(a, "items").([]any); len(list) != 1 {
			t.Errorf("a key of one outlet lists %d %s", len(list), path)
		}
	}
	for path, body := range map[string]string{
		"/v1/sales":                         strings.ReplaceAll(basketBody(&w.tenant), `"tenders"`, `"order":"E-1","tenders"`),
		"/v1/terminals":                     fmt.Sprintf(`{"outlet":%q,"tid":"88888888","kind":"pos"}`, w.outlet),
		"/v1/outlets":                       fmt.Sprintf(`{"merchant":%q,"code":"e1","name":"E","zone":"Europe/Riga","currency":"EUR"}`, w.merchant),
		"/v1/accounts/" + w.purse + "/load": `{"amount":{"amount":1,"currency":"EUR"},"outlet":"017"}`,
	} {
		if a := w.send(request{method: "POST", path: path, key: key, body: body}); a.status < 400 || a.status >= 500 {
			t.Errorf("a key of another outlet does %s: %d %s", path, a.status, a.raw)
		}
	}
}
