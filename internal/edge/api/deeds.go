package api

import (
	"strings"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/sale"
)

const maxReason = 100

// reasoned are the deeds whose reason must be told; they are also those that a manager approves.
var reasoned = map[sale.Deed]bool{sale.Adjust: true, sale.Clear: true}

// accountDeed does a deed on an account, with its row in the trail.
func (a *API) accountDeed(c *call, deed sale.Deed, in *AccountDeed) sale.Answer {
	x, err := a.purseAt(c, c.r.PathValue("id"))
	if err != nil {
		return sale.Answer{Err: err}
	}
	if x.card == 0 {
		return sale.Answer{Err: fault.New(ledger.ErrCardNotActive)}
	}
	p, err := a.placeOf(c, in.Outlet, "")
	if err != nil {
		return sale.Answer{Err: err}
	}
	q, change, err := a.deedOf(c, x, deed, in)
	if err != nil {
		return sale.Answer{Err: err}
	}
	spends, err := a.approvalFor(c, deed, in, q)
	if err != nil {
		return sale.Answer{Err: err}
	}
	told := access.Act{Name: "account." + string(deed), Entity: c.r.PathValue("id"), Detail: map[string]any{
		"amount": q.Amount, "points": q.Qty, "bucket": in.Bucket, "to": in.To, "original": in.Original, "reason": in.Reason,
	}}
	change.Wrap = func(cmd ledger.Command) ledger.Command { return a.audited(c, cmd, told, spends) }
	return a.Sales.Account(c.r.Context(), p, q, change)
}

func (a *API) approvalFor(c *call, deed sale.Deed, in *AccountDeed, q *sale.Request) (*spending, error) {
	if !reasoned[deed] && in.Approval == "" {
		return nil, nil
	}
	return a.approved(c, in.Approval, string(deed), max(q.Qty, -q.Qty))
}

// deedOf reads what a deed says and holds it to the account that it is done to.
func (a *API) deedOf(c *call, x *purse, deed sale.Deed, in *AccountDeed) (*sale.Request, sale.Change, error) {
	q := &sale.Request{ID: c.key, Fingerprint: c.print, Reason: in.Reason, Context: sale.Context{Cashier: c.caller.Actor()}}
	change := sale.Change{Deed: deed, To: sale.Target{Card: x.card, Kind: x.account.Kind}}
	if err := checkDeed(x, deed, in); err != nil {
		return nil, change, err
	}
	if in.Amount != nil {
		q.Amount, q.Currency = in.Amount.Amount, in.Amount.Currency.Code
	}
	q.Qty = in.Points
	if coins(x) {
		q.Qty = int64(q.Amount)
	}
	if deed == sale.Adjust || deed == sale.Transfer {
		q.Amount = 0 // an adjustment may be negative: it goes as a quantity
	}
	if in.Until != nil {
		change.Until = clock.Day(*in.Until)
	}
	if in.Bucket == "promo" {
		change.To.Kind = ledger.Promo
	}
	if deed == sale.Refund {
		q.Original = original(in.Original)
	}
	if deed != sale.Transfer {
		return q, change, nil
	}
	to, err := a.purseAt(c, in.To)
	if err != nil && !fault.Is(err, fault.ErrNotFound) {
		return nil, change, err
	}
	if err != nil || to.account.Kind != x.account.Kind || to.account.Unit != x.account.Unit || to.card == 0 {
		return nil, change, fault.Invalid("to", "an account of the same kind and unit")
	}
	change.To.Other = to.card
	return q, change, nil
}

// coins tells whether an account counts money.
func coins(x *purse) bool { return x.account.Kind == ledger.Paid || x.account.Kind == ledger.Credit }

// checkDeed refuses fields that do not fit the account or the deed.
func checkDeed(x *purse, deed sale.Deed, in *AccountDeed) error {
	gift := x.account.Kind == ledger.Paid
	optional := deed == sale.Activate || deed == sale.Refund || deed == sale.Clear || deed == sale.CashOut
	switch {
	case len(in.Reason) > maxReason || reasoned[deed] && strings.TrimSpace(in.Reason) == "":
		return fault.Invalid("reason", "1 to 100 bytes")
	case (deed == sale.Activate || deed == sale.Load || deed == sale.CashOut) && !gift:
		return fault.Invalid("id", "an account of gift money")
	case coins(x) && in.Points != 0:
		return fault.Invalid("points", "an amount of money")
	case !coins(x) && in.Amount != nil:
		return fault.Invalid("amount", "a number of points")
	case coins(x) && in.Amount == nil && !optional:
		return fault.Invalid("amount", "an amount of money")
	case in.Amount != nil && in.Amount.Currency.Num != int32(x.account.Unit):
		return fault.New(sale.ErrCurrencyMismatch, "currency", in.Amount.Currency.Code)
	case in.Amount != nil && tooMuch(in.Amount.Amount, deed):
		return fault.Invalid("amount.amount", "a positive amount")
	case !coins(x) && tooMuch(money.Amount(in.Points), deed), !coins(x) && in.Points == 0 && !optional:
		return fault.Invalid("points", "a number above 0")
	case in.Bucket != "" && (!gift || deed != sale.Adjust || in.Bucket != "paid" && in.Bucket != "promo"):
		return fault.Invalid("bucket", "paid or promo, of an adjustment of gift money")
	case in.Until != nil && deed != sale.Adjust:
		return fault.Invalid("until", "the last day of what an adjustment gives")
	case (in.To == "") == (deed == sale.Transfer):
		return fault.Invalid("to", "the other account of a transfer")
	case (in.Original == "") == (deed == sale.Refund):
		return fault.Invalid("original", "the redemption that a refund gives back")
	}
	return nil
}

