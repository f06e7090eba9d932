package ledger

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// maxRounds bounds how often a batch may ask for more than it named: each round brings back a piece of the
// tail of some account.
const maxRounds = 2_000

// ApplyBatch loads what the commands name, decides them in order, writes what was accepted and commits. It
// answers only after the commit, one result a command. It is the whole contract of the lane; the loop
// around it only gathers commands.
func (l *Lane) ApplyBatch(ctx context.Context, cmds []Command) []Result {
	out := make([]Result, len(cmds))
	err := l.attempt(ctx, cmds, out)
	for try := 0; err != nil && try < maxRetries; try++ {
		switch db.Classify(err) {
		case db.Unknown, db.Lost:
			// Every command is looked up by its key in the next attempt: what was committed is
			// answered from its row, what was not runs now, and the unique key decides between two.
			l.pause(try)
		case db.Retry, db.Duplicate:
		default:
			if len(cmds) > 1 {
				return l.oneByOne(ctx, cmds)
			}
			try = maxRetries
		}
		if try < maxRetries {
			err = l.attempt(ctx, cmds, out)
		}
	}
	if err != nil {
		for i := range out {
			out[i] = Result{Err: db.Fault(err)}
		}
	}
	return out
}

// oneByOne finds the command whose write the database refuses, so that it does not take its neighbours along.
func (l *Lane) oneByOne(ctx context.Context, cmds []Command) []Result {
	var out []Result
	for i := range cmds {
		out = append(out, l.ApplyBatch(ctx, cmds[i:i+1])...)
	}
	return out
}

func (l *Lane) attempt(ctx context.Context, cmds []Command, out []Result) error {
	w := newWork(l.slots)
	ops := make([]Operation, len(cmds))
	for i, c := range cmds {
		ops[i] = ownSpace(c.Op())
		w.want(ops[i].Tenant)
		c.Need(&Needs{tenant: ops[i].Tenant, work: w})
	}
	slices.Sort(w.tenants)
	b, err := l.session.Begin(ctx, w.tenants)
	if err != nil {
		return err
	}
	defer b.Rollback()
	if err := l.load(b, w, ops); err != nil {
		return err
	}
	for round := 0; ; round++ {
		more, err := l.decide(w, cmds, ops, out)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if round == maxRounds {
			return fmt.Errorf("ledger: a batch asked for more %d times", round)
		}
		w.restart()
		w.loadTails(b)
		if err := b.Flush(); err != nil {
			return err
		}
	}
	if l.looks {
		return nil
	}
	if err := l.write(b, w); err != nil {
		return err
	}
	return commit(b)
}

