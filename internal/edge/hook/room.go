package hook

import (
	"context"
	"net/http"
	"sync"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/job"
	"lojal/internal/base/secret"
)

type endpointPrefix struct{}

// Prefix gives whk.
func (endpointPrefix) Prefix() string { return "whk" }

// EndpointID identifies an endpoint.
type EndpointID = id.Of[endpointPrefix]

// Trail writes an audit row inside a transaction.
type Trail func(ctx context.Context, tx db.Tx, at clock.Instant, actor, act, entity string, detail any, request string) error

// Parts are what the room works with. Next gives the events after a cursor and where it stands then; Event
// makes one again from its number, not_found when there is none.
type Parts struct {
	DB      *db.DB
	Clock   clock.Clock
	Mint    *id.Mint
	Keys    *secret.Ring
	Guard   *Guard
	Trail   Trail
	Types   []string // of events that there are
	Next    func(ctx context.Context, tx db.Tx, after job.Cursor, limit int) ([]job.Event, job.Cursor, error)
	Event   func(ctx context.Context, tx db.Tx, number int64) (job.Event, error)
	Tenants func(ctx context.Context) ([]int64, error)
}

// Room keeps endpoints and sends to them.
type Room struct {
	Parts
	client *http.Client
	crew   *job.Crew
	wake   chan struct{}
	faults func(error)

	mu     sync.Mutex
	known  []int64       // tenants with endpoints
	added  []int64       // tenants that got one in this process
	listed time.Duration // when the known were read, by clock.Mono; 0 for not yet
}

// New makes the room. Problems that concern no single delivery are given to report; nil forgets them.
func New(p Parts, report func(error)) *Room {
	if report == nil {
		report = func(error) {}
	}
	return &Room{Parts: p, client: p.Guard.client(), crew: job.NewCrew(), wake: make(chan struct{}, 1), faults: report}
}

// Limits of endpoints and their queues.
const (
	MaxEndpoints = 50 // of a tenant
	MaxPage      = 500

	concurrent = 10  // deliveries to one endpoint at the same time
	atOnce     = 40  // deliveries that one round takes: together they end before they count as lost
	fanOut     = 200 // entries that one transaction turns into deliveries
)
