package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// doc is a JSON object.
type doc = map[string]any

// encode writes a body; what is written here can always be written.
func encode(d doc) []byte {
	out, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return out
}

// till begins a body of the till API: every write has a key, a number of its terminal and a receipt.
func (w *world) till(at int) (string, doc) {
	key := w.key()
	return key, doc{
		"id": key, "terminal_seq": w.seqs[at].Add(1), "receipt": "R" + key, "currency": "EUR",
		"context": doc{"outlet": w.outlets[at], "terminal": w.tids[at], "cashier": "c1"},
	}
}

func (w *world) at() string { return time.Now().In(w.zone).Format(time.RFC3339) }

func scan(number string) doc { return doc{"kind": "scan", "value": number, "entry": "barcode"} }

func goods(total int64) doc {
	return doc{"no": 1, "type": "goods", "sku": "1", "name": "Goods", "qty": "1", "unit_price": total, "total": total, "vat": "21"}
}

// sale makes a sale of one line. change is told the body before it is written, and may be told another
// total for the poisoned one.
func (w *world) sale(at int, op string, args Args, change func(d doc, more int64), names ...string) *request {
	key, d := w.till(at)
	d["kind"], d["at"] = "sale", w.at()
	change(d, 0)
	body := encode(d)
	change(d, 1)
	return &request{op: op, key: key, args: args, method: http.MethodPost, path: "/pos/v1/transactions", till: at, body: body, poison: encode(d), names: names}
}

// sell activates a card.
func (w *world) sell(at int, c card, product string) *request {
	args, kind, op := Args{Account: c.name, Amount: firstLoad}, "gift_card_sale", opLoad
	names := []string{c.name}
	if product != "purse" {
		args, kind, op, names = Args{Account: c.name}, "pass_sale", opIssue, nil
	}
	return w.sale(at, op, args, func(d doc, more int64) {
		line := goods(firstLoad + more)
		line["type"], line["give"] = kind, doc{"value": c.number, "product": product}
		d["lines"] = []doc{line}
	}, names...)
}

func (w *world) load(at int, c card, amount int64) *request {
	key, d := w.till(at)
	d["value"], d["amount"], d["at"] = c.number, amount, w.at()
	body := encode(d)
	d["amount"] = amount + 1
	return &request{
		op: opLoad, key: key, args: Args{Account: c.name, Amount: amount}, method: http.MethodPost, path: "/pos/v1/gift/load",
		till: at, body: body, poison: encode(d), names: []string{c.name},
	}
}

func (w *world) redeem(at int, c card, amount int64) *request {
	return w.sale(at, opRedeem, Args{Account: c.name, Amount: amount}, func(d doc, more int64) {
		d["lines"] = []doc{goods(amount + more)}
		d["wish"] = doc{"gift": []doc{{"value": c.number, "amount": amount + more}}}
	}, c.name)
}

func (w *world) earn(at int, c card, total int64) *request {
	return w.sale(at, opEarn, Args{Account: c.name, Total: total}, func(d doc, more int64) {
		d["presented"], d["lines"] = []doc{scan(c.number)}, []doc{goods(total + more)}
	}, c.name)
}

func (w *world) burn(at int, c card, total, points int64) *request {
	return w.sale(at, opBurn, Args{Account: c.name, Total: total, Amount: points}, func(d doc, more int64) {
		d["presented"], d["lines"] = []doc{scan(c.number)}, []doc{goods(total + more)}
		d["wish"] = doc{"burn_points": points}
	}, c.name)
}

func (w *world) useCoupon(at int) *request {
	return w.sale(at, opCoupon, Args{Account: "coupon", Total: 500}, func(d doc, more int64) {
		d["lines"], d["wish"] = []doc{goods(500 + more)}, doc{"coupons": []string{w.coupon}}
	})
}

func (w *world) visit(at int, c card) *request {
	key, d := w.till(at)
	d["presented"], d["at"] = []doc{scan(c.number)}, w.at()
	return &request{op: opVisit, key: key, args: Args{Account: c.name, Amount: 1}, method: http.MethodPost, path: "/pos/v1/visits", till: at, body: encode(d)}
}

