package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// What may have become of an operation.
const (
	Applied  = "applied"
	Declined = "declined"
	Absent   = "absent"
)

// Operation is the fate of a key. Code is that of a decline. An absent key may still be on its way, unless
// it was fenced.
type Operation struct {
	Answer
	ID     string          `json:"id"`
	Status string          `json:"status"`
	Code   string          `json:"code"`
	Fenced bool            `json:"fenced"`
	Result json.RawMessage `json:"result"`
}

// Operation asks the till API what became of an id.
func (c *Client) Operation(ctx context.Context, id string) (Operation, error) {
	var out Operation
	err := c.get(ctx, "/pos/v1/operations/"+url.PathEscape(id), &out)
	return out, err
}

// Fence asks the same and closes an absent id for good: should the operation still arrive, it is refused.
func (c *Client) Fence(ctx context.Context, id string) (Operation, error) {
	var out Operation
	err := c.get(ctx, "/pos/v1/operations/"+url.PathEscape(id)+"?fence=true", &out)
	return out, err
}

// ManagedOperation asks the management API what became of a key; with fence an absent key is closed.
func (c *Client) ManagedOperation(ctx context.Context, key string, fence bool) (Operation, error) {
	path := "/v1/operations/" + url.PathEscape(key)
	if fence {
		path += "?fence=true"
	}
	var out Operation
	err := c.get(ctx, path, &out)
	return out, err
}

// Advice is one operation that already happened offline: exactly one of its parts is set. It is always
// booked.
type Advice struct {
	Kind     string // sale, return, reversal, visit
	Sale     *CommitRequest
	Return   *ReturnRequest
	Reversal *ReverseRequest
	Visit    *VisitRequest
}

// MarshalJSON writes the body of the part with its kind.
func (a Advice) MarshalJSON() ([]byte, error) {
	switch {
	case a.Sale != nil:
		sale := *a.Sale
		sale.Kind, sale.Offline = "sale", true
		return json.Marshal(sale)
	case a.Return != nil:
		return json.Marshal(struct {
			Kind    string `json:"kind"`
			Offline bool   `json:"offline"`
			*ReturnRequest
		}{"return", true, a.Return})
	case a.Reversal != nil:
		return json.Marshal(struct {
			Kind    string `json:"kind"`
			Offline bool   `json:"offline"`
			*ReverseRequest
		}{"reversal", true, a.Reversal})
	case a.Visit != nil:
		return json.Marshal(struct {
			Kind    string `json:"kind"`
			Offline bool   `json:"offline"`
			*VisitRequest
		}{"visit", true, a.Visit})
	}
	return nil, errEmptyAdvice
}

// Advised is the answer, one item for each advice in the order sent.
type Advised struct {
	Answer
	Items []struct {
		ID        string   `json:"id"`
		Status    string   `json:"status"`
		Code      string   `json:"code"`
		LedgerSeq int64    `json:"ledger_seq"`
		Flags     []string `json:"flags"`
	} `json:"items"`
}

// Advise reports what happened offline, in any order. Each item has its own key, so that the whole may be
// sent again.
func (c *Client) Advise(ctx context.Context, items ...Advice) (Advised, error) {
	var out Advised
	err := c.do(ctx, call{method: http.MethodPost, path: "/pos/v1/advices", body: map[string]any{"items": items}}, &out)
	return out, err
}
