package api

import (
	"net/http"
	"reflect"

	"lojal/internal/sale"
	"lojal/internal/shift"
)

// The till API is written by hand in its own room, for speed. It is described here, so that there is one
// document. Its bodies take unknown fields and name them in the answer's warnings.

const tillTag = "till"

// TillIdentify asks who and what stands behind a presented card.
type TillIdentify struct {
	Presented []Presented `json:"presented,omitempty" doc:"A single one may stand without the list."`
	Session   string      `json:"session,omitempty"`
	Context   *Place      `json:"context,omitempty"`
	Programme string      `json:"programme,omitempty"`
}

// TillBasket is the body of a quote and of a commit.
type TillBasket struct {
	ID          string `json:"id,omitempty" doc:"The idempotency key; of every write."`
	Kind        string `json:"kind,omitempty" enum:"sale"`
	Session     string `json:"session,omitempty" doc:"Of identify."`
	Quote       string `json:"quote,omitempty" doc:"The quote that is committed."`
	Cashier     string `json:"cashier,omitempty"`
	TerminalSeq int64  `json:"terminal_seq,omitempty" doc:"Mandatory on every write."`
	Hold        bool   `json:"hold,omitempty" doc:"Of a quote: reserves what the price uses."`
	HoldSeconds int64  `json:"hold_seconds,omitempty"`
	Offline     bool   `json:"offline,omitempty"`
	Version     string `json:"rules_version,omitempty" doc:"Of an advice: the version that the till priced by."`
	Basket
}

// TillOriginal names an earlier operation: by retrieval number alone, or outlet, receipt and business date.
type TillOriginal struct {
	ID          string `json:"id,omitempty"`
	RRN         string `json:"rrn,omitempty"`
	Receipt     string `json:"receipt,omitempty"`
	Outlet      string `json:"outlet,omitempty"`
	Terminal    string `json:"terminal,omitempty"`
	TerminalSeq int64  `json:"terminal_seq,omitempty"`
	Date        *Day   `json:"date,omitempty"`
}

// TillReversal takes an operation back.
type TillReversal struct {
	ID          string        `json:"id"`
	Reason      string        `json:"reason" enum:"timeout,fiscal_failed,cashier"`
	Original    *TillOriginal `json:"original,omitempty" doc:"Where the path does not name it."`
	TerminalSeq int64         `json:"terminal_seq"`
	At          *Moment       `json:"at,omitempty"`
	Context     *Place        `json:"context,omitempty"`
	Cashier     string        `json:"cashier,omitempty"`
}

// TillReturn takes goods back.
type TillReturn struct {
	ID          string       `json:"id"`
	Original    TillOriginal `json:"original"`
	Receipt     string       `json:"receipt,omitempty"`
	Cashier     string       `json:"cashier,omitempty"`
	TerminalSeq int64        `json:"terminal_seq"`
	At          *Moment      `json:"at,omitempty"`
	Context     *Place       `json:"context,omitempty"`
	Lines       []ReturnLine `json:"lines,omitempty"`
	All         bool         `json:"all,omitempty"`
	Refund      string       `json:"refund_tenders,omitempty" enum:"as_original"`
	Approval    string       `json:"approval,omitempty"`
}

// TillPurse is a load, a cash-out or a visit.
type TillPurse struct {
	ID          string      `json:"id"`
	Presented   []Presented `json:"presented,omitempty"`
	Session     string      `json:"session,omitempty"`
	Amount      int64       `json:"amount,omitempty"`
	Currency    string      `json:"currency,omitempty"`
	Qty         int64       `json:"qty,omitempty"`
	Pass        string      `json:"pass,omitempty"`
	Receipt     string      `json:"receipt,omitempty"`
	Cashier     string      `json:"cashier,omitempty"`
	TerminalSeq int64       `json:"terminal_seq"`
	At          *Moment     `json:"at,omitempty"`
	Context     *Place      `json:"context,omitempty"`
	Verify      *Verify     `json:"verify,omitempty"`
	Approval    string      `json:"approval,omitempty"`
}

// TillAdvices are operations that were done offline, each the one-shot body of its kind.
type TillAdvices struct {
	Items []TillBasket `json:"items" maxItems:"200"`
}

// TillAdvised are the outcomes, in the order of the items.
type TillAdvised struct {
	Seen
	Items []sale.AdviceAnswer `json:"items"`
}

// TillDay opens or closes a shift or a batch.
type TillDay struct {
	ID          string       `json:"id,omitempty"`
	Cashier     string       `json:"cashier,omitempty"`
	Shift       int64        `json:"shift,omitempty"`
	Context     *Place       `json:"context,omitempty"`
	TerminalSeq int64        `json:"terminal_seq,omitempty"`
	Totals      *shift.Claim `json:"totals,omitempty" doc:"What the terminal counted."`
}

// TillHealth says that the server answers.
type TillHealth struct {
	Seen
	Status string `json:"status"`
	Time   string `json:"time"`
}

// TillShift is where a cashier's shift stands.
type TillShift struct {
	Shift    int64  `json:"shift"`
	Batch    int64  `json:"batch"`
	OpenedAt string `json:"opened_at"`
	Cashier  string `json:"cashier"`
}

