package shift

import (
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/id"
)

type batchPrefix struct{}

// Prefix gives bat.
func (batchPrefix) Prefix() string { return "bat" }

// BatchID names a closed batch.
type BatchID = id.Of[batchPrefix]

type shiftPrefix struct{}

// Prefix gives shf.
func (shiftPrefix) Prefix() string { return "shf" }

// ID names a closed shift.
type ID = id.Of[shiftPrefix]

// maxBatch is the last number of a batch, which is n6 and begins again at 1.
const maxBatch = 999_999

// Till is where a terminal stands. A host job has the virtual terminal of its programme (PAR-09).
type Till struct {
	Terminal int64
	Outlet   int64

	Batch     int64 // number of the open batch; 0 when none is open
	BatchAt   clock.Instant
	BatchBy   string
	BatchSeq  int64 // the first entry that can belong to it
	LastBatch int64 // number of the batch that was opened last
	Z         int64 // number of the last Z; never reset
	ClosedSeq int64 // the last entry that the last Z saw

	Shift     int64 // number of the open shift; 0 when none is open
	ShiftAt   clock.Instant
	ShiftSeq  int64
	Cashier   string
	LastShift int64

	batches []Batch // closed in this batch of the lane: they are written with the till
	shifts  []Shift
}

// nextBatch gives the number that the next batch will have.
func (t *Till) nextBatch() int64 { return t.LastBatch%maxBatch + 1 }

// open opens a batch when none is open and tells whether it did.
func (t *Till) open(now clock.Instant, by string, seq int64) bool {
	if t.Batch != 0 {
		return false
	}
	t.Batch, t.BatchAt, t.BatchBy, t.BatchSeq = t.nextBatch(), now, by, seq+1
	t.LastBatch = t.Batch
	return true
}

// State says what is known of a batch.
type State string

// States of a batch. An open one has an X, every other one a Z.
const (
	Open         State = "open"
	Closed       State = "closed"         // no totals of the terminal to compare with
	Balanced     State = "balanced"       // the terminal's totals agree and every control equation holds
	OutOfBalance State = "out_of_balance" // Differs says where
	Corrected    State = "corrected"      // was out of balance, agreed after the terminal's upload
	Carried      State = "carried"        // figures of the time before this installation
	sealing      State = "sealing"        // closed, totals not counted yet
)

// Batch is a closed batch.
type Batch struct {
	ID        BatchID
	Terminal  int64
	Outlet    int64
	Z         int64
	Number    int64
	Day       clock.Day // business date on which it was opened
	OpenedAt  clock.Instant
	OpenedSeq int64
	OpenedBy  string
	ClosedAt  clock.Instant
	ClosedSeq int64
	ClosedBy  string
	AfterSeq  int64 // the last entry of the batch before
	State     State
	claimed   string // Claim as JSON
	differs   string // []Difference as JSON
	totals    string // Totals as JSON; empty until they are counted
}

// Shift is a closed shift of a cashier.
type Shift struct {
	ID        ID
	Terminal  int64
	Outlet    int64
	Number    int64
	Cashier   string
	OpenedAt  clock.Instant
	OpenedSeq int64
	ClosedAt  clock.Instant
	ClosedSeq int64
	ClosedBy  string
}

// Place is what a closing needs to know of an outlet: its zone, and how long after midnight its day closes.
type Place struct {
	Zone     *time.Location
	ClosesAt time.Duration
}
