package web

import (
	"encoding/json"
	"testing"
)

// saleBody is a one-shot sale of five lines as a till sends it, 1.1 KB.
const saleBody = `{"id":"01JD0ZB7QK2T4V6W8X0Y2Z4A6B","kind":"sale","receipt":"A-10234","currency":"EUR","at":"2026-11-22T10:05:40+02:00",` +
	`"context":{"outlet":"017","terminal":"20010447","shift":"412","cashier":"c07"},"terminal_seq":8813,` +
	`"presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],"lines":[` +
	`{"no":1,"type":"goods","sku":"4750001","name":"Coffee","qty":"1","unit_price":450,"total":450,"vat":"21","group":"coffee","locked":false},` +
	`{"no":2,"type":"goods","sku":"4750002","name":"Bread","qty":"1","unit_price":450,"total":450,"vat":"21","group":"bakery","locked":false},` +
	`{"no":3,"type":"goods","sku":"4750003","name":"Milk","qty":"1","unit_price":450,"total":450,"vat":"21","group":"dairy","locked":false},` +
	`{"no":4,"type":"goods","sku":"4750004","name":"Sviests","qty":"1","unit_price":450,"total":450,"vat":"21","group":"dairy","locked":false},` +
	`{"no":5,"type":"goods","sku":"4750005","name":"Siers","qty":"1","unit_price":450,"total":450,"vat":"21","group":"dairy","locked":false}],` +
	`"wish":{"burn_points":100},"tenders":[{"kind":"cash","amount":2150}],"verify":{"method":"pin","code":"271828"}}`

// sale is what the benchmark's reader picks out; every value of the body is read.
type sale struct {
	id      string
	lines   int
	payable int64
}

func (s *sale) read(r *Reader) {
	*s = sale{}
	r.Object(func(key string) bool {
		switch key {
		case "id":
			s.id = r.Str()
		case "kind", "receipt", "currency", "at":
			r.Str()
		case "terminal_seq":
			r.Int()
		case "lines":
			r.Array(func(int) {
				s.lines++
				r.Object(func(key string) bool {
					switch key {
					case "total":
						s.payable += r.Int()
					case "no", "unit_price":
						r.Int()
					case "locked":
						r.Bool()
					default:
						r.Str()
					}
					return true
				})
			})
		default:
			walk(r)
		}
		return true
	})
	r.End()
}

// jsonSale is the same body for encoding/json.
type jsonSale struct {
	ID          string            `json:"id"`
	Kind        string            `json:"kind"`
	Receipt     string            `json:"receipt"`
	Currency    string            `json:"currency"`
	At          string            `json:"at"`
	Context     map[string]string `json:"context"`
	TerminalSeq int64             `json:"terminal_seq"`
	Presented   []struct{ Kind, Value, Entry string }
	Lines       []struct {
		No        int64  `json:"no"`
		Type      string `json:"type"`
		SKU       string `json:"sku"`
		Name      string `json:"name"`
		Qty       string `json:"qty"`
		UnitPrice int64  `json:"unit_price"`
		Total     int64  `json:"total"`
		VAT       string `json:"vat"`
		Group     string `json:"group"`
		Locked    bool   `json:"locked"`
	} `json:"lines"`
	Wish    map[string]int64 `json:"wish"`
	Tenders []struct {
		Kind   string `json:"kind"`
		Amount int64  `json:"amount"`
	} `json:"tenders"`
	Verify map[string]string `json:"verify"`
}

func BenchmarkSale_Reader(b *testing.B) {
	body := []byte(saleBody)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var s sale
	for b.Loop() {
		r := NewReader(body)
		s.read(r)
		if r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
}

func BenchmarkSale_EncodingJSON(b *testing.B) {
	body := []byte(saleBody)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var s jsonSale
		if err := json.Unmarshal(body, &s); err != nil {
			b.Fatal(err)
		}
	}
}