func tillOp(method, path, id, summary, about string) op {
	return op{method: method, path: "/pos/v1" + path, id: "till-" + id, tag: tillTag, summary: summary, about: about, scope: "till"}
}

// describeTill writes the operations of the till API into the document. Their routes are another room's.
func (f *front) describeTill() {
	basket, purse, identified := reflect.TypeFor[TillBasket](), reflect.TypeFor[sale.PurseAnswer](), reflect.TypeFor[sale.IdentifyAnswer]()
	reversed, reversal := reflect.TypeFor[sale.ReverseAnswer](), reflect.TypeFor[TillReversal]()
	report := reflect.TypeFor[Report]()
	for _, x := range []struct {
		op       op
		in, done reflect.Type
	}{
		{tillOp(http.MethodPost, "/identify", "identify", "Find who and what stands behind a card", "A number that nobody has is no error: its status is unknown."), reflect.TypeFor[TillIdentify](), identified},
		{tillOp(http.MethodPost, "/quotes", "quote", "Price a basket", "Books nothing. With `hold` it reserves, and carries `id` and `terminal_seq`."), basket, reflect.TypeFor[sale.QuoteAnswer]()},
		{tillOp(http.MethodPost, "/transactions", "commit", "Commit a sale, quoted or in one step", "A quoted sale repeats the basket and must come out as quoted, or is refused with quote_changed and the new pricing."), basket, reflect.TypeFor[sale.SaleAnswer]()},
		{tillOp(http.MethodPost, "/transactions/{id}/reverse", "reverse", "Take an operation of this terminal back", "timeout and fiscal_failed are never refused for business reasons; an unknown original is closed for ever."), reversal, reversed},
		{tillOp(http.MethodPost, "/reversals", "reverse-named", "Take a named operation back", ""), reversal, reversed},
		{tillOp(http.MethodPost, "/returns", "return", "Take goods back", "Lines by quantity or by amount; stored allocations are reversed."), reflect.TypeFor[TillReturn](), reflect.TypeFor[sale.ReturnAnswer]()},
		{tillOp(http.MethodPost, "/advices", "advise", "Book what was done offline", "Every item is answered on its own and always booked; a shortage becomes debt."), reflect.TypeFor[TillAdvices](), reflect.TypeFor[TillAdvised]()},
		{tillOp(http.MethodPost, "/gift/activate", "gift-activate", "Sell and activate a gift card", "A sale of one gift_card_sale line."), basket, reflect.TypeFor[sale.SaleAnswer]()},
		{tillOp(http.MethodPost, "/gift/load", "gift-load", "Load a gift card", ""), reflect.TypeFor[TillPurse](), purse},
		{tillOp(http.MethodPost, "/gift/cashout", "gift-cashout", "Pay a gift card out", ""), reflect.TypeFor[TillPurse](), purse},
		{tillOp(http.MethodPost, "/gift/balance", "gift-balance", "Read the balance of a gift card", ""), reflect.TypeFor[TillIdentify](), identified},
		{tillOp(http.MethodPost, "/visits", "visit", "Use a visit of a pass", ""), reflect.TypeFor[TillPurse](), purse},
		{withQuery(tillOp(http.MethodGet, "/operations/{id}", "operation", "Ask what became of an operation", ""), param{"fence", "true closes a key that stands for nothing yet.", false}), nil, reflect.TypeFor[sale.OperationAnswer]()},
		{tillOp(http.MethodGet, "/receipt/{id}", "receipt", "Read the answer of an operation again", ""), nil, reflect.TypeFor[sale.SaleAnswer]()},
		{tillOp(http.MethodGet, "/health", "health", "Ask whether the server answers", ""), nil, reflect.TypeFor[TillHealth]()},
		{tillOp(http.MethodPost, "/shifts/open", "open-shift", "Open a cashier's shift", ""), reflect.TypeFor[TillDay](), reflect.TypeFor[TillShift]()},
		{tillOp(http.MethodPost, "/shifts/close", "close-shift", "Close a cashier's shift", ""), reflect.TypeFor[TillDay](), reflect.TypeFor[Shift]()},
		{tillOp(http.MethodPost, "/batches/{no}/close", "close-batch", "Close the terminal's batch with its Z", "0 names the open batch."), reflect.TypeFor[TillDay](), report},
		{withQuery(tillOp(http.MethodGet, "/reports/x", "report-x", "Read the X of the open batch", "Accept: text/plain gives a slip."), param{"columns", "32, 40 or 48.", true}), nil, report},
		{withQuery(tillOp(http.MethodGet, "/reports/z", "report-z", "Read the Z of a closed batch", "Accept: text/plain gives a slip."), param{"batch", "Its number; the last one when absent.", true}, param{"columns", "32, 40 or 48.", true}), nil, report},
	} {
		closed := len(f.inputs)
		f.describe(x.op, x.in, x.done)
		f.inputs = f.inputs[:closed] // unknown fields are passed over
	}
}

func withQuery(o op, query ...param) op {
	o.query = query
	return o
}
