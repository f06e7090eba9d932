package sale

import (
	"context"
	"encoding/json"

	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
	"lojal/internal/shift"
)

// Discounts contributes the discounts given to X and Z (ZR-E): per rule how many lines it touched, their
// price before it, and what it took off. They are rendered from the sale documents.
func Discounts(book *programme.Book) func(e *ledger.Entry, add func(shift.Line)) {
	return func(e *ledger.Entry, add func(shift.Line)) {
		if e.Kind != ledger.SAL {
			return
		}
		var rec Record
		if json.Unmarshal([]byte(e.Doc), &rec) != nil {
			return
		}
		shelf, err := book.Shelf(context.Background(), e.Tenant)
		if err != nil {
			return
		}
		_, out, err := rec.price(shelf.Find(rec.Programme), e.Version)
		if err != nil {
			return
		}
		for _, x := range out.Effects {
			if x.Amount == 0 || x.Rule == reward.RuleBurn || x.Rule == reward.RulePromo || x.Rule == reward.RuleTill {
				continue
			}
			add(shift.Line{Name: x.Rule, Unit: ledger.Unit(out.Currency.Num), Count: int64(len(x.Lines)), Base: int64(x.Base), Sum: int64(x.Amount)})
		}
	}
}
