package card

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
)

const (
	// MaxBatch is how many numbers one batch makes at most.
	MaxBatch = 1_000_000
	// chunk is how many numbers one transaction makes: on SQLite the lane waits as long.
	chunk       = 1000
	chunkTries  = 8
	pageNumbers = 500 // A8
)

// BatchRequest describes cards that are made in stock (STK-03).
type BatchRequest struct {
	Programme, Product, Kinds string
	Rule                      Rule
	Quantity                  int64
}

// Batch is a lot of cards in the making, or made.
type Batch struct {
	ID BatchID
	BatchRequest
	Made      int64
	State     string // ordered while numbers are made, then generated (STK-01)
	CreatedAt clock.Instant
}

// States of a batch.
const (
	Ordered   = "ordered"
	Generated = "generated"
)

// Stock makes and reads batches of cards. A card of a batch has no holder, hence no value, until it is sold
// or activated (SEC-07).
type Stock struct {
	db    *db.DB
	keys  *secret.Ring
	clock clock.Clock
	mint  *id.Mint
}

// NewStock gives the stock.
func NewStock(d *db.DB, keys *secret.Ring, c clock.Clock, m *id.Mint) *Stock {
	return &Stock{d, keys, c, m}
}

var insertBatch = db.SQL("card.insert_batch", `
	INSERT INTO card_batch (tenant_id, id, programme, product, kinds, rule, quantity, made, state, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'ordered', $8)`)

var readBatch = db.SQL("card.read_batch", `
	SELECT b.programme, b.product, b.kinds, b.rule, b.quantity, b.made, b.state, b.created_at
	  FROM card_batch b
	 WHERE b.tenant_id = $1 AND b.id = $2`)

var lockBatch = db.Find("card.lock_batch", "id int", `
	SELECT b.made
	  FROM card_batch b
	 WHERE b.tenant_id = $1 AND b.id = k.id
	 LIMIT 1
	   FOR UPDATE`)

var advanceBatch = db.Update("card.advance_batch", "card_batch", "id int", "made int, state text")

var findTaken = db.Find("card.find_taken", "hash bytes", `
	SELECT i.card
	  FROM instrument i
	 WHERE i.tenant_id = $1 AND i.hash = k.hash
	 LIMIT 1`)

var readNumbers = db.SQL("card.read_numbers", `
	SELECT c.id, c.number_enc
	  FROM card c
	 WHERE c.tenant_id = $1 AND c.batch = $2 AND c.batch <> 0 AND c.id > $3
	 ORDER BY c.id
	 LIMIT $4`)

// Order writes down a batch; Run makes its numbers. It returns invalid_value for a rule that cannot be.
func (s *Stock) Order(ctx context.Context, tenant int64, r BatchRequest) (BatchID, error) {
	var b BatchID
	err := s.db.Write(ctx, tenant, func(tx db.Tx) (err error) {
		b, err = s.OrderIn(ctx, tx, r)
		return err
	})
	return b, db.Fault(err)
}

// OrderIn does what Order does inside the caller's transaction.
func (s *Stock) OrderIn(ctx context.Context, tx db.Tx, r BatchRequest) (BatchID, error) {
	if r.Quantity < 1 || r.Quantity > MaxBatch {
		return 0, fault.Invalid("quantity", "1 to 1000000")
	}
	if err := r.Rule.Validate(r.Quantity); err != nil {
		return 0, err
	}
	rule, err := json.Marshal(r.Rule)
	if err != nil {
		return 0, err
	}
	b := BatchID(s.mint.Next())
	_, err = tx.Exec(ctx, insertBatch, tx.Tenant(), int64(b), r.Programme, r.Product, r.Kinds, string(rule), r.Quantity, int64(s.clock.Now()))
	return b, err
}

// Batch gives a batch with its progress. It returns not_found.
func (s *Stock) Batch(ctx context.Context, tenant int64, b BatchID) (Batch, error) {
	out := Batch{ID: b}
	var rule string
	var there bool
	err := s.db.Read(ctx, tenant, func(tx db.Tx) (err error) {
		there, err = tx.One(ctx, readBatch, db.Args(tenant, int64(b)), &out.Programme, &out.Product, &out.Kinds, &rule, &out.Quantity, &out.Made, &out.State, &out.CreatedAt)
		return err
	})
	switch {
	case err != nil:
		return out, db.Fault(err)
	case !there:
		return out, fault.New(fault.ErrNotFound)
	}
	return out, json.Unmarshal([]byte(rule), &out.Rule)
}

// Run makes the numbers of a batch, a chunk a transaction, and tells after each how many there are. It may
// be stopped at any point and run again: it goes on where the last commit left it. It returns number_taken
// when a sequence meets a number that exists.
func (s *Stock) Run(ctx context.Context, tenant int64, b BatchID, progress func(made int64)) error {
	batch, err := s.Batch(ctx, tenant, b)
	if err != nil {
		return err
	}
	keys, err := s.keys.Of(ctx, tenant)
	if err != nil {
		return err
	}
	random := bufio.NewReaderSize(rand.Reader, 8<<10)
	for tries := 0; batch.Made < batch.Quantity; {
		if err := ctx.Err(); err != nil {
			return err
		}
		made, err := s.chunk(ctx, keys, batch, random)
		switch kind := db.Classify(err); {
		case err == nil:
			batch.Made, tries = made, 0
			progress(made)
		case (kind == db.Duplicate || kind == db.Retry) && tries < chunkTries:
			tries++ // a card was issued beside us with one of our numbers, or the engine asks to run again
		default:
			return db.Fault(err)
		}
	}
	return nil
}

