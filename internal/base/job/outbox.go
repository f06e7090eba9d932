package job

import (
	"encoding/json"

	"lojal/internal/base/clock"
)

// Cursor is how far a follower has read: the last entry of the ledger and the last act of the audit trail.
type Cursor struct {
	Seq int64
	Act int64
}

// Event is something that happened, as it is told to others. It is made from what is stored whenever it is
// asked for, and is the same each time.
type Event struct {
	ID      string // evt_…
	Number  int64  // the id as a number
	Seq     int64  // the entry that it tells of; 0 for an act without one
	Type    string // noun.deed: sale.committed
	At      clock.Instant
	Subject int64 // events of one subject are told in their order; 0 for none
	Data    json.RawMessage
}

// Endpoint is a receiver of events.
type Endpoint struct {
	ID        int64
	URL       string
	Types     []string // of events; none means all
	CreatedAt clock.Instant
	Waiting   int64 // deliveries that have not ended
	Dead      int64 // deliveries that were given up
	PausedTo  clock.Instant
}

// State says where a delivery stands.
type State string

// States of a delivery.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Dead      State = "dead"
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	N        int64 // position in the endpoint's queue
	Event    int64
	Type     string
	State    State
	Attempts int64
	Status   int64  // of the last answer; 0 when there was none
	Problem  string // a word for why the last attempt failed
	MadeAt   clock.Instant
	NextAt   clock.Instant // of the next attempt
	DoneAt   clock.Instant
}
