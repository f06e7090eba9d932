package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/sale"
)

type checkoutPrefix struct{}

// Prefix gives chk.
func (checkoutPrefix) Prefix() string { return "chk" }

// CheckoutID identifies a checkout of a web shop.
type CheckoutID = id.Of[checkoutPrefix]

// Session is a checkout of a web shop, from the first basket to the last shipment.
type Session struct {
	Seen
	ID        CheckoutID `json:"id"`
	State     string     `json:"state" enum:"open,authorised,shipping,closed,cancelled"`
	Order     string     `json:"order,omitempty"`
	Basket    *Basket    `json:"basket"`
	Shipped   []int      `json:"shipped" doc:"Numbers of the lines that are shipped."`
	Version   int64      `json:"version"`
	CreatedAt time.Time  `json:"created_at"`
}

// Authorise reserves what the basket uses.
type Authorise struct {
	HoldSeconds int64 `json:"hold_seconds,omitempty" doc:"How long the value stays reserved; the programme's authorise_ttl at most."`
}

// Ship delivers lines of an authorised order and takes their value.
type Ship struct {
	Lines   []int    `json:"lines,omitempty" doc:"Numbers of lines; all that are left when absent."`
	Tenders []Tender `json:"tenders,omitempty"`
	Final   *bool    `json:"final,omitempty" doc:"false leaves the rest of the value reserved; true when absent."`
	Receipt string   `json:"receipt,omitempty"`
}

const (
	openState      = "open"
	heldState      = "authorised"
	shippingState  = "shipping"
	closedState    = "closed"
	cancelledState = "cancelled"
)

// checkout is a session as it is stored.
type checkout struct {
	id        int64
	outlet    int64
	state     string
	hold      int64 // the entry that reserved the value; 0 for none
	version   int64
	createdAt clock.Instant
	doc       checkoutDoc
}

type checkoutDoc struct {
	Basket  *Basket `json:"basket"`
	Shipped []int   `json:"shipped,omitempty"`
}

var (
	insertCheckout = db.SQL("api.insert_checkout", `
		INSERT INTO checkout (tenant_id, id, outlet, state, hold, document, version, created_at)
		VALUES ($1, $2, $3, 'open', 0, $4, 1, $5)`)

	readCheckout = db.SQL("api.read_checkout", `
		SELECT c.outlet, c.state, c.hold, c.document, c.version, c.created_at
		  FROM checkout c
		 WHERE c.tenant_id = $1 AND c.id = $2`)

	updateCheckout = db.SQL("api.update_checkout", `
		UPDATE checkout SET state = $4, hold = $5, document = $6, version = version + 1
		 WHERE tenant_id = $1 AND id = $2 AND version = $3`)
)

func (a *API) sessionRoutes() {
	const tag = "sessions"
	at := func(method, path, id, summary, about string) op {
		return op{method: method, path: path, id: id, tag: tag, summary: summary, scope: "sessions:write", about: about}
	}
	create := at(http.MethodPost, "/v1/sessions", "open-session", "Open a checkout of a web shop", "")
	create.status = http.StatusCreated
	write(a, create, plain, true, a.openSession)
	write(a, at(http.MethodPut, "/v1/sessions/{id}", "change-session", "Replace the basket of an open checkout", ""), plain, true, a.changeSession)
	read(a, op{path: "/v1/sessions/{id}", id: "read-session", tag: tag, summary: "Read a checkout", scope: "sessions:read"}, a.readSession)
	book[Authorise, sale.QuoteAnswer](a, at(http.MethodPost, "/v1/sessions/{id}/authorise", "authorise-session", "Reserve the value that the basket uses",
		"The time by which the rules are judged is frozen."), a.authorise)
	book[Ship, sale.SaleAnswer](a, at(http.MethodPost, "/v1/sessions/{id}/close", "close-session", "Ship lines of an authorised order and take their value",
		"With `final:false` the rest stays reserved by a successor with the same end."), a.ship)
	book[none, sale.PurseAnswer](a, at(http.MethodPost, "/v1/sessions/{id}/cancel", "cancel-session", "Give up a checkout and release its value", ""), a.cancel)
}

func (a *API) openSession(c *call, in *Basket) (deed[Session], error) {
	p, err := a.sessionPlace(c, in)
	if err != nil {
		return nil, err
	}
	in.Verify = nil // a proof is of its moment and is not kept
	s := &checkout{id: a.Mint.Next(), outlet: p.Outlet, state: openState, version: 1, createdAt: a.Clock.Now(), doc: checkoutDoc{Basket: in}}
	sealed, err := a.sealed(c, s)
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Session, error) {
		if _, err := tx.Exec(c.r.Context(), insertCheckout, c.tenant, s.id, s.outlet, sealed, int64(s.createdAt)); err != nil {
			return nil, err
		}
		return sessionOf(c, s), a.tellSession(c, tx, "open", s.id)
	}, nil
}

