package vector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// verb does a step and records its answer.
type verb func(r *run, s *Step, body any, a *Recorded) error

var verbs map[string]verb

func init() { // parallel does steps itself: a plain initialiser would go in a circle
	verbs = map[string]verb{
		"quote":    (*run).quote,
		"sale":     posts("/pos/v1/transactions", "sale"),
		"commit":   (*run).commit,
		"return":   (*run).giveBack,
		"reverse":  (*run).reverse,
		"advices":  (*run).advices,
		"load":     posts("/pos/v1/gift/load", ""),
		"cashout":  posts("/pos/v1/gift/cashout", ""),
		"visit":    posts("/pos/v1/visits", ""),
		"identify": (*run).identify,
		"call":     (*run).call,
		"account":  (*run).account,
		"again":    (*run).again,
		"preview":  (*run).preview,
		"publish":  (*run).publishing,
		"clock":    (*run).move,
		"parallel": (*run).parallel,
	}
}

func (r *run) tillOf(body Tree) (*till, error) {
	name := text(body, "till", only(r.c.Given.Tills))
	if t := r.till[name]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no till is called %q", name)
}

// posts gives the verb of a till's write.
func posts(path, kind string) verb {
	return func(r *run, s *Step, v any, a *Recorded) error {
		body, t, err := r.tillWrite(v)
		if err != nil {
			return err
		}
		if kind != "" {
			body["kind"] = kind
		}
		return r.tell(s, t, path, body, a)
	}
}

// tillWrite fills in what every write of a till carries and the file need not say.
func (r *run) tillWrite(v any) (Tree, *till, error) {
	in, ok := v.(Tree)
	if !ok {
		return nil, nil, fmt.Errorf("keys and values")
	}
	t, err := r.tillOf(in)
	if err != nil {
		return nil, nil, err
	}
	body, err := r.basket(in)
	if err != nil {
		return nil, nil, err
	}
	r.posts++
	t.seq++
	defaults := Tree{
		"id": fmt.Sprintf("%s-op-%d", r.slug, r.posts), "terminal_seq": t.seq, "receipt": fmt.Sprintf("R-%d", r.posts),
	}
	return merge(defaults, body), t, nil
}

// basket turns the short forms of a file into those of the wire: card, and lines that are just amounts.
func (r *run) basket(in Tree) (Tree, error) {
	body := Tree{}
	for k, v := range in {
		body[k] = v
	}
	delete(body, "till")
	if name, short := body["card"].(string); short {
		who, ok := r.names[name].(Tree)
		if !ok {
			return nil, fmt.Errorf("no card is called %q", name)
		}
		delete(body, "card")
		body["presented"] = []any{Tree{"kind": "scan", "value": who["number"], "entry": "barcode"}}
	}
	lines, ok := body["lines"].([]any)
	if !ok {
		return body, nil
	}
	if body["currency"] == nil && body["original"] == nil {
		body["currency"] = r.c.Given.Currency
	}
	full := make([]any, len(lines))
	for i, v := range lines {
		full[i] = v
		if body["original"] == nil {
			full[i] = lineOf(v, i+1)
		}
	}
	body["lines"] = full
	return body, nil
}

func lineOf(v any, no int) Tree {
	l := Tree{"no": int64(no), "type": "goods", "qty": "1", "vat": "21"}
	if total, short := v.(int64); short {
		return merge(l, Tree{"unit_price": total, "total": total})
	}
	given, _ := v.(Tree)
	l = merge(l, given)
	if l["unit_price"] == nil {
		l["unit_price"] = l["total"]
	}
	if l["total"] == nil {
		var qty int64
		fmt.Sscan(fmt.Sprint(l["qty"]), &qty)
		price, _ := l["unit_price"].(int64)
		l["total"] = price * qty
	}
	return l
}

// tell sends a till's request and keeps it for those that repeat it.
func (r *run) tell(s *Step, t *till, path string, body Tree, a *Recorded) error {
	return r.sendAs(s, request{Method: http.MethodPost, Path: path, Body: encode(body), Bearer: t.key}, body, a)
}

