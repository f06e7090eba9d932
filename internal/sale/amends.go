package sale

import (
	"encoding/json"
	"slices"

	"lojal/internal/ledger"
	"lojal/internal/reward"
)

// Amends is what the sale room keeps of a sale that was returned in part or whole. What is kept by part
// counts until that part is reversed, in whatever order returns are reversed.
type Amends struct {
	Parts   []reward.Part `json:"p,omitempty"`
	Entries []int64       `json:"e,omitempty"` // the return's entry, one per part
	Undone  []int         `json:"u,omitempty"` // positions of parts that were reversed
	Back    []refill      `json:"b,omitempty"` // value given back to what the sale used

	// Earned points that were not there to be taken back, and that no later return has made up for.
	Owed     int64 `json:"o,omitempty"` // stand as a debt
	Forgiven int64 `json:"f,omitempty"`
}

// refill is value that a part gave back for a lot; lot 0 stands for what the sale had taken from a debt.
type refill struct {
	Part   int         `json:"p"`
	Holder int64       `json:"h"`
	Kind   ledger.Kind `json:"k"`
	Lot    int64       `json:"l,omitempty"`
	Qty    int64       `json:"q"`
	Into   int64       `json:"i,omitempty"` // the lot that took it, where grace gave it a later day
}

func readAmends(state string) (Amends, error) {
	var a Amends
	if state == "" {
		return a, nil
	}
	return a, json.Unmarshal([]byte(state), &a)
}

// standing gives the parts that count.
func (a *Amends) standing() []reward.Part {
	var out []reward.Part
	for i := range a.Parts {
		if a.stands(i) {
			out = append(out, a.Parts[i])
		}
	}
	return out
}

func (a *Amends) stands(part int) bool { return !slices.Contains(a.Undone, part) }

// back gives how much was given back for a lot of an account.
func (a *Amends) back(of ledger.Account, lot int64) int64 {
	var sum int64
	for _, b := range a.Back {
		if b.Holder == of.Holder && b.Kind == of.Kind && b.Lot == lot && a.stands(b.Part) {
			sum += b.Qty
		}
	}
	return sum
}

// undo takes a return out again, by the entry that reversed it.
func (a *Amends) undo(seq int64, forgiven int64, by *ledger.Draft) {
	for i, e := range a.Entries {
		if e == seq {
			a.Undone = append(a.Undone, i)
		}
	}
	a.Forgiven -= forgiven
	for _, p := range by.Post.Lines {
		if p.Kind == ledger.Points.Debt() {
			a.Owed -= p.Amount
		}
	}
}

// refilled gives the lots of an account that returns give back to, in that order: those that the sale used
// last come first, each with the lots that grace put in its place.
func (a *Amends) refilled(of ledger.Account, uses []ledger.LotMove) []int64 {
	var out []int64
	for i := len(uses) - 1; i >= 0; i-- {
		out = append(out, uses[i].Lot)
		for _, b := range a.Back {
			if b.Into != 0 && b.Lot == uses[i].Lot && b.Holder == of.Holder && b.Kind == of.Kind && a.stands(b.Part) {
				out = append(out, b.Into)
			}
		}
	}
	return out
}