func checkoutPlace(session int64) string { return fmt.Sprintf("checkout|document|%d", session) }

// sealed gives the document of a session as it is stored: it holds numbers of cards.
func (a *API) sealed(c *call, s *checkout) ([]byte, error) {
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(&s.doc)
	if err != nil {
		return nil, err
	}
	return keys.Seal(checkoutPlace(s.id), text)
}

// sessionPlace holds a basket to what a checkout can be: priced, at a place, and without cards to activate,
// which a shipment cannot hand over in part.
func (a *API) sessionPlace(c *call, in *Basket) (sale.Place, error) {
	if _, err := in.request(c); err != nil {
		return sale.Place{}, err
	}
	for i := range in.Lines {
		if in.Lines[i].Give != nil {
			return sale.Place{}, fault.Invalid("lines[].give", "nothing: cards are sold by POST /v1/sales")
		}
	}
	return a.atPlace(c, in.Context)
}

func (a *API) tellSession(c *call, tx db.Tx, act string, session int64) error {
	return access.Audit(c.r.Context(), tx, a.Clock.Now(), c.caller.Actor(), "session."+act, CheckoutID(session).String(), nil, c.by().Request)
}

func sessionOf(c *call, s *checkout) *Session {
	return &Session{
		ID: CheckoutID(s.id), State: s.state, Order: s.doc.Basket.Order, Basket: s.doc.Basket, Shipped: append([]int{}, s.doc.Shipped...), Version: s.version,
		CreatedAt: c.at(s.createdAt),
	}
}

// sessionAt reads the checkout that the path names, when the key may see its outlet.
func (a *API) sessionAt(c *call) (*checkout, error) {
	n, err := c.path("chk")
	if err != nil {
		return nil, err
	}
	s := &checkout{id: n}
	var sealed []byte
	var there bool
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		there, err = tx.One(c.r.Context(), readCheckout, db.Args(c.tenant, n), &s.outlet, &s.state, &s.hold, &sealed, &s.version, &s.createdAt)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, fault.New(fault.ErrNotFound)
	}
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	text, err := keys.Open(checkoutPlace(n), sealed)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.doc); err != nil {
		return nil, err
	}
	return s, c.visible(s.outlet)
}

func (a *API) readSession(c *call) (*Session, error) {
	s, err := a.sessionAt(c)
	if err != nil {
		return nil, err
	}
	return sessionOf(c, s), nil
}

func (a *API) changeSession(c *call, in *Basket) (deed[Session], error) {
	s, err := a.sessionAt(c)
	if err != nil {
		return nil, err
	}
	if s.state != openState {
		return nil, fault.New(ErrCheckout, "state", s.state)
	}
	if _, err := a.sessionPlace(c, in); err != nil {
		return nil, err
	}
	in.Verify = nil
	s.doc.Basket = in
	return func(tx db.Tx) (*Session, error) {
		if err := a.saveSession(c, tx, s); err != nil {
			return nil, err
		}
		out := sessionOf(c, s)
		out.Version++
		return out, a.tellSession(c, tx, "change", s.id)
	}, nil
}

// saveSession writes a session unless somebody else has changed it since it was read.
func (a *API) saveSession(c *call, tx db.Tx, s *checkout) error {
	sealed, err := a.sealed(c, s)
	if err != nil {
		return err
	}
	n, err := tx.Exec(c.r.Context(), updateCheckout, tx.Tenant(), s.id, s.version, s.state, s.hold, sealed)
	if err == nil && n == 0 {
		err = fault.New(fault.ErrVersionConflict)
	}
	return err
}

// follow writes where a session stands after the lane has booked a step of it. A crash before it is mended
// by the same request: the lane answers its key, and the row follows.
func (a *API) follow(c *call, s *checkout, act string, out sale.Answer, change func() error) sale.Answer {
	if out.Err != nil {
		return out
	}
	if err := change(); err != nil {
		return sale.Answer{Err: err}
	}
	err := a.DB.Write(c.r.Context(), c.tenant, func(tx db.Tx) error {
		if err := a.saveSession(c, tx, s); err != nil {
			return err
		}
		return a.tellSession(c, tx, act, s.id)
	})
	if err != nil && !(out.Replayed && fault.Is(err, fault.ErrVersionConflict)) {
		return sale.Answer{Err: err, Seq: out.Seq, Epoch: out.Epoch}
	}
	return out
}

