package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Limits of one request.
const (
	requestTimeout = 20 * time.Second
	maxAnswer      = 16 << 20
)

// request is an operation ready to be sent, as often as need be: its bytes never change.
type request struct {
	op     string
	key    string
	args   Args
	method string
	path   string
	till   int // terminal whose key signs it; below 0 for the administrator's
	body   []byte
	poison []byte   // the same with another amount; nil when there is none
	names  []string // accounts in the order in which an answer shows them
}

// fencePath gives the look-up that closes the key.
func (q *request) fencePath() string {
	if q.till < 0 {
		return "/v1/operations/" + q.key + "?fence=true"
	}
	return "/pos/v1/operations/" + q.key + "?fence=true"
}

// wire sends requests and keeps the history.
type wire struct {
	base     string
	http     *http.Client
	journal  *journal
	start    time.Time
	admin    string
	tills    []string // API keys of the terminals
	inFlight atomic.Int64
	records  recordList
}

func newWire(base string, connections int, j *journal) *wire {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = connections, connections
	t.DisableCompression = true
	return &wire{base: strings.TrimRight(base, "/"), http: &http.Client{Transport: t}, journal: j, start: time.Now()}
}

// now gives monotonic nanoseconds since the run began.
func (w *wire) now() int64 { return int64(time.Since(w.start)) }

// answer is what of an answer the history keeps or a later request needs.
type answer struct {
	Status   word   `json:"status"`
	Fenced   bool   `json:"fenced"`
	Code     string `json:"code"`
	Seq      int64  `json:"ledger_seq"`
	Epoch    int64  `json:"epoch"`
	ID       string `json:"id"`
	Quote    string `json:"quote"`
	RRN      string `json:"rrn"`
	Approved struct {
		Earn int64 `json:"earn_points"`
	} `json:"approved"`
	Balances []struct {
		Wallet string `json:"wallet"`
		Active int64  `json:"active"`
		Held   int64  `json:"held"`
		Debt   int64  `json:"debt"`
	} `json:"balances"`
	Result json.RawMessage `json:"result"`
	raw    []byte
}

// word is a text; a problem has a number in its place, which the status line says already.
type word string

func (w *word) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] != '"' {
		return nil
	}
	return json.Unmarshal(text, (*string)(w))
}

// send puts the invocation on disk, sends the request and keeps what came back.
func (w *wire) send(client int, q *request, how string, due int64) (*Record, *answer, error) {
	r := &Record{Client: client, Op: q.op, Send: how, Key: q.key, Args: q.args, Due: due}
	body, method, path := q.body, q.method, q.path
	switch how {
	case sendPoison:
		body = q.poison
	case sendFence:
		body, method, path = nil, http.MethodGet, q.fencePath()
	}
	r.Invoke = w.now()
	if err := w.journal.invoke(r); err != nil {
		return nil, nil, err
	}
	w.inFlight.Add(1)
	status, header, raw, err := w.raw(method, path, w.token(q.till), q.header(how), body)
	r.Return = w.now()
	w.inFlight.Add(-1)
	a := &answer{raw: raw}
	if err == nil {
		err = json.Unmarshal(raw, a)
	}
	if err != nil { // broken off, or not even JSON: a proxy, half an answer
		r.Status, r.Note = statusInfo, clip(err.Error())
		if status >= 500 {
			r.HTTP = status
		}
	} else {
		r.fill(q, how, status, header, a)
	}
	w.journal.add(r.completion())
	w.records.add(r)
	return r, a, nil
}

// header gives the Idempotency-Key where the body does not carry it.
func (q *request) header(how string) string {
	if q.till < 0 && how != sendFence && q.method != http.MethodGet {
		return q.key
	}
	return ""
}

func (w *wire) token(till int) string {
	if till < 0 {
		return w.admin
	}
	return w.tills[till]
}

// fill reads the record from an answer.
func (r *Record) fill(q *request, how string, status int, header http.Header, a *answer) {
	sum := sha256.Sum256(a.raw)
	r.HTTP, r.Seq, r.Epoch, r.BodyHash = status, a.Seq, a.Epoch, hex.EncodeToString(sum[:16])
	r.Replayed = header.Get("Idempotent-Replayed") == "true"
	r.RetryAfter = header.Get("Retry-After") != ""
	switch {
	case status < 300 && how == sendFence:
		r.fenced(q, a)
	case status < 300:
		r.Status, r.Result, r.Earned = statusOK, string(a.Status), a.Approved.Earn
		r.show(q.names, a)
	case status == http.StatusUnprocessableEntity && a.Code != "idempotency_mismatch":
		r.Status, r.Code = statusFail, a.Code
	default:
		r.Status, r.Code = statusRefused, a.Code
	}
}

// fenced reads a look-up that closes the key. What was applied comes with its answer.
func (r *Record) fenced(q *request, a *answer) {
	r.Result, r.Code = string(a.Status), a.Code
	switch {
	case a.Status == "applied":
		r.Status = statusOK
		inner := &answer{}
		if json.Unmarshal(a.Result, inner) == nil {
			r.Result = string(inner.Status)
			r.show(q.names, inner)
		}
	case a.Status == "declined", a.Status == absent && a.Fenced:
		r.Status = statusFail
	default:
		r.Status = statusInfo
	}
}

// show keeps the balances of an answer under the bank's names. A name tells its wallet: points of members,
// gift money of all others; the n-th wallet of a kind is that of the n-th name of the kind.
func (r *Record) show(names []string, a *answer) {
	for _, b := range a.Balances {
		i := slices.IndexFunc(names, func(name string) bool { return walletOf(name) == b.Wallet && !r.shows(name) })
		if i < 0 {
			continue
		}
		if r.Balances == nil {
			r.Balances = map[string]Balance{}
		}
		r.Balances[names[i]] = Balance{Active: b.Active, Held: b.Held, Debt: b.Debt}
	}
}

func (r *Record) shows(name string) bool {
	_, ok := r.Balances[name]
	return ok
}

func walletOf(name string) string {
	if strings.HasPrefix(name, "p") {
		return "points"
	}
	return "gift"
}

// raw sends bytes and reads the whole answer.
func (w *wire) raw(method, path, token, key string, body []byte) (int, http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if len(body) == 0 {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.StatusCode, res.Header, raw, err
}

func clip(s string) string { return s[:min(len(s), 200)] }
