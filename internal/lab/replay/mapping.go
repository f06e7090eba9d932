package replay

import (
	"bytes"
	_ "embed" // the mapping of the log that we ship
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"lojal/internal/base/money"
)

// Mapping says how a log of sales is laid out and which of its rows are goods.
type Mapping struct {
	Name       string              `yaml:"name"` // names the tenant: letters, digits and dashes
	Comma      string              `yaml:"comma"`
	Columns    Columns             `yaml:"columns"`
	TimeLayout string              `yaml:"time_layout"` // as Go writes 2006-01-02T15:04:05
	Zone       string              `yaml:"zone"`
	Currency   money.Currency      `yaml:"currency"`
	VAT        string              `yaml:"vat"` // percent on every line
	Cancels    string              `yaml:"cancel_prefix"`
	Bookkeeps  string              `yaml:"bookkeeping_prefix"`
	StripEnd   string              `yaml:"strip_customer_suffix"`
	Skip       map[string][]string `yaml:"skip"`     // reason: SKUs
	Delivery   []string            `yaml:"delivery"` // SKUs
	Vouchers   string              `yaml:"voucher_prefix"`

	zone     *time.Location
	skipped  map[string]string // SKU: reason
	delivers map[string]bool
}

// Columns name the columns of the log. Outlet may be empty: then everything happens in one.
type Columns struct {
	Invoice  string `yaml:"invoice"`
	SKU      string `yaml:"sku"`
	Name     string `yaml:"name"`
	Qty      string `yaml:"qty"`
	SoldAt   string `yaml:"sold_at"`
	Price    string `yaml:"price"`
	Customer string `yaml:"customer"`
	Outlet   string `yaml:"outlet"`
}

//go:embed online_retail.yaml
var onlineRetail []byte

// ReadMapping reads a mapping. Unknown keys are refused, since a misspelt one would be a rule not kept.
func ReadMapping(in io.Reader) (*Mapping, error) {
	d := yaml.NewDecoder(in)
	d.KnownFields(true)
	m := &Mapping{Comma: ",", VAT: "0", TimeLayout: time.RFC3339}
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	return m, m.check()
}

// OnlineRetail gives the mapping of UCI Online Retail II.
func OnlineRetail() *Mapping {
	m, err := ReadMapping(bytes.NewReader(onlineRetail))
	if err != nil {
		panic(err)
	}
	return m
}

func (m *Mapping) check() error {
	c := m.Columns
	if slices.Contains([]string{c.Invoice, c.SKU, c.Qty, c.SoldAt, c.Price, c.Customer}, "") {
		return errors.New("mapping: columns needs invoice, sku, qty, sold_at, price and customer")
	}
	if m.Name == "" || strings.Trim(m.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return errors.New("mapping: name is small letters, digits and dashes")
	}
	if len(m.Comma) != 1 {
		return errors.New("mapping: comma is one character")
	}
	if m.Currency.Code == "" {
		return errors.New("mapping: currency is missing")
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil || m.Zone == "" {
		return fmt.Errorf("mapping: no zone %q", m.Zone)
	}
	m.zone = zone
	m.skipped, m.delivers = map[string]string{}, map[string]bool{}
	for reason, skus := range m.Skip {
		for _, sku := range skus {
			if was, twice := m.skipped[sku]; twice {
				return fmt.Errorf("mapping: %s is skipped as %s and as %s", sku, was, reason)
			}
			m.skipped[sku] = reason
		}
	}
	for _, sku := range m.Delivery {
		m.delivers[sku] = true
	}
	return nil
}
