package sale

import (
	"encoding/json"
	"fmt"

	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// Tenders gives how a sale was paid, in the till's own words, with what it rounded of cash; none where the
// till did not say.
func Tenders(e *ledger.Entry) ([]reward.Tender, error) {
	var rec Record
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, fmt.Errorf("sale %d: %w", e.Seq, err)
	}
	if rec.Wish == nil {
		return nil, nil
	}
	return rec.Wish.Tenders, nil
}