// load queues every look-up of the batch; they travel together.
func (l *Lane) load(b db.Batch, w *work, ops []Operation) error {
	now := l.clock.Now()
	for _, tenant := range w.tenants {
		one := findHead.Rows()
		one.Int(1)
		b.Find(findHead, tenant, one, func(_ int, r db.Row) {
			h := &head{tenant: tenant, seq: r.Int(0), booked: clock.Instant(r.Int(1)), epoch: r.Int(2), config: r.Int(3), frozen: r.Int(4) != 0}
			h.now, h.startSeq = max(now, h.booked), h.seq
			h.zones = l.zones(tenant)
			w.heads[tenant] = h
		})
		w.findKeys(b, tenant, ops)
		w.findMore(b, tenant)
		w.findSame(b, tenant, ops)
		w.findRows(b, tenant)
	}
	for _, s := range w.slots {
		s.load(b)
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return w.err
}

func (w *work) findKeys(b db.Batch, tenant int64, ops []Operation) {
	keys := findKey.Rows()
	declines := findDecline.Rows()
	var at []keyRef
	for _, op := range ops {
		if op.Tenant == tenant && op.Key != "" {
			keys.Int(op.Client).Text(op.Key)
			declines.Int(op.Client).Text(op.Key)
			at = append(at, keyRef{tenant, op.Client, op.Key})
		}
	}
	b.Find(findKey, tenant, keys, func(i int, r db.Row) {
		e, err := scanEntry(tenant, r)
		if err != nil {
			w.err = fmt.Errorf("entry %d: %w", r.Int(0), err)
			return
		}
		w.keys[at[i]] = &known{entry: e}
	})
	b.Find(findDecline, tenant, declines, w.refusals(tenant, at))
}

// refusals collects what is kept of declined operations.
func (w *work) refusals(tenant int64, at []keyRef) func(int, db.Row) {
	return func(i int, r db.Row) {
		w.keys[at[i]] = &known{declined: &declined{
			tenant: tenant, client: at[i].client, key: at[i].key, print: r.Bytes(0), code: r.Text(1), params: r.Text(2),
			seq: r.Int(3), epoch: r.Int(4), at: clock.Instant(r.Int(5)),
		}}
	}
}

// findMore looks up the keys of other operations that commands asked for.
func (w *work) findMore(b db.Batch, tenant int64) {
	keys, declines := findKey.Rows(), findDecline.Rows()
	var at []keyRef
	for _, k := range w.askedKeys {
		if k.tenant == tenant {
			keys.Int(k.client).Text(k.key)
			declines.Int(k.client).Text(k.key)
			at = append(at, k)
		}
	}
	b.Find(findKey, tenant, keys, func(i int, r db.Row) {
		e, err := scanEntry(tenant, r)
		if err != nil {
			w.err = err
			return
		}
		w.keys[at[i]] = &known{entry: e}
	})
	b.Find(findDecline, tenant, declines, w.refusals(tenant, at))
	seqs := findSameSeq.Rows()
	var seqAt []sameRef
	for _, s := range w.askedSeqs {
		if s.tenant == tenant {
			seqs.Int(s.terminal).Int(s.seq)
			seqAt = append(seqAt, s)
		}
	}
	b.Find(findSameSeq, tenant, seqs, w.occupants(seqAt))
}

// occupants collects the entries that carry a business key.
func (w *work) occupants(at []sameRef) func(int, db.Row) {
	return func(i int, r db.Row) {
		o := occupant{r.Int(0), ParseOp(r.Text(1)), r.Text(2), r.Int(3), r.Int(4), r.Int(5) != 0}
		if !slices.Contains(w.same[at[i]], o) {
			w.same[at[i]] = append(w.same[at[i]], o)
		}
	}
}

func (w *work) findSame(b db.Batch, tenant int64, ops []Operation) {
	seqs, receipts := findSameSeq.Rows(), findSameReceipt.Rows()
	var seqAt, receiptAt []sameRef
	for _, op := range ops {
		if op.Tenant != tenant {
			continue
		}
		if op.TerminalSeq > 0 {
			seqs.Int(op.Terminal).Int(op.TerminalSeq)
			seqAt = append(seqAt, sameRef{tenant, op.Terminal, op.TerminalSeq, ""})
		}
		if op.Receipt != "" {
			receipts.Int(op.Terminal).Text(op.Receipt)
			receiptAt = append(receiptAt, sameRef{tenant, op.Terminal, 0, op.Receipt})
		}
	}
	b.Find(findSameSeq, tenant, seqs, w.occupants(seqAt))
	b.Find(findSameReceipt, tenant, receipts, w.occupants(receiptAt))
}

func (w *work) findRows(b db.Batch, tenant int64) {
	x := w.wanted[tenant]
	ids := findHolder.Rows()
	for _, id := range x.holders {
		ids.Int(id)
	}
	b.Find(findHolder, tenant, ids, func(i int, r db.Row) {
		h := &Holder{ID: x.holders[i], Owner: Owner(r.Int(0)), Status: Status(r.Int(1)), Links: r.Int(2), Seq: r.Int(3)}
		if err := h.decode(r.Text(4)); err != nil {
			w.err = fmt.Errorf("holder %d: %w", h.ID, err)
		}
		w.base[ref{tenant, h.ID}] = h
	})
	seqs := findAmend.Rows()
	for _, s := range x.amends {
		seqs.Int(s)
	}
	b.Find(findAmend, tenant, seqs, func(i int, r db.Row) {
		w.amended[ref{tenant, x.amends[i]}] = &Amendment{r.Int(0), r.Text(1)}
	})
}

// decide runs every command against the loaded state. It tells whether one of them needs more than was
// loaded, in which case the whole batch is decided again, since Decide is pure.
func (l *Lane) decide(w *work, cmds []Command, ops []Operation, out []Result) (bool, error) {
	more := false
	for i, c := range cmds {
		h := w.heads[ops[i].Tenant]
		if h == nil {
			out[i] = Result{Err: fault.New(fault.ErrNotFound, "tenant", ops[i].Tenant)}
			continue
		}
		if r, ok := w.replay(h, ops[i]); ok {
			out[i] = r
			continue
		}
		v := &View{work: w, op: ops[i], head: h, holder: map[int64]*Holder{}, amend: map[int64]*Amendment{}}
		err := safely(c, v)
		if v.ask {
			more = true
			w.discard(v)
			continue
		}
		if err == nil {
			err = w.unique(v)
		}
		out[i] = w.settle(v, err)
	}
	return more, nil
}

// safely turns a panic of one command into its own error: the request dies, the books do not.
func safely(c Command, v *View) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("ledger: decide: %v\n%s", p, debug.Stack())
		}
	}()
	return c.Decide(v)
}

