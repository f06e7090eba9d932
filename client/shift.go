package client

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// ShiftRequest opens or closes a cashier's session.
type ShiftRequest struct {
	ID          string   `json:"id"`
	TerminalSeq int64    `json:"terminal_seq"`
	Context     *Context `json:"context,omitempty"`
	Cashier     string   `json:"cashier"`
	Shift       int64    `json:"shift,omitempty"` // on closing; 0 for the open one
}

// Shift is an open or closed session.
type Shift struct {
	Answer
	ID       string    `json:"id"`
	Shift    int64     `json:"shift"` // number of the terminal's shift
	Status   string    `json:"status"`
	Cashier  string    `json:"cashier"`
	OpenedAt time.Time `json:"opened_at"`
	ClosedAt time.Time `json:"closed_at"`
}

// OpenShift begins a cashier's session.
func (c *Client) OpenShift(ctx context.Context, in ShiftRequest) (Shift, error) {
	var out Shift
	err := c.till(ctx, "/shifts/open", in.ID, in, &out)
	return out, err
}

// CloseShift ends it.
func (c *Client) CloseShift(ctx context.Context, in ShiftRequest) (Shift, error) {
	var out Shift
	err := c.till(ctx, "/shifts/close", in.ID, in, &out)
	return out, err
}

// BatchRequest closes the batch of a terminal with the terminal's own totals, minor units and counts by
// operation code.
type BatchRequest struct {
	ID          string           `json:"id"`
	TerminalSeq int64            `json:"terminal_seq"`
	Context     *Context         `json:"context,omitempty"`
	Cashier     string           `json:"cashier,omitempty"`
	Totals      map[string]Count `json:"totals,omitempty"`
}

// Count is a number of operations and their sum.
type Count struct {
	Count  int64 `json:"count"`
	Amount int64 `json:"amount"`
}

// Batch is a closed batch: Status balanced or out_of_balance, Z its report.
type Batch struct {
	Answer
	ID     string          `json:"id"`
	No     json.Number     `json:"no"`
	Status string          `json:"status"`
	Z      json.RawMessage `json:"z"`
}

// CloseBatch ends the batch with the given number and compares totals.
func (c *Client) CloseBatch(ctx context.Context, no string, in BatchRequest) (Batch, error) {
	var out Batch
	err := c.till(ctx, "/batches/"+url.PathEscape(no)+"/close", in.ID, in, &out)
	return out, err
}

// ReportX gives the running report of the terminal, as the server writes it.
func (c *Client) ReportX(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.get(ctx, "/pos/v1/reports/x", &out)
	return out, err
}

// ReportZ gives the last closed report of the terminal.
func (c *Client) ReportZ(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.get(ctx, "/pos/v1/reports/z", &out)
	return out, err
}

// Health tells a till that the server is there and what it expects.
type Health struct {
	Answer
	Status         string    `json:"status"`
	Time           time.Time `json:"time"`
	MinTillVersion string    `json:"min_till_version"`
}

// Health asks whether the server can serve the till.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var out Health
	err := c.get(ctx, "/pos/v1/health", &out)
	return out, err
}
