package proof

import (
	"context"
	"crypto/subtle"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

// Methods of proof that the room knows, as the till names them.
const (
	PIN        = "pin"
	RotatingQR = "rotating_qr"
)

// Keeper checks proofs and keeps count of them.
type Keeper struct {
	db    *db.DB
	clock clock.Clock
	steps ledger.Ref[stepKey, stepUse]
}

// NewKeeper makes the keeper and gives its table of used steps to the lane, before the lane starts.
func NewKeeper(d *db.DB, c clock.Clock, l *ledger.Lane) *Keeper {
	return &Keeper{db: d, clock: c, steps: ledger.Register(l, "proof.step", stepSlot)}
}

// Claim is a proof that somebody offers.
type Claim struct {
	Tenant   int64
	Terminal int64 // whose budget of failures it is; 0 for none
	Subject  int64 // the card. Of a rotating code it is the card that the code's own account names
	Method   string
	Code     string
	PIN      []byte // stored hash of the subject's PIN; empty when it has none
	Keys     *secret.Keys
}

// Use is an accepted proof on its way into the lane. The zero value proves nothing and consumes nothing.
type Use struct {
	Subject int64
	Method  string
	step    int64
}

// Check judges a claim before the lane. It returns verification_required with a reason (wrong, expired,
// locked, staff_unlock, none, unknown_method) and throttled when the terminal has spent its failures of
// the hour. What it counts is durable before it answers.
func (k *Keeper) Check(ctx context.Context, c Claim) (Use, error) {
	use := Use{Subject: c.Subject, Method: c.Method}
	switch {
	case c.Code == "" || c.Subject == 0:
		return Use{}, refuse("none")
	case c.Method == PIN && len(c.PIN) == 0:
		return Use{}, refuse("none")
	case c.Method != PIN && c.Method != RotatingQR:
		return Use{}, refuse("unknown_method")
	}
	now := k.clock.Now()
	var refusal error
	err := k.db.Write(ctx, c.Tenant, func(tx db.Tx) error {
		refusal = nil
		b, err := readBudget(ctx, tx, c.Terminal)
		if err != nil {
			return err
		}
		if refusal = b.check(now); refusal != nil {
			return nil
		}
		if c.Method == PIN {
			refusal, err = checkPIN(ctx, tx, c, now)
		} else {
			var reason string
			if use.step, reason = rotatingStep(c.Keys, c.Code, now); reason != "" {
				refusal = refuse(reason)
			}
		}
		if err != nil || refusal == nil || c.Terminal == 0 {
			return err
		}
		return writeBudget(ctx, tx, c.Terminal, b.failed(now))
	})
	if err != nil {
		return Use{}, db.Fault(err)
	}
	if refusal != nil {
		return Use{}, refusal
	}
	return use, nil
}

// checkPIN compares and counts in one transaction: the row of the subject is locked from its reading on.
func checkPIN(ctx context.Context, tx db.Tx, c Claim, now clock.Instant) (refusal, err error) {
	before, err := readTries(ctx, tx, c.Subject, now)
	if err != nil {
		return nil, err
	}
	right := subtle.ConstantTimeCompare(PINMac(c.Keys, c.Subject, c.Code), c.PIN) == 1 && ValidPIN(c.Code)
	after, refusal := before.after(right, now)
	if after == before {
		return refusal, nil
	}
	return refusal, writeTries(ctx, tx, c.Subject, after)
}

// Unlock lets a subject be tried again, as staff may after the tenth wrong PIN of a day.
func (k *Keeper) Unlock(ctx context.Context, tenant, subject int64) error {
	return k.db.Write(ctx, tenant, func(tx db.Tx) error {
		return writeTries(ctx, tx, subject, tries{})
	})
}

// Need asks the lane for what Consume looks at.
func (k *Keeper) Need(n *ledger.Needs, u Use) {
	if u.step != 0 {
		k.steps.Need(n, stepKey{u.Subject, u.step})
	}
}

// Consume uses an accepted proof up in the commit of the operation that it proves, and binds it to the
// operation's key. It returns verification_required when another operation was first.
func (k *Keeper) Consume(v *ledger.View, u Use, op ledger.Operation) error {
	if u.step == 0 {
		return nil
	}
	key := stepKey{u.Subject, u.step}
	if _, used := k.steps.Get(v, key); used {
		return refuse("used")
	}
	k.steps.Set(v, key, stepUse{op.Client, op.Key})
	return nil
}

// Sweep forgets used steps that are too old to be offered again.
func (k *Keeper) Sweep(ctx context.Context, tenant int64) error {
	old := int64(k.clock.Now()/stepLength) - keptSteps
	return k.db.Write(ctx, tenant, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, deleteOldSteps, tenant, old)
		return err
	})
}

// keptSteps keeps used steps for a day, so that a clock set back by an hour opens none of them.
const keptSteps = int64(day / stepLength)

func refuse(reason string) error { return fault.New(ErrVerification, "reason", reason) }
