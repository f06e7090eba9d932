package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Sizes of the world.
const (
	outlets   = 3
	terminals = 6
	members   = 50
	passes    = 100
	couponCap = 100
	visitsOf  = 12 // of each pass
	firstLoad = 100_000

	setupTries = 4
	setupPause = 50 * time.Millisecond

	zoneName = "Europe/Riga"
)

const programmeText = `id: bank
name: Bank
zone: Europe/Riga
currency: EUR
earn_rate: 1/1.00
points_value: 0.01
expiry: {kind: lot, n: 12, unit: months}
hold_ttl: 24h
transferable: on
burn_verification: {need: off}
gift_verification: {need: off}
gift:
  - id: purse
    label: Purse
    face_min: 0.01
    face_max: 1000000
    refund_closes: off
passes:
  - id: dozen
    label: Dozen
    visits: 12
    days: 3650
coupons:
  - id: hundred
    label: One off
    kind: fixed_basket
    amount: 1.00
    uses_per_coupon: 100
    global_cap: 100
`

// world is the tenant under attack, made by ordinary calls of the API.
type world struct {
	*wire
	run      string // part of every key, so that two runs never share one
	tids     []string
	outlets  []string // code of each terminal's outlet
	seqs     []atomic.Int64
	keys     atomic.Int64
	zone     *time.Location
	gifts    []card // the hot ones first
	hot      int
	members  []card
	passes   []card
	coupon   string
	flawed   sync.Mutex
	flaws    []string   // of the set-up
	seen     []treeHead // checkpoints on the way
	ids      []string   // public ids of the entries, by seq
	accounts bool       // the account calls of the management API are there: transfer and statement
	cards    bool       // so are those of cards: block and unblock
}

// card is something with a number; account is the identifier of its money.
type card struct {
	name, id, number, account string
}

// key gives a new key. Keys of one run sort by time.
func (w *world) key() string { return fmt.Sprintf("%s-%08d", w.run, w.keys.Add(1)) }

// setup gives how the keys of set-up calls begin.
func (w *world) setup() string { return "setup-" + w.run + "-" }

func newWorld(wi *wire, hot int) (*world, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, err
	}
	var salt [5]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, err
	}
	return &world{wire: wi, run: "bk" + hex.EncodeToString(salt[:]), zone: zone, hot: hot, seqs: make([]atomic.Int64, terminals)}, nil
}

// made is what the management API answers to a set-up call.
type made struct {
	ID       string `json:"id"`
	Key      string `json:"key"`
	Number   string `json:"number"`
	Code     string `json:"code"`
	Ref      string `json:"ref"`
	Card     *made  `json:"card"`
	Accounts []struct {
		ID     string `json:"id"`
		Wallet string `json:"wallet"`
	} `json:"accounts"`
}

// post makes something. Set-up happens before the first fault, so a refusal ends the run, unless the same
// call succeeds a moment later: then the server had not let us read what it had answered to have written.
func (w *world) post(token, path string, body any) (*made, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	key, refused := w.setup()+w.key(), ""
	for try := 0; ; try++ {
		status, _, raw, err := w.raw(http.MethodPost, path, token, key, text)
		if err != nil {
			return nil, fmt.Errorf("POST %s: %w", path, err)
		}
		if status < 300 {
			out := &made{}
			if err := json.Unmarshal(raw, out); err != nil {
				return nil, fmt.Errorf("POST %s: %w", path, err)
			}
			w.flaw(refused)
			return out, nil
		}
		refused = fmt.Sprintf("POST %s answered %d: %s", path, status, clip(string(raw)))
		if try == setupTries {
			return nil, errors.New(refused)
		}
		time.Sleep(setupPause)
	}
}

// flaw keeps what went wrong in the set-up though it should not.
func (w *world) flaw(what string) {
	if what == "" {
		return
	}
	w.flawed.Lock()
	defer w.flawed.Unlock()
	w.flaws = append(w.flaws, what)
}

// build makes tenant, outlets, terminals, programme, cards, passes, members and the coupon.
func (w *world) build(operator string, cold int) error {
	tenant, err := w.post(operator, "/v1/tenants", map[string]any{
		"slug": w.run, "name": "Bank", "zone": zoneName, "currency": "EUR", "limits_profile": "none",
	})
	if err != nil {
		return err
	}
	w.admin = tenant.Key
	merchant, err := w.post(w.admin, "/v1/merchants", map[string]any{"name": "Bank"})
	if err != nil {
		return err
	}
	if _, err := w.post(w.admin, "/v1/programmes", map[string]any{"yaml": programmeText}); err != nil {
		return err
	}
	if err := w.tillsOf(merchant.ID); err != nil {
		return err
	}
	coupon, err := w.post(w.admin, "/v1/vouchers/hundred/publish", map[string]any{"bearer": true})
	if err != nil {
		return err
	}
	w.coupon = coupon.Ref
	if coupon.Code != "" {
		w.coupon = coupon.Code
	}
	return w.issueAll(cold)
}

