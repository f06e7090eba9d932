package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAPI_MoneyOnAnAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		deed := func(name, body string) map[string]any {
			w.t.Helper()
			return w.ok("POST", "/v1/accounts/"+w.purse+"/"+name, body)
		}
		want(t, deed("load", `{"amount":{"amount":8000,"currency":"EUR"},"outlet":"017"}`), "balances.0.active", 8000)
		red := deed("redeem", `{"amount":{"amount":3000,"currency":"EUR"},"outlet":"017"}`)
		want(t, red, "balances.0.active", 5000)
		want(t, deed("refund", fmt.Sprintf(`{"original":%q,"amount":{"amount":1000,"currency":"EUR"},"outlet":"017"}`, text(red, "rrn"))), "balances.0.active", 6000)
		want(t, deed("refund", fmt.Sprintf(`{"original":%q,"outlet":"017"}`, text(red, "rrn"))), "balances.0.active", 8000)
		w.refused(422, "over_return", "POST", "/v1/accounts/"+w.purse+"/refund", fmt.Sprintf(`{"original":%q,"outlet":"017"}`, text(red, "rrn")))
		w.refused(422, "insufficient_balance", "POST", "/v1/accounts/"+w.purse+"/redeem", `{"amount":{"amount":8001,"currency":"EUR"},"outlet":"017"}`)
		w.refused(422, "limit_max_balance", "POST", "/v1/accounts/"+w.purse+"/load", `{"amount":{"amount":7001,"currency":"EUR"},"outlet":"017"}`)
		w.refused(422, "currency_mismatch", "POST", "/v1/accounts/"+w.purse+"/load", `{"amount":{"amount":1,"currency":"USD"},"outlet":"017"}`)
		w.refused(422, "field_immutable", "PATCH", "/v1/accounts/"+w.purse, `{"currency":"USD"}`)
		want(t, deed("adjust", `{"amount":{"amount":-500,"currency":"EUR"},"reason":"wrong load","outlet":"017"}`), "balances.0.active", 7500)
		want(t, deed("adjust", `{"amount":{"amount":250,"currency":"EUR"},"bucket":"promo","until":"2027-06-30","reason":"sorry","outlet":"017"}`), "balances.0.promo", 250)
		now := w.ok("GET", "/v1/accounts/"+w.purse, "")
		want(t, now, "active", 7750)
		want(t, now, "available", 7750)
		want(t, now, "lots.0.bucket", "paid")
		want(t, now, "lots.1.valid_through", "2027-06-30")
		other := w.ok("POST", "/v1/cards", `{"programme":"beans","product":"purse","status":"active"}`)
		moved := deed("transfer", fmt.Sprintf(`{"to":%q,"amount":{"amount":2500,"currency":"EUR"},"outlet":"017"}`, text(other, "accounts.1.id")))
		want(t, moved, "balances.0.active", 5250)
		want(t, moved, "balances.1.active", 2500)
		want(t, deed("clear", `{"reason":"closing","outlet":"017"}`), "balances.0.active", 0)
		w.ok("POST", "/v1/accounts/"+w.purse+"/block", `{"reason":"stolen"}`)
		w.refused(422, "card_blocked", "POST", "/v1/accounts/"+w.purse+"/load", `{"amount":{"amount":100,"currency":"EUR"},"outlet":"017"}`)
		want(t, w.ok("POST", "/v1/accounts/"+w.purse+"/unblock", `{}`), "status", "active")
		w.statement(t)
	})
}

// statement pages through the gift account's movements, two at a time.
func (w *world) statement(t *testing.T) {
	var seen []string
	sum := 0.0
	for next := ""; ; {
		a := w.ok("GET", "/v1/accounts/"+w.purse+"/statement?limit=2&after="+next, "")
		items, _ := a["items"].([]any)
		for _, x := range items {
			seen = append(seen, text(x, "kind"))
			sum += at(x, "amount").(float64)
		}
		if next = text(a, "next"); next == "" {
			break
		}
	}
	if fmt.Sprint(seen) != "[ADJ TRF ADJ ADJ RET RET RED LOD]" || sum != 0 {
		t.Errorf("statement %v sums to %v, want all movements, newest first, and nothing left", seen, sum)
	}
}

