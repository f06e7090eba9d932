package once

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

const (
	// MaxKey is the longest idempotency key, in visible ASCII characters.
	MaxKey = 255
	// patience is how long a request waits for the one that is at work under its key.
	patience = 2 * time.Second

	statusClaimed  = 0   // never seen by others: it becomes an answer in the same transaction
	statusDeclined = 422 // a definite refusal; its answer is its code and parameters
	statusFenced   = -1  // closed before anything came under it
)

// ErrFenced refuses what comes under a key after its sender had it closed.
var ErrFenced = fault.Code{Name: "already_reversed", Kind: fault.Declined}

// Call is what a write carries: the key space, the key, and the hash of the canonical request.
type Call struct {
	Client      int64  // terminal or integration; the key space
	Key         string // 1 to 255 visible ASCII characters; empty means that the caller repeats nothing
	Fingerprint []byte // of Fingerprint
	Now         clock.Instant
	Seal        Sealer // for answers that hold a secret, such as a new key; nil keeps them readable
}

// Sealer encrypts the stored answer.
type Sealer interface {
	Seal(aad string, plain []byte) ([]byte, error)
	Open(aad string, sealed []byte) ([]byte, error)
}

// Answer is what a write answers, now and whenever it is repeated.
type Answer struct {
	Status   int
	Body     []byte
	Replayed bool
	Declined error // a definite refusal, kept under the key; Status and Body are empty then
}

var (
	claim = db.SQL("once.claim", `
		INSERT INTO once (tenant_id, client, key, fingerprint, status, answer, at)
		VALUES ($1, $2, $3, $4, 0, $5, $6)
		ON CONFLICT (tenant_id, client, key) DO NOTHING`)

	find = db.SQL("once.find", `
		SELECT o.fingerprint, o.status, o.answer
		  FROM once o
		 WHERE o.tenant_id = $1 AND o.client = $2 AND o.key = $3`)

	keep = db.SQL("once.keep", `
		UPDATE once SET status = $4, answer = $5 WHERE tenant_id = $1 AND client = $2 AND key = $3`)

	mark   = db.SQL("once.mark", `SAVEPOINT deed`)
	unmark = db.SQL("once.unmark", `ROLLBACK TO SAVEPOINT deed`)
)

// Do runs a deed inside the transaction, unless its key has an answer already, which it then gives as a
// replay. A fault of the kind Declined takes back what the deed wrote, is kept under the key and comes in
// Answer.Declined with no error, so that the caller commits it. Every other error is returned: the caller's
// transaction ends and the key stays free.
//
// It returns ErrKeyMismatch when the key stands for another request, ErrInProgress when the request that
// is at work under the key does not end within two seconds.
func Do(ctx context.Context, tx db.Tx, c Call, deed func() (status int, answer []byte, err error)) (Answer, error) {
	if err := c.check(); err != nil {
		return Answer{}, err
	}
	if c.Key != "" {
		if a, known, err := c.take(ctx, tx); known || err != nil {
			return a, err
		}
	}
	if _, err := tx.Exec(ctx, mark); err != nil {
		return Answer{}, err
	}
	status, body, err := deed()
	if f := fault.Of(err); f != nil && f.Code.Kind == fault.Declined {
		if _, err := tx.Exec(ctx, unmark); err != nil {
			return Answer{}, err
		}
		refusal, err := encodeFault(f)
		if err != nil {
			return Answer{}, err
		}
		return Answer{Declined: f}, c.keep(ctx, tx, statusDeclined, refusal)
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: status, Body: body}, c.keep(ctx, tx, status, body)
}

// Look gives the answer that a key stands for, without doing anything. It returns ErrKeyMismatch when the key
// stands for another request.
func Look(ctx context.Context, tx db.Tx, c Call) (Answer, bool, error) {
	if err := c.check(); err != nil || c.Key == "" {
		return Answer{}, false, err
	}
	return c.known(ctx, tx)
}

var fence = db.SQL("once.fence", `
	INSERT INTO once (tenant_id, client, key, fingerprint, status, answer, at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (tenant_id, client, key) DO NOTHING`)

// Fence closes a key that stands for nothing yet: whatever comes under it later is refused. It tells whether
// the key is closed now; it is not when a request was there before.
func Fence(ctx context.Context, tx db.Tx, client int64, key string, now clock.Instant) (bool, error) {
	n, err := tx.Exec(ctx, fence, tx.Tenant(), client, key, []byte{}, statusFenced, []byte{}, int64(now))
	return n == 1, err
}