// hold reserves money by a quote.
func (w *world) hold(at int, c card, amount int64) *request {
	key, d := w.till(at)
	d["hold"], d["lines"] = true, []doc{goods(amount)}
	d["wish"] = doc{"gift": []doc{{"value": c.number, "amount": amount}}}
	body := encode(d)
	d["lines"] = []doc{goods(amount + 1)}
	return &request{
		op: opHold, key: key, args: Args{Account: c.name, Amount: amount}, method: http.MethodPost, path: "/pos/v1/quotes", till: at,
		body: body, poison: encode(d), names: []string{c.name},
	}
}

// capture books what a hold reserved: the same basket with the token of the quote. A second capture has a
// receipt of its own, or the receipt would be what it is refused for.
func (w *world) capture(held *request, c card, token string, second bool) *request {
	amount := held.args.Amount
	key, d := w.till(held.till)
	d["kind"], d["at"], d["quote"] = "sale", w.at(), token
	if !second {
		d["receipt"] = "R" + held.key
	}
	line := goods(amount)
	line["paid"] = amount
	d["lines"], d["wish"] = []doc{line}, doc{"gift": []doc{{"value": c.number, "amount": amount}}}
	return &request{
		op: opCapture, key: key, args: Args{Account: c.name, Amount: amount, Of: held.key}, method: http.MethodPost, path: "/pos/v1/transactions",
		till: held.till, body: encode(d), names: []string{c.name},
	}
}

// reverse takes an operation back by its key, or by the number that its terminal gave it.
func (w *world) reverse(of *request, op string, byNumber bool) *request {
	key, d := w.till(of.till)
	d["reason"] = "timeout"
	delete(d, "currency")
	path := "/pos/v1/transactions/" + of.key + "/reverse"
	if byNumber {
		var sent struct {
			Seq int64 `json:"terminal_seq"`
		}
		if err := json.Unmarshal(of.body, &sent); err != nil {
			panic(err)
		}
		d["original"] = doc{"terminal": w.tids[of.till], "terminal_seq": sent.Seq, "date": time.Now().In(w.zone).Format(time.DateOnly)}
		path = "/pos/v1/reversals"
	}
	return &request{op: op, key: key, args: Args{Account: of.args.Account, Of: of.key}, method: http.MethodPost, path: path, till: of.till, body: encode(d), names: of.names}
}

// refund gives part of a redemption back: a return of goods by amount, refunded as it was paid.
func (w *world) refund(of *request, amount int64) *request {
	key, d := w.till(of.till)
	d["original"] = doc{"receipt": "R" + of.key, "outlet": w.outlets[of.till], "date": time.Now().In(w.zone).Format(time.DateOnly)}
	d["lines"], d["refund_tenders"] = []doc{{"original_no": 1, "amount": amount}}, "as_original"
	return &request{
		op: opRefund, key: key, args: Args{Account: of.args.Account, Amount: amount, Of: of.key}, method: http.MethodPost, path: "/pos/v1/returns",
		till: of.till, body: encode(d), names: of.names,
	}
}

func (w *world) transfer(from, to card, amount int64) *request {
	body := func(n int64) []byte {
		return encode(doc{"to": to.account, "amount": doc{"amount": n, "currency": "EUR"}, "outlet": w.outlets[0]})
	}
	return &request{
		op: opTransfer, key: w.key(), args: Args{Account: from.name, To: to.name, Amount: amount}, method: http.MethodPost,
		path: "/v1/accounts/" + from.account + "/transfer", till: -1, body: body(amount), poison: body(amount + 1), names: []string{from.name, to.name},
	}
}

func (w *world) block(c card, deed string) *request {
	return &request{
		op: deed, key: w.key(), args: Args{Account: c.name}, method: http.MethodPost, path: fmt.Sprintf("/v1/cards/%s/%s", c.id, deed),
		till: -1, body: encode(doc{"reason": "bank"}),
	}
}

// balance reads one account at a till.
func (w *world) balance(at int, c card) *request {
	d := scan(c.number)
	d["context"] = doc{"outlet": w.outlets[at], "terminal": w.tids[at], "cashier": "c1"}
	return &request{op: opBalance, args: Args{Account: c.name}, method: http.MethodPost, path: "/pos/v1/identify", till: at, body: encode(d), names: []string{c.name}}
}
