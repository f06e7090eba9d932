package shift

import (
	"context"

	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Room is the room of shifts and batches on one lane.
type Room struct {
	lane     *ledger.Lane
	db       *db.DB
	mint     func() int64
	place    func(tenant, outlet int64) Place
	till     ledger.Ref[int64, Till]
	sections []section
	products func(ctx context.Context, tx db.Tx, holders []int64) (map[int64]string, error)
}

// New makes the room at wiring, before the lane starts. Mint gives new identifiers; place tells zone and
// end of day of an outlet, for outlet 0 those of the tenant.
func New(l *ledger.Lane, d *db.DB, mint func() int64, place func(tenant, outlet int64) Place) *Room {
	return &Room{lane: l, db: d, mint: mint, place: place, till: ledger.Register(l, "till", slot)}
}

// Line is a named total that a room above contributes: how many, on what base, and how much.
type Line struct {
	Name  string      `json:"name"`
	Unit  ledger.Unit `json:"unit"`
	Count int64       `json:"count"`
	Base  int64       `json:"base"`
	Sum   int64       `json:"sum"`
}

// SectionDiscount names the section of discounts given: per rule, tier or code the lines, the gross before
// and the discount. Its sum is printed.
const SectionDiscount = "discount"

type section struct {
	name string
	of   func(e *ledger.Entry, add func(Line))
}

// Section adds a section to every report at wiring: the function is shown each entry that stands, and adds
// what it finds in it; lines of one name and unit are summed. An entry that was voided or reversed in its
// own batch is not shown, nor is the one that did it.
func (r *Room) Section(name string, of func(e *ledger.Entry, add func(Line))) {
	r.sections = append(r.sections, section{name, of})
}

// Products tells at wiring how the cards behind holders are sold, for the section by product.
func (r *Room) Products(of func(ctx context.Context, tx db.Tx, holders []int64) (map[int64]string, error)) {
	r.products = of
}

// Need asks for the till of a terminal; every command of a terminal does it. 0 is no terminal.
func (r *Room) Need(n *ledger.Needs, terminal int64) {
	if terminal != 0 {
		r.till.Need(n, terminal)
	}
}

// Enter puts the operation that is decided into its terminal's open batch and shift, and opens a batch
// when none is open. It stands at the top of Decide: entries begun afterwards carry both, and a refusal is
// counted in the batch. It never refuses, and does nothing without a terminal.
func (r *Room) Enter(v *ledger.View) {
	op := v.Op()
	if op.Terminal == 0 {
		return
	}
	t, _ := r.till.Get(v, op.Terminal)
	if t.open(v.Now(), op.Actor, v.Seq()) {
		t.Terminal, t.Outlet = op.Terminal, op.Outlet
		r.till.Set(v, op.Terminal, t)
	}
	v.Place(t.Shift, t.Batch)
}

// Stamp does what Enter does for an entry that has been begun already.
func (r *Room) Stamp(v *ledger.View, d *ledger.Draft) {
	r.Enter(v)
	op := v.Op()
	d.Shift, d.Batch = op.Shift, op.Batch
}

// Standing tells whether an entry lies in the open batch of its terminal, which is what a void needs (S9).
// The command has asked for that terminal's till.
func (r *Room) Standing(v *ledger.View, e *ledger.Entry) bool {
	if e.Terminal == 0 {
		return false
	}
	t, _ := r.till.Get(v, e.Terminal)
	return t.Batch != 0 && t.Batch == e.Batch && e.Seq >= t.BatchSeq
}

// Hosted gives host work that is done in the batch of its virtual terminal (PAR-09): a command that knows
// no batches, such as ledger.Due, with its terminal in its origin.
func (r *Room) Hosted(c ledger.Command) ledger.Command { return hosted{c, r} }

type hosted struct {
	ledger.Command
	room *Room
}

// Need asks for what the work needs, and for the till.
func (h hosted) Need(n *ledger.Needs) {
	h.Command.Need(n)
	h.room.Need(n, h.Op().Terminal)
}

// Decide does the work in the open batch.
func (h hosted) Decide(v *ledger.View) error {
	h.room.Enter(v)
	return h.Command.Decide(v)
}
