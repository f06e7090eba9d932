package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/once"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
)

// call is one authenticated request.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	op     *op
	caller *access.Caller
	tenant int64
	snap   *merchant.Snapshot // of the tenant; nil for the operator alone
	key    string
	raw    []byte // the body
	print  []byte // the fingerprint of the request
	after  func() // what is to be done once the write is committed; nil for nothing
}

// headerTenant names the tenant in which the operator acts.
const headerTenant = "X-Tenant"

// begin authenticates a request and judges whether it may come in.
func (a *API) begin(w http.ResponseWriter, r *http.Request, o *op) (*call, error) {
	c := &call{w: w, r: r, op: o}
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return c, fault.New(fault.ErrUnauthenticated)
	}
	var err error
	if c.caller, err = a.Access.Gate().Authenticate(r.Context(), bearer); err != nil {
		return c, err
	}
	if !c.may() {
		return c, fault.New(fault.ErrForbidden, "scope", o.scope)
	}
	if err := a.enterTenant(c); err != nil {
		return c, err
	}
	if a.Meter == nil || c.caller.Tenant == 0 {
		return c, nil
	}
	return c, a.Meter.Key(clock.Mono(), merchant.Profile(c.caller.Profile), merchant.TenantID(c.tenant), int64(c.caller.Key))
}

// may judges the kind of key and its scopes.
func (c *call) may() bool {
	switch k := c.caller.Kind; {
	case c.op.who == ofOperator:
		return k == access.Operator
	case k == access.Operator, k == access.Admin:
		return true
	case c.op.who == ofAdmins:
		return false
	case k == access.Terminal, k == access.Middleware:
		return c.op.who == ofTills || c.op.scope == ""
	}
	return c.op.scope == "" || c.caller.May(c.op.scope)
}

// enterTenant finds the tenant that the request is about: the key's own, or for the operator the one that
// it names.
func (a *API) enterTenant(c *call) error {
	c.tenant = c.caller.Tenant
	if c.tenant == 0 {
		if c.op.who == ofOperator || c.op.scope == "" {
			return nil
		}
		n, err := id.Parse("ten", c.r.Header.Get(headerTenant))
		if err != nil {
			return fault.Invalid(headerTenant, "the tenant in which the operator acts, ten_…")
		}
		c.tenant = n
	}
	var err error
	c.snap, err = a.House.Directory().Snapshot(c.r.Context(), merchant.TenantID(c.tenant))
	return err
}

// take reads what every write carries: its key and its body.
func (c *call) take(body bool) error {
	var err error
	if c.op.keyed() {
		if c.key, err = web.IdempotencyKey(c.r); err != nil {
			return err
		}
	}
	var canonical []byte
	if body {
		if c.raw, err = c.body(); err != nil {
			return err
		}
	} else if c.r.ContentLength > 0 {
		return fault.Invalid("body", "nothing")
	}
	if canonical, err = once.Canonical(c.raw); err != nil {
		return err
	}
	c.print = once.Fingerprint(c.r.Method+" "+c.r.URL.Path, canonical)
	return nil
}

const yamlType = "application/yaml"

// body reads the body. YAML stands for a document whose one field it is.
func (c *call) body() ([]byte, error) {
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if !c.op.yaml || err != nil || media != yamlType {
		return web.ReadBody(c.w, c.r, web.MaxBody)
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, web.MaxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, fault.New(fault.ErrTooLarge, "bytes_max", web.MaxBody)
	case err != nil:
		return nil, fault.Wrap(fault.ErrMalformed, err, "reason", "the body broke off")
	case !utf8.Valid(text):
		return nil, fault.New(fault.ErrMalformed, "reason", "invalid UTF-8")
	}
	return json.Marshal(map[string]string{"yaml": string(text)})
}

// by names who asks, for the audit trail.
func (c *call) by() access.By {
	return access.By{Actor: c.caller.Actor(), Request: web.RequestID(c.r.Context())}
}

func (c *call) house() merchant.By {
	return merchant.By{Actor: c.caller.Actor(), Request: web.RequestID(c.r.Context())}
}

// once gives the key under which an ordinary write happens.
func (c *call) once(now clock.Instant) once.Call {
	return once.Call{Client: c.caller.Client, Key: c.key, Fingerprint: c.print, Now: now}
}

// operation gives what the lane must know of a command of this request.
func (c *call) operation(kind ledger.Op) ledger.Operation {
	return ledger.Operation{
		Tenant: c.tenant, Client: c.caller.Client, Key: c.key, Fingerprint: c.print, Kind: kind, Origin: ledger.Origin{Actor: c.caller.Actor()},
	}
}

// today gives the tenant's local day.
func (c *call) today(now clock.Instant) clock.Day { return clock.DayOf(now, c.snap.Tenant.Zone) }

// path reads an identifier of the path. What is none is not found: there is no such thing.
func (c *call) path(prefix string) (int64, error) {
	n, err := id.Parse(prefix, c.r.PathValue("id"))
	if err != nil || n == 0 {
		return 0, fault.New(fault.ErrNotFound)
	}
	return n, nil
}

// maxPage is the largest page (A8).
const maxPage = 500

const usualPage = 100

// limit reads how many a page may have.
func (c *call) limit() (int, error) {
	text := c.query("limit")
	if text == "" {
		return usualPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, fault.Invalid("limit", "1 to 500")
	}
	return n, nil
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// queries refuses parameters that the operation does not have, and those that are sent twice.
func (c *call) queries() error {
	known := map[string]bool{}
	for _, p := range c.op.query {
		known[p.name] = true
	}
	values, err := parseQuery(c.r.URL.RawQuery)
	if err != nil {
		return err
	}
	for name, list := range values {
		switch {
		case !known[name]:
			return fault.New(fault.ErrUnknownField, "field", clip(name))
		case len(list) != 1:
			return fault.New(fault.ErrMalformed, "reason", "a parameter is sent twice")
		}
	}
	return nil
}

// number reads a whole number of the query; otherwise when it is absent.
func (c *call) number(name string, otherwise int64) (int64, error) {
	text := c.query(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.Invalid(name, "a whole number")
	}
	return n, nil
}

// flag reads true or false of the query.
func (c *call) flag(name string) (bool, error) {
	switch c.query(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fault.Invalid(name, "true or false")
}

// since reads updated_since; 0 when it is absent.
func (c *call) since() (clock.Instant, error) {
	text := c.query("updated_since")
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return 0, fault.Invalid("updated_since", "a time of RFC 3339 with offset")
	}
	return clock.Of(t), nil
}

const (
	firstYear = 1990
	lastYear  = 2200
)

// at gives an instant in the tenant's zone.
func (c *call) at(i clock.Instant) time.Time {
	if i == 0 {
		return time.Time{}
	}
	if c.snap == nil {
		return i.Time()
	}
	return i.In(c.snap.Tenant.Zone)
}

// visible refuses an outlet that the key may not see, as if it were not there.
func (c *call) visible(outlet int64) error {
	if !c.caller.At(outlet) {
		return fault.New(fault.ErrNotFound)
	}
	return nil
}

// head reads where the books stand.
func (a *API) head(c *call) web.Meta {
	var m web.Meta
	if c.tenant == 0 || a.DB == nil {
		return m
	}
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		h, err := ledger.ReadHead(c.r.Context(), tx)
		m = web.Meta{LedgerSeq: h.Seq, Epoch: h.Epoch}
		return err
	})
	if err != nil {
		return web.Meta{}
	}
	return m
}
