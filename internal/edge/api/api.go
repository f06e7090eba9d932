package api

import (
	"context"
	"net/http"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/job"
	"lojal/internal/base/seal"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/internal/sale"
	"lojal/internal/shift"
)

// Parts are the rooms that the API speaks for.
type Parts struct {
	DB        *db.DB
	Clock     clock.Clock
	Mint      *id.Mint
	Keys      *secret.Ring
	Lane      *ledger.Lane
	Signer    *seal.Keys
	House     *merchant.House
	Meter     *merchant.Meter // nil holds nobody to a rate
	Access    *access.House
	Log       access.Log
	Approvals access.Approvals
	Book      *programme.Book
	Cards     *card.Deeds
	Finder    *card.Finder
	Stock     *card.Stock
	Members   *member.Deeds
	Desk      *member.Desk
	Sales     *sale.Room
	Shifts    *shift.Room
	Hooks     Webhooks
	Loose     bool // the server runs on a test clock: clients' clocks are not compared with it
}

// Webhooks is the room of webhooks. Edges do not know one another: they are put together at wiring.
type Webhooks interface {
	Check(ctx context.Context, url string) error
	Add(ctx context.Context, tx db.Tx, by access.By, url string, types []string) (job.Endpoint, secret.Secret, error)
	List(ctx context.Context, tx db.Tx) ([]job.Endpoint, error)
	Remove(ctx context.Context, tx db.Tx, by access.By, endpoint int64) error
	Deliveries(ctx context.Context, tx db.Tx, endpoint, below int64, limit int) ([]job.Delivery, error)
	Replay(ctx context.Context, tx db.Tx, by access.By, endpoint int64, after job.Cursor) error
}

// API serves the management API.
type API struct {
	Parts
	crew  *job.Crew // makes batches of cards and vouchers
	front *front
}

// New gives the API over its rooms.
func New(p Parts) *API { return &API{Parts: p, crew: job.NewCrew()} }

// Routes adds the management API to a mux.
func (a *API) Routes(mux *http.ServeMux) {
	a.front = newFront(mux)
	a.tenantRoutes()
	a.hierarchyRoutes()
	a.staffRoutes()
	a.programmeRoutes()
	a.memberRoutes()
	a.cardRoutes()
	a.accountRoutes()
	a.voucherRoutes()
	a.saleRoutes()
	a.sessionRoutes()
	a.ledgerRoutes()
	a.eventRoutes()
	a.webhookRoutes()
	a.reportRoutes()
	a.front.describeTill()
	a.documentRoutes(mux)
}

// Spec gives the OpenAPI document as YAML, as it is kept in api/openapi.yaml.
func Spec() ([]byte, error) {
	a := New(Parts{})
	a.Routes(http.NewServeMux())
	return a.front.yaml()
}

// Wait returns when no batch is being made, for the end of the process.
func (a *API) Wait() { a.crew.Wait() }
