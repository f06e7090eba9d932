package api

import (
	"encoding/json"
	"net/http"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/job"
)

// Event is something that happened.
type Event struct {
	ID   string          `json:"id" doc:"The same at every telling."`
	Seq  int64           `json:"seq,omitempty" doc:"The entry that it tells of."`
	Type string          `json:"type"`
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data"`
}

// Events is a page of events.
type Events struct {
	Seen
	Events []Event `json:"events"`
	Next   string  `json:"next" doc:"The cursor of what happens after them; it may be asked again and again."`
}

// maxWait bounds how long a request waits for something to happen.
const (
	maxWait  = 30
	waitStep = 200 * time.Millisecond
)

func (a *API) eventRoutes() {
	o := op{path: "/v1/events", id: "list-events", tag: "events", summary: "List what happened, the oldest first", scope: "events:read"}
	o.about = "The feed may be replayed from any cursor. With wait the answer comes when something has happened, after so many seconds at the latest."
	o.query = []param{paramAfter, paramLimit, {"wait", "0 to 30 seconds.", true}}
	read(a, o, a.events)
}

func (a *API) events(c *call) (*Events, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	wait, err := c.number("wait", 0)
	if err != nil || wait < 0 || wait > maxWait {
		return nil, fault.Invalid("wait", "0 to 30 seconds")
	}
	var at job.Cursor
	if err := a.goOn(c, "events", c.query("after"), &at); err != nil {
		return nil, err
	}
	steps := int64(time.Duration(wait) * time.Second / waitStep)
	for {
		list, next, err := a.happened(c, at, limit)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 || steps == 0 {
			out := &Events{Events: list}
			out.Next, err = a.cursor(c, "events", next)
			return out, err
		}
		steps--
		select {
		case <-c.r.Context().Done():
			return nil, fault.Wrap(fault.ErrUnavailable, c.r.Context().Err())
		case <-time.After(waitStep):
		}
	}
}

func (a *API) happened(c *call, at job.Cursor, limit int) ([]Event, job.Cursor, error) {
	out := []Event{}
	next := at
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		list, cursor, err := a.Sales.Events(c.r.Context(), tx, at, limit)
		out, next = out[:0], cursor
		for _, v := range list {
			out = append(out, Event{v.ID, v.Seq, v.Type, c.at(v.At), v.Data})
		}
		return err
	})
	return out, next, err
}

type webhookPrefix struct{}

// Prefix gives whk.
func (webhookPrefix) Prefix() string { return "whk" }

// WebhookID identifies a receiver of events.
type WebhookID = id.Of[webhookPrefix]

// NewWebhook is a receiver of events.
type NewWebhook struct {
	URL    string   `json:"url" doc:"https, port 443 or 8443, a public address."`
	Events []string `json:"events,omitempty" doc:"Types of events; all when absent."`
}

// Webhook is a receiver of events as it is kept.
type Webhook struct {
	Seen
	ID        WebhookID `json:"id"`
	URL       string    `json:"url"`
	Events    []string  `json:"events"`
	Secret    string    `json:"secret,omitempty" doc:"whsec_…, told once. Messages are signed by the Standard Webhooks specification."`
	Waiting   int64     `json:"waiting" doc:"Deliveries that have not ended."`
	Dead      int64     `json:"dead" doc:"Deliveries that were given up after 72 hours."`
	PausedTo  time.Time `json:"paused_to,omitzero" doc:"Nothing is sent until then, since nothing was taken."`
	CreatedAt time.Time `json:"created_at"`
}

// Delivery is one event on its way to a receiver.
type Delivery struct {
	Event    string    `json:"event"`
	Type     string    `json:"type"`
	State    string    `json:"state" enum:"waiting,delivered,dead"`
	Attempts int64     `json:"attempts"`
	Status   int64     `json:"status,omitempty" doc:"HTTP status of the last answer."`
	Problem  string    `json:"problem,omitempty" doc:"status, timeout, connection, address_refused, expired, event_lost."`
	MadeAt   time.Time `json:"made_at"`
	NextAt   time.Time `json:"next_at,omitzero"`
	DoneAt   time.Time `json:"done_at,omitzero"`
}

// Replay tells a receiver again what happened after a cursor.
type Replay struct {
	After string `json:"after" doc:"A cursor of GET /v1/events; empty for the beginning."`
}

