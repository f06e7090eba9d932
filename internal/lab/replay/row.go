package replay

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"lojal/internal/base/money"
)

// Limits of what a row may say.
const (
	maxQty   = 1_000_000
	maxPrice = 1_000_000_00 // minor units
)

// row is one row of the log.
type row struct {
	invoice, sku, name, customer, outlet string

	qty   int64
	price int64 // minor units
	at    time.Time
	why   string // the rule that leaves the row out; nothing when it is booked
}

// reader reads rows of a log by its mapping.
type reader struct {
	csv  *csv.Reader
	m    *Mapping
	at   map[string]int
	line int
}

func newReader(in io.Reader, m *Mapping) (*reader, error) {
	r := &reader{csv: csv.NewReader(in), m: m, at: map[string]int{}}
	r.csv.Comma = rune(m.Comma[0])
	r.csv.ReuseRecord = true
	head, err := r.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("read the names of the columns: %w", err)
	}
	for i, name := range head {
		r.at[strings.TrimPrefix(name, "\ufeff")] = i
	}
	c := m.Columns
	for _, name := range []string{c.Invoice, c.SKU, c.Name, c.Qty, c.SoldAt, c.Price, c.Customer, c.Outlet} {
		if _, ok := r.at[name]; name != "" && !ok {
			return nil, fmt.Errorf("the log has no column %q", name)
		}
	}
	return r, nil
}

// next gives the next row, io.EOF after the last.
func (r *reader) next() (row, error) {
	fields, err := r.csv.Read()
	if err != nil {
		return row{}, err
	}
	r.line, _ = r.csv.FieldPos(0)
	field := func(name string) string {
		if name == "" {
			return ""
		}
		return strings.Clone(strings.TrimSpace(fields[r.at[name]]))
	}
	c := r.m.Columns
	one := row{
		invoice: field(c.Invoice), sku: field(c.SKU), name: field(c.Name), outlet: field(c.Outlet),
		customer: strings.TrimSuffix(field(c.Customer), r.m.StripEnd),
	}
	if one.invoice == "" {
		return row{}, r.wrong(errors.New("no invoice number"))
	}
	if one.at, err = time.ParseInLocation(r.m.TimeLayout, field(c.SoldAt), r.m.zone); err != nil {
		return row{}, r.wrong(err)
	}
	one.qty, err = strconv.ParseInt(field(c.Qty), 10, 64)
	if err != nil || max(one.qty, -one.qty) > maxQty {
		return row{}, r.wrong(fmt.Errorf("quantity %q is not a whole number up to %d", field(c.Qty), maxQty))
	}
	fraction, err := one.readPrice(field(c.Price), int(r.m.Currency.Exponent))
	if err != nil {
		return row{}, r.wrong(err)
	}
	one.why = r.m.reason(one, fraction)
	return one, nil
}

func (r *reader) wrong(err error) error { return fmt.Errorf("line %d of the log: %w", r.line, err) }

// readPrice reads a price and tells whether it has a fraction of a minor unit.
func (o *row) readPrice(text string, places int) (fraction bool, err error) {
	whole, decimals, _ := strings.Cut(text, ".")
	decimals = strings.TrimRight(decimals, "0")
	if len(decimals) > places {
		if _, err := money.ParseDecimal(text, len(decimals)); err != nil {
			return false, fmt.Errorf("price %q: %w", text, err)
		}
		return true, nil
	}
	if decimals != "" {
		whole += "." + decimals
	}
	o.price, err = money.ParseDecimal(whole, places)
	if err != nil || max(o.price, -o.price) > maxPrice {
		return false, fmt.Errorf("price %q is no amount up to %d minor units", text, maxPrice)
	}
	return false, nil
}

// reason gives the rule that leaves a row out. The first that fits counts.
func (m *Mapping) reason(o row, fraction bool) string {
	cancels := m.cancels(o.invoice)
	switch {
	case m.Bookkeeps != "" && strings.HasPrefix(o.invoice, m.Bookkeeps):
		return "bad_debt"
	case m.skipped[o.sku] != "":
		return m.skipped[o.sku]
	case o.qty == 0:
		return "quantity_zero"
	case o.qty < 0 && !cancels:
		return "stock_write_off"
	case o.qty > 0 && cancels:
		return "positive_cancellation"
	case fraction:
		return "price_fraction"
	case o.price == 0:
		return "price_zero"
	case o.price < 0:
		return "price_negative"
	}
	return ""
}

func (m *Mapping) cancels(invoice string) bool {
	return m.Cancels != "" && strings.HasPrefix(invoice, m.Cancels)
}

// lineType gives the type of a line on the till API.
func (m *Mapping) lineType(sku string) string {
	switch {
	case m.delivers[sku]:
		return "delivery"
	case m.Vouchers != "" && strings.HasPrefix(sku, m.Vouchers):
		return "other"
	}
	return "goods"
}
