package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/money"
)

const (
	top           = 10 // outlets and members of the report
	mismatchesMax = 50 // told one by one
)

// Report is what came of a replay, read back from the server's ledger. Amounts are minor units of the
// currency, at list price unless said otherwise.
type Report struct {
	Currency    string            `json:"currency"`
	Rows        int               `json:"rows"`
	Booked      int               `json:"booked"`
	LeftOut     map[string]int64  `json:"left_out"`
	BlindUnits  int64             `json:"blind_units"` // cancelled units that no earlier sale has
	Invoices    int               `json:"invoices"`
	Sales       int64             `json:"sales"`
	Anonymous   int64             `json:"anonymous_sales"`
	Returns     int64             `json:"returns"`
	Members     int               `json:"members"`
	Totals      Totals            `json:"totals"`
	Outstanding int64             `json:"points_outstanding"` // debt taken off
	Months      map[string]Totals `json:"months"`
	Customers   map[string]Totals `json:"customers"` // the anonymous under ""
	TopOutlets  []Ranked          `json:"top_outlets"`
	TopMembers  []Ranked          `json:"top_members"`
	Sent        int               `json:"sent"`    // operations of this run
	Skipped     int               `json:"skipped"` // that an earlier run had applied
	Seconds     int64             `json:"seconds"`
	PerSecond   int64             `json:"per_second"`
	Mismatches  []string          `json:"mismatches,omitempty"`
}

// Totals are control totals of a month or a customer.
type Totals struct {
	Turnover int64 `json:"turnover"`
	Returned int64 `json:"returned"` // money refunded and worth of points restored
	Refunded int64 `json:"refunded"` // money alone
	Earned   int64 `json:"points_earned"`
	Burned   int64 `json:"points_burned"`
	Clawed   int64 `json:"points_clawed_back"`
	Restored int64 `json:"points_restored"`
	Expired  int64 `json:"points_expired"`
}

func (t *Totals) add(o Totals) {
	t.Turnover += o.Turnover
	t.Returned += o.Returned
	t.Refunded += o.Refunded
	t.Earned += o.Earned
	t.Burned += o.Burned
	t.Clawed += o.Clawed
	t.Restored += o.Restored
	t.Expired += o.Expired
}

// Ranked is a place of a top list.
type Ranked struct {
	Name     string `json:"name"`
	Turnover int64  `json:"turnover"`
	Points   int64  `json:"points_outstanding,omitempty"`
}

// books gathers what the ledger says.
type books struct {
	*run
	out     *Report
	outlets map[string]int64
	owner   map[string]string // holder: customer
	points  map[string]int64  // customer: balance by its postings
	seen    map[string]bool   // operations that the ledger has
}

// report reads the ledger back, entry by entry, and compares it with the plan.
func (r *run) report(ctx context.Context) (*Report, error) {
	took := clock.Mono() - r.began
	b := &books{
		run: r, outlets: map[string]int64{}, owner: map[string]string{}, points: map[string]int64{}, seen: map[string]bool{},
		out: &Report{
			Currency: r.m.Currency.Code, Rows: r.plan.rows, Booked: r.plan.booked, LeftOut: r.plan.left, BlindUnits: r.plan.blindUnits,
			Invoices: r.plan.invoices, Months: map[string]Totals{}, Customers: map[string]Totals{},
			Sent: r.sent, Skipped: r.plan.operations() - r.sent, Seconds: int64(took / time.Second), PerSecond: r.rate(),
		},
	}
	if err := r.entries(ctx, b.read); err != nil {
		return nil, err
	}
	b.compare()
	b.rank()
	if len(b.out.Mismatches) > 0 {
		return b.out, ErrMismatch
	}
	return b.out, nil
}

func (b *books) wrong(format string, args ...any) {
	if len(b.out.Mismatches) < mismatchesMax {
		b.out.Mismatches = append(b.out.Mismatches, fmt.Sprintf(format, args...))
	}
}

