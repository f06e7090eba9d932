package api

import (
	"context"
	"net/http"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/card"
)

// NewCardBatch describes cards that are made in stock.
type NewCardBatch struct {
	Programme string    `json:"programme"`
	Product   string    `json:"product,omitempty"`
	Rule      card.Rule `json:"rule"`
	Quantity  int64     `json:"quantity" doc:"1 to 1,000,000."`
}

// CardBatch is a lot of cards in the making, or made.
type CardBatch struct {
	Seen
	ID        card.BatchID `json:"id"`
	Programme string       `json:"programme"`
	Product   string       `json:"product,omitempty"`
	Rule      card.Rule    `json:"rule"`
	Quantity  int64        `json:"quantity"`
	Made      int64        `json:"made"`
	State     string       `json:"state" enum:"ordered,generated"`
	CreatedAt time.Time    `json:"created_at"`
}

// NumberedCard is a card of a batch with its number, for the printer.
type NumberedCard struct {
	ID     card.ID `json:"id"`
	Number string  `json:"number"`
}

func (a *API) batchRoutes() {
	const tag = "cards"
	order := op{method: http.MethodPost, path: "/v1/card-batches", id: "order-cards", tag: tag, summary: "Make cards in stock", scope: "cards:write", status: http.StatusAccepted}
	order.about = "The numbers are made after the answer; the batch tells its progress."
	write(a, order, plain, false, a.orderCards)
	read(a, op{path: "/v1/card-batches/{id}", id: "read-card-batch", tag: tag, summary: "Read a batch of cards with its progress", scope: "cards:read"}, a.readBatch)
	read(a, op{path: "/v1/card-batches/{id}/numbers", id: "list-card-numbers", tag: tag, summary: "List the numbers of a batch, for the printer", scope: "cards:print",
		query: []param{paramAfter, paramLimit}}, a.batchNumbers)
}

func (a *API) orderCards(c *call, in *NewCardBatch) (deed[CardBatch], error) {
	p, err := a.programme(c, in.Programme)
	if err != nil {
		return nil, fault.Invalid("programme", "a programme of the tenant")
	}
	kinds, err := kindsOf(p.At(a.Clock.Now()), in.Product)
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*CardBatch, error) {
		ask := card.BatchRequest{Programme: p.ID, Product: in.Product, Kinds: kinds, Rule: in.Rule, Quantity: in.Quantity}
		n, err := a.Stock.OrderIn(c.r.Context(), tx, ask)
		if err != nil {
			return nil, err
		}
		c.after = func() { a.make(c.tenant, n) }
		err = access.Audit(c.r.Context(), tx, a.Clock.Now(), c.caller.Actor(), "card_batch.order", n.String(), ask, c.by().Request)
		return &CardBatch{ID: n, Programme: p.ID, Product: in.Product, Rule: in.Rule, Quantity: in.Quantity, State: card.Ordered, CreatedAt: c.at(a.Clock.Now())}, err
	}, nil
}

// readBatch tells how far a batch is, and sees to it that somebody makes it: also after a crash.
func (a *API) readBatch(c *call) (*CardBatch, error) {
	n, err := c.path("cbt")
	if err != nil {
		return nil, err
	}
	b, err := a.Stock.Batch(c.r.Context(), c.tenant, card.BatchID(n))
	if err != nil {
		return nil, err
	}
	if b.State == card.Ordered {
		a.make(c.tenant, b.ID)
	}
	return &CardBatch{
		ID: b.ID, Programme: b.Programme, Product: b.Product, Rule: b.Rule, Quantity: b.Quantity, Made: b.Made, State: b.State, CreatedAt: c.at(b.CreatedAt),
	}, nil
}

// make lets the numbers of a batch be made, unless they are being made.
func (a *API) make(tenant int64, b card.BatchID) {
	a.crew.Go(context.Background(), int64(b), func(ctx context.Context) {
		_ = a.Stock.Run(ctx, tenant, b, func(int64) {}) // what stopped it stops it at the next look as well
	})
}

func (a *API) batchNumbers(c *call) (*List[NumberedCard], error) {
	n, err := c.path("cbt")
	if err != nil {
		return nil, err
	}
	list := "numbers " + card.BatchID(n).String()
	after, limit, err := a.paged(c, list)
	if err != nil {
		return nil, err
	}
	found, err := a.Stock.Numbers(c.r.Context(), c.tenant, card.BatchID(n), card.ID(after), limit)
	if err != nil {
		return nil, err
	}
	out := &List[NumberedCard]{Items: []NumberedCard{}}
	for _, x := range found {
		out.Items = append(out.Items, NumberedCard{x.Card, string(x.Number)})
	}
	if len(found) == limit {
		out.Next, err = a.cursor(c, list, int64(found[limit-1].Card))
	}
	return out, err
}
