package api

import (
	"net/http"
	"reflect"
	"strconv"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/shift"
)

// Shift is a closed session of a cashier.
type Shift struct {
	ID       shift.ID            `json:"id"`
	Terminal merchant.TerminalID `json:"terminal"`
	Outlet   merchant.OutletID   `json:"outlet"`
	Number   int64               `json:"shift"`
	Cashier  string              `json:"cashier"`
	OpenedAt time.Time           `json:"opened_at"`
	ClosedAt time.Time           `json:"closed_at"`
	ClosedBy string              `json:"closed_by"`
}

// Batch is a closed batch of a terminal, without its figures.
type Batch struct {
	ID       shift.BatchID       `json:"id"`
	Terminal merchant.TerminalID `json:"terminal"`
	Outlet   merchant.OutletID   `json:"outlet"`
	Z        int64               `json:"z_no"`
	Number   int64               `json:"batch"`
	Date     string              `json:"business_date"`
	State    string              `json:"state"`
	OpenedAt time.Time           `json:"opened_at"`
	ClosedAt time.Time           `json:"closed_at"`
	ClosedBy string              `json:"closed_by"`
}

// Report is the Z of a batch.
type Report struct {
	Kind     shift.Kind         `json:"kind"`
	ID       shift.BatchID      `json:"id,omitempty"`
	Z        int64              `json:"z_no,omitempty"`
	Batch    int64              `json:"batch,omitempty"`
	Date     string             `json:"business_date,omitempty"`
	OpenedAt string             `json:"opened_at,omitempty"`
	OpenedBy string             `json:"opened_by,omitempty"`
	ClosedAt string             `json:"closed_at,omitempty"`
	ClosedBy string             `json:"closed_by,omitempty"`
	State    shift.State        `json:"state"`
	Queue    int64              `json:"offline_queue"`
	Differs  []shift.Difference `json:"differences"`
	shift.Totals
}

const reportsTag = "reports"

var paramTerminal = param{"terminal", "The terminal, trm_….", false}

func (a *API) reportRoutes() {
	const tag = reportsTag
	page := []param{paramTerminal, paramAfter, paramLimit}
	read(a, op{path: "/v1/shifts", id: "list-shifts", tag: tag, summary: "List the closed shifts of a terminal, the newest first", scope: "reports:read", query: page}, a.shifts)
	read(a, op{path: "/v1/batches", id: "list-batches", tag: tag, summary: "List the closed batches of a terminal, the newest first", scope: "reports:read", query: page}, a.batches)
	z := op{method: http.MethodGet, path: "/v1/batches/{id}", id: "read-batch", tag: tag, summary: "Read the Z of a batch", scope: "reports:read"}
	z.about = "Accept: text/plain gives the slip, on 32, 40 or 48 columns."
	z.query = []param{{"columns", "32, 40 or 48; 40 when absent.", true}, {"language", "lv, ru, en, et or hu; the tenant's when absent.", false}}
	a.front.add(z, nil, reflect.TypeFor[Report](), func(w http.ResponseWriter, r *http.Request) { a.zReport(w, r, &z) })
}

// terminalOfQuery gives the terminal that the query names, when the key may see its outlet.
func (c *call) terminalOfQuery() (*merchant.Terminal, error) {
	for _, t := range c.snap.Terminals {
		if t.ID.String() == c.query("terminal") {
			return t, c.visible(int64(t.Outlet))
		}
	}
	if c.query("terminal") == "" {
		return nil, fault.Invalid("terminal", "trm_…")
	}
	return nil, fault.New(fault.ErrNotFound)
}

