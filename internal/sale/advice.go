package sale

import (
	"context"
	"encoding/json"
	"slices"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// MaxAdvices is how many offline operations one upload carries at most.
const MaxAdvices = 200

// AdviceAnswer is the outcome of one offline operation.
type AdviceAnswer struct {
	ID     string         `json:"id"`
	Status string         `json:"status"` // applied, duplicate, parked, refused
	Seq    int64          `json:"ledger_seq,omitempty"`
	Flags  []string       `json:"flags"`
	Code   string         `json:"code,omitempty"`
	Params map[string]any `json:"params,omitempty"`
}

// Upload is an offline operation with the names of its original already resolved.
type Upload struct {
	Request Request
	Place   Place
	Named   Names
	Deed    Deed
	Err     error // it could not be read
}

// Advise books what was done offline (A15): in the order of the terminal's sequence whatever order it came
// in, always, with the till's own time cut to the window; a shortage becomes debt.
func (r *Room) Advise(ctx context.Context, items []Upload) []AdviceAnswer {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &items[a].Request, &items[b].Request
		if x.Context.Terminal != y.Context.Terminal {
			return 0
		}
		return int(x.TerminalSeq - y.TerminalSeq)
	})
	out := make([]AdviceAnswer, len(items))
	for _, i := range order {
		out[i] = r.advise(ctx, &items[i])
	}
	return out
}

func (r *Room) advise(ctx context.Context, u *Upload) AdviceAnswer {
	q := &u.Request
	q.Advice, q.Offline = true, true
	out := AdviceAnswer{ID: q.ID, Flags: []string{}}
	if u.Err != nil {
		return out.refused(u.Err)
	}
	var a Answer
	switch q.Kind {
	case "sale":
		a = r.Commit(ctx, u.Place, q)
	case "return":
		a = r.Return(ctx, u.Place, q, u.Named)
		if fault.Is(a.Err, ledger.ErrOriginalNotFound) {
			out.Status = "parked"
		}
	case "reversal":
		a = r.Reverse(ctx, u.Place, q, u.Named)
	case "visit", "load", "cashout":
		a = r.Purse(ctx, u.Place, q, u.Deed, Target{})
	default:
		return out.refused(fault.Invalid("items[].kind", "sale, return, reversal, visit, load or cashout"))
	}
	if a.Err != nil {
		return out.refused(a.Err)
	}
	out.Status, out.Seq = "applied", a.Seq
	if a.Replayed {
		out.Status = "duplicate"
	}
	var flags struct{ Flags []string }
	if json.Unmarshal(a.Body, &flags) == nil && flags.Flags != nil {
		out.Flags = flags.Flags
	}
	return out
}

func (a AdviceAnswer) refused(err error) AdviceAnswer {
	if a.Status == "" {
		a.Status = "refused"
	}
	a.Code = fault.ErrUnavailable.Name
	if f := fault.Of(err); f != nil {
		a.Code = f.Code.Name
		a.Params = map[string]any{}
		for _, p := range f.Params {
			a.Params[p.Name] = p.Value
		}
	}
	return a
}

// OperationAnswer says what became of an operation (A5).
type OperationAnswer struct {
	ID     string          `json:"id"`
	Status string          `json:"status"` // applied, declined, absent
	Fenced bool            `json:"fenced,omitempty"`
	Seq    int64           `json:"ledger_seq"`
	Epoch  int64           `json:"epoch"`
	Code   string          `json:"code,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
}

// Operation tells what became of the operation under a key. With fence an absent key is closed for ever:
// a tombstone stands under it, and the operation is refused if it still comes.
func (r *Room) Operation(ctx context.Context, p Place, key string, fenced bool) (OperationAnswer, error) {
	a := OperationAnswer{ID: key}
	for range maxStale {
		var known ledger.Outcome
		err := r.d.Read(ctx, p.Tenant, func(tx db.Tx) error {
			h, err := ledger.ReadHead(ctx, tx)
			if err != nil {
				return err
			}
			a.Seq, a.Epoch = h.Seq, h.Epoch
			known, err = ledger.ReadByKey(ctx, tx, p.Client, key)
			return err
		})
		if err != nil {
			return a, err
		}
		switch known.Found {
		case ledger.Applied:
			a.Status, a.Seq, a.Epoch = "applied", known.Entry.Seq, known.Entry.Epoch
			a.Result, err = r.render(ctx, p, known.Entry)
			return a, err
		case ledger.Refused:
			a.Status, a.Seq = "declined", known.Seq
			if f := fault.Of(known.Err); f != nil {
				a.Code = f.Code.Name
			}
			return a, nil
		case ledger.Tombstoned:
			a.Status, a.Fenced = "absent", true
			return a, nil
		}
		a.Status = "absent"
		if !fenced {
			return a, nil
		}
		res := r.lane.Do(ctx, &fence{place: p, client: p.Client, key: key})
		if res.Err == nil {
			a.Fenced, a.Seq, a.Epoch = true, res.Entry.Seq, res.Entry.Epoch
			return a, nil
		}
		if !fault.Is(res.Err, ledger.ErrNothingToDo) {
			return a, res.Err
		}
	}
	return a, fault.New(fault.ErrUnavailable)
}

func (r *Room) render(ctx context.Context, p Place, e *ledger.Entry) (json.RawMessage, error) {
	body, err := r.Render(ctx, p.Tenant, e)
	return body, err
}