func TestAPI_TransferHasItsOwnKindOfMovement(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := w.ok("POST", "/v1/members", `{"programme":"beans","display":"Janis","card":{}}`)
		w.ok("POST", "/v1/accounts/"+w.points+"/adjust", `{"points":100,"reason":"welcome","outlet":"017"}`)
		a := w.ok("POST", "/v1/accounts/"+w.points+"/transfer", fmt.Sprintf(`{"to":%q,"points":30,"outlet":"017"}`, text(second, "accounts.0.id")))
		want(t, a, "balances.0.active", 70)
		want(t, w.ok("GET", "/v1/accounts/"+text(second, "accounts.0.id"), ""), "active", 30)
		want(t, w.ok("POST", "/v1/accounts/"+w.points+"/redeem", `{"points":20,"outlet":"017"}`), "balances.0.active", 50)
		w.refused(422, "insufficient_points", "POST", "/v1/accounts/"+w.points+"/redeem", `{"points":51,"outlet":"017"}`)
		w.refused(400, "invalid_value", "POST", "/v1/accounts/"+w.points+"/load", `{"points":51,"outlet":"017"}`)
	})
}

// A key stands for one answer, for ordinary writes and for what the lane books.
func TestAPI_SameKeySameAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, q := range []request{
			{method: "POST", path: "/v1/merchants", body: `{"name":"Second"}`, idem: "m"},
			{method: "POST", path: "/v1/keys", body: `{"name":"shop","scopes":["sales:write"]}`, idem: "k"},
			{method: "POST", path: "/v1/members", body: `{"programme":"beans","display":"Zane","card":{}}`, idem: "e"},
			{method: "POST", path: "/v1/cards", body: `{"programme":"beans"}`, idem: "c"},
			{method: "POST", path: "/v1/vouchers/off-beans/publish", body: `{"bearer":true}`, idem: "v"},
			{method: "POST", path: "/v1/accounts/" + w.purse + "/load", body: `{"amount":{"amount":100,"currency":"EUR"},"outlet":"017"}`, idem: "l"},
			{method: "POST", path: "/v1/cards/" + w.card + "/block", body: `{"reason":"lost_bag"}`, idem: "b"},
			{method: "PATCH", path: "/v1/members/" + w.member, body: `{"display":"Anna Ozola"}`, idem: "p"},
		} {
			q.key = w.admin
			first, second := w.send(q), w.send(q)
			if first.status >= 300 || first.replayed || string(second.raw) != string(first.raw) || !second.replayed || second.status != first.status {
				t.Errorf("%s: %d %s\nthen %d %t %s", q.path, first.status, first.raw, second.status, second.replayed, second.raw)
			}
			other := q
			other.body = q.body[:len(q.body)-1] + `, "x":1}`
			if a := w.send(other); a.status != 422 || a.body["code"] != "idempotency_mismatch" {
				if a.status != 400 || a.body["code"] != "unknown_field" { // refused before its key is looked at
					t.Errorf("%s with another body: %d %s", q.path, a.status, a.raw)
				}
			}
		}
		for _, key := range []string{"", "\x80", strings.Repeat("k", 256), "a b"} { // BI-27
			a := w.send(request{method: "POST", path: "/v1/merchants", key: w.admin, body: `{"name":"Third"}`, head: map[string]string{"Idempotency-Key": key}})
			if a.status != 400 {
				t.Errorf("a write under the key %q: %d %s", key, a.status, a.raw)
			}
		}
	})
}

func TestAPI_DeclinesAreKeptUnderTheirKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		q := request{method: "POST", path: "/v1/webhooks", key: w.admin, body: `{"url":"https://10.0.0.1/"}`, idem: "w"}
		first, second := w.send(q), w.send(q)
		if first.status != 422 || first.body["code"] != "webhook_url_refused" || second.status != 422 || !second.replayed {
			t.Errorf("%d %s then %d %t", first.status, first.raw, second.status, second.replayed)
		}
		a := w.ok("GET", "/v1/operations/w", "")
		want(t, a, "status", "declined")
		want(t, w.ok("GET", "/v1/operations/never", ""), "status", "absent")
		want(t, w.ok("GET", "/v1/operations/closed?fence=true", ""), "fenced", true)
		q = request{method: "POST", path: "/v1/merchants", key: w.admin, body: `{"name":"Late"}`, idem: "closed"}
		if a := w.send(q); a.status != 422 || a.body["code"] != "already_reversed" {
			t.Errorf("a write under a closed key: %d %s", a.status, a.raw)
		}
		q = request{method: "POST", path: "/v1/cards", key: w.admin, body: `{"programme":"beans"}`, idem: "closed"}
		if a := w.send(q); a.status != 422 || a.body["code"] != "already_reversed" {
			t.Errorf("a command under a closed key: %d %s", a.status, a.raw)
		}
	})
}

func TestAPI_SalesReturnsAndEvaluations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		basket := func(extra string) string {
			return fmt.Sprintf(`{"currency":"EUR","context":{"outlet":"017"},"presented":[{"kind":"scan","value":%q,"entry":"barcode"}],
				"lines":[{"no":1,"qty":"2","unit_price":1000,"total":2000,"vat":"21"}]%s}`, w.number, extra)
		}
		head := at(w.ok("GET", "/v1/ledger/head", ""), "size")
		a := w.ok("POST", "/v1/evaluations?explain=true", basket(""))
		want(t, a, "totals.payable", 2000)
		want(t, a, "earn_preview.points", 20)
		if at(a, "explanation.0.rule") == nil {
			t.Errorf("no explanation in %v", a)
		}
		if at(w.ok("POST", "/v1/evaluations", basket("")), "explanation") != nil {
			t.Error("an explanation that nobody asked for")
		}
		want(t, w.ok("GET", "/v1/ledger/head", ""), "size", head)
		sold := w.ok("POST", "/v1/sales", basket(`,"order":"W-1"`))
		want(t, sold, "approved.earn_points", 20)
		w.refused(409, "duplicate_receipt", "POST", "/v1/sales", basket(`,"order":"W-1"`))
		id := text(sold, "sale")
		want(t, w.ok("GET", "/v1/sales/"+id, ""), "answer.rrn", text(sold, "rrn"))
		back := w.ok("POST", "/v1/sales/"+id+"/returns", `{"lines":[{"original_no":1,"qty":"1"}]}`)
		want(t, back, "totals.refund", 1000)
		want(t, back, "points.clawback", 10)
		want(t, w.ok("POST", "/v1/sales/"+id+"/returns", `{}`), "totals.refund", 1000)
		w.refused(422, "over_return", "POST", "/v1/sales/"+id+"/returns", `{}`)
		want(t, w.ok("GET", "/v1/accounts/"+w.points, ""), "active", 0)
	})
}