// read books one entry.
func (b *books) read(e *entry) error {
	o := b.byID[e.Key]
	if o != nil {
		if b.seen[o.id] {
			b.wrong("%s is in the ledger twice", o.id)
		}
		b.seen[o.id] = true
		b.own(o, e)
	}
	customer, t := b.totals(o, e)
	month := b.out.Months[e.Date[:len("2006-01")]]
	month.add(t)
	b.out.Months[e.Date[:len("2006-01")]] = month
	one := b.out.Customers[customer]
	one.add(t)
	b.out.Customers[customer] = one
	b.out.Totals.add(t)
	for _, p := range e.Postings {
		if p.Holder != "" && strings.HasPrefix(p.Kind, "points") {
			b.points[customer] += p.Amount
			b.out.Outstanding += p.Amount
		}
	}
	return nil
}

// own learns which customer a holder belongs to, so that an expiry can be told whose it is.
func (b *books) own(o *operation, e *entry) {
	for _, p := range e.Postings {
		if p.Holder != "" && o.customer != "" {
			b.owner[p.Holder] = o.customer
		}
	}
}

// totals gives the customer of an entry and what it adds. Movements of points are taken from the postings,
// money from the answer, and both are held against each other.
func (b *books) totals(o *operation, e *entry) (string, Totals) {
	var t Totals
	customer := ""
	system := map[string]int64{}
	for _, p := range e.Postings {
		if p.Holder == "" {
			system[p.Kind] += p.Amount
		} else if customer == "" {
			customer = b.owner[p.Holder]
		}
	}
	switch {
	case o == nil:
		t.Expired = system["BREAKAGE"]
	case o.original == nil:
		customer = o.customer
		t.Turnover, t.Earned, t.Burned = e.Result.Totals.Before, -system["UNITS_ISSUED"], system["UNITS_REDEEMED"]
		b.sold(o, e, t)
	default:
		customer = o.customer
		t.Clawed, t.Restored, t.Refunded = system["UNITS_ISSUED"], -system["UNITS_REDEEMED"], e.Result.Totals.Refund
		t.Returned = t.Refunded + t.Restored
		b.gave(o, e, t)
	}
	return customer, t
}

func (b *books) sold(o *operation, e *entry, t Totals) {
	b.out.Sales++
	if o.customer == "" {
		b.out.Anonymous++
	}
	b.outlets[b.plan.outlets[o.outlet]] += t.Turnover
	a := e.Result.Approved
	switch {
	case t.Turnover != o.gross():
		b.wrong("%s: the log says %d, the ledger %d", o.id, o.gross(), t.Turnover)
	case t.Earned != a.Earn || t.Burned != a.Burn:
		b.wrong("%s: answered %d earned and %d burned, posted %d and %d", o.id, a.Earn, a.Burn, t.Earned, t.Burned)
	case e.Result.Totals.Payable != t.Turnover-t.Burned || e.Result.Totals.Discount != t.Burned:
		b.wrong("%s: %d less %d points is answered as %d to pay", o.id, t.Turnover, t.Burned, e.Result.Totals.Payable)
	}
}

// gave compares a return. Money and restored points are each rounded per line when points had paid a part
// (R8), so together they may differ from the list price by a minor unit for each line.
func (b *books) gave(o *operation, e *entry, t Totals) {
	b.out.Returns++
	off := t.Returned - o.gross()
	if max(off, -off) > int64(len(o.lines)) {
		b.wrong("%s: the log says %d, the ledger %d", o.id, o.gross(), t.Returned)
	}
	if p := e.Result.Points; t.Clawed < p.Clawback || t.Restored != p.Restored {
		b.wrong("%s: answered %d clawed back and %d restored, posted %d and %d", o.id, p.Clawback, p.Restored, t.Clawed, t.Restored)
	}
}

