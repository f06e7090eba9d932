package api

import (
	"testing"

	"lojal/internal/ledger"
)

// TestUnitNames_BothSidesOfAPosting holds that the two sides of a movement name one unit: postings of an
// answer sum to nothing per unit (I1), visits on the account of issued units included.
func TestUnitNames_BothSidesOfAPosting(t *testing.T) {
	t.Parallel()
	const points, visits, euro = ledger.FirstAsset, ledger.FirstAsset + 1, ledger.Unit(978)
	got := unitNames([]ledger.Posting{
		{Account: ledger.System(ledger.UnitsIssued, visits), Amount: -12},
		{Account: ledger.Account{Holder: 7, Kind: ledger.Visits, Unit: visits}, Amount: 12},
		{Account: ledger.Account{Holder: 7, Kind: ledger.Points, Unit: points}, Amount: 3},
		{Account: ledger.System(ledger.UnitsIssued, points), Amount: -3},
		{Account: ledger.System(ledger.CashClearing, euro), Amount: -100},
	})
	if got[visits] != "visit" || got[points] != "pt" || got[euro] != "EUR" {
		t.Errorf("units %v", got)
	}
}