func (a *API) shifts(c *call) (*List[Shift], error) {
	t, err := c.terminalOfQuery()
	if err != nil {
		return nil, err
	}
	before, limit, err := a.paged(c, "shifts "+t.ID.String())
	if err != nil {
		return nil, err
	}
	limit = min(limit, shift.MaxPage-1)
	var found []shift.Shift
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		found, err = shift.Shifts(c.r.Context(), tx, int64(t.ID), before, limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	items := []Shift{}
	for _, s := range found {
		items = append(items, Shift{
			ID: s.ID, Terminal: t.ID, Outlet: merchant.OutletID(s.Outlet), Number: s.Number, Cashier: s.Cashier, OpenedAt: c.at(s.OpenedAt), ClosedAt: c.at(s.ClosedAt), ClosedBy: s.ClosedBy,
		})
	}
	return page(a, c, "shifts "+t.ID.String(), items, limit, func(s *Shift) any { return s.Number })
}

func (a *API) batches(c *call) (*List[Batch], error) {
	t, err := c.terminalOfQuery()
	if err != nil {
		return nil, err
	}
	before, limit, err := a.paged(c, "batches "+t.ID.String())
	if err != nil {
		return nil, err
	}
	limit = min(limit, shift.MaxPage-1)
	var found []shift.Batch
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		found, err = shift.Batches(c.r.Context(), tx, int64(t.ID), before, limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	items := []Batch{}
	for _, b := range found {
		items = append(items, Batch{
			ID: b.ID, Terminal: t.ID, Outlet: merchant.OutletID(b.Outlet), Z: b.Z, Number: b.Number, Date: b.Day.String(), State: string(b.State),
			OpenedAt: c.at(b.OpenedAt), ClosedAt: c.at(b.ClosedAt), ClosedBy: b.ClosedBy,
		})
	}
	return page(a, c, "batches "+t.ID.String(), items, limit, func(b *Batch) any { return b.Z })
}

func (a *API) zReport(w http.ResponseWriter, r *http.Request, o *op) {
	c, err := a.begin(w, r, o)
	if err == nil {
		err = c.queries()
	}
	var rep *shift.Report
	if err == nil {
		rep, err = a.batch(c)
	}
	if err != nil {
		a.problem(c, err, web.Meta{})
		return
	}
	if r.Header.Get("Accept") != "text/plain" {
		body, err := rep.MarshalJSON()
		if err != nil {
			a.problem(c, err, web.Meta{})
			return
		}
		web.WriteJSON(w, http.StatusOK, body)
		return
	}
	if err := a.slip(c, rep); err != nil {
		a.problem(c, err, web.Meta{})
	}
}

func (a *API) batch(c *call) (*shift.Report, error) {
	n, err := c.path("bat")
	if err != nil {
		return nil, err
	}
	rep, err := a.Shifts.ByID(c.r.Context(), c.tenant, shift.BatchID(n))
	if err != nil {
		return nil, err
	}
	return rep, c.visible(rep.Outlet)
}

// slip answers a Z as it is printed.
func (a *API) slip(c *call, rep *shift.Report) error {
	columns, err := c.number("columns", 40)
	if err != nil || columns != 32 && columns != 40 && columns != 48 {
		return fault.Invalid("columns", "32, 40 or 48")
	}
	lang := c.query("language")
	if lang == "" {
		lang = c.snap.Tenant.Settings.Language
	}
	if lang == "" {
		lang = "en"
	}
	if !languages[lang] {
		return fault.Invalid("language", "lv, ru, en, et or hu")
	}
	text := rep.Slip(a.slipHead(c, rep), lang, int(columns))
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = c.w.Write([]byte(text)) // a client that went away needs no answer
	return nil
}

var languages = map[string]bool{"lv": true, "ru": true, "en": true, "et": true, "hu": true}

func (a *API) slipHead(c *call, rep *shift.Report) shift.Header {
	h := shift.Header{Operator: "lojal", Software: "lojal", Currency: c.snap.Tenant.Currency}
	if o := c.snap.Outlet(merchant.OutletID(rep.Outlet)); o != nil {
		h.Outlet, h.Address, h.Currency = o.Code, o.Address, o.Currency
		for _, m := range c.snap.Merchants {
			if m.ID == o.Merchant {
				h.Merchant, h.Registration = m.Name, m.RegNo
			}
		}
	}
	if t := c.snap.Terminal(merchant.TerminalID(rep.Terminal)); t != nil {
		h.TID = t.TID
	}
	h.Units = func(u ledger.Unit) (string, int) { return "", 0 }
	return h
}
