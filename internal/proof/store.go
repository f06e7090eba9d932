package proof

import (
	"context"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// The first two statements lock their row for the rest of the transaction by writing it back unchanged.

var lockTries = db.SQL("proof.lock_tries", `
	INSERT INTO proof_try (tenant_id, subject, fails, day_fails, day_from, locked_until)
	VALUES ($1, $2, 0, 0, $3, 0)
	ON CONFLICT (tenant_id, subject) DO UPDATE SET fails = proof_try.fails
	RETURNING fails, day_fails, day_from, locked_until`)

var lockBudget = db.SQL("proof.lock_budget", `
	INSERT INTO proof_budget (tenant_id, terminal, hour_from, fails)
	VALUES ($1, $2, 0, 0)
	ON CONFLICT (tenant_id, terminal) DO UPDATE SET fails = proof_budget.fails
	RETURNING hour_from, fails`)

var updateTries = db.SQL("proof.update_tries", `
	UPDATE proof_try
	   SET fails = $3, day_fails = $4, day_from = $5, locked_until = $6
	 WHERE tenant_id = $1 AND subject = $2`)

var updateBudget = db.SQL("proof.update_budget", `
	UPDATE proof_budget
	   SET hour_from = $3, fails = $4
	 WHERE tenant_id = $1 AND terminal = $2`)

var deleteOldSteps = db.SQL("proof.delete_old_steps", `
	DELETE FROM proof_step
	 WHERE tenant_id = $1 AND step < $2`)

func readTries(ctx context.Context, tx db.Tx, subject int64, now clock.Instant) (tries, error) {
	var t tries
	_, err := tx.One(ctx, lockTries, db.Args(tx.Tenant(), subject, int64(now)), &t.fails, &t.dayFails, &t.dayFrom, &t.locked)
	return t, err
}

func writeTries(ctx context.Context, tx db.Tx, subject int64, t tries) error {
	_, err := tx.Exec(ctx, updateTries, tx.Tenant(), subject, t.fails, t.dayFails, int64(t.dayFrom), int64(t.locked))
	return err
}

func readBudget(ctx context.Context, tx db.Tx, terminal int64) (budget, error) {
	var b budget
	if terminal == 0 {
		return b, nil
	}
	_, err := tx.One(ctx, lockBudget, db.Args(tx.Tenant(), terminal), &b.from, &b.fails)
	return b, err
}

func writeBudget(ctx context.Context, tx db.Tx, terminal int64, b budget) error {
	_, err := tx.Exec(ctx, updateBudget, tx.Tenant(), terminal, int64(b.from), b.fails)
	return err
}

type stepKey struct{ subject, step int64 }

// stepUse is the operation that used a step.
type stepUse struct {
	client int64
	key    string
}

var findStep = db.Find("proof.find_step", "subject int, step int", `
	SELECT s.client, s.key
	  FROM proof_step s
	 WHERE s.tenant_id = $1 AND s.subject = k.subject AND s.step = k.step
	 LIMIT 1`)

var insertStep = db.Insert("proof.insert_step", "proof_step", "subject int, step int, client int, key text", "")

var stepSlot = ledger.Slot[stepKey, stepUse]{
	Load: func(b db.Batch, tenant int64, keys []stepKey, got func(stepKey, stepUse)) {
		rows := findStep.Rows()
		for _, k := range keys {
			rows.Int(k.subject).Int(k.step)
		}
		b.Find(findStep, tenant, rows, func(i int, r db.Row) { got(keys[i], stepUse{r.Int(0), r.Text(1)}) })
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[stepKey, stepUse]) {
		rows := insertStep.Rows()
		for _, c := range changes {
			rows.Int(c.Key.subject).Int(c.Key.step).Int(c.Row.client).Text(c.Row.key)
		}
		b.Put(insertStep, tenant, rows)
	},
}
