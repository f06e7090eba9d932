package pos

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
	"lojal/internal/sale"
	"lojal/internal/shift"
)

// API serves the till API.
type API struct {
	Gate      *access.Gate
	Directory *merchant.Directory
	Sales     *sale.Room
	Shifts    *shift.Room
	Clock     clock.Clock
	Loose     bool // the server runs on a test clock: tills' clocks are not compared with it
	Head      func(ctx context.Context, tenant int64) (seq, epoch int64, err error)
}

// Routes adds the till API to a mux.
func (a *API) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /pos/v1/identify", a.identify)
	mux.HandleFunc("POST /pos/v1/quotes", a.deed("quotes", a.quote))
	mux.HandleFunc("POST /pos/v1/transactions", a.deed("transactions", a.transaction))
	mux.HandleFunc("POST /pos/v1/transactions/{id}/reverse", a.deed("reverse", a.reverse))
	mux.HandleFunc("POST /pos/v1/reversals", a.deed("reversals", a.reverse))
	mux.HandleFunc("POST /pos/v1/returns", a.deed("returns", a.giveBack))
	mux.HandleFunc("POST /pos/v1/advices", a.advices)
	mux.HandleFunc("POST /pos/v1/gift/activate", a.deed("gift/activate", a.transaction))
	mux.HandleFunc("POST /pos/v1/gift/load", a.deed("gift/load", a.purse(sale.Load)))
	mux.HandleFunc("POST /pos/v1/gift/cashout", a.deed("gift/cashout", a.purse(sale.CashOut)))
	mux.HandleFunc("POST /pos/v1/gift/balance", a.identify)
	mux.HandleFunc("POST /pos/v1/visits", a.deed("visits", a.purse(sale.Visit)))
	mux.HandleFunc("GET /pos/v1/operations/{id}", a.operation)
	mux.HandleFunc("GET /pos/v1/receipt/{id}", a.receipt)
	mux.HandleFunc("GET /pos/v1/health", a.health)
	a.shiftRoutes(mux)
}

// call is one authenticated request of a till.
type call struct {
	r      *http.Request
	w      http.ResponseWriter
	caller *access.Caller
	snap   *merchant.Snapshot
	place  sale.Place
}

// begin authenticates a request and finds the place that it comes from.
func (a *API) begin(w http.ResponseWriter, r *http.Request) (*call, error) {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, fault.New(fault.ErrUnauthenticated)
	}
	caller, err := a.Gate.Authenticate(r.Context(), bearer)
	if err != nil {
		return nil, err
	}
	c := &call{r: r, w: w, caller: caller}
	if c.snap, err = a.Directory.Snapshot(r.Context(), merchant.TenantID(caller.Tenant)); err != nil {
		return nil, err
	}
	return c, a.allowed(caller)
}

func (a *API) allowed(c *access.Caller) error {
	switch c.Kind {
	case access.Terminal, access.Middleware, access.Admin, access.Integration:
		return nil
	}
	return fault.New(fault.ErrForbidden)
}

// at finds the terminal that acts: the key's own, or for a middleware key the one that it names (A22). The
// context of the body must agree.
func (a *API) at(c *call, x sale.Context) error {
	t := c.snap.Terminal(merchant.TerminalID(c.caller.Terminal))
	if c.caller.Terminal == 0 {
		tid := c.r.Header.Get("X-Terminal")
		if tid == "" {
			tid = x.Terminal
		}
		if t = c.snap.TerminalByTID(tid); t == nil {
			return fault.Invalid("context.terminal", "a terminal of the tenant")
		}
	}
	if t == nil || t.Closed {
		return fault.New(fault.ErrForbidden)
	}
	o := c.snap.Outlet(t.Outlet)
	if o == nil || o.Closed {
		return fault.New(fault.ErrForbidden)
	}
	if !c.caller.At(int64(o.ID)) || x.Terminal != "" && x.Terminal != t.TID || x.Outlet != "" && x.Outlet != o.Code {
		return fault.New(fault.ErrForbidden)
	}
	c.place = sale.Place{
		Tenant: c.caller.Tenant, Client: int64(t.ID), Merchant: int64(o.Merchant), Outlet: int64(o.ID), OutletCode: o.Code, Terminal: int64(t.ID),
		Zone: o.Zone, ClosesAt: o.ClosesAt, Loose: a.Loose,
	}
	return nil
}

// names finds outlet and terminal of a named original.
func (c *call) names(o *sale.Original) sale.Names {
	n := sale.Names{Outlet: c.place.Outlet, Terminal: c.place.Terminal}
	if o == nil {
		return n
	}
	if o.Outlet != "" {
		n.Outlet = 0
		if x := c.snap.OutletByCode(o.Outlet); x != nil {
			n.Outlet = int64(x.ID)
		}
	}
	if o.Terminal != "" {
		n.Terminal = 0
		if t := c.snap.TerminalByTID(o.Terminal); t != nil {
			n.Terminal = int64(t.ID)
		}
	}
	return n
}

// deed wraps a write of the till API: read, decode, find the place, do it, answer.
func (a *API) deed(route string, do func(*call, *sale.Request) sale.Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := a.begin(w, r)
		if err != nil {
			web.WriteProblem(w, r, err, web.Meta{})
			return
		}
		raw, err := web.ReadBody(w, r, web.MaxBody)
		if err == nil {
			var q *sale.Request
			if q, err = decode(raw, route); err == nil {
				err = a.fits(c, q, route)
			}
			if err == nil {
				a.answer(c, do(c, q))
				return
			}
		}
		a.problem(c, err, 0, 0)
	}
}

