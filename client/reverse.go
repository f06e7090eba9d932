package client

import (
	"context"
	"net/url"
)

// Reasons of a reversal. Timeout and FiscalFailed are technical and never refused; ByCashier is a void,
// which may be.
const (
	ByTimeout    = "timeout"
	FiscalFailed = "fiscal_failed"
	ByCashier    = "cashier"
)

// Original names an earlier operation: RRN alone; outlet, receipt and business date; or terminal,
// terminal_seq and business date. Dates are YYYY-MM-DD.
type Original struct {
	RRN         string `json:"rrn,omitempty"`
	Receipt     string `json:"receipt,omitempty"`
	Outlet      string `json:"outlet,omitempty"`
	Terminal    string `json:"terminal,omitempty"`
	TerminalSeq int64  `json:"terminal_seq,omitempty"`
	Date        string `json:"date,omitempty"`
}

// ReverseRequest takes an operation back. Original is for Reversals, from another device.
type ReverseRequest struct {
	ID          string    `json:"id"`
	Reason      string    `json:"reason"`
	TerminalSeq int64     `json:"terminal_seq"`
	Cashier     string    `json:"cashier,omitempty"`
	Approval    string    `json:"approval,omitempty"`
	Original    *Original `json:"original,omitempty"`
}

// Reversed is a reversal: Status reversed, or tombstoned when the server had not seen the original, which
// is then refused when it comes.
type Reversed struct {
	Answer
	ID       string    `json:"id"`
	RRN      string    `json:"rrn"`
	Status   string    `json:"status"`
	Balances []Balance `json:"balances"`
	Display  string    `json:"display"`
}

// Reverse takes back the operation with the given id, made by the same terminal.
func (c *Client) Reverse(ctx context.Context, id string, in ReverseRequest) (Reversed, error) {
	var out Reversed
	err := c.till(ctx, "/transactions/"+url.PathEscape(id)+"/reverse", in.ID, in, &out)
	return out, err
}

// ReverseOriginal takes back an operation of another device of the outlet.
func (c *Client) ReverseOriginal(ctx context.Context, in ReverseRequest) (Reversed, error) {
	var out Reversed
	err := c.till(ctx, "/reversals", in.ID, in, &out)
	return out, err
}

// ReturnLine gives back part of a line, by quantity or by amount.
type ReturnLine struct {
	OriginalNo int    `json:"original_no"`
	Qty        string `json:"qty,omitempty"`
	Amount     *int64 `json:"amount,omitempty"`
}

// ReturnRequest gives goods back. RefundTenders is as_original by default.
type ReturnRequest struct {
	ID            string       `json:"id"`
	Context       *Context     `json:"context,omitempty"`
	Original      Original     `json:"original"`
	Receipt       string       `json:"receipt"`
	Cashier       string       `json:"cashier,omitempty"`
	Approval      string       `json:"approval,omitempty"`
	TerminalSeq   int64        `json:"terminal_seq"`
	Lines         []ReturnLine `json:"lines"`
	RefundTenders string       `json:"refund_tenders,omitempty"`
}

// Returned is a booked return: the money to pay out per means, and what happened to points and coupon.
type Returned struct {
	Answer
	ID     string `json:"id"`
	RRN    string `json:"rrn"`
	Status string `json:"status"`
	Totals Totals `json:"totals"`
	Refund []struct {
		Kind   string `json:"kind"`
		Card   string `json:"card"`
		Amount int64  `json:"amount"`
	} `json:"refund"`
	Points struct {
		Clawback        int64  `json:"clawback"`
		Restored        int64  `json:"restored"`
		RestoredExpires string `json:"restored_expires"`
	} `json:"points"`
	Coupon *struct {
		Ref      string `json:"ref"`
		Restored bool   `json:"restored"`
	} `json:"coupon"`
	Balances []Balance `json:"balances"`
	Display  string    `json:"display"`
}

// Return gives goods back. It returns a *Problem with original_not_found, over_return or
// return_window_over.
func (c *Client) Return(ctx context.Context, in ReturnRequest) (Returned, error) {
	var out Returned
	err := c.till(ctx, "/returns", in.ID, in, &out)
	return out, err
}