// T129: an order is shipped in two parts; what is left of the hold stays reserved in between.
func TestAPI_ACheckoutIsShippedInParts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ok("POST", "/v1/accounts/"+w.purse+"/load", `{"amount":{"amount":8000,"currency":"EUR"},"outlet":"017"}`)
		line := func(no, total int) string {
			return fmt.Sprintf(`{"no":%d,"qty":"1","unit_price":%d,"total":%d,"vat":"21"}`, no, total, total)
		}
		body := fmt.Sprintf(`{"currency":"EUR","order":"W-7","context":{"outlet":"017"},"lines":[%s,%s,%s],"wish":{"gift":[{"value":%q,"amount":5000}]}}`,
			line(1, 3000), line(2, 1500), line(3, 500), w.giftNo)
		s := w.ok("POST", "/v1/sessions", body)
		path := "/v1/sessions/" + text(s, "id")
		want(t, s, "state", "open")
		w.refused(422, "checkout_state", "POST", path+"/close", `{}`)
		want(t, w.ok("POST", path+"/authorise", `{"hold_seconds":86400}`), "remaining_to_pay", 0)
		now := func(active, free int) {
			t.Helper()
			a := w.ok("GET", "/v1/accounts/"+w.purse, "")
			want(t, a, "active", active)
			want(t, a, "available", free)
		}
		now(8000, 3000)
		ends := text(w.ok("GET", "/v1/accounts/"+w.purse, ""), "holds.0.ends_at")
		first := w.ok("POST", path+"/close", `{"lines":[1],"tenders":[{"kind":"gift","amount":3000}],"final":false}`)
		want(t, first, "approved.gift", 3000)
		now(5000, 3000)
		want(t, w.ok("GET", "/v1/accounts/"+w.purse, ""), "holds.0.amount", 2000)
		want(t, w.ok("GET", "/v1/accounts/"+w.purse, ""), "holds.0.ends_at", ends)
		want(t, w.ok("GET", path, ""), "state", "shipping")
		w.ok("POST", path+"/close", `{"lines":[2],"final":true}`)
		now(3500, 3500)
		w.refused(422, "hold_resolved", "POST", path+"/close", `{"lines":[3]}`)
		want(t, w.ok("GET", path, ""), "state", "closed")
		back := w.ok("POST", "/v1/sales/"+text(first, "sale")+"/returns", `{}`)
		want(t, back, "refund.0.amount", 3000)
		now(6500, 6500)
	})
}

func TestAPI_ACheckoutIsCancelledOrRunsOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ok("POST", "/v1/accounts/"+w.purse+"/load", `{"amount":{"amount":5000,"currency":"EUR"},"outlet":"017"}`)
		begin := func() string {
			body := fmt.Sprintf(`{"currency":"EUR","context":{"outlet":"017"},"lines":[{"no":1,"qty":"1","unit_price":4000,"total":4000}],"wish":{"gift":[{"value":%q,"amount":"max"}]}}`, w.giftNo)
			path := "/v1/sessions/" + text(w.ok("POST", "/v1/sessions", body), "id")
			w.ok("POST", path+"/authorise", `{"hold_seconds":3600}`)
			want(t, w.ok("GET", "/v1/accounts/"+w.purse, ""), "available", 1000)
			return path
		}
		path := begin()
		w.ok("POST", path+"/cancel", "")
		want(t, w.ok("GET", "/v1/accounts/"+w.purse, ""), "available", 5000)
		w.refused(422, "hold_resolved", "POST", path+"/close", `{}`)
		path = begin()
		w.move(2 * time.Hour)
		w.refused(422, "hold_expired", "POST", path+"/close", `{}`)
		want(t, w.ok("GET", "/v1/accounts/"+w.purse, ""), "available", 5000)
	})
}

// move moves the test clock; what has come due is done before it returns.
func (w *world) move(d time.Duration) {
	w.t.Helper()
	w.okAs(w.operator, "POST", "/test/clock", fmt.Sprintf(`{"move_seconds":%d}`, int(d/time.Second)))
}

func TestAPI_LedgerProves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 5 {
			w.ok("POST", "/v1/accounts/"+w.points+"/adjust", `{"points":1,"reason":"x","outlet":"017"}`)
		}
		cp := w.ok("GET", "/v1/ledger/checkpoint", "")
		entries := w.ok("GET", "/v1/entries?limit=3", "")
		if text(entries, "next") == "" || at(entries, "items.2.seq") != 3.0 {
			t.Errorf("a page of entries: %v", entries)
		}
		p := w.ok("GET", "/v1/ledger/proof/"+text(entries, "items.1.id"), "")
		want(t, p, "index", 1)
		want(t, p, "size", at(cp, "size"))
		want(t, p, "checkpoint", text(cp, "note"))
		want(t, p, "entry.canonical.seq", 2)
		if c := w.ok("GET", "/v1/ledger/consistency?from=2", ""); len(at(c, "hashes").([]any)) == 0 {
			t.Errorf("no proof of consistency: %v", c)
		}
		w.refused(404, "not_found", "GET", "/v1/ledger/proof/txn_0000000000000", "")
		w.refused(400, "invalid_value", "GET", "/v1/ledger/consistency?from=0", "")
	})
}