// fits holds what every write of the till API must carry.
func (a *API) fits(c *call, q *sale.Request, route string) error {
	if err := a.at(c, q.Context); err != nil {
		return err
	}
	writes := route != "quotes" || q.Hold
	if h := c.r.Header.Get("Idempotency-Key"); h != "" && h != q.ID {
		return fault.Invalid("Idempotency-Key", "the same as the body's id")
	}
	switch {
	case writes && q.ID == "":
		return fault.Invalid("id", "the operation's key, made by the till before it sends")
	case writes && q.TerminalSeq <= 0:
		return fault.Invalid("terminal_seq", "a number above 0")
	}
	return nil
}

func (a *API) answer(c *call, out sale.Answer) {
	if out.Replayed {
		c.w.Header().Set("Idempotent-Replayed", "true")
	}
	if out.Err != nil {
		a.problem(c, out.Err, out.Seq, out.Epoch)
		return
	}
	web.WriteJSON(c.w, http.StatusOK, out.Body)
}

// problem answers an error with the last seq that the books have; where nothing was asked of them, they are
// asked now.
func (a *API) problem(c *call, err error, seq, epoch int64) {
	if seq == 0 && epoch == 0 {
		if s, e, headErr := a.Head(c.r.Context(), c.caller.Tenant); headErr == nil {
			seq, epoch = s, e
		}
	}
	web.WriteProblem(c.w, c.r, err, web.Meta{LedgerSeq: seq, Epoch: epoch})
}

func (a *API) quote(c *call, q *sale.Request) sale.Answer {
	return a.Sales.Quote(c.r.Context(), c.place, q)
}

func (a *API) transaction(c *call, q *sale.Request) sale.Answer {
	if q.Kind != "" && q.Kind != "sale" {
		return sale.Answer{Err: fault.Invalid("kind", "sale")}
	}
	return a.Sales.Commit(c.r.Context(), c.place, q)
}

func (a *API) reverse(c *call, q *sale.Request) sale.Answer {
	if id := c.r.PathValue("id"); id != "" {
		q.Original = &sale.Original{ID: id}
		seal(q, "reverse")
	}
	return a.Sales.Reverse(c.r.Context(), c.place, q, c.names(q.Original))
}

func (a *API) giveBack(c *call, q *sale.Request) sale.Answer {
	if q.Original != nil && q.Original.Receipt != "" && q.Original.RRN == "" && q.Original.Date == 0 {
		return sale.Answer{Err: fault.Invalid("original.date", "the business date of the receipt")}
	}
	if len(q.Lines) == 0 {
		q.All = true
	}
	return a.Sales.Return(c.r.Context(), c.place, q, c.names(q.Original))
}

func (a *API) purse(d sale.Deed) func(*call, *sale.Request) sale.Answer {
	return func(c *call, q *sale.Request) sale.Answer {
		return a.Sales.Purse(c.r.Context(), c.place, q, d, sale.Target{})
	}
}

func (a *API) identify(w http.ResponseWriter, r *http.Request) {
	c, err := a.begin(w, r)
	if err != nil {
		web.WriteProblem(w, r, err, web.Meta{})
		return
	}
	raw, err := web.ReadBody(w, r, web.MaxBody)
	var q *sale.Request
	if err == nil {
		q, err = decode(raw, "identify")
	}
	if err == nil {
		err = a.at(c, q.Context)
	}
	if err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	a.answer(c, a.Sales.Identify(r.Context(), c.place, q))
}

func (a *API) operation(w http.ResponseWriter, r *http.Request) {
	c, err := a.begin(w, r)
	if err == nil {
		err = a.at(c, sale.Context{})
	}
	if err != nil {
		web.WriteProblem(w, r, err, web.Meta{})
		return
	}
	key := r.PathValue("id")
	if !web.ValidKey(key) {
		a.problem(c, fault.Invalid("id", "1 to 255 visible ASCII characters"), 0, 0)
		return
	}
	fence := r.URL.Query().Get("fence") == "true"
	out, err := a.Sales.Operation(r.Context(), c.place, key, fence)
	if err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	writeJSON(w, out)
}

// receipt gives the answer of an operation again, for a printer that has run out of paper.
func (a *API) receipt(w http.ResponseWriter, r *http.Request) {
	c, err := a.begin(w, r)
	if err == nil {
		err = a.at(c, sale.Context{})
	}
	if err != nil {
		web.WriteProblem(w, r, err, web.Meta{})
		return
	}
	out, err := a.Sales.Operation(r.Context(), c.place, r.PathValue("id"), false)
	if err == nil && out.Status != "applied" {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	web.WriteJSON(w, http.StatusOK, out.Result)
}

func (a *API) health(w http.ResponseWriter, r *http.Request) {
	c, err := a.begin(w, r)
	if err != nil {
		web.WriteProblem(w, r, err, web.Meta{})
		return
	}
	seq, epoch, err := a.Head(r.Context(), c.caller.Tenant)
	if err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	writeJSON(w, map[string]any{"status": "ok", "time": a.Clock.Now().String(), "ledger_seq": seq, "epoch": epoch})
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	web.WriteJSON(w, http.StatusOK, b)
}