// Stands tells what a key stands for, whoever asks: 0 for nothing, else the status of its answer.
func Stands(ctx context.Context, tx db.Tx, client int64, key string) (status int, fenced bool, err error) {
	var print, stored []byte
	_, err = tx.One(ctx, find, db.Args(tx.Tenant(), client, key), &print, &status, &stored)
	return status, status == statusFenced, err
}

func (c Call) check() error {
	if len(c.Key) > MaxKey {
		return fault.Invalid("Idempotency-Key", "1 to 255 visible ASCII characters")
	}
	for i := range len(c.Key) {
		if c.Key[i] < 0x21 || c.Key[i] > 0x7e {
			return fault.Invalid("Idempotency-Key", "1 to 255 visible ASCII characters")
		}
	}
	return nil
}

// take claims the key, or gives the answer that it stands for. The claim comes first: a second request
// under the key waits at its unique row until the first one has ended.
func (c Call) take(ctx context.Context, tx db.Tx) (Answer, bool, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n, err := tx.Exec(limited, claim, tx.Tenant(), c.Client, c.Key, c.Fingerprint, []byte{}, int64(c.Now))
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return Answer{}, false, fault.Wrap(fault.ErrInProgress, err)
	}
	if err != nil || n == 1 {
		return Answer{}, false, err
	}
	a, there, err := c.known(ctx, tx)
	if err == nil && !there {
		err = fault.New(fault.ErrInProgress)
	}
	return a, there, err
}

// known gives the answer that the key stands for.
func (c Call) known(ctx context.Context, tx db.Tx) (Answer, bool, error) {
	var print, stored []byte
	var status int
	there, err := tx.One(ctx, find, db.Args(tx.Tenant(), c.Client, c.Key), &print, &status, &stored)
	if err != nil || !there {
		return Answer{}, false, err
	}
	if status == statusFenced {
		return Answer{}, false, fault.New(ErrFenced)
	}
	if !bytes.Equal(print, c.Fingerprint) {
		return Answer{}, false, fault.New(fault.ErrKeyMismatch)
	}
	if status == statusClaimed {
		return Answer{}, false, errors.New("once: a claim without an answer was committed")
	}
	body, err := c.open(stored)
	if err != nil {
		return Answer{}, false, fmt.Errorf("once: answer of a key: %w", err)
	}
	if status == statusDeclined {
		refusal, err := decodeFault(body)
		return Answer{Replayed: true, Declined: refusal}, true, err
	}
	return Answer{Status: status, Body: body, Replayed: true}, true, nil
}

func (c Call) keep(ctx context.Context, tx db.Tx, status int, body []byte) error {
	if c.Key == "" {
		return nil
	}
	stored := body
	if c.Seal != nil {
		var err error
		if stored, err = c.Seal.Seal(c.aad(), body); err != nil {
			return err
		}
	}
	if stored == nil {
		stored = []byte{}
	}
	n, err := tx.Exec(ctx, keep, tx.Tenant(), c.Client, c.Key, status, stored)
	if err == nil && n != 1 {
		err = errors.New("once: the claim of a key is gone")
	}
	return err
}

func (c Call) open(stored []byte) ([]byte, error) {
	if c.Seal == nil {
		return stored, nil
	}
	return c.Seal.Open(c.aad(), stored)
}

func (c Call) aad() string { return fmt.Sprintf("once|%d|%s", c.Client, c.Key) }

// refusal is how a refusal is stored: parameters as a list, so that they keep their order and the answer is
// the same byte for byte.
type refusal struct {
	Code   string               `json:"code"`
	Params [][2]json.RawMessage `json:"params"`
}

func encodeFault(f *fault.Error) ([]byte, error) {
	r := refusal{Code: f.Code.Name, Params: [][2]json.RawMessage{}}
	for _, p := range f.Params {
		name, err := json.Marshal(p.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.Value)
		if err != nil {
			return nil, err
		}
		r.Params = append(r.Params, [2]json.RawMessage{name, value})
	}
	return json.Marshal(r)
}

func decodeFault(b []byte) (*fault.Error, error) {
	var r refusal
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	out := fault.New(fault.Code{Name: r.Code, Kind: fault.Declined})
	for _, p := range r.Params {
		var name string
		if err := json.Unmarshal(p[0], &name); err != nil {
			return nil, err
		}
		out.Params = append(out.Params, fault.Param{Name: name, Value: p[1]})
	}
	return out, nil
}