func (r *run) sendAs(s *Step, q request, body Tree, a *Recorded) error {
	if r.hold != nil {
		r.hold <- q
		return nil
	}
	got, err := r.server.send(r.ctx, q)
	if err != nil {
		return err
	}
	if s.As != "" {
		r.sent[s.As] = sent{request: q, body: body, raw: got.Raw}
	}
	a.Status, a.Replayed, a.Body = got.Status, got.Replayed, got.Body
	return nil
}

func (r *run) quote(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	if in["hold"] == true {
		return posts("/pos/v1/quotes", "")(r, s, v, a)
	}
	t, err := r.tillOf(in)
	if err != nil {
		return err
	}
	body, err := r.basket(in)
	if err != nil {
		return err
	}
	return r.tell(s, t, "/pos/v1/quotes", body, a)
}

// commit repeats the basket and the wish of a quote, with each max replaced by the amount of the answer.
func (r *run) commit(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	name := text(in, "of", "")
	quoted, ok := r.sent[name]
	if !ok {
		return fmt.Errorf("no quote is called %q", name)
	}
	priced, ok := r.names[name].(Tree)
	if !ok || priced["quote"] == nil {
		return fmt.Errorf("%s gave no quote", name)
	}
	base := Tree{}
	for _, k := range []string{"presented", "lines", "wish", "currency", "receipt", "programme", "base", "session"} {
		if quoted.body[k] != nil {
			base[k] = quoted.body[k]
		}
	}
	if wish, ok := base["wish"].(Tree); ok {
		base["wish"] = settled(wish, priced)
	}
	base["quote"] = priced["quote"]
	over := merge(Tree{}, in)
	delete(over, "of")
	return posts("/pos/v1/transactions", "sale")(r, s, merge(base, over), a)
}

func settled(wish, priced Tree) Tree {
	out := merge(Tree{}, wish)
	if out["burn_points"] == "max" {
		out["burn_points"], _ = find(priced, "burn.points")
	}
	tenders, _ := priced["tenders"].([]any)
	sum := func(kind, ending string) any {
		var total int64
		for _, one := range pick("kind="+kind, tenders) {
			if t := one.(Tree); strings.HasSuffix(text(t, "card", ""), ending) {
				n, _ := t["amount"].(json.Number).Int64()
				total += n
			}
		}
		return total
	}
	if out["credit"] == "max" {
		out["credit"] = sum("credit", "")
	}
	gifts, _ := out["gift"].([]any)
	if gifts == nil {
		return out
	}
	exact := make([]any, len(gifts))
	for i, one := range gifts {
		g := merge(Tree{}, one.(Tree))
		if g["amount"] == "max" {
			number := fmt.Sprint(g["value"])
			g["amount"] = sum("gift", number[max(len(number)-4, 0):]) // answers show a card by its last four
		}
		exact[i] = g
	}
	out["gift"] = exact
	return out
}

// giveBack names the sale by its retrieval number.
func (r *run) giveBack(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	body := merge(Tree{}, in)
	if of := text(in, "of", ""); of != "" {
		rrn, err := find(r.names, of+".rrn")
		if err != nil {
			return err
		}
		delete(body, "of")
		body["original"] = Tree{"rrn": rrn}
	}
	return posts("/pos/v1/returns", "")(r, s, body, a)
}

func (r *run) reverse(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	id, err := find(r.names, text(in, "of", "")+".id")
	if err != nil {
		return err
	}
	body := merge(Tree{"reason": "timeout"}, in)
	delete(body, "of")
	return posts(fmt.Sprintf("/pos/v1/transactions/%v/reverse", id), "")(r, s, body, a)
}

// advices uploads what was done offline, from the till that the first item names.
func (r *run) advices(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	list, _ := in["items"].([]any)
	t, err := r.tillOf(in)
	if err != nil {
		return err
	}
	items := []any{}
	for _, one := range list {
		item, _ := one.(Tree)
		body, _, err := r.tillWrite(merge(Tree{"till": in["till"]}, item))
		if err != nil {
			return err
		}
		items = append(items, merge(Tree{"kind": "sale", "offline": true}, body))
	}
	return r.tell(s, t, "/pos/v1/advices", Tree{"items": items}, a)
}

func (r *run) identify(s *Step, v any, a *Recorded) error {
	if name, short := v.(string); short {
		v = Tree{"card": name}
	}
	in, _ := v.(Tree)
	t, err := r.tillOf(in)
	if err != nil {
		return err
	}
	body, err := r.basket(in)
	if err != nil {
		return err
	}
	return r.tell(s, t, "/pos/v1/identify", body, a)
}