func (w *world) tillsOf(merchant string) error {
	var codes, ids []string
	for i := range outlets {
		code := fmt.Sprintf("%03d", i+1)
		o, err := w.post(w.admin, "/v1/outlets", map[string]any{
			"merchant": merchant, "code": code, "name": "Outlet " + code, "zone": zoneName, "currency": "EUR", "day_closes_at": "00:00",
		})
		if err != nil {
			return err
		}
		codes, ids = append(codes, code), append(ids, o.ID)
	}
	if _, err := w.post(w.admin, "/v1/staff", map[string]any{"code": "c1", "name": "Bank", "role": "manager", "outlets": ids, "pin": "271828"}); err != nil {
		return err
	}
	for i := range terminals {
		tid := fmt.Sprintf("7%07d", i+1)
		t, err := w.post(w.admin, "/v1/terminals", map[string]any{"outlet": ids[i%outlets], "tid": tid, "kind": "pos"})
		if err != nil {
			return err
		}
		linked, err := w.post(w.admin, "/v1/terminals/"+t.ID+"/link", map[string]any{"device": "bank"})
		if err != nil {
			return err
		}
		w.tids, w.outlets, w.tills = append(w.tids, tid), append(w.outlets, codes[i%outlets]), append(w.tills, linked.Key)
	}
	return nil
}

// issueAll makes the cards, several at once, and puts the first money on each gift card. That is part of
// the history, since the model starts with nothing.
func (w *world) issueAll(cold int) error {
	w.gifts, w.members, w.passes = make([]card, w.hot+cold), make([]card, members), make([]card, passes)
	var jobs []func() error
	for i := range w.gifts {
		name := fmt.Sprintf("g%d", i)
		if i < w.hot {
			name = fmt.Sprintf("h%d", i)
		}
		jobs = append(jobs, func() error { return w.issue(&w.gifts[i], name, "purse", i) })
	}
	for i := range w.members {
		jobs = append(jobs, func() error { return w.enrol(&w.members[i], fmt.Sprintf("p%d", i)) })
	}
	for i := range w.passes {
		jobs = append(jobs, func() error { return w.issue(&w.passes[i], fmt.Sprintf("v%d", i), "dozen", i) })
	}
	var wait sync.WaitGroup
	var first atomic.Pointer[error]
	slots := make(chan struct{}, 16)
	for _, job := range jobs {
		slots <- struct{}{}
		if first.Load() != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := job(); err != nil {
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	wait.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	w.accounts, w.cards = w.gifts[0].account != "", true
	return nil
}

// issue makes a card and activates it by a sale: a gift card with its first load, a pass with its visits.
func (w *world) issue(at *card, name, product string, i int) error {
	c, err := w.post(w.admin, "/v1/cards", map[string]any{"programme": "bank", "product": product})
	if err != nil {
		return err
	}
	*at = card{name: name, id: c.ID, number: c.Number}
	for _, a := range c.Accounts {
		if a.Wallet == "gift" {
			at.account = a.ID
		}
	}
	q := w.sell(i%terminals, *at, product)
	for try := 0; ; try++ {
		r, a, err := w.send(0, q, [...]string{sendFirst, sendAgain}[min(try, 1)], 0)
		if err != nil || r.Status == statusOK {
			return err
		}
		if try == setupTries || r.Status == statusFail {
			return fmt.Errorf("activate %s: %d %s", name, r.HTTP, clip(string(a.raw)))
		}
		time.Sleep(setupPause)
	}
}

func (w *world) enrol(at *card, name string) error {
	m, err := w.post(w.admin, "/v1/members", map[string]any{"programme": "bank", "display": name, "language": "en", "card": map[string]any{}})
	if err != nil {
		return err
	}
	if m.Card == nil || m.Card.Number == "" {
		return fmt.Errorf("member %s got no card", name)
	}
	*at = card{name: name, id: m.Card.ID, number: m.Card.Number}
	return nil
}

// missing names what of 6.2 the server does not offer, so that it was not attacked.
func (w *world) missing() string {
	var out []string
	if !w.accounts {
		out = append(out, opTransfer, opStatement)
	}
	if !w.cards {
		out = append(out, opBlock)
	}
	return strings.Join(out, ",")
}
