package hook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"lojal/internal/access"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/job"
	"lojal/internal/base/secret"
)

// Check judges an address before it is saved. It resolves a name, so it is called before a transaction.
func (r *Room) Check(ctx context.Context, url string) error { return r.Guard.Check(ctx, url) }

// Add makes an endpoint that is told what happens from now on, and gives its secret, for the only time. The
// address has passed Check. It returns invalid_value for an unknown type of event, ErrTooMany.
func (r *Room) Add(ctx context.Context, tx db.Tx, by access.By, url string, types []string) (job.Endpoint, secret.Secret, error) {
	e := job.Endpoint{ID: r.Mint.Next(), URL: url, Types: slices.Concat([]string{}, types), CreatedAt: r.Clock.Now()}
	for _, t := range types {
		if !slices.Contains(r.Types, t) {
			return e, "", fault.Invalid("events", "types of events such as sale.committed")
		}
	}
	var n int64
	if _, err := tx.One(ctx, countEndpoints, db.Args(tx.Tenant()), &n); err != nil {
		return e, "", err
	}
	if n >= MaxEndpoints {
		return e, "", fault.New(ErrTooMany, "max", MaxEndpoints)
	}
	var at job.Cursor
	if _, err := tx.One(ctx, readHead, db.Args(tx.Tenant()), &at.Seq, &at.Act); err != nil {
		return e, "", err
	}
	text := newSecret()
	sealed, err := r.seal(ctx, tx.Tenant(), e.ID, text)
	if err != nil {
		return e, "", err
	}
	list, err := json.Marshal(e.Types)
	if err != nil {
		return e, "", err
	}
	if _, err := tx.Exec(ctx, insertEndpoint, tx.Tenant(), e.ID, url, string(list), sealed, at.Seq, at.Act, int64(e.CreatedAt)); err != nil {
		return e, "", err
	}
	r.listens(tx.Tenant())
	return e, text, r.tell(ctx, tx, by, "webhook.create", e.ID, map[string]any{"url": url, "events": e.Types})
}

func aad(endpoint int64) string { return fmt.Sprintf("hook_endpoint|secret|%d", endpoint) }

func (r *Room) seal(ctx context.Context, tenant, endpoint int64, text secret.Secret) ([]byte, error) {
	keys, err := r.Keys.Of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return keys.Seal(aad(endpoint), []byte(text.Reveal()))
}

func (r *Room) open(ctx context.Context, tenant int64, e *row) ([]byte, error) {
	keys, err := r.Keys.Of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	text, err := keys.Open(aad(e.ID), e.secret)
	if err != nil {
		return nil, fmt.Errorf("secret of endpoint %d: %w", e.ID, err)
	}
	return secretKey(secret.Secret(text))
}

func (r *Room) tell(ctx context.Context, tx db.Tx, by access.By, act string, endpoint int64, detail any) error {
	return r.Trail(ctx, tx, r.Clock.Now(), by.Actor, act, EndpointID(endpoint).String(), detail, by.Request)
}

// List gives the endpoints of the transaction's tenant.
func (r *Room) List(ctx context.Context, tx db.Tx) ([]job.Endpoint, error) {
	rows, err := r.rows(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := []job.Endpoint{}
	for _, e := range rows {
		err := tx.Each(ctx, countDeliveries, db.Args(tx.Tenant(), e.ID), func(scan func(...any) error) error {
			var state job.State
			var n int64
			err := scan(&state, &n)
			if state == job.Waiting {
				e.Waiting = n
			} else {
				e.Dead = n
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		out = append(out, e.Endpoint)
	}
	return out, nil
}

func (r *Room) rows(ctx context.Context, tx db.Tx) ([]row, error) {
	var out []row
	err := tx.Each(ctx, listEndpoints, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		e, err := scanRow(scan)
		out = append(out, e)
		return err
	})
	return out, err
}

func (r *Room) row(ctx context.Context, tx db.Tx, endpoint int64) (row, error) {
	var out []row
	err := tx.Each(ctx, readEndpoint, db.Args(tx.Tenant(), endpoint), func(scan func(...any) error) error {
		e, err := scanRow(scan)
		out = append(out, e)
		return err
	})
	if err == nil && len(out) == 0 {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		return row{}, err
	}
	return out[0], nil
}

// Remove ends an endpoint with all that waits for it. It returns not_found.
func (r *Room) Remove(ctx context.Context, tx db.Tx, by access.By, endpoint int64) error {
	n, err := tx.Exec(ctx, deleteEndpoint, tx.Tenant(), endpoint)
	if err == nil && n == 0 {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, deleteDeliveries, tx.Tenant(), endpoint); err != nil {
		return err
	}
	return r.tell(ctx, tx, by, "webhook.delete", endpoint, nil)
}

// Replay tells an endpoint again what happened after a cursor, under the same ids. It returns not_found.
func (r *Room) Replay(ctx context.Context, tx db.Tx, by access.By, endpoint int64, after job.Cursor) error {
	n, err := tx.Exec(ctx, rewindCursor, tx.Tenant(), endpoint, after.Seq, after.Act)
	if err == nil && n == 0 {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return r.tell(ctx, tx, by, "webhook.replay", endpoint, map[string]any{"seq": after.Seq, "act": after.Act})
}

// Deliveries gives the log of an endpoint, the newest first, below a position; 0 begins at the newest. It
// returns not_found.
func (r *Room) Deliveries(ctx context.Context, tx db.Tx, endpoint, below int64, limit int) ([]job.Delivery, error) {
	if _, err := r.row(ctx, tx, endpoint); err != nil {
		return nil, err
	}
	if below <= 0 {
		below = 1 << 62
	}
	out := []job.Delivery{}
	err := tx.Each(ctx, listDeliveries, db.Args(tx.Tenant(), endpoint, below, min(max(limit, 1), MaxPage)), func(scan func(...any) error) error {
		var d job.Delivery
		err := scan(&d.N, &d.Event, &d.Type, &d.State, &d.Attempts, &d.Status, &d.Problem, &d.MadeAt, &d.NextAt, &d.DoneAt)
		out = append(out, d)
		return err
	})
	return out, err
}
