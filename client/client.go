package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of a call unless options say otherwise.
const (
	Attempts    = 4 // of one request, the first included
	Timeout     = 8 * time.Second
	FirstWait   = 100 * time.Millisecond // before the second attempt; it doubles
	LongestWait = 10 * time.Second       // of one wait, whatever Retry-After says
	MaxAnswer   = 64 << 20               // bytes
)

// Client speaks to one server with one API key. It keeps its connections and may be used by many at once.
type Client struct {
	base     string
	key      string
	terminal string
	tenant   string
	language string
	attempts int
	timeout  time.Duration
	wait     time.Duration
	http     *http.Client
	sleep    func(context.Context, time.Duration) error
}

// Option changes how a client behaves.
type Option func(*Client)

// WithTerminal names the terminal on whose behalf an integration's key speaks (header X-Terminal).
func WithTerminal(tid string) Option { return func(c *Client) { c.terminal = tid } }

// WithTenant names the tenant (ten_…) in which an operator's key acts (header X-Tenant).
func WithTenant(id string) Option { return func(c *Client) { c.tenant = id } }

// WithLanguage asks for texts in a language (header Accept-Language).
func WithLanguage(code string) Option { return func(c *Client) { c.language = code } }

// WithAttempts bounds how often one request is sent, and how long one attempt may take.
func WithAttempts(n int, timeout time.Duration) Option {
	return func(c *Client) { c.attempts, c.timeout = max(n, 1), timeout }
}

// WithFirstWait sets the pause before the second attempt; each further pause is twice as long.
func WithFirstWait(d time.Duration) Option { return func(c *Client) { c.wait = d } }

// WithConnections sets how many idle connections to the server are kept.
func WithConnections(n int) Option {
	return func(c *Client) {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConns, t.MaxIdleConnsPerHost = n, n
		c.http.Transport = t
	}
}

// New gives a client for the server at the base address (https://host:port) and an API key (ljk_…).
func New(base, key string, options ...Option) *Client {
	c := &Client{
		base: strings.TrimRight(base, "/"), key: key,
		attempts: Attempts, timeout: Timeout, wait: FirstWait, http: &http.Client{}, sleep: sleep,
	}
	WithConnections(16)(c)
	for _, o := range options {
		o(c)
	}
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call is one request. A write has a key; lookup is the path at which its fate can be asked.
type call struct {
	method, path string
	key          string
	body         any
	raw          []byte // in place of body, with its type
	contentType  string
	lookup       string
}

// ErrNoKey says that a write came without a key: make one with NewID and store it first.
var ErrNoKey = errors.New("client: a write needs a key")

// Answer is what every answer of the server carries.
type Answer struct {
	LedgerSeq int64 `json:"ledger_seq"`
	Epoch     int64 `json:"epoch"`
	Replayed  bool  `json:"-"` // an earlier request under the same key did the work
}

func (a *Answer) mark(h http.Header) { a.Replayed = h.Get("Idempotent-Replayed") == "true" }

// get reads path into out.
func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, call{method: http.MethodGet, path: path}, out)
}

// ask sends a body that changes nothing, so that it needs no key.
func (c *Client) ask(ctx context.Context, path string, body, out any) error {
	return c.do(ctx, call{method: http.MethodPost, path: path, body: body}, out)
}

// till sends a write of the till API.
func (c *Client) till(ctx context.Context, path, id string, body, out any) error {
	if id == "" {
		return ErrNoKey
	}
	return c.do(ctx, call{method: http.MethodPost, path: "/pos/v1" + path, key: id, body: body, lookup: "/pos/v1/operations/"}, out)
}

// manage sends a write of the management API.
func (c *Client) manage(ctx context.Context, method, path, key string, body, out any) error {
	if key == "" {
		return ErrNoKey
	}
	return c.do(ctx, call{method: method, path: "/v1" + path, key: key, body: body, lookup: "/v1/operations/"}, out)
}

// do sends a request until it is answered or its attempts are used up; then a write's fate is asked for.
func (c *Client) do(ctx context.Context, in call, out any) error {
	if in.raw == nil && in.body != nil {
		raw, err := json.Marshal(in.body)
		if err != nil {
			return fmt.Errorf("encode %s: %w", in.path, err)
		}
		in.raw, in.contentType = raw, "application/json"
	}
	err := c.attempt(ctx, in, out)
	if err == nil || in.key == "" || !open(err) {
		return err
	}
	return c.resolve(ctx, in, out, err)
}

// open tells whether a failed attempt leaves the outcome undecided.
func open(err error) bool {
	var p *Problem
	return !errors.As(err, &p) || p.again()
}

func (c *Client) attempt(ctx context.Context, in call, out any) error {
	wait := c.wait
	for n := 1; ; n++ {
		err := c.once(ctx, in, out)
		if err == nil || n >= c.attempts || !open(err) {
			return err
		}
		pause := wait
		var p *Problem
		if errors.As(err, &p) && p.Wait > pause {
			pause = p.Wait
		}
		if c.sleep(ctx, min(pause, LongestWait)) != nil {
			return err
		}
		wait *= 2
	}
}

// resolve asks what became of the key. What was applied is sent once more, which answers with the stored
// answer and does nothing.
func (c *Client) resolve(ctx context.Context, in call, out any, cause error) error {
	unknown := &UnknownError{Key: in.key, Cause: cause}
	if in.lookup == "" {
		return unknown
	}
	var op Operation
	look := call{method: http.MethodGet, path: in.lookup + url.PathEscape(in.key)}
	if c.once(ctx, look, &op) != nil {
		return unknown
	}
	unknown.Absent = op.Status == Absent
	if unknown.Absent {
		return unknown
	}
	err := c.once(ctx, in, out)
	if err != nil && open(err) {
		return unknown
	}
	return err
}

// once sends one request and reads the whole answer.
func (c *Client) once(ctx context.Context, in call, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, in.method, c.base+in.path, bytes.NewReader(in.raw))
	if err != nil {
		return err
	}
	c.sign(req, in)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", in.method, in.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", in.method, in.path, err)
	}
	if res.StatusCode >= 300 {
		return readProblem(res.StatusCode, res.Header, body)
	}
	return decode(res.Header, body, out)
}

func (c *Client) sign(req *http.Request, in call) {
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if in.raw != nil {
		req.Header.Set("Content-Type", in.contentType)
	}
	if in.key != "" {
		req.Header.Set("Idempotency-Key", in.key)
	}
	if c.terminal != "" {
		req.Header.Set("X-Terminal", c.terminal)
	}
	if c.tenant != "" {
		req.Header.Set("X-Tenant", c.tenant)
	}
	req.Header.Set("Accept-Language", cmp.Or(c.language, "en"))
	req.Header.Set("User-Agent", "lojal-client/1")
}

func decode(h http.Header, body []byte, out any) error {
	switch to := out.(type) {
	case nil:
		return nil
	case *string:
		*to = string(body)
		return nil
	case *[]byte:
		*to = body
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if a, ok := out.(interface{ mark(http.Header) }); ok {
		a.mark(h)
	}
	return nil
}
