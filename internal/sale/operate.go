package sale

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/programme"
)

// Answer is what a client gets: the bytes, and whether they are those of an earlier time.
type Answer struct {
	Body     []byte
	Replayed bool
	Seq      int64
	Epoch    int64
	Err      error
}

// maxStale bounds how often facts that moved between reading and deciding are read again.
const maxStale = 5

// staleConfig is the parameter of stale_facts that tells which configuration the lane saw.
const staleConfig = "config"

// again runs a resolved operation and resolves it anew while its facts turn out to be old.
// A refusal that is found out before the lane goes through it all the same: a key that is known answers
// whatever has become of its session or proof since, and a definite decline stands under its key for ever.
func (r *Room) again(ctx context.Context, p Place, q *Request, lane *ledger.Lane, make func() (ledger.Command, error)) (ledger.Command, ledger.Result) {
	var res ledger.Result
	var cmd ledger.Command
	for range maxStale {
		var err error
		cmd, err = make()
		if fault.Of(err) != nil && q.ID != "" && lane == r.lane {
			cmd, err = &nothing{op: r.operation(p, q, 0), room: r, terminal: p.Terminal, err: err}, nil
		}
		if err != nil {
			return nil, ledger.Result{Err: err}
		}
		res = lane.Do(ctx, cmd)
		if !fault.Is(res.Err, ledger.ErrStale) {
			return cmd, res
		}
		if config, moved := fault.Of(res.Err).Params.Get(staleConfig).(int64); moved {
			if _, err := r.book.Refresh(ctx, p.Tenant, config); err != nil {
				return nil, ledger.Result{Err: err}
			}
		}
		r.forget(ctx, p.Tenant, q)
	}
	return cmd, ledger.Result{Err: fault.New(fault.ErrUnavailable), Seq: res.Seq, Epoch: res.Epoch}
}

// Quote prices a basket. With a hold it reserves what the price uses (A11).
func (r *Room) Quote(ctx context.Context, p Place, q *Request) Answer {
	keys, err := r.keys.Of(ctx, p.Tenant)
	if err != nil {
		return Answer{Err: err}
	}
	if q.Hold {
		return r.quoteHeld(ctx, p, q, keys.Derive("quote"))
	}
	cmd, res := r.again(ctx, p, q, r.reader, func() (ledger.Command, error) {
		c, err := r.order(ctx, p, q)
		if err != nil {
			return nil, err
		}
		c.dry, c.Order.Op.Key = true, ""
		c.Order.Op.TerminalSeq, c.Order.Op.Receipt = 0, ""
		return c, nil
	})
	if res.Err != nil {
		return refused(res)
	}
	c := cmd.(*commit)
	wish := resolved(c.Wish, c.out)
	t := Token{Until: c.rec.At + lasting(c.Version.Settings.HoldTTL), Input: c.digestOf(&wish)}
	body, err := quoteAnswer(&c.rec, c.Version, c.versionNumber(), c.out, t, keys.Derive("quote"), res.Seq, res.Epoch, "")
	return Answer{Body: body, Err: err, Seq: res.Seq, Epoch: res.Epoch}
}

func (o *Order) versionNumber() int64 {
	for i, v := range o.Programme.Versions {
		if v == o.Version {
			return int64(i + 1)
		}
	}
	return 0
}

func (r *Room) quoteHeld(ctx context.Context, p Place, q *Request, secret []byte) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) {
		c, err := r.order(ctx, p, q)
		if err != nil {
			return nil, err
		}
		c.Order.Op.Kind = ledger.HLD
		h := &reserve{commit: *c, ttl: lasting(c.Version.Settings.HoldTTL)}
		if q.HoldSeconds > 0 {
			h.ttl = min(clock.Instant(q.HoldSeconds)*clock.Second, lasting(c.Version.Settings.AuthoriseTTL))
		}
		h.replaces, err = r.openHold(ctx, p, q.Receipt)
		return h, err
	})
	if res.Err != nil {
		return refused(res)
	}
	body, err := r.heldOf(ctx, p.Tenant, res.Entry, secret)
	return Answer{Body: body, Replayed: res.Replayed, Err: err, Seq: res.Entry.Seq, Epoch: res.Entry.Epoch}
}

// heldOf gives the answer of a quote that holds.
func (r *Room) heldOf(ctx context.Context, tenant int64, e *ledger.Entry, secret []byte) ([]byte, error) {
	var rec Record
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, err
	}
	prog, err := r.programmeOf(ctx, tenant, rec.Programme)
	if err != nil {
		return nil, err
	}
	v, out, err := rec.price(prog, e.Version)
	if err != nil {
		return nil, err
	}
	t := Token{Hold: e.Seq, Until: holdEnds(e, rec.At+lasting(v.Settings.HoldTTL)), Input: inputOf(&rec)}
	return quoteAnswer(&rec, v, number(prog, v), out, t, secret, e.Seq, e.Epoch, e.Key)
}

// lasting gives a span of a programme as a length of time on the clock.
func lasting(s programme.Span) clock.Instant { return clock.Instant(time.Duration(s).Microseconds()) }

func number(p *programme.Programme, v *programme.Version) int64 {
	o := Order{Programme: p, Version: v}
	return o.versionNumber()
}

