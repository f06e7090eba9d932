package vector

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// till is a linked terminal.
type till struct {
	id, device, key string
	seq             int64
}

// build makes the world of a case: a tenant of its own with all that is given.
func (r *run) build() error {
	g := &r.c.Given
	a, err := r.post(r.server.Key, "/v1/tenants", Tree{
		"slug": r.slug, "name": r.slug, "zone": g.Zone, "currency": g.Currency, "limits_profile": "none", "country_pack": "none",
	})
	if err != nil {
		return err
	}
	if r.admin, _ = a["key"].(string); r.admin == "" {
		return fmt.Errorf("the tenant has no key")
	}
	for _, part := range []func() error{r.merchants, r.outlets, r.tills, r.programmes, r.members, r.cards, r.coupons} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func sorted(set map[string]Tree) []string { return slices.Sorted(maps.Keys(set)) }

func (r *run) merchants() error {
	for _, name := range sorted(r.c.Given.Merchants) {
		a, err := r.post(r.admin, "/v1/merchants", Tree{"name": name})
		if err != nil {
			return err
		}
		r.names[name] = Tree{"id": a["id"]}
	}
	return nil
}

func (r *run) outlets() error {
	g := &r.c.Given
	for i, name := range sorted(g.Outlets) {
		of := text(g.Outlets[name], "merchant", only(g.Merchants))
		merchant, err := find(r.names, of+".id")
		if err != nil {
			return err
		}
		code := fmt.Sprintf("%03d", i+1)
		a, err := r.post(r.admin, "/v1/outlets", Tree{
			"merchant": merchant, "code": code, "name": name, "zone": g.Zone, "currency": g.Currency, "day_closes_at": text(g.Outlets[name], "day_closes_at", "00:00"),
		})
		if err != nil {
			return err
		}
		r.outlet[name] = Tree{"id": a["id"], "code": code}
	}
	return nil
}

func (r *run) tills() error {
	g := &r.c.Given
	for i, name := range sorted(g.Tills) {
		at := r.outlet[text(g.Tills[name], "outlet", only(g.Outlets))]
		if at == nil {
			return fmt.Errorf("till %s: its outlet is not given", name)
		}
		tid := fmt.Sprintf("%08d", 20010001+i)
		a, err := r.post(r.admin, "/v1/terminals", Tree{"outlet": at["id"], "tid": tid, "kind": "pos"})
		if err != nil {
			return err
		}
		r.till[name] = &till{id: fmt.Sprint(a["id"]), device: name}
		r.names[name] = Tree{"tid": tid}
	}
	return r.link()
}

// link gives every till a key.
func (r *run) link() error {
	r.keyed = r.line.time()
	for _, t := range r.till {
		a, err := r.post(r.admin, "/v1/terminals/"+t.id+"/link", Tree{"device": t.device})
		if err != nil {
			return err
		}
		t.key, _ = a["key"].(string)
	}
	return nil
}

// renew replaces the keys of a case before they end.
func (r *run) renew() error {
	a, err := r.post(r.admin, "/v1/keys", Tree{"name": r.slug, "kind": "admin"})
	if err != nil {
		return err
	}
	r.admin, _ = a["key"].(string)
	return r.link()
}

func (r *run) programmes() error {
	for _, name := range sorted(r.c.Given.Programmes) {
		if _, err := r.publish(name, Tree{}); err != nil {
			return err
		}
	}
	return nil
}

// publish writes a version of a programme: what is given of it, with further settings laid over.
func (r *run) publish(name string, set Tree) (*answer, error) {
	ask, err := r.version(name, set)
	if err != nil {
		return nil, err
	}
	r.c.Given.Programmes[name] = merge(r.c.Given.Programmes[name], set)
	a, err := r.server.send(r.ctx, request{Method: http.MethodPost, Path: "/v1/programmes", Body: encode(ask), Bearer: r.admin, Key: r.nextKey()})
	if err == nil && a.Status >= 300 {
		err = fmt.Errorf("programme %s: %s", name, clip(string(a.Raw)))
	}
	return a, err
}

// version gives a version of a programme as it is sent.
func (r *run) version(name string, set Tree) (Tree, error) {
	body := merge(r.c.Given.Programmes[name], set)
	body = merge(Tree{"id": "pro_" + name, "name": name, "currency": r.c.Given.Currency, "zone": r.c.Given.Zone}, body)
	issuer, accepted := text(body, "issuer", ""), body["accepted_by"]
	delete(body, "accepted_by")
	r.names[name] = Tree{"id": body["id"]}
	if issuer != "" {
		var err error
		if body["issuer"], err = find(r.names, issuer+".id"); err != nil {
			return nil, err
		}
	}
	text, err := yaml.Marshal(body)
	if err != nil {
		return nil, err
	}
	ask := Tree{"yaml": string(text)}
	if accepted != nil {
		list, _ := accepted.([]any)
		ids := []any{}
		for _, one := range list {
			id, err := find(r.names, fmt.Sprint(one)+".id")
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		ask["accepted_by"] = ids
	}
	return ask, nil
}

func (r *run) programmeID(t Tree) string {
	return "pro_" + text(t, "programme", only(r.c.Given.Programmes))
}

func (r *run) members() error {
	for _, name := range sorted(r.c.Given.Members) {
		t := r.c.Given.Members[name]
		a, err := r.post(r.admin, "/v1/members", Tree{"programme": r.programmeID(t), "display": name, "card": Tree{}})
		if err != nil {
			return err
		}
		card, _ := a["card"].(Tree)
		r.names[name] = Tree{"member": a["id"], "membership": a["membership"], "card": card["id"], "number": card["number"]}
		if err := r.join(name, t); err != nil {
			return err
		}
		if err := r.open(name, t); err != nil {
			return err
		}
	}
	return nil
}

// join gives a member the further memberships, for which the same card stands.
func (r *run) join(name string, t Tree) error {
	who := r.names[name].(Tree)
	also, _ := t["also"].([]any)
	for _, p := range also {
		body := Tree{"programme": "pro_" + fmt.Sprint(p), "card": who["card"]}
		if _, err := r.post(r.admin, fmt.Sprintf("/v1/members/%v/memberships", who["member"]), body); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) cards() error {
	for _, name := range sorted(r.c.Given.Cards) {
		t := r.c.Given.Cards[name]
		body := Tree{"programme": r.programmeID(t), "status": "active"}
		for _, key := range []string{"product", "status"} {
			if t[key] != nil {
				body[key] = t[key]
			}
		}
		a, err := r.post(r.admin, "/v1/cards", body)
		if err != nil {
			return err
		}
		r.names[name] = Tree{"card": a["id"], "number": a["number"]}
		if err := r.open(name, t); err != nil {
			return err
		}
	}
	return nil
}

// open finds the accounts of a card and puts its opening value on them, by adjustments.
func (r *run) open(name string, t Tree) error {
	who := r.names[name].(Tree)
	a, err := r.server.send(r.ctx, request{Method: http.MethodGet, Path: fmt.Sprintf("/v1/cards/%v", who["card"]), Bearer: r.admin})
	if err != nil {
		return err
	}
	card, _ := a.Body.(Tree)
	accounts, _ := card["accounts"].([]any)
	for _, one := range accounts {
		x, _ := one.(Tree)
		who[fmt.Sprint(x["wallet"])] = x["id"]
	}
	who["masked"] = card["masked"]
	for _, kind := range []string{"points", "paid", "promo", "credit"} {
		for _, lot := range lots(t[kind]) {
			if err := r.adjust(who, kind, lot); err != nil {
				return fmt.Errorf("%s of %s: %w", kind, name, err)
			}
		}
	}
	return nil
}

func (r *run) adjust(who Tree, kind string, lot Tree) error {
	wallet, bucket := kind, ""
	if kind == "paid" || kind == "promo" {
		wallet, bucket = "gift", kind
	}
	account, _ := who[wallet].(string)
	if account == "" {
		return fmt.Errorf("the card has no such account")
	}
	body := Tree{"reason": text(lot, "reason", "opening value")}
	if kind == "points" {
		body["points"] = number(lot, "amount")
	} else {
		body["amount"] = Tree{"amount": number(lot, "amount"), "currency": r.c.Given.Currency}
	}
	if bucket != "" {
		body["bucket"] = bucket
	}
	if lot["until"] != nil {
		body["until"] = lot["until"]
	}
	_, err := r.post(r.admin, "/v1/accounts/"+account+"/adjust", body)
	return err
}

func (r *run) coupons() error {
	for _, name := range sorted(r.c.Given.Coupons) {
		t := r.c.Given.Coupons[name]
		body := Tree{"programme": r.programmeID(t), "bearer": true}
		if to := text(t, "to", ""); to != "" {
			delete(body, "bearer")
			who, _ := r.names[to].(Tree)
			body["card"] = who["card"]
		}
		a, err := r.post(r.admin, "/v1/vouchers/"+text(t, "def", "")+"/publish", body)
		if err != nil {
			return err
		}
		r.names[name] = a
	}
	return nil
}

// post sends a write of the management API that must succeed.
func (r *run) post(key, path string, body Tree) (Tree, error) {
	a, err := r.server.send(r.ctx, request{Method: http.MethodPost, Path: path, Body: encode(body), Bearer: key, Key: r.nextKey()})
	if err != nil {
		return nil, err
	}
	out, _ := a.Body.(Tree)
	if a.Status >= 300 {
		return nil, fmt.Errorf("POST %s: %d %s", path, a.Status, clip(strings.TrimSpace(string(a.Raw))))
	}
	return out, nil
}

func (r *run) nextKey() string {
	r.keys++
	return r.slug + "-" + strconv.Itoa(r.keys)
}
