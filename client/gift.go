package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"
)

var errEmptyAdvice = errors.New("client: an advice needs a sale, a return, a reversal or a visit")

// GiftRequest loads, cashes out or asks after one gift card. Amount is in minor units.
type GiftRequest struct {
	ID          string     `json:"id,omitempty"`
	TerminalSeq int64      `json:"terminal_seq,omitempty"`
	Context     *Context   `json:"context,omitempty"`
	Value       string     `json:"value"` // the card's number
	Product     string     `json:"product,omitempty"`
	Amount      int64      `json:"amount,omitempty"`
	Currency    string     `json:"currency,omitempty"`
	Receipt     string     `json:"receipt,omitempty"`
	At          *time.Time `json:"at,omitempty"`
	Cashier     string     `json:"cashier,omitempty"`
	Approval    string     `json:"approval,omitempty"`
	Verify      *Verify    `json:"verify,omitempty"`
}

// GiftAnswer is a gift card after the call.
type GiftAnswer struct {
	Answer
	ID       string    `json:"id"`
	RRN      string    `json:"rrn"`
	Status   string    `json:"status"`
	Card     string    `json:"card"` // masked
	Balances []Balance `json:"balances"`
	Display  string    `json:"display"`
}

// ActivateGift sells a gift card: a sale of one gift_card_sale line.
func (c *Client) ActivateGift(ctx context.Context, in GiftRequest) (GiftAnswer, error) {
	return c.gift(ctx, "/gift/activate", in)
}

// LoadGift adds money to an active gift card.
func (c *Client) LoadGift(ctx context.Context, in GiftRequest) (GiftAnswer, error) {
	return c.gift(ctx, "/gift/load", in)
}

// CashOutGift pays a gift card's rest to its bearer, where the programme permits it.
func (c *Client) CashOutGift(ctx context.Context, in GiftRequest) (GiftAnswer, error) {
	return c.gift(ctx, "/gift/cashout", in)
}

func (c *Client) gift(ctx context.Context, path string, in GiftRequest) (GiftAnswer, error) {
	var out GiftAnswer
	err := c.till(ctx, path, in.ID, in, &out)
	return out, err
}

// GiftBalance tells what is on a gift card. It books nothing.
func (c *Client) GiftBalance(ctx context.Context, in GiftRequest) (GiftAnswer, error) {
	var out GiftAnswer
	err := c.ask(ctx, "/pos/v1/gift/balance", in, &out)
	return out, err
}

// VisitRequest uses a pass.
type VisitRequest struct {
	ID          string      `json:"id"`
	TerminalSeq int64       `json:"terminal_seq"`
	Context     *Context    `json:"context,omitempty"`
	Session     string      `json:"session,omitempty"`
	Presented   []Presented `json:"presented,omitempty"`
	Pass        string      `json:"pass,omitempty"` // ref of the pass that the cashier chose
	Guests      int         `json:"guests,omitempty"`
	At          *time.Time  `json:"at,omitempty"`
	Cashier     string      `json:"cashier,omitempty"`
}

// Visited is a used pass and what is left of it.
type Visited struct {
	Answer
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Pass     string    `json:"pass"`
	Balances []Balance `json:"balances"`
	Display  string    `json:"display"`
}

// Visit uses a pass once. It returns a *Problem with pass_used_up, pass_not_valid_now or pass_frozen.
func (c *Client) Visit(ctx context.Context, in VisitRequest) (Visited, error) {
	var out Visited
	err := c.till(ctx, "/visits", in.ID, in, &out)
	return out, err
}

// Receipt gives the answer of a booked operation again, for a printer that ran out of paper.
func (c *Client) Receipt(ctx context.Context, id string) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.get(ctx, "/pos/v1/receipt/"+url.PathEscape(id), &out)
	return out, err
}