func holdEnds(e *ledger.Entry, otherwise clock.Instant) clock.Instant {
	for _, x := range e.Post.Holds {
		if x.State == ledger.HoldOpen {
			return x.Ends
		}
	}
	return otherwise
}

// inputOf gives the digest of a stored hold's inputs, as the commit will compute it.
func inputOf(rec *Record) [12]byte {
	o := Order{Basket: *rec.Basket, Wish: *rec.Wish, Vouchers: rec.Vouchers}
	if rec.Card != 0 {
		o.Primary = &Party{Card: rec.Card, Membership: rec.Membership}
	}
	for _, g := range rec.Gifts {
		o.Gifts = append(o.Gifts, Party{Card: g})
	}
	return o.inputDigest()
}

// openHold finds the hold that a terminal opened for a receipt and that may still be open.
func (r *Room) openHold(ctx context.Context, p Place, receipt string) (*ledger.Entry, error) {
	if receipt == "" {
		return nil, nil
	}
	var found *ledger.Entry
	err := r.d.Read(ctx, p.Tenant, func(tx db.Tx) error {
		list, err := ledger.FindByReceipt(ctx, tx, p.Outlet, receipt, p.Day(r.clock.Now()))
		for _, e := range list {
			if e.Kind == ledger.HLD && e.Terminal == p.Terminal {
				found = e
			}
		}
		return err
	})
	return found, err
}

// Commit books a sale, quoted or one-shot.
func (r *Room) Commit(ctx context.Context, p Place, q *Request) Answer {
	cmd, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) { return r.order(ctx, p, q) })
	if res.Err != nil {
		return refused(res)
	}
	c, ok := cmd.(*commit)
	if !ok || res.Replayed {
		return r.saleOf(ctx, p.Tenant, res)
	}
	numbers, err := r.numbers(ctx, p.Tenant)
	if err != nil {
		return Answer{Err: err}
	}
	// What has just been decided is what the document says, and need not be read back from it.
	body, err := saleAnswer(res.Entry, &c.rec, c.Version, c.out, numbers)
	return Answer{Body: body, Seq: res.Entry.Seq, Epoch: res.Entry.Epoch, Err: err}
}

func (r *Room) saleOf(ctx context.Context, tenant int64, res ledger.Result) Answer {
	var rec Record
	if err := json.Unmarshal([]byte(res.Entry.Doc), &rec); err != nil {
		return Answer{Err: err}
	}
	prog, err := r.programmeOf(ctx, tenant, rec.Programme)
	if err != nil {
		return Answer{Err: err}
	}
	numbers, err := r.numbers(ctx, tenant)
	if err != nil {
		return Answer{Err: err}
	}
	v, out, err := rec.price(prog, res.Entry.Version)
	if err != nil {
		return Answer{Err: err}
	}
	body, err := saleAnswer(res.Entry, &rec, v, out, numbers)
	return Answer{Body: body, Replayed: res.Replayed, Seq: res.Entry.Seq, Epoch: res.Entry.Epoch, Err: err}
}

// programmeOf finds a programme that a stored document names, reading the shelf again when it is not known.
func (r *Room) programmeOf(ctx context.Context, tenant int64, id string) (*programme.Programme, error) {
	shelf, err := r.book.Shelf(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if p := shelf.Find(id); p != nil {
		return p, nil
	}
	r.book.Forget(tenant)
	if shelf, err = r.book.Shelf(ctx, tenant); err != nil {
		return nil, err
	}
	return shelf.Find(id), nil
}

func refused(res ledger.Result) Answer {
	return Answer{Err: res.Err, Replayed: res.Replayed, Seq: res.Seq, Epoch: res.Epoch}
}

// Render gives the answer of any entry that a client made, as it was given the first time.
func (r *Room) Render(ctx context.Context, tenant int64, e *ledger.Entry) ([]byte, error) {
	numbers, err := r.numbers(ctx, tenant)
	if err != nil {
		return nil, err
	}
	switch {
	case sells(e):
		a := r.saleOf(ctx, tenant, ledger.Result{Entry: e})
		return a.Body, a.Err
	case e.Kind == ledger.RET && !strings.HasPrefix(e.Doc, `{"k":"refund"`):
		return r.ReturnOf(e, numbers)
	case e.Kind == ledger.REV, e.Kind == ledger.VOI:
		return r.ReverseOf(e, numbers)
	case e.Kind == ledger.HLD:
		keys, err := r.keys.Of(ctx, tenant)
		if err != nil {
			return nil, err
		}
		return r.heldOf(ctx, tenant, e, keys.Derive("quote"))
	}
	return r.PurseOf(e, numbers)
}

// forget drops what is remembered of the cards that a request names.
func (r *Room) forget(ctx context.Context, tenant int64, q *Request) {
	scan := func(value string) {
		r.cards.Forget(ctx, tenant, card.Presented{Kind: "scan", Value: value, Entry: "barcode"})
	}
	for _, p := range q.Presented {
		r.cards.Forget(ctx, tenant, p)
	}
	for _, g := range q.Wish.Gift {
		scan(g.Value)
	}
	for i := range q.Basket.Lines {
		if g := q.Basket.Lines[i].Give; g != nil {
			scan(g.Value)
		}
	}
}
