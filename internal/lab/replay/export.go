package replay

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"lojal/client"
)

// entry is a ledger entry as the server gives it, with the answer of its operation when it is a sale or a
// return of this log.
type entry struct {
	Seq      int64     `json:"seq"`
	Kind     string    `json:"kind"`
	Key      string    `json:"key"`
	Receipt  string    `json:"receipt"`
	Date     string    `json:"business_date"`
	Postings []posting `json:"postings"`
	Result   *result   `json:"result"`
}

// posting is a signed amount on one account; a customer's has a holder.
type posting struct {
	Holder string `json:"holder"`
	Kind   string `json:"kind"`
	Amount int64  `json:"amount"`
}

// result is what of an answer the report needs.
type result struct {
	Totals struct {
		Before   int64 `json:"before"`
		Discount int64 `json:"discount"`
		Payable  int64 `json:"payable"`
		Refund   int64 `json:"refund"`
	} `json:"totals"`
	Approved struct {
		Burn int64 `json:"burn_points"`
		Earn int64 `json:"earn_points"`
	} `json:"approved"`
	Points struct {
		Clawback int64 `json:"clawback"`
		Restored int64 `json:"restored"`
	} `json:"points"`
}

// entries reads the whole ledger, oldest first, and hands every entry to each. With a file they are
// exported to it on the way, as the server gave them and with the answer beside.
func (r *run) entries(ctx context.Context, each func(*entry) error) error {
	out := io.Discard
	if r.options.Export != "" {
		f, err := os.Create(r.options.Export)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	text := bufio.NewWriterSize(out, 1<<20)
	for after := ""; ; {
		page, err := r.admin.Entries(ctx, after, client.MaxPage)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		list, err := r.answered(ctx, page.Items)
		if err != nil {
			return err
		}
		for i := range list {
			if _, err := fmt.Fprintf(text, "%s\n", page.Items[i]); err != nil {
				return err
			}
			if err := each(&list[i]); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return text.Flush()
		}
		after = page.Next
	}
}

// answered reads entries and puts the answers of their operations beside them, in items too.
func (r *run) answered(ctx context.Context, items []json.RawMessage) ([]entry, error) {
	list := make([]entry, len(items))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	slots := make(chan struct{}, r.options.Workers)
	for i := range items {
		if err := json.Unmarshal(items[i], &list[i]); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		o := r.byID[list[i].Key]
		if o == nil {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := r.answer(ctx, o, &list[i], &items[i]); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return list, context.Cause(ctx)
}

// answer asks for the answer of an operation by its key and puts it into the entry.
func (r *run) answer(ctx context.Context, o *operation, e *entry, raw *json.RawMessage) error {
	op, err := r.tills[o.outlet].Operation(ctx, o.id)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", o.id, err)
	}
	if op.Status != client.Applied {
		return fmt.Errorf("%s is entry %d of the ledger, but its look-up says %s", o.id, e.Seq, op.Status)
	}
	e.Result = &result{}
	if err := json.Unmarshal(op.Result, e.Result); err != nil {
		return fmt.Errorf("answer of %s: %w", o.id, err)
	}
	short, err := json.Marshal(e.Result)
	if err != nil {
		return err
	}
	text := append([]byte(nil), (*raw)[:len(*raw)-1]...)
	*raw = fmt.Appendf(text, `,"customer":%s,"result":%s}`, strconv.Quote(o.customer), short)
	return nil
}
