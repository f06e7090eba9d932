// Package sale is the deed that the house exists for: identify → quote → commit → reverse or void → return.
// It prices with the calculator and books through the lane; what it promises in a quote it books as quoted,
// or says what has changed.
//
// Invariants: a quote and its commit give the same result on the same state (I39), since both run the same
// decision; the sale document is the only copy of inputs and allocations, and every answer is rendered from
// it; a return reverses stored allocations and never prices a promotion again unless its rule asks so.
// It refuses to know how a till speaks (edge/pos) and who may ask (access).
package sale

import (
	"context"
	"sync"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/coupon"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/proof"
	"lojal/internal/shift"
)

// Room books sales on one lane.
type Room struct {
	d        *db.DB
	lane     *ledger.Lane
	reader   *ledger.Lane
	book     *programme.Book
	till     *shift.Room
	vouchers ledger.Ref[int64, coupon.Voucher]
	budgets  ledger.Ref[string, Budget]
	clock    clock.Clock
	keys     *secret.Ring
	cards    *card.Finder
	members  Glimpse
	proofs   *proof.Keeper
	mu       sync.Mutex
	codes    map[int64]numbers
}

// Glimpse gives what a cashier may see of the member behind a membership, on a programme day.
type Glimpse func(ctx context.Context, tenant, membership int64, day clock.Day) (*MemberAnswer, error)

// Parts are what the room works with.
type Parts struct {
	DB      *db.DB
	Lane    *ledger.Lane
	Clock   clock.Clock
	Book    *programme.Book
	Till    *shift.Room
	Keys    *secret.Ring
	Cards   *card.Finder
	Members Glimpse
	Proofs  *proof.Keeper
}

// New makes the room and registers its slots. It is done before the lane starts.
func New(p Parts) *Room {
	return &Room{
		d: p.DB, lane: p.Lane, clock: p.Clock, book: p.Book, till: p.Till, keys: p.Keys, cards: p.Cards, members: p.Members, proofs: p.Proofs, codes: map[int64]numbers{},
		vouchers: ledger.Register(p.Lane, "voucher", coupon.Slot()),
		budgets:  ledger.Register(p.Lane, "offer_budget", budgetSlot()),
	}
}

// ReadWith gives the room the lane that answers quotes.
func (r *Room) ReadWith(reader *ledger.Lane) { r.reader = reader }

var findBudget = db.Find("sale.find_budget", "rule text", `
	SELECT b.money, b.uses
	  FROM offer_budget b
	 WHERE b.tenant_id = $1 AND b.rule = k.rule
	 LIMIT 1`)

var upsertBudget = db.Insert("sale.upsert_budget", "offer_budget", "rule text, money int, uses int",
	"ON CONFLICT (tenant_id, rule) DO UPDATE SET money = excluded.money, uses = excluded.uses")

func budgetSlot() ledger.Slot[string, Budget] {
	return ledger.Slot[string, Budget]{
		Load: func(b db.Batch, tenant int64, keys []string, got func(string, Budget)) {
			rows := findBudget.Rows()
			for _, k := range keys {
				rows.Text(k)
			}
			b.Find(findBudget, tenant, rows, func(i int, r db.Row) { got(keys[i], Budget{r.Int(0), r.Int(1)}) })
		},
		Save: func(b db.Batch, tenant int64, changes []ledger.Change[string, Budget]) {
			rows := upsertBudget.Rows()
			for _, c := range changes {
				rows.Text(c.Key).Int(c.Row.Money).Int(c.Row.Uses)
			}
			b.Put(upsertBudget, tenant, rows)
		},
	}
}

// numbers permutes the public numbers of a tenant's entries.
type numbers struct{ key ledger.NumberKey }

// RRN gives the retrieval reference number of an entry.
func (n numbers) RRN(e *ledger.Entry) string { return ledger.FormatRRN(e, n.key) }

// Public gives the public id of an entry.
func (n numbers) Public(e *ledger.Entry) string { return ledger.FormatEntryID(e.Seq, n.key) }

func (r *Room) numbers(ctx context.Context, tenant int64) (numbers, error) {
	r.mu.Lock()
	n, ok := r.codes[tenant]
	r.mu.Unlock()
	if ok {
		return n, nil
	}
	err := r.d.Read(ctx, tenant, func(tx db.Tx) error {
		key, err := ledger.ReadNumberKey(ctx, tx)
		n = numbers{key}
		return err
	})
	if err == nil {
		r.mu.Lock()
		r.codes[tenant] = n
		r.mu.Unlock()
	}
	return n, err
}