// compare looks for operations that the ledger lacks, and for customers whose points do not add up.
func (b *books) compare() {
	for _, g := range b.plan.groups {
		for _, o := range g {
			if !b.seen[o.id] {
				b.wrong("%s is not in the ledger", o.id)
			}
		}
	}
	b.out.Members = len(b.out.Customers)
	if _, anonymous := b.out.Customers[""]; anonymous {
		b.out.Members--
	}
	for customer, t := range b.out.Customers {
		if sum := t.Earned - t.Burned - t.Clawed + t.Restored - t.Expired; sum != b.points[customer] {
			b.wrong("customer %s: points add up to %d, the accounts hold %d", cmp.Or(customer, "(none)"), sum, b.points[customer])
		}
	}
}

func (b *books) rank() {
	for name, turnover := range b.outlets {
		b.out.TopOutlets = append(b.out.TopOutlets, Ranked{Name: name, Turnover: turnover})
	}
	for customer, t := range b.out.Customers {
		if customer != "" {
			b.out.TopMembers = append(b.out.TopMembers, Ranked{customer, t.Turnover - t.Returned, b.points[customer]})
		}
	}
	for _, list := range []*[]Ranked{&b.out.TopOutlets, &b.out.TopMembers} {
		slices.SortFunc(*list, func(a, b Ranked) int {
			return cmp.Or(cmp.Compare(b.Turnover, a.Turnover), cmp.Compare(a.Name, b.Name))
		})
		*list = (*list)[:min(len(*list), top)]
	}
}

// JSON writes the report as one object.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Print writes the report for people.
func (r *Report) Print(out io.Writer) error {
	currency, _ := money.Find(r.Currency)
	amount := func(v int64) string { return money.FormatDecimal(v, int(currency.Exponent)) }
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "rows\t%d\t\nbooked\t%d\t\n", r.Rows, r.Booked)
	for _, reason := range slices.Sorted(maps.Keys(r.LeftOut)) {
		fmt.Fprintf(w, "%s\t%d\t\n", reason, r.LeftOut[reason])
	}
	fmt.Fprintf(w, "\t\t\ninvoices\t%d\t\nsales\t%d\t\nof them anonymous\t%d\t\nreturns\t%d\t\nmembers\t%d\t\n", r.Invoices, r.Sales, r.Anonymous, r.Returns, r.Members)
	fmt.Fprintf(w, "turnover %s\t%s\t\nreturned\t%s\t\n", r.Currency, amount(r.Totals.Turnover), amount(r.Totals.Returned))
	t := r.Totals
	fmt.Fprintf(w, "points earned\t%d\t\nburned\t%d\t\nclawed back\t%d\t\nrestored\t%d\t\nexpired\t%d\t\noutstanding\t%d\t\n", t.Earned, t.Burned, t.Clawed, t.Restored, t.Expired, r.Outstanding)
	fmt.Fprintf(w, "sent in this run\t%d\t\nalready there\t%d\t\nseconds\t%d\t\nper second\t%d\t\n\n", r.Sent, r.Skipped, r.Seconds, r.PerSecond)
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "month\tturnover\treturned\tearned\tburned\texpired\t\n")
	for _, m := range slices.Sorted(maps.Keys(r.Months)) {
		t := r.Months[m]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t\n", m, amount(t.Turnover), amount(t.Returned), t.Earned, t.Burned, t.Expired)
	}
	fmt.Fprintf(w, "\noutlet\tturnover\t\n")
	for _, o := range r.TopOutlets {
		fmt.Fprintf(w, "%s\t%s\t\n", o.Name, amount(o.Turnover))
	}
	fmt.Fprintf(w, "\nmember\tturnover less returns\tpoints\t\n")
	for _, m := range r.TopMembers {
		fmt.Fprintf(w, "%s\t%s\t%d\t\n", m.Name, amount(m.Turnover), m.Points)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, m := range r.Mismatches {
		fmt.Fprintln(out, "mismatch:", m)
	}
	return nil
}