// settle keeps what a command wrote, or records its refusal under its key.
func (w *work) settle(v *View, err error) Result {
	r := Result{Seq: v.head.seq, Epoch: v.head.epoch, At: v.head.now}
	if err == nil {
		if problem := v.balanced(); problem != nil {
			w.discard(v)
			return Result{Err: problem, Seq: r.Seq, Epoch: r.Epoch}
		}
		first := len(w.entries)
		w.accept(v)
		if len(v.drafts) > 0 {
			r.Entry, r.More = w.entries[first], w.entries[first+1:len(w.entries):len(w.entries)]
			r.Seq = v.head.seq
			w.remember(v, r.Entry)
		}
		return r
	}
	w.discard(v)
	v.head.declined()
	r.Err = err
	f := fault.Of(err)
	if !definite(f) || v.op.Key == "" {
		return r
	}
	d := &declined{
		tenant: v.op.Tenant, client: v.op.Client, key: v.op.Key, print: v.op.Fingerprint, code: f.Code.Name, params: encodeParams(f.Params),
		seq: r.Seq, at: v.head.now, terminal: v.op.Terminal, batch: v.op.Batch,
	}
	w.decline = append(w.decline, d)
	w.keys[keyRef{d.tenant, d.client, d.key}] = &known{declined: d}
	r.Err = d.fault()
	return r
}

// remember makes an accepted command visible to the rest of its batch under its keys.
func (w *work) remember(v *View, e *Entry) {
	for _, x := range append([]*Entry{e}, w.entries[len(w.entries)-len(v.drafts)+1:]...) {
		if x.Key != "" {
			w.keys[keyRef{v.op.Tenant, x.Client, x.Key}] = &known{entry: x}
		}
		o := occupant{entry: x.Seq, kind: x.Kind, date: x.BusinessDate.String(), batch: x.Batch, terminal: x.Terminal}
		if x.TerminalSeq > 0 {
			r := sameRef{v.op.Tenant, x.Terminal, x.TerminalSeq, ""}
			w.same[r] = append(w.same[r], o)
		}
		if x.Receipt != "" {
			r := sameRef{v.op.Tenant, x.Terminal, 0, x.Receipt}
			w.same[r] = append(w.same[r], o)
		}
	}
}

// replay answers a key that is known: the first answer, whatever has happened since.
func (w *work) replay(h *head, op Operation) (Result, bool) {
	if op.Key == "" {
		return Result{}, false
	}
	k := w.keys[keyRef{op.Tenant, op.Client, op.Key}]
	if k == nil {
		return Result{}, false
	}
	r := Result{Replayed: true, Seq: h.seq, Epoch: h.epoch, At: h.now}
	switch {
	case k.entry != nil && k.entry.tombstone():
		r.Err = fault.New(ErrAlreadyReversed)
	case k.entry != nil && !samePrint(k.entry.Fingerprint, op.Fingerprint):
		r.Err, r.Replayed = fault.New(fault.ErrKeyMismatch), false
	case k.entry != nil:
		r.Entry, r.Seq, r.Epoch, r.At = k.entry, k.entry.Seq, k.entry.Epoch, k.entry.BookedAt
	case !samePrint(k.declined.print, op.Fingerprint):
		r.Err, r.Replayed = fault.New(fault.ErrKeyMismatch), false
	default:
		r.Err, r.Seq, r.At = k.declined.fault(), k.declined.seq, k.declined.at
		if k.declined.epoch != 0 {
			r.Epoch = k.declined.epoch
		}
	}
	return r, true
}

// unique refuses a second effective entry under one terminal sequence or receipt (I12, A21), and an
// operation whose key a reversal has closed before it came.
func (w *work) unique(v *View) error {
	if len(v.drafts) == 0 {
		return nil
	}
	e := &v.drafts[0].Entry
	for _, r := range [2]sameRef{{e.Tenant, e.Terminal, e.TerminalSeq, ""}, {e.Tenant, e.Terminal, 0, e.Receipt}} {
		if r.seq == 0 && r.receipt == "" {
			continue
		}
		for _, o := range w.same[r] {
			sameDay := o.date == e.BusinessDate.String()
			if o.kind == TMB && sameDay && r.seq > 0 && e.Reverses == 0 {
				return fault.New(ErrAlreadyReversed)
			}
			if o.reversed || w.amendment(e.Tenant, o.entry).ReversedBy != 0 || o.kind == TMB {
				continue
			}
			same := sameDay && o.batch == e.Batch && (r.seq > 0 || o.kind == e.Kind)
			if e.Terminal == 0 { // an order number of a shop is unique for ever
				same = o.kind == e.Kind
			}
			if same && !v.op.Advice {
				return fault.New(ErrDuplicateReceipt)
			}
			if same && !e.HasFlag(FlagDuplicate) {
				e.Flags = strings.TrimSpace(e.Flags + " " + FlagDuplicate)
			}
		}
	}
	return nil
}

// balanced checks the drafts before they are accepted: a wrong entry is a bug of a command, and stays out.
func (v *View) balanced() error {
	for _, d := range v.drafts {
		sums := map[Unit]int64{}
		for _, p := range d.Post.Lines {
			sums[p.Unit] += p.Amount
		}
		for u, s := range sums {
			if s != 0 {
				return errors.New(fmt.Sprintf("ledger: unbalanced %s: %d of unit %d in %v", d.Kind, s, u, d.Post.Lines))
			}
		}
	}
	return nil
}