// chunk makes the next numbers of a batch in one transaction and gives how many there are now. The session
// is given back in between, since ordinary writes need its connection.
func (s *Stock) chunk(ctx context.Context, keys *secret.Keys, batch Batch, random io.Reader) (int64, error) {
	session, err := s.db.Session(ctx)
	if err != nil {
		return 0, err
	}
	defer session.Close()
	tenant := keys.Tenant()
	tx, err := session.Begin(ctx, []int64{tenant})
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	lock := lockBatch.Rows()
	lock.Int(int64(batch.ID))
	tx.Find(lockBatch, tenant, lock, func(_ int, r db.Row) { batch.Made = r.Int(0) })
	if err := tx.Flush(); err != nil {
		return 0, err
	}
	want := min(chunk, batch.Quantity-batch.Made)
	if want <= 0 {
		return batch.Made, nil // another run has finished it
	}
	cards, instruments := insertCard.Rows(), insertInstrument.Rows()
	if err := s.fill(tx, keys, batch, random, int(want), cards, instruments); err != nil {
		return 0, err
	}
	state := Ordered
	if batch.Made += want; batch.Made == batch.Quantity {
		state = Generated
	}
	advance := advanceBatch.Rows()
	advance.Int(int64(batch.ID)).Int(batch.Made).Text(state)
	tx.Put(insertCard, tenant, cards)
	tx.Put(insertInstrument, tenant, instruments)
	tx.Put(advanceBatch, tenant, advance)
	return batch.Made, tx.Commit()
}

// fill makes so many cards with numbers that no instrument has.
func (s *Stock) fill(tx db.Batch, keys *secret.Keys, batch Batch, random io.Reader, want int, cards, instruments *db.Rows) error {
	now := s.clock.Now()
	seen := make(map[string]bool, want)
	for i := batch.Made; cards.Len() < want; {
		var drawn []Number
		var hashes []string
		look := findTaken.Rows()
		for range want - cards.Len() {
			n, err := batch.Rule.next(i, random)
			if err != nil {
				return err
			}
			i++
			h := string(index(keys, Barcode, string(n)))
			if seen[h] {
				continue
			}
			seen[h] = true
			drawn, hashes = append(drawn, n), append(hashes, h)
			look.Bytes([]byte(h))
		}
		taken := map[int]bool{}
		tx.Find(findTaken, keys.Tenant(), look, func(k int, _ db.Row) { taken[k] = true })
		if err := tx.Flush(); err != nil {
			return err
		}
		for k, n := range drawn {
			if taken[k] && batch.Rule.Kind == Sequential {
				return fault.New(ErrNumberTaken, "last4", n.Last4())
			}
			if taken[k] {
				continue
			}
			card := ID(s.mint.Next())
			sealed, err := keys.Seal(numberPlace(card), []byte(n))
			if err != nil {
				return err
			}
			Row{Programme: batch.Programme, Product: batch.Product, Kinds: batch.Kinds, Batch: batch.ID, Transferable: true, Last4: n.Last4(), Number: sealed, CreatedAt: now}.put(cards, int64(card))
			Instrument{Type: Barcode, Card: card, Last4: n.Last4(), Status: Live, From: now}.put(instruments, []byte(hashes[k]))
		}
	}
	return nil
}

// next gives the i-th number of a sequence, or a random one.
func (r Rule) next(i int64, random io.Reader) (Number, error) {
	if r.Kind == Sequential {
		return r.Sequence(i), nil
	}
	return r.Random(random)
}

// Numbered is a card of a batch with its number.
type Numbered struct {
	Card   ID
	Number Number
}

// Numbers gives a page of a batch's numbers after a card, for the printer; at most 500. It returns
// card_batch_not_finished while they are made: a file of half a batch would be printed twice.
func (s *Stock) Numbers(ctx context.Context, tenant int64, b BatchID, after ID, limit int) ([]Numbered, error) {
	batch, err := s.Batch(ctx, tenant, b)
	if err != nil {
		return nil, err
	}
	if batch.State == Ordered {
		return nil, fault.New(ErrBatchRunning, "made", batch.Made, "quantity", batch.Quantity)
	}
	keys, err := s.keys.Of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var out []Numbered
	err = s.db.Read(ctx, tenant, func(tx db.Tx) error {
		out = nil
		return tx.Each(ctx, readNumbers, db.Args(tenant, int64(b), int64(after), min(max(limit, 1), pageNumbers)), func(scan func(...any) error) error {
			var card ID
			var sealed []byte
			if err := scan(&card, &sealed); err != nil {
				return err
			}
			n, err := OpenNumber(keys, card, sealed)
			out = append(out, Numbered{card, n})
			return err
		})
	})
	return out, db.Fault(err)
}
