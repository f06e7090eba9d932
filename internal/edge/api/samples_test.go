package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// operation is an operation of the management API as the document tells it.
type operation struct {
	id, method, path, tag string
	query                 []string
	body                  map[string]any // the schema, references resolved one step
	writes                bool
}

// document reads the served OpenAPI document.
func (w *world) document() (map[string]any, []operation) {
	w.t.Helper()
	doc := w.send(request{method: "GET", path: "/v1/openapi.json"}).body
	var out []operation
	for path, item := range doc["paths"].(map[string]any) {
		for method, v := range item.(map[string]any) {
			o := operation{id: text(v, "operationId"), method: strings.ToUpper(method), path: path, tag: text(v, "tags.0"), writes: method != "get"}
			list, _ := at(v, "parameters").([]any)
			for _, p := range list {
				if text(p, "in") == "query" {
					o.query = append(o.query, text(p, "name"))
				}
			}
			if s, ok := at(v, "requestBody.content.application/json.schema").(map[string]any); ok {
				o.body = s
			}
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return doc, out
}

// resources are one of each thing of a tenant, by the path segment that names it.
type resources map[string]string

// resources makes one of each thing.
func (w *world) resources(x *tenant) resources {
	w.t.Helper()
	do := func(method, path, body string) map[string]any { return w.okAs(x.admin, method, path, body) }
	till := func(path, body string) map[string]any {
		w.keys++
		body = strings.NewReplacer("KEY", fmt.Sprint("till-", w.keys), "SEQ", fmt.Sprint(w.keys)).Replace(body)
		a := w.send(request{method: "POST", path: "/pos/v1" + path, key: x.till, body: body, head: map[string]string{"Idempotency-Key": ""}})
		if a.status != http.StatusOK {
			w.t.Fatalf("%s: %d %s", path, a.status, a.raw)
		}
		return a.body
	}
	out := resources{
		"merchants": x.merchant, "outlets": x.outlet, "terminals": x.terminal, "programmes": x.slug, "members": x.member, "cards": x.card, "accounts": x.purse,
		"vouchers": "off-" + x.slug, "operations": "no-such-key",
	}
	out["staff"] = text(do("POST", "/v1/staff", `{"code":"s1","role":"cashier","pin":"314159"}`), "id")
	out["keys"] = text(do("POST", "/v1/keys", `{"name":"spare"}`), "id")
	out["card-batches"] = text(do("POST", "/v1/card-batches", batchBody(x)), "id")
	out["voucher-batches"] = text(do("POST", "/v1/vouchers/off-"+x.slug+"/generate", `{"quantity":1}`), "id")
	out["sessions"] = text(do("POST", "/v1/sessions", basketBody(x)), "id")
	out["webhooks"] = text(do("POST", "/v1/webhooks", fmt.Sprintf(`{"url":%q}`, quiet(w.t))), "id")
	s := till("/transactions", fmt.Sprintf(`{"id":"KEY","kind":"sale","terminal_seq":SEQ,"receipt":"A-SEQ","currency":"EUR","cashier":"c07","lines":[{"no":1,"qty":"1","unit_price":100,"total":100}],
		"presented":[{"kind":"scan","value":%q,"entry":"barcode"}]}`, x.number))
	out["sales"], out["proof"] = text(s, "sale"), text(s, "sale")
	out["batches"] = text(till("/batches/0/close", `{"id":"KEY","cashier":"c07"}`), "id")
	return out
}

func batchBody(x *tenant) string {
	return fmt.Sprintf(`{"programme":%q,"rule":{"kind":"random","length":19,"prefix":"9428","check":"luhn"},"quantity":1}`, x.slug)
}

func basketBody(x *tenant) string {
	return fmt.Sprintf(`{"currency":"EUR","context":{"outlet":"017"},"presented":[{"kind":"scan","value":%q,"entry":"barcode"}],
		"lines":[{"no":1,"type":"goods","sku":"1","name":"Tea","qty":"1","unit_price":100,"total":100,"vat":"21"}],"wish":{"burn_points":0},"tenders":[{"kind":"cash","amount":100}]}`, x.number)
}

// quiet is a receiver that takes all and says nothing.
func quiet(t testing.TB) string {
	took := make(chan string, 10_000)
	return receiver(t, took)
}

// sample gives a body that the operation takes.
func sample(o *operation, x *tenant, r resources, n int) string {
	money := `"amount":{"amount":100,"currency":"EUR"},"outlet":"017"`
	switch o.id {
	case "create-tenant":
		return fmt.Sprintf(`{"slug":"t-%d","name":"T","zone":"Europe/Riga","currency":"EUR"}`, n)
	case "create-merchant":
		return `{"name":"Second","reg_no":"40003","vat_no":"LV40003"}`
	case "create-outlet":
		return fmt.Sprintf(`{"merchant":%q,"code":"n%d","name":"New","zone":"Europe/Riga","currency":"EUR","mcc":"5411","day_closes_at":"00:00","address":"Street 1","lat_e7":1,"lon_e7":1}`, r["merchants"], n)
	case "create-terminal":
		return fmt.Sprintf(`{"outlet":%q,"tid":"%08d","kind":"pos","language":"lv","offline":{"queue_max":10}}`, r["outlets"], n)
	case "link-terminal":
		return `{"device":"a"}`
	case "create-staff":
		return fmt.Sprintf(`{"code":"n%d","name":"New","role":"cashier","pin":"271828","language":"lv"}`, n)
	case "approve":
		return `{"staff":"c07","pin":"271828","act":"adjust","max":100}`
	case "create-key":
		return `{"name":"new","scopes":["sales:read"],"days":30}`
	case "publish-programme", "validate-programme":
		b, _ := json.Marshal(strings.ReplaceAll(rules, "SLUG", x.slug))
		return `{"yaml":` + string(b) + `}`
	case "enrol-member":
		return fmt.Sprintf(`{"programme":%q,"display":"Zane","language":"lv","birthday":"1990-02-28","card":{"pin":"2718"}}`, x.slug)
	case "issue-card":
		return fmt.Sprintf(`{"programme":%q,"product":"purse","pin":"2718"}`, x.slug)
	case "order-cards":
		return batchBody(x)
	case "publish-voucher":
		return `{"bearer":true}`
	case "generate-vouchers":
		return `{"quantity":1}`
	case "create-sale", "evaluate", "open-session", "change-session":
		return basketBody(x)
	case "create-webhook":
		return `{"url":"https://93.184.215.14/hook"}`
	case "replay-webhook":
		return `{"after":""}`
	case "activate-account", "load-account", "redeem-account", "cashout-account":
		return `{` + money + `}`
	case "adjust-account":
		return `{` + money + `,"reason":"x","bucket":"paid"}`
	case "clear-account":
		return `{"reason":"x","outlet":"017"}`
	case "transfer-account":
		return `{` + money + fmt.Sprintf(`,"to":%q}`, r["accounts"])
	case "refund-account":
		return `{` + money + `,"original":"no-such"}`
	case "join-programme":
		return fmt.Sprintf(`{"programme":%q}`, x.slug)
	case "close-session":
		return `{"lines":[1],"tenders":[{"kind":"cash","amount":100}],"final":true}`
	case "return-sale":
		return `{"lines":[{"original_no":1,"qty":"1"}],"receipt":"R-1"}`
	}
	if o.body == nil {
		return ""
	}
	return `{}`
}

// fill puts identifiers into the path.
func fill(o *operation, r resources) string {
	parts := strings.Split(o.path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = r[parts[i-1]]
		}
	}
	return strings.Join(parts, "/")
}