func (a *API) webhookRoutes() {
	const tag = "webhooks"
	write(a, op{method: http.MethodPost, path: "/v1/webhooks", id: "create-webhook", tag: tag, summary: "Add a receiver of events", scope: "webhooks:write", status: http.StatusCreated}, plain, true, a.createWebhook)
	read(a, op{path: "/v1/webhooks", id: "list-webhooks", tag: tag, summary: "List the receivers of events", scope: "webhooks:read"}, a.listWebhooks)
	write(a, op{method: http.MethodDelete, path: "/v1/webhooks/{id}", id: "delete-webhook", tag: tag, summary: "End a receiver of events", scope: "webhooks:write"}, plain, false, a.deleteWebhook)
	read(a, op{path: "/v1/webhooks/{id}/deliveries", id: "list-deliveries", tag: tag, summary: "List the deliveries to a receiver, the newest first", scope: "webhooks:read",
		query: []param{paramAfter, paramLimit}}, a.deliveries)
	write(a, op{method: http.MethodPost, path: "/v1/webhooks/{id}/replay", id: "replay-webhook", tag: tag, summary: "Tell a receiver again what happened after a cursor", scope: "webhooks:write",
		about: "The events have the ids that they had."}, plain, false, a.replay)
}

func (a *API) createWebhook(c *call, in *NewWebhook) (deed[Webhook], error) {
	if err := a.Hooks.Check(c.r.Context(), in.URL); err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Webhook, error) {
		e, text, err := a.Hooks.Add(c.r.Context(), tx, c.by(), in.URL, in.Events)
		if err != nil {
			return nil, err
		}
		out := webhookOf(c, &e)
		out.Secret = text.Reveal()
		return out, nil
	}, nil
}

func webhookOf(c *call, e *job.Endpoint) *Webhook {
	return &Webhook{
		ID: WebhookID(e.ID), URL: e.URL, Events: append([]string{}, e.Types...), Waiting: e.Waiting, Dead: e.Dead, PausedTo: c.at(e.PausedTo), CreatedAt: c.at(e.CreatedAt),
	}
}

func (a *API) listWebhooks(c *call) (*List[Webhook], error) {
	out := &List[Webhook]{Items: []Webhook{}}
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		list, err := a.Hooks.List(c.r.Context(), tx)
		out.Items = out.Items[:0]
		for i := range list {
			out.Items = append(out.Items, *webhookOf(c, &list[i]))
		}
		return err
	})
	return out, err
}

func (a *API) deleteWebhook(c *call, _ *none) (deed[Done], error) {
	n, err := c.path("whk")
	return func(tx db.Tx) (*Done, error) {
		return &Done{Status: "ended"}, a.Hooks.Remove(c.r.Context(), tx, c.by(), n)
	}, err
}

func (a *API) deliveries(c *call) (*List[Delivery], error) {
	n, err := c.path("whk")
	if err != nil {
		return nil, err
	}
	list := "deliveries " + WebhookID(n).String()
	below, limit, err := a.paged(c, list)
	if err != nil {
		return nil, err
	}
	var found []job.Delivery
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		found, err = a.Hooks.Deliveries(c.r.Context(), tx, n, below, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &List[Delivery]{Items: []Delivery{}}
	for _, d := range found {
		one := Delivery{
			Event: id.Format("evt", d.Event), Type: d.Type, State: string(d.State), Attempts: d.Attempts, Status: d.Status, Problem: d.Problem,
			MadeAt: c.at(d.MadeAt), DoneAt: c.at(d.DoneAt),
		}
		if d.State == job.Waiting {
			one.NextAt = c.at(d.NextAt)
		}
		out.Items = append(out.Items, one)
	}
	if len(found) == limit {
		out.Next, err = a.cursor(c, list, found[limit-1].N)
	}
	return out, err
}

func (a *API) replay(c *call, in *Replay) (deed[Done], error) {
	n, err := c.path("whk")
	if err != nil {
		return nil, err
	}
	var at job.Cursor
	if err := a.goOn(c, "events", in.After, &at); err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Done, error) {
		return &Done{Status: "replaying"}, a.Hooks.Replay(c.r.Context(), tx, c.by(), n, at)
	}, nil
}