func TestAPI_EventsAndWebhooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		start := text(w.ok("GET", "/v1/events?limit=500", ""), "next")
		took := make(chan string, 100)
		r := receiver(t, took)
		hook := w.ok("POST", "/v1/webhooks", fmt.Sprintf(`{"url":%q,"events":["balance.changed","member.updated"]}`, r))
		if len(text(hook, "secret")) < 40 || at(w.ok("GET", "/v1/webhooks", ""), "items.0.secret") != nil {
			t.Errorf("the secret is told once: %v", hook)
		}
		w.ok("POST", "/v1/accounts/"+w.points+"/adjust", `{"points":7,"reason":"x","outlet":"017"}`)
		w.ok("PATCH", "/v1/members/"+w.member, `{"display":"Anna Liepa"}`)
		a := w.ok("GET", "/v1/events?after="+start, "")
		want(t, a, "events.0.type", "balance.changed")
		want(t, a, "events.0.data.membership", w.membership)
		want(t, a, "events.0.data.changes.0.amount", 7)
		want(t, a, "events.1.type", "member.updated")
		want(t, a, "events.1.data.member", w.member)
		for _, one := range []string{<-took, <-took} {
			if one != "balance.changed" && one != "member.updated" {
				t.Errorf("the receiver took %s", one)
			}
		}
		w.ok("POST", "/v1/webhooks/"+text(hook, "id")+"/replay", fmt.Sprintf(`{"after":%q}`, start))
		<-took
		<-took
		want(t, w.ok("GET", "/v1/webhooks/"+text(hook, "id")+"/deliveries", ""), "items.0.type", "member.updated")
		w.ok("DELETE", "/v1/webhooks/"+text(hook, "id"), "")
		w.refused(404, "not_found", "GET", "/v1/webhooks/"+text(hook, "id")+"/deliveries", "")
		w.refused(400, "invalid_value", "POST", "/v1/webhooks", fmt.Sprintf(`{"url":%q,"events":["no.such"]}`, r))
	})
}

func TestAPI_BatchesOfCardsAndVouchers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.ok("POST", "/v1/card-batches", `{"programme":"beans","product":"purse","rule":{"kind":"sequential","from":1,"length":10,"prefix":"77","check":"luhn"},"quantity":120}`)
		v := w.ok("POST", "/v1/vouchers/off-beans/generate", `{"quantity":1200}`)
		w.until(func() bool {
			return text(w.ok("GET", "/v1/card-batches/"+text(b, "id"), ""), "state") == "generated" &&
				text(w.ok("GET", "/v1/voucher-batches/"+text(v, "id"), ""), "state") == "generated"
		})
		n := w.ok("GET", "/v1/card-batches/"+text(b, "id")+"/numbers?limit=100", "")
		if len(at(n, "items").([]any)) != 100 || text(n, "next") == "" {
			t.Errorf("a page of numbers: %v", n)
		}
		found := w.ok("GET", "/v1/cards?number="+text(n, "items.0.number"), "")
		want(t, found, "status", "new")
		codes := w.ok("GET", "/v1/voucher-batches/"+text(v, "id")+"/codes?limit=500", "")
		body := fmt.Sprintf(`{"currency":"EUR","context":{"outlet":"017"},"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000}],"wish":{"coupons":[%q]}}`, text(codes, "items.7.code"))
		want(t, w.ok("POST", "/v1/sales", body), "totals.payable", 900)
		w.refused(422, "voucher_used", "POST", "/v1/sales", body)
	})
}

