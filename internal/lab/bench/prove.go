package bench

import (
	"context"
	"encoding/json"
	"fmt"

	"lojal/internal/base/db"
	"lojal/internal/base/money"
	"lojal/internal/doctor"
	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// told is what is compared of an answer.
type told struct {
	Approved *struct {
		Gift money.Amount `json:"gift"`
		Burn int64        `json:"burn_points"`
		Earn int64        `json:"earn_points"`
	} `json:"approved"`
	Lines []struct {
		Payable money.Amount `json:"payable"`
	} `json:"lines"`
	Totals struct {
		Payable  money.Amount    `json:"payable"`
		Discount money.Amount    `json:"discount"`
		VAT      []reward.VATRow `json:"vat"`
	} `json:"totals"`
	Remaining money.Amount `json:"remaining_to_pay"`
	Earn      struct {
		Points int64 `json:"points"`
	} `json:"earn_preview"`
}

// reprice prices the samples again and compares each with what was answered.
func (s *side) reprice() (int, error) {
	for _, one := range s.samples {
		b := &s.baskets[one.Basket]
		o, err := b.price(s.version(), s.world.clock.Now())
		if err != nil {
			return 0, err
		}
		var t told
		if err := json.Unmarshal([]byte(one.Answer), &t); err != nil {
			return 0, err
		}
		if what := differs(o, &t); what != "" {
			return 0, fmt.Errorf("basket %d on %s: %s differs in %s", one.Basket, s.name, what, one.Answer)
		}
	}
	return len(s.samples), nil
}

// differs names what of an answer is not as priced.
func differs(o *reward.Outcome, t *told) string {
	switch {
	case t.Totals.Payable != o.Totals.Payable || t.Totals.Discount != o.Totals.Discount:
		return "a total"
	case len(t.Totals.VAT) != len(o.Totals.VAT) || t.Totals.VAT[0] != o.Totals.VAT[0]:
		return "the tax"
	case t.Remaining != o.Remaining:
		return "what is left to pay"
	case t.Earn.Points != o.Earn.Points:
		return "the award"
	case len(t.Lines) != len(o.Lines):
		return "the number of lines"
	}
	for i := range t.Lines {
		if t.Lines[i].Payable != o.Lines[i].Payable {
			return "a line"
		}
	}
	if a := t.Approved; a != nil && (a.Gift != o.Gifts[0].Paid+o.Gifts[0].Promo || a.Burn != o.Burn.Total() || a.Earn != o.Earn.Points) {
		return "what was approved"
	}
	return ""
}

var countSales = db.SQL("bench.count_sales", `
	SELECT COUNT(*) FROM entry WHERE tenant_id = $1 AND kind = 'SAL'`)

// prove checks the books that the run left: every invariant of the ledger, and as many sales as were
// answered. The server has stopped.
func (s *side) prove(ctx context.Context) (string, error) {
	d, err := db.Open(ctx, s.url, db.Options{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer d.Close()
	var rows int64
	err = d.Read(ctx, s.world.tenant, func(tx db.Tx) error {
		_, err := tx.One(ctx, countSales, db.Args(tx.Tenant()), &rows)
		return err
	})
	if err != nil {
		return "", err
	}
	if rows != s.booked {
		return "", fmt.Errorf("%s: %d sales were answered and %d stand in the books", s.name, s.booked, rows)
	}
	zones, err := s.zones(ctx, d)
	if err != nil {
		return "", err
	}
	r, err := doctor.New(d, s.world.clock, ledger.Checks(ledger.Options{Zones: zones})...).Run(ctx, doctor.Options{})
	if err != nil {
		return "", err
	}
	if !r.OK() {
		b, _ := json.Marshal(r)
		return "", fmt.Errorf("%s: the books do not hold: %.2000s", s.name, b)
	}
	return fmt.Sprintf("%s: %d sales answered, %d in the books, every invariant holds over %d entries", s.name, s.booked, rows, r.Tenants[0].Entries), nil
}
