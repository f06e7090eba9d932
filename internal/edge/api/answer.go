package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
)

// Seen is what every answer says of the ledger: the last entry that it saw and the life line of the books.
type Seen struct {
	LedgerSeq int64 `json:"ledger_seq" doc:"The last entry of the ledger that the answer saw."`
	Epoch     int64 `json:"epoch" doc:"The life line of the books; it grows at each restore."`
}

func (s *Seen) see(m web.Meta) { s.LedgerSeq, s.Epoch = m.LedgerSeq, m.Epoch }

type seeing interface{ see(web.Meta) }

// encode writes an answer with what it saw. The answer is a pointer to a struct.
func encode(answer any, m web.Meta) ([]byte, error) {
	if s, ok := answer.(seeing); ok {
		s.see(m)
	}
	return json.Marshal(answer)
}

// metaOf reads inside a write what its answer sees.
func metaOf(c *call, tx db.Tx) (web.Meta, error) {
	if c.tenant == 0 {
		return web.Meta{}, nil
	}
	h, err := ledger.ReadHead(c.r.Context(), tx)
	return web.Meta{LedgerSeq: h.Seq, Epoch: h.Epoch}, err
}

// problem answers an error with where the books stand.
func (a *API) problem(c *call, err error, m web.Meta) {
	if f := fault.Of(err); f == nil {
		err = db.Fault(err)
	}
	if m == (web.Meta{}) && c.caller != nil {
		m = a.head(c)
	}
	web.WriteProblem(c.w, c.r, err, m)
}

func replayed(w http.ResponseWriter, yes bool) {
	if yes {
		w.Header().Set("Idempotent-Replayed", "true")
	}
}

// read registers a GET.
func read[O any](a *API, o op, do func(*call) (*O, error)) {
	o.method = http.MethodGet
	a.front.add(o, nil, reflect.TypeFor[O](), func(w http.ResponseWriter, r *http.Request) {
		c, err := a.begin(w, r, &o)
		if err == nil {
			err = c.queries()
		}
		leave := func() {}
		if err == nil && o.tag == reportsTag {
			leave, err = a.report(c)
		}
		defer func() { leave() }()
		var out *O
		if err == nil {
			out, err = do(c)
		}
		var body []byte
		if err == nil {
			body, err = encode(out, a.head(c))
		}
		if err != nil {
			a.problem(c, err, web.Meta{})
			return
		}
		web.WriteJSON(w, http.StatusOK, body)
	})
}

// report counts a report of a key in (L9).
func (a *API) report(c *call) (func(), error) {
	if a.Meter == nil || c.caller.Tenant == 0 {
		return func() {}, nil
	}
	leave, err := a.Meter.Report(merchant.Profile(c.caller.Profile), merchant.TenantID(c.tenant), int64(c.caller.Key))
	if err != nil {
		return func() {}, err
	}
	return leave, nil
}

func parseQuery(raw string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.Wrap(fault.ErrMalformed, err, "reason", "the query cannot be read")
	}
	return values, nil
}

// clip keeps what a client sent short in an answer.
func clip(s string) string { return s[:min(len(s), 64)] }
