package api

import (
	"encoding/json"
	"net/http"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/reward"
	"lojal/internal/sale"
)

// Sale is a sale as it was answered, with where and when it was booked.
type Sale struct {
	Seen
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	At      time.Time       `json:"at"`
	Outlet  string          `json:"outlet,omitempty"`
	Receipt string          `json:"receipt,omitempty"`
	Tenders []Tender        `json:"tenders,omitempty" doc:"How it was paid, as its sender told, with what was rounded of cash."`
	Answer  json.RawMessage `json:"answer" doc:"What its sender was answered, the same at any age."`
}

// Return takes goods of a sale back: lines by quantity or by amount, all that is left when none is named.
type Return struct {
	Lines    []ReturnLine `json:"lines,omitempty"`
	Receipt  string       `json:"receipt,omitempty"`
	Tenders  string       `json:"refund_tenders,omitempty" enum:"as_original"`
	Reason   string       `json:"reason,omitempty"`
	Approval string       `json:"approval,omitempty"`
	Context  *Place       `json:"context,omitempty"`
}

// ReturnLine is what of a line comes back.
type ReturnLine struct {
	No     int          `json:"original_no"`
	Qty    reward.Qty   `json:"qty,omitempty"`
	Amount money.Amount `json:"amount,omitempty"`
}

func (a *API) saleRoutes() {
	const tag = "sales"
	sell := op{method: http.MethodPost, path: "/v1/sales", id: "create-sale", tag: tag, summary: "Sell a basket in one step", scope: "sales:write", status: http.StatusCreated}
	sell.about = "The one-shot body of the till API with exact amounts; the shop's order number is its business key."
	book[Basket, sale.SaleAnswer](a, sell, a.sell)
	read(a, op{path: "/v1/sales/{id}", id: "read-sale", tag: tag, summary: "Read a sale", scope: "sales:read"}, a.readSale)
	book[Return, sale.ReturnAnswer](a, op{method: http.MethodPost, path: "/v1/sales/{id}/returns", id: "return-sale", tag: tag, summary: "Take goods of a sale back", scope: "sales:write",
		status: http.StatusCreated}, a.giveBack)
	evaluate := op{method: http.MethodPost, path: "/v1/evaluations", id: "evaluate", tag: tag, summary: "Price a basket without booking anything", scope: "evaluations:read", who: ofTills}
	evaluate.about = "With explain=true the answer tells each effect and why an offer did not apply. A quote of this basket may be committed at a till."
	evaluate.query = []param{{"explain", "true tells each effect.", false}}
	book[Basket, sale.QuoteAnswer](a, evaluate, a.evaluate)
}

// placeOf gives the place of an operation: the outlet and the terminal that are named, or the only outlet
// that the key may act at.
func (a *API) placeOf(c *call, outlet, terminal string) (sale.Place, error) {
	var o *merchant.Outlet
	var t *merchant.Terminal
	if terminal != "" {
		if t = c.snap.TerminalByTID(terminal); t == nil || t.Closed {
			return sale.Place{}, fault.Invalid("context.terminal", "a terminal of the tenant")
		}
		o = c.snap.Outlet(t.Outlet)
	}
	switch {
	case outlet != "" && t != nil && o.Code != outlet:
		return sale.Place{}, fault.Invalid("context.outlet", "the outlet of the terminal")
	case outlet != "":
		o = c.snap.OutletByCode(outlet)
	case o == nil:
		o = c.only()
	}
	if o == nil || o.Closed || !c.caller.At(int64(o.ID)) {
		return sale.Place{}, fault.Invalid("context.outlet", "the code of an outlet")
	}
	p := sale.Place{
		Tenant: c.tenant, Client: c.caller.Client, Merchant: int64(o.Merchant), Outlet: int64(o.ID), OutletCode: o.Code, Zone: o.Zone, ClosesAt: o.ClosesAt, Loose: a.Loose,
	}
	if t != nil {
		p.Terminal = int64(t.ID)
	}
	return p, nil
}

// only gives the outlet of a key that has just one.
func (c *call) only() *merchant.Outlet {
	var found *merchant.Outlet
	for _, o := range c.snap.Outlets {
		if o.Closed || !c.caller.At(int64(o.ID)) {
			continue
		}
		if found != nil {
			return nil
		}
		found = o
	}
	return found
}

