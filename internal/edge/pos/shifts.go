package pos

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
	"lojal/internal/sale"
	"lojal/internal/shift"
)

// shiftRoutes adds the calls of a cashier's day. They repeat by state: a shift or batch that is closed
// already answers with its figures again.
func (a *API) shiftRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /pos/v1/shifts/open", a.day(a.openShift))
	mux.HandleFunc("POST /pos/v1/shifts/close", a.day(a.closeShift))
	mux.HandleFunc("POST /pos/v1/batches/{no}/close", a.day(a.closeBatch))
	mux.HandleFunc("GET /pos/v1/reports/x", a.report(a.x))
	mux.HandleFunc("GET /pos/v1/reports/z", a.report(a.z))
}

// dayBody is what opening and closing carry.
type dayBody struct {
	ID          string       `json:"id"`
	Cashier     string       `json:"cashier"`
	Shift       int64        `json:"shift"`
	Context     dayContext   `json:"context"`
	TerminalSeq int64        `json:"terminal_seq"`
	Totals      *shift.Claim `json:"totals"`
}

type dayContext struct {
	Outlet   string `json:"outlet"`
	Terminal string `json:"terminal"`
	Cashier  string `json:"cashier"`
}

func (a *API) day(do func(*call, *dayBody) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := a.begin(w, r)
		if err != nil {
			web.WriteProblem(w, r, err, web.Meta{})
			return
		}
		var b dayBody
		raw, err := web.ReadBody(w, r, web.MaxBody)
		if err == nil {
			err = web.Decode(raw, &b)
		}
		if err == nil {
			err = a.at(c, sale.Context{Outlet: b.Context.Outlet, Terminal: b.Context.Terminal})
		}
		var out any
		if err == nil {
			if b.Cashier == "" {
				b.Cashier = b.Context.Cashier
			}
			out, err = do(c, &b)
		}
		if err != nil {
			a.problem(c, err, 0, 0)
			return
		}
		writeJSON(w, out)
	}
}

func (a *API) openShift(c *call, b *dayBody) (any, error) {
	if b.Cashier == "" {
		return nil, fault.Invalid("cashier", "the cashier who logs on")
	}
	t, err := a.Shifts.OpenShift(c.r.Context(), shift.OpenShift{Tenant: c.place.Tenant, Outlet: c.place.Outlet, Terminal: c.place.Terminal, Cashier: b.Cashier})
	if err != nil {
		return nil, err
	}
	return map[string]any{"shift": t.Shift, "status": "open", "batch": t.Batch, "opened_at": t.ShiftAt.String(), "cashier": t.Cashier}, nil
}

func (a *API) closeShift(c *call, b *dayBody) (any, error) {
	s, err := a.Shifts.CloseShift(c.r.Context(), shift.CloseShift{Tenant: c.place.Tenant, Outlet: c.place.Outlet, Terminal: c.place.Terminal, Shift: b.Shift, Actor: b.Cashier})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": s.ID, "shift": s.Number, "status": "closed", "opened_at": s.OpenedAt.String(), "closed_at": s.ClosedAt.String(), "cashier": s.Cashier,
	}, nil
}

func (a *API) closeBatch(c *call, b *dayBody) (any, error) {
	no, err := strconv.ParseInt(c.r.PathValue("no"), 10, 64)
	if err != nil || no < 0 {
		return nil, fault.Invalid("no", "the number of the open batch, or 0 for the one that is open")
	}
	return a.Shifts.CloseBatch(c.r.Context(), shift.CloseBatch{
		Tenant: c.place.Tenant, Outlet: c.place.Outlet, Terminal: c.place.Terminal, Number: no, Actor: b.Cashier, Claim: b.Totals,
	})
}

// report answers JSON, or with Accept: text/plain a slip of ?columns=32, 40 or 48.
func (a *API) report(find func(*call) (*shift.Report, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := a.begin(w, r)
		if err == nil {
			err = a.at(c, sale.Context{})
		}
		if err != nil {
			web.WriteProblem(w, r, err, web.Meta{})
			return
		}
		rep, err := find(c)
		if err != nil {
			a.problem(c, err, 0, 0)
			return
		}
		if !strings.Contains(r.Header.Get("Accept"), "text/plain") {
			b, err := json.Marshal(rep)
			if err != nil {
				a.problem(c, err, 0, 0)
				return
			}
			web.WriteJSON(w, http.StatusOK, b)
			return
		}
		width, err := columns(r.URL.Query().Get("columns"))
		if err != nil {
			a.problem(c, err, 0, 0)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(rep.Slip(a.header(c), language(r), width)))
	}
}

func columns(text string) (int, error) {
	switch text {
	case "":
		return 40, nil
	case "32", "40", "48":
		return strconv.Atoi(text)
	}
	return 0, fault.Invalid("columns", "32, 40 or 48")
}

func language(r *http.Request) string {
	if l := r.Header.Get("Accept-Language"); len(l) >= 2 {
		return strings.ToLower(l[:2])
	}
	return "en"
}

func (a *API) header(c *call) shift.Header {
	h := shift.Header{Operator: c.snap.Tenant.Name, Outlet: c.place.OutletCode, Software: "lojal"}
	if t := c.snap.Terminal(merchant.TerminalID(c.place.Terminal)); t != nil {
		h.TID = t.TID
	}
	if o := c.snap.Outlet(merchant.OutletID(c.place.Outlet)); o != nil {
		h.Address, h.Currency = o.Address, o.Currency
		for _, m := range c.snap.Merchants {
			if m.ID == o.Merchant {
				h.Merchant, h.Registration = m.Name, m.VATNo
			}
		}
	}
	return h
}

func (a *API) x(c *call) (*shift.Report, error) {
	return a.Shifts.X(c.r.Context(), c.place.Tenant, c.place.Terminal, a.Clock.Now(), c.r.URL.Query().Get("cashier"))
}

func (a *API) z(c *call) (*shift.Report, error) {
	no, err := strconv.ParseInt(c.r.URL.Query().Get("no"), 10, 64)
	if err != nil || no < 1 {
		return nil, fault.Invalid("no", "the number of a closed batch")
	}
	return a.Shifts.ByNumber(c.r.Context(), c.place.Tenant, c.place.Terminal, no)
}