// tooMuch tells whether a quantity is outside of what a deed may move.
func tooMuch(n money.Amount, deed sale.Deed) bool {
	if n > money.MaxAmount || n < -money.MaxAmount {
		return true
	}
	return n < 0 && deed != sale.Adjust
}

// original names an earlier operation by its retrieval number or its key.
func original(name string) *sale.Original {
	if len(name) == 12 && !strings.ContainsAny(name, "-_") && name[0] >= '0' && name[0] <= '9' {
		return &sale.Original{RRN: name}
	}
	return &sale.Original{ID: name}
}

// text gives an instant as RFC 3339 in the tenant's zone; nothing for none.
func (c *call) text(i clock.Instant) string {
	if i == 0 {
		return ""
	}
	return c.at(i).Format(time.RFC3339)
}

func membershipID(m int64) string { return id.Format("mbs", m) }

// Movement is what one entry did to an account.
type Movement struct {
	Entry   string        `json:"entry"`
	Seq     int64         `json:"seq"`
	Kind    string        `json:"kind"`
	Key     string        `json:"key,omitempty"`
	RRN     string        `json:"rrn"`
	At      time.Time     `json:"at"`
	Date    clock.Day     `json:"business_date"`
	Value   clock.Day     `json:"value_date" doc:"The local day of accounting; the last valid day of what expired."`
	Receipt string        `json:"receipt,omitempty"`
	Amount  int64         `json:"amount" doc:"What it added to the account, in all its buckets."`
	Parts   []MovementRow `json:"parts"`
}

// MovementRow is what an entry did to one bucket.
type MovementRow struct {
	Bucket string `json:"bucket"`
	Amount int64  `json:"amount"`
}

// statementScan bounds how many entries of a holder one page looks at.
const statementScan = 2000

func (a *API) statement(c *call) (*List[Movement], error) {
	x, err := a.purseAt(c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	list := "statement " + c.r.PathValue("id")
	after, limit, err := a.paged(c, list)
	if err != nil {
		return nil, err
	}
	out := &List[Movement]{Items: []Movement{}}
	more := false
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		key, err := ledger.ReadNumberKey(c.r.Context(), tx)
		if err != nil {
			return err
		}
		out.Items, more = out.Items[:0], true
		for seen := 0; more && len(out.Items) < limit && seen < statementScan; seen += maxPage {
			entries, err := ledger.Statement(c.r.Context(), tx, x.account.Holder, after, maxPage)
			if fault.Is(err, fault.ErrNotFound) {
				more = false // a card of stock has no holder yet
				return nil
			}
			if err != nil {
				return err
			}
			after, more = c.movements(out, entries, x.account, key, after, limit)
		}
		return nil
	})
	if err == nil && more {
		out.Next, err = a.cursor(c, list, after)
	}
	return out, err
}

// movements adds what concerns the account, until the page is full. It gives the last entry that it looked
// at, and whether there may be more.
func (c *call) movements(out *List[Movement], entries []*ledger.Entry, x ledger.Account, key ledger.NumberKey, after int64, limit int) (int64, bool) {
	for _, e := range entries {
		if len(out.Items) == limit {
			return after, true
		}
		after = e.Seq
		m := Movement{
			Entry: ledger.FormatEntryID(e.Seq, key), Seq: e.Seq, Kind: e.Kind.String(), Key: e.Key, RRN: ledger.FormatRRN(e, key), At: c.at(e.BookedAt),
			Date: e.BusinessDate, Value: e.ValueDate, Receipt: strings.TrimPrefix(e.Receipt, "order:"),
		}
		for _, l := range e.Post.Lines {
			if l.Holder == x.Holder && l.Unit == x.Unit && sale.WalletOf(l.Kind) == sale.WalletOf(x.Kind) {
				m.Amount += l.Amount
				m.Parts = append(m.Parts, MovementRow{l.Kind.String(), l.Amount})
			}
		}
		if m.Parts != nil {
			out.Items = append(out.Items, m)
		}
	}
	return after, len(entries) == maxPage
}
