package api

import (
	"net/http"
	"reflect"

	"lojal/internal/access"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
	"lojal/internal/sale"
)

// book registers a write that the lane books. Its key is the ledger's; the answer is rendered by the room.
func book[I, O any](a *API, o op, do func(*call, *I) sale.Answer) {
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
		in := new(I)
		if body != nil {
			if err := web.Decode(c.raw, in); err != nil {
				a.problem(c, err, web.Meta{})
				return
			}
		}
		a.booked(c, do(c, in))
	})
}

func (a *API) booked(c *call, out sale.Answer) {
	replayed(c.w, out.Replayed)
	if out.Err != nil {
		a.problem(c, out.Err, web.Meta{LedgerSeq: out.Seq, Epoch: out.Epoch})
		return
	}
	web.WriteJSON(c.w, max(c.op.status, http.StatusOK), out.Body)
}

// run gives a command to the lane, with its row in the trail, and renders its entry.
func (a *API) run(c *call, cmd ledger.Command, act access.Act, render func(*ledger.Entry) (any, error)) sale.Answer {
	res := a.Lane.Do(c.r.Context(), a.audited(c, cmd, act, nil))
	if res.Err != nil {
		return sale.Answer{Err: res.Err, Replayed: res.Replayed, Seq: res.Seq, Epoch: res.Epoch}
	}
	e := res.Entry
	answer, err := render(e)
	if err != nil {
		return sale.Answer{Err: err}
	}
	body, err := encode(answer, web.Meta{LedgerSeq: e.Seq, Epoch: e.Epoch})
	return sale.Answer{Body: body, Replayed: res.Replayed, Seq: e.Seq, Epoch: e.Epoch, Err: err}
}

// audited puts a row of the trail, and the approval that is spent, into the commit of a command.
func (a *API) audited(c *call, cmd ledger.Command, act access.Act, x *spending) ledger.Command {
	act.Tenant, act.Actor, act.Request = c.tenant, c.caller.Actor(), web.RequestID(c.r.Context())
	return &audited{Command: cmd, api: a, act: act, spends: x}
}

type audited struct {
	ledger.Command
	api    *API
	act    access.Act
	spends *spending
}

// spending is an approval with the act that it is spent for.
type spending struct {
	approval access.Approval
	use      access.Use
}

// Need asks for what the command needs, and for the trail.
func (c *audited) Need(n *ledger.Needs) {
	c.Command.Need(n)
	c.api.Log.Need(n)
	if c.spends != nil {
		c.api.Approvals.Need(n, c.spends.approval)
	}
}

// Decide spends the approval, does the command, and tells of it.
func (c *audited) Decide(v *ledger.View) error {
	next := v.Seq() + 1
	if c.spends != nil {
		use := c.spends.use
		use.LedgerSeq = next
		if err := c.api.Approvals.Spend(v, c.spends.approval, use); err != nil {
			return err
		}
	}
	if err := c.Command.Decide(v); err != nil {
		return err
	}
	act := c.act
	act.LedgerSeq = next
	return c.api.Log.Write(v, act)
}

// approved reads the approval of a request. An integration cannot do by hand what a manager must allow; the
// tenant's administrator may.
func (a *API) approved(c *call, token, act string, amount int64) (*spending, error) {
	if token == "" {
		if c.caller.Kind == access.Admin || c.caller.Kind == access.Operator {
			return nil, nil
		}
		return nil, fault.New(access.ErrApprovalRequired, "reason", "missing")
	}
	p, err := a.Access.ReadApproval(c.r.Context(), c.tenant, secret.Secret(token))
	if err != nil {
		return nil, err
	}
	return &spending{p, access.Use{Act: act, AmountMinor: max(amount, -amount)}}, nil
}