// until waits for work in the background.
func (w *world) until(done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(deadline) {
			w.t.Fatal("the work is not done after 30 seconds")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAPI_ProgrammesAreYAML(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text2 := strings.ReplaceAll(rules, "SLUG", "second")
		head := map[string]string{"Content-Type": "application/yaml"}
		a := w.send(request{method: "POST", path: "/v1/programmes", key: w.admin, body: text2, head: head})
		if a.status != 201 || a.body["id"] != "second" {
			t.Fatalf("YAML: %d %s", a.status, a.raw)
		}
		want(t, w.ok("GET", "/v1/programmes/second", ""), "version", text(a.body, "version"))
		w.ok("POST", "/v1/programmes", fmt.Sprintf(`{"yaml":%q,"effective_from":"2027-03-01T00:00:00+02:00"}`, strings.Replace(text2, "1/1.00", "2/1.00", 1)))
		want(t, w.ok("GET", "/v1/programmes/second", ""), "version", text(a.body, "version")) // not yet in force
		if list := at(w.ok("GET", "/v1/programmes/second/versions", ""), "items").([]any); len(list) != 2 {
			t.Errorf("%d versions, want 2", len(list))
		}
		bad := w.refused(422, "programme_invalid", "POST", "/v1/programmes", `{"yaml":"id: x\nearn_rat: 1"}`)
		want(t, bad.body, "params.problems.0.line", 2)
		want(t, w.ok("POST", "/v1/programmes/validate", `{"yaml":"id: x\nearn_rat: 1"}`), "valid", false)
	})
}

func TestAPI_ReportsOfTills(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.resources(&w.tenant)
		list := w.ok("GET", "/v1/batches?terminal="+w.terminal, "")
		want(t, list, "items.0.id", r["batches"])
		want(t, w.ok("GET", "/v1/batches/"+r["batches"], ""), "kind", "z")
		a := w.send(request{method: "GET", path: "/v1/batches/" + r["batches"] + "?columns=32&language=lv", key: w.admin, head: map[string]string{"Accept": "text/plain"}})
		if a.status != 200 || !strings.Contains(string(a.raw), "20010447") {
			t.Errorf("the slip: %d %s", a.status, a.raw)
		}
		w.refused(400, "invalid_value", "GET", "/v1/batches", "")
	})
}

func TestAPI_ApprovalsStandBehindAdjustments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := text(w.ok("POST", "/v1/keys", `{"name":"erp","scopes":["accounts:write","approvals:write"]}`), "key")
		adjust := func(token string) answer {
			return w.send(request{method: "POST", path: "/v1/accounts/" + w.points + "/adjust", key: key, body: fmt.Sprintf(`{"points":40,"reason":"x","outlet":"017","approval":%q}`, token)})
		}
		if a := adjust(""); a.status != 422 || a.body["code"] != "approval_required" {
			t.Errorf("without an approval: %d %s", a.status, a.raw)
		}
		approve := func(act string, most int) string {
			return text(w.okAs(key, "POST", "/v1/approvals", fmt.Sprintf(`{"staff":"c07","pin":"271828","act":%q,"max":%d}`, act, most)), "token")
		}
		token := approve("adjust", 40)
		if a := adjust(token); a.status != 200 {
			t.Errorf("with an approval: %d %s", a.status, a.raw)
		}
		for reason, token := range map[string]string{"used": token, "act": approve("return", 40), "amount": approve("adjust", 39)} {
			if a := adjust(token); a.status != 422 || at(a.body, "params.reason") != reason {
				t.Errorf("approval %s: %d %s", reason, a.status, a.raw)
			}
		}
		if a := w.send(request{method: "POST", path: "/v1/approvals", key: key, body: `{"staff":"c07","pin":"271829","act":"adjust"}`}); a.status != http.StatusForbidden {
			t.Errorf("a wrong PIN: %d %s", a.status, a.raw)
		}
	})
}