func (a *API) authorise(c *call, in *Authorise) sale.Answer {
	s, err := a.sessionAt(c)
	if err != nil {
		return sale.Answer{Err: err}
	}
	if in.HoldSeconds < 0 {
		return sale.Answer{Err: fault.Invalid("hold_seconds", "0 or more")}
	}
	p, q, err := a.sessionRequest(c, s)
	if err != nil {
		return sale.Answer{Err: err}
	}
	q.Hold, q.HoldSeconds, q.Order, q.Receipt = true, in.HoldSeconds, "", CheckoutID(s.id).String()
	if s.state != openState && s.state != heldState {
		known, err := a.Sales.Operation(c.r.Context(), p, c.key, false)
		if err != nil || known.Status == "absent" {
			return sale.Answer{Err: fault.New(ErrCheckout, "state", s.state)}
		}
	}
	out := a.Sales.Quote(c.r.Context(), p, q)
	return a.follow(c, s, "authorise", out, func() error {
		if s.state == openState || s.state == heldState {
			s.state, s.hold = heldState, out.Seq
		}
		return nil
	})
}

// sessionRequest gives the stored basket as a request of this call.
func (a *API) sessionRequest(c *call, s *checkout) (sale.Place, *sale.Request, error) {
	p, err := a.atPlace(c, s.doc.Basket.Context)
	if err != nil {
		return p, nil, err
	}
	q, err := s.doc.Basket.request(c)
	if err == nil {
		q.At, q.Wish.Tenders, q.Verify = 0, nil, nil
	}
	return p, q, err
}

func (a *API) ship(c *call, in *Ship) sale.Answer {
	s, err := a.sessionAt(c)
	if err == nil && s.hold == 0 {
		err = fault.New(ErrCheckout, "state", s.state)
	}
	if err != nil {
		return sale.Answer{Err: err}
	}
	p, q, err := a.sessionRequest(c, s)
	if err != nil {
		return sale.Answer{Err: err}
	}
	q.Order, q.Receipt = "", in.Receipt
	if in.Tenders != nil {
		q.Wish.Tenders = tenders(in.Tenders)
	}
	final := in.Final == nil || *in.Final
	out := a.Sales.Ship(c.r.Context(), p, q, sale.Shipment{Hold: s.hold, Lines: in.Lines, Final: final, Order: s.doc.Basket.Order})
	return a.follow(c, s, "close", out, func() error { return s.shipped(out, final) })
}

// shipped notes the lines of an answer.
func (s *checkout) shipped(out sale.Answer, final bool) error {
	var answer struct {
		Lines []struct{ No int }
	}
	if err := json.Unmarshal(out.Body, &answer); err != nil {
		return err
	}
	for _, l := range answer.Lines {
		if !slices.Contains(s.doc.Shipped, l.No) {
			s.doc.Shipped = append(s.doc.Shipped, l.No)
		}
	}
	if s.state = shippingState; final || len(s.doc.Shipped) == len(s.doc.Basket.Lines) {
		s.state = closedState
	}
	return nil
}

func (a *API) cancel(c *call, _ *none) sale.Answer {
	s, err := a.sessionAt(c)
	if err != nil {
		return sale.Answer{Err: err}
	}
	p, q, err := a.sessionRequest(c, s)
	if err != nil {
		return sale.Answer{Err: err}
	}
	q.Order, q.Receipt = "", ""
	if s.hold == 0 {
		return a.cancelOpen(c, s)
	}
	out := a.Sales.LetGo(c.r.Context(), p, q, s.hold)
	return a.follow(c, s, "cancel", out, func() error { s.state = cancelledState; return nil })
}

// cancelOpen gives up a checkout that reserves nothing: nothing is booked.
func (a *API) cancelOpen(c *call, s *checkout) sale.Answer {
	m := a.head(c)
	out := sale.Answer{Seq: m.LedgerSeq, Epoch: m.Epoch}
	out.Body, out.Err = json.Marshal(sale.PurseAnswer{ID: c.key, Status: cancelledState, Seq: m.LedgerSeq, Epoch: m.Epoch, Balances: []sale.BalanceAnswer{}, Warnings: []string{}})
	if s.state == cancelledState {
		return out
	}
	if s.state != openState {
		return sale.Answer{Err: fault.New(ErrCheckout, "state", s.state)}
	}
	return a.follow(c, s, "cancel", out, func() error { s.state = cancelledState; return nil })
}
