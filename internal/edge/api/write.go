package api

import (
	"context"
	"net/http"
	"reflect"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/once"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
)

// deed is a write inside its transaction. It may run more than once.
type deed[O any] func(tx db.Tx) (*O, error)

// transaction runs a write of a tenant and lets caches see it.
type transaction func(ctx context.Context, tenant int64, do func(db.Tx) error) error

// none is the body of operations that have none.
type none struct{}

// write registers an ordinary write: prepare looks at the body and does what is too slow for a transaction;
// the deed that it gives happens once under the request's key.
func write[I, O any](a *API, o op, in func(*API) transaction, secret bool, prepare func(*call, *I) (deed[O], error)) {
	body := reflect.TypeFor[I]()
	if body == reflect.TypeFor[none]() {
		body = nil
	}
	a.front.add(o, body, reflect.TypeFor[O](), func(w http.ResponseWriter, r *http.Request) {
		c, leave, err := a.enter(w, r, &o, body != nil)
		if err != nil {
			a.problem(c, err, web.Meta{})
			return
		}
		defer leave()
		var kept once.Call
		if kept, err = a.kept(c, secret); err == nil {
			err = a.writeOnce(c, kept, in(a), &o, func() (func(db.Tx) (any, error), error) { return prepared(c, prepare) })
		}
		if err != nil {
			a.problem(c, err, web.Meta{})
		}
	})
}

// prepared decodes the body and gives the deed without its type.
func prepared[I, O any](c *call, prepare func(*call, *I) (deed[O], error)) (func(db.Tx) (any, error), error) {
	in := new(I)
	if c.raw != nil {
		if err := web.Decode(c.raw, in); err != nil {
			return nil, err
		}
	}
	do, err := prepare(c, in)
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (any, error) { return do(tx) }, nil
}

// enter begins a write: who asks, how many writes the key has at work, the key and the body.
func (a *API) enter(w http.ResponseWriter, r *http.Request, o *op, body bool) (*call, func(), error) {
	leave := func() {}
	c, err := a.begin(w, r, o)
	if err == nil {
		err = c.queries()
	}
	if err == nil && a.Meter != nil && c.caller.Tenant != 0 {
		leave, err = a.Meter.Write(merchant.Profile(c.caller.Profile), merchant.TenantID(c.tenant), int64(c.caller.Key))
	}
	if err != nil {
		return c, func() {}, err
	}
	if err := c.take(body); err != nil {
		leave()
		return c, func() {}, err
	}
	return c, leave, nil
}

// kept gives the key of a write; the answer of one that tells a secret is stored sealed.
func (a *API) kept(c *call, secret bool) (once.Call, error) {
	k := c.once(a.Clock.Now())
	if !secret {
		return k, nil
	}
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	k.Seal = keys
	return k, err
}

// writeOnce gives the answer that the key stands for, or does the deed under it.
func (a *API) writeOnce(c *call, k once.Call, run transaction, o *op, prepare func() (func(db.Tx) (any, error), error)) error {
	ctx := c.r.Context()
	var out once.Answer
	var known bool
	err := a.DB.Read(ctx, c.tenant, func(tx db.Tx) (err error) {
		out, known, err = once.Look(ctx, tx, k)
		return err
	})
	if err != nil {
		return err
	}
	if !known {
		do, err := prepare()
		if fault.Of(err) != nil && fault.Of(err).Code.Kind == fault.Declined {
			refusal := err // a refusal is kept under its key, wherever it was found out
			do, err = func(db.Tx) (any, error) { return nil, refusal }, nil
		}
		if err != nil {
			return err
		}
		if out, err = a.doOnce(c, k, run, o, do); err != nil {
			return err
		}
		if c.after != nil && out.Declined == nil {
			c.after()
		}
	}
	replayed(c.w, out.Replayed)
	if out.Declined != nil {
		return out.Declined
	}
	web.WriteJSON(c.w, out.Status, out.Body)
	return nil
}

func (a *API) doOnce(c *call, k once.Call, run transaction, o *op, do func(db.Tx) (any, error)) (once.Answer, error) {
	var out once.Answer
	err := run(c.r.Context(), c.tenant, func(tx db.Tx) error {
		var err error
		out, err = once.Do(c.r.Context(), tx, k, func() (int, []byte, error) {
			answer, err := do(tx)
			if err != nil {
				return 0, nil, err
			}
			m, err := metaOf(c, tx)
			if err != nil {
				return 0, nil, err
			}
			body, err := encode(answer, m)
			return max(o.status, http.StatusOK), body, err
		})
		return err
	})
	return out, err
}

// Transactions of the rooms whose caches a write concerns.
func plain(a *API) transaction { return a.DB.Write }

func ofHouse(a *API) transaction {
	return func(ctx context.Context, tenant int64, do func(db.Tx) error) error {
		return a.House.Write(ctx, merchant.TenantID(tenant), do)
	}
}

func ofAccess(a *API) transaction { return a.Access.Write }

// ofBook lets compiled programmes be read anew after the write.
func ofBook(a *API) transaction {
	return func(ctx context.Context, tenant int64, do func(db.Tx) error) error {
		err := a.DB.Write(ctx, tenant, do)
		a.Book.Forget(tenant)
		return err
	}
}