// account asks the management API for an account: {m.points}.
func (r *run) account(s *Step, v any, a *Recorded) error {
	return r.sendAs(s, request{Method: http.MethodGet, Path: fmt.Sprintf("/v1/accounts/%v", v), Bearer: r.admin}, nil, a)
}

// call is any request under the tenant's own key, or under that of a till. A basket is a body whose lines
// may have their short forms.
func (r *run) call(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	method, path, found := strings.Cut(text(in, "to", ""), " ")
	if !found {
		return fmt.Errorf("to: METHOD /path")
	}
	q := request{Method: method, Path: path, Bearer: r.admin}
	if in["till"] != nil {
		t, err := r.tillOf(in)
		if err != nil {
			return err
		}
		q.Bearer = t.key
	}
	if method == http.MethodGet {
		return r.sendAs(s, q, nil, a)
	}
	body, _ := in["body"].(Tree)
	if basket, ok := in["basket"].(Tree); ok {
		var err error
		if body, err = r.basket(basket); err != nil {
			return err
		}
	}
	if body != nil {
		q.Body = encode(body)
	}
	q.Key = text(in, "key", r.nextKey())
	return r.sendAs(s, q, body, a)
}

// again sends an earlier request once more under its key, with other fields where some are given.
func (r *run) again(s *Step, v any, a *Recorded) error {
	if name, short := v.(string); short {
		v = Tree{"of": name}
	}
	in, _ := v.(Tree)
	first, ok := r.sent[text(in, "of", "")]
	if !ok {
		return fmt.Errorf("no request is called %q", text(in, "of", ""))
	}
	q := first.request
	if over, other := in["with"].(Tree); other {
		q.Body = encode(merge(first.body, over))
	}
	got, err := r.server.send(r.ctx, q)
	if err != nil {
		return err
	}
	a.Status, a.Replayed, a.Body, a.Same = got.Status, got.Replayed, got.Body, bytes.Equal(got.Raw, first.raw)
	return nil
}

func (r *run) publishing(_ *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	set, _ := in["set"].(Tree)
	got, err := r.publish(text(in, "programme", only(r.c.Given.Programmes)), set)
	if err != nil {
		return err
	}
	a.Status, a.Body = got.Status, got.Body
	return nil
}

// preview asks what a version would be, without publishing it.
func (r *run) preview(s *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	set, _ := in["set"].(Tree)
	ask, err := r.version(text(in, "programme", only(r.c.Given.Programmes)), set)
	if err != nil {
		return err
	}
	return r.sendAs(s, request{Method: http.MethodPost, Path: "/v1/programmes/validate", Body: encode(ask), Bearer: r.admin, Key: r.nextKey()}, ask, a)
}

// keysLast is how long the keys of a case are used: they live a year, and some cases are longer.
const keysLast = 300 * 24 * time.Hour

func (r *run) move(_ *Step, v any, a *Recorded) error {
	at, err := r.pauseOf(v)
	if err != nil {
		return err
	}
	for at.Sub(r.keyed) > keysLast {
		if err := r.line.until(r.keyed.Add(keysLast)); err != nil {
			return err
		}
		if err := r.renew(); err != nil {
			return err
		}
	}
	a.Status, a.Body = http.StatusOK, Tree{}
	return r.line.until(at)
}

// parallel does one step many times at once, under different keys, and counts the outcomes: applied or the
// code of the refusal, and each value of the fields that are tallied.
func (r *run) parallel(_ *Step, v any, a *Recorded) error {
	in, _ := v.(Tree)
	step, err := readStep(in["step"])
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"sale", "call"}, step.Verb) {
		return fmt.Errorf("only sale and call can be done at once")
	}
	copies := int(number(in, "copies"))
	answers := make([]Recorded, copies)
	calls := make([]func() error, copies)
	for i := range calls {
		calls[i] = r.prepared(step, &answers[i])
	}
	var all sync.WaitGroup
	errs := make([]error, copies)
	for i, call := range calls {
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = call()
		}()
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	paths, _ := in["tally"].([]any)
	a.Status, a.Body = http.StatusOK, tallied(answers, paths)
	return nil
}