// atPlace gives the place that a context names.
func (a *API) atPlace(c *call, x *Place) (sale.Place, error) {
	if x == nil {
		x = &Place{}
	}
	return a.placeOf(c, x.Outlet, x.Terminal)
}

func (a *API) sell(c *call, in *Basket) sale.Answer {
	p, err := a.atPlace(c, in.Context)
	if err != nil {
		return sale.Answer{Err: err}
	}
	q, err := in.request(c)
	if err != nil {
		return sale.Answer{Err: err}
	}
	return a.Sales.Commit(c.r.Context(), p, q)
}

// entryAt gives the entry that the path names, when the key may see its outlet.
func (a *API) entryAt(c *call, name string) (*ledger.Entry, ledger.NumberKey, error) {
	var e *ledger.Entry
	var key ledger.NumberKey
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		if key, err = ledger.ReadNumberKey(c.r.Context(), tx); err != nil {
			return err
		}
		seq, err := ledger.ParseEntryID(name, key)
		if err != nil {
			return fault.New(fault.ErrNotFound)
		}
		e, err = ledger.ReadEntry(c.r.Context(), tx, seq)
		return err
	})
	if err == nil && e.Outlet != 0 {
		err = c.visible(e.Outlet)
	}
	return e, key, err
}

func (a *API) readSale(c *call) (*Sale, error) {
	e, _, err := a.entryAt(c, c.r.PathValue("id"))
	if err == nil && e.Kind != ledger.SAL && e.Kind != ledger.CAP {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	paid, err := sale.Tenders(e)
	if err != nil {
		return nil, err
	}
	body, err := a.Sales.Render(c.r.Context(), c.tenant, e)
	out := &Sale{ID: c.r.PathValue("id"), Kind: e.Kind.String(), At: c.at(e.BookedAt), Receipt: e.Receipt, Answer: body}
	for _, t := range paid {
		out.Tenders = append(out.Tenders, Tender{Kind: string(t.Kind), Value: t.Value, Amount: t.Amount, Rounding: t.Rounding})
	}
	if o := c.snap.Outlet(merchant.OutletID(e.Outlet)); o != nil {
		out.Outlet = o.Code
	}
	return out, err
}

func (a *API) giveBack(c *call, in *Return) sale.Answer {
	e, key, err := a.entryAt(c, c.r.PathValue("id"))
	if err != nil {
		return sale.Answer{Err: err}
	}
	at := in.Context
	if at == nil {
		at = &Place{}
		if o := c.snap.Outlet(merchant.OutletID(e.Outlet)); o != nil {
			at.Outlet = o.Code
		}
	}
	p, err := a.atPlace(c, at)
	if err != nil {
		return sale.Answer{Err: err}
	}
	if len(in.Lines) > reward.MaxLines || len(in.Receipt) > maxField || len(in.Reason) > maxField {
		return sale.Answer{Err: fault.Invalid("lines", "at most 1000 lines and texts of 100 bytes")}
	}
	q := &sale.Request{
		ID: c.key, Kind: "return", Fingerprint: c.print, Receipt: in.Receipt, Refund: in.Tenders, Reason: in.Reason, Approval: in.Approval, All: len(in.Lines) == 0,
		Original: &sale.Original{RRN: ledger.FormatRRN(e, key)}, Context: sale.Context{Cashier: c.caller.Actor()},
	}
	for _, l := range in.Lines {
		q.Lines = append(q.Lines, reward.AskLine{No: l.No, Qty: l.Qty, Amount: l.Amount})
	}
	return a.Sales.Return(c.r.Context(), p, q, sale.Names{Outlet: e.Outlet})
}

func (a *API) evaluate(c *call, in *Basket) sale.Answer {
	explain, err := c.flag("explain")
	if err != nil {
		return sale.Answer{Err: err}
	}
	p, err := a.atPlace(c, in.Context)
	if err != nil {
		return sale.Answer{Err: err}
	}
	q, err := in.request(c)
	if err != nil {
		return sale.Answer{Err: err}
	}
	q.ID = ""
	out := a.Sales.Quote(c.r.Context(), p, q)
	if out.Err != nil || explain {
		return out
	}
	var price sale.QuoteAnswer
	if err := json.Unmarshal(out.Body, &price); err != nil {
		return sale.Answer{Err: err}
	}
	price.Effects = nil
	out.Body, out.Err = json.Marshal(&price)
	return out
}
