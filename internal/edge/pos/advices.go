package pos

import (
	"net/http"

	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/sale"
)

// advices books what tills did offline. Every item has an answer of its own; an item that cannot be read
// does not hinder the others.
func (a *API) advices(w http.ResponseWriter, r *http.Request) {
	c, err := a.begin(w, r)
	if err != nil {
		web.WriteProblem(w, r, err, web.Meta{})
		return
	}
	raw, err := web.ReadBody(w, r, web.MaxBody)
	if err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	var items []sale.Upload
	b := web.NewReader(raw)
	b.Object(func(key string) bool {
		if key != "items" {
			return false
		}
		b.Array(func(i int) {
			if i >= sale.MaxAdvices {
				b.Refuse("at most 200 items")
				return
			}
			items = append(items, a.upload(c, b.Raw()))
		})
		return true
	})
	b.End()
	if err := b.Err(); err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	out := a.Sales.Advise(r.Context(), items)
	seq, epoch, err := a.Head(r.Context(), c.caller.Tenant)
	if err != nil {
		a.problem(c, err, 0, 0)
		return
	}
	writeJSON(w, struct {
		Items []sale.AdviceAnswer `json:"items"`
		Seq   int64               `json:"ledger_seq"`
		Epoch int64               `json:"epoch"`
	}{out, seq, epoch})
}

func (a *API) upload(c *call, raw []byte) sale.Upload {
	q, err := decode(raw, "advices")
	if err != nil {
		return sale.Upload{Err: err}
	}
	one := *c
	if err = a.at(&one, q.Context); err == nil {
		switch {
		case q.ID == "":
			err = fault.Invalid("items[].id", "the operation's key")
		case q.TerminalSeq <= 0:
			err = fault.Invalid("items[].terminal_seq", "a number above 0")
		case q.At == 0:
			err = fault.Invalid("items[].at", "the till's time of the operation")
		}
	}
	if q.Kind == "return" && len(q.Lines) == 0 {
		q.All = true
	}
	deed := map[string]sale.Deed{"visit": sale.Visit, "load": sale.Load, "cashout": sale.CashOut}[q.Kind]
	return sale.Upload{Request: *q, Place: one.place, Named: one.names(q.Original), Deed: deed, Err: err}
}
