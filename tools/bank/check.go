package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Finding is one thing that is wrong: which check says so, under which counter it counts, and about what.
type Finding struct {
	Check   string `json:"check"`
	Counter string `json:"counter"`
	About   string `json:"about"`
	What    string `json:"what"`
}

// Counters of the result, in its order.
var counters = []string{
	"lost", "doubled", "changed", "phantom", "negative", "overmax", "order", "snapshot", "webhook", "proof", "http500", "undoc",
}

// Verdict is what the checks came to. Examined tells which checks had something to look at.
type Verdict struct {
	Findings   []Finding
	Examined   map[string]int
	Unresolved []string
}

// Counts gives the number of findings by counter.
func (v *Verdict) Counts() map[string]int {
	out := map[string]int{}
	for _, f := range v.Findings {
		out[f.Counter]++
	}
	return out
}

type checker struct {
	*History
	ops     []*Operation
	byKey   map[string]*Operation
	verdict *Verdict
}

// checkHistory makes every check that the history permits.
func checkHistory(h *History) *Verdict {
	c := &checker{History: h, ops: h.operations(), byKey: map[string]*Operation{}, verdict: &Verdict{Examined: map[string]int{}}}
	for _, o := range c.ops {
		c.byKey[o.Key] = o
		if o.Outcome == nil && c.asked(o) {
			c.verdict.Unresolved = append(c.verdict.Unresolved, o.Key)
		}
	}
	c.present()
	c.replay()
	c.realTime()
	c.balanced()
	c.sameAnswer()
	c.bounds()
	c.told()
	c.proven()
	c.linearisable()
	c.taxonomy()
	return c.verdict
}

// asked tells whether the fate of an operation is open: some request got no reply, or was put off.
func (c *checker) asked(o *Operation) bool {
	return slices.ContainsFunc(o.Records, func(r *Record) bool {
		return r.Status == statusInfo || r.HTTP == 503 || r.HTTP == 429 || r.Code == "in_progress"
	})
}

func (c *checker) find(check, counter, about, format string, args ...any) {
	c.verdict.Findings = append(c.verdict.Findings, Finding{check, counter, about, fmt.Sprintf(format, args...)})
}

func (c *checker) looked(check string, n int) { c.verdict.Examined[check] += n }

// present is C1: the ledger has each applied operation once, no declined one, and nothing that nobody asked
// for; the statements agree.
func (c *checker) present() {
	times := map[string]int{}
	last := int64(0)
	for _, e := range c.Final.Entries {
		c.looked("C1", 1)
		if e.Seq != last+1 {
			c.find("C3", "order", e.Key, "entry %d follows entry %d", e.Seq, last)
		}
		last = e.Seq
		if e.Key == "" || c.World.Setup != "" && strings.HasPrefix(e.Key, c.World.Setup) {
			continue // the server's own work: expiries, releases; or the set-up's
		}
		times[e.Key]++
		o := c.byKey[e.Key]
		switch {
		case o == nil:
			c.find("C1", "phantom", e.Key, "entry %d (%s) has a key that was never sent", e.Seq, e.Kind)
		case o.Outcome != nil && o.Outcome.Status == statusFail && e.Kind != tombstone:
			c.find("C1", "phantom", e.Key, "entry %d (%s) of an operation that was declined with %s", e.Seq, e.Kind, o.Outcome.Code)
		case o.ok() && o.Outcome.Seq != e.Seq:
			c.find("C1", "changed", e.Key, "answered as entry %d, found as %d", o.Outcome.Seq, e.Seq)
		}
	}
	for _, o := range c.ops {
		switch {
		case o.ok() && times[o.Key] == 0:
			c.find("C1", "lost", o.Key, "%s was applied as entry %d and is not in the ledger", o.Op, o.Outcome.Seq)
		case times[o.Key] > 1:
			c.find("C1", "doubled", o.Key, "%s is in the ledger %d times", o.Op, times[o.Key])
		}
	}
	c.statements()
}

const (
	tombstone = "TMB"    // the kind of an entry that closes a key
	absent    = "absent" // what a look-up says of a key that it has closed
)

// statements compares each statement that was read at the end with the operations that moved its account.
func (c *checker) statements() {
	for name, keys := range c.Final.Statements {
		want := map[string]int{}
		for _, o := range c.ops {
			if o.ok() {
				for _, moved := range c.movedBy(o) {
					if moved == name {
						want[o.Key]++
					}
				}
			}
		}
		got := map[string]int{}
		for _, k := range keys {
			c.looked("C1", 1)
			if k != "" {
				got[k]++
			}
		}
		for k := range want {
			if got[k] == 0 {
				c.find("C1", "lost", k, "is not in the statement of %s", name)
			}
		}
		for k, n := range got {
			switch {
			case want[k] == 0 && c.byKey[k] == nil:
				c.find("C1", "phantom", k, "in the statement of %s was never sent", name)
			case n > 1:
				c.find("C1", "doubled", k, "is in the statement of %s %d times", name, n)
			}
		}
	}
}

// movedBy gives the accounts whose balance an operation must have moved.
func (c *checker) movedBy(o *Operation) []string {
	switch o.Op {
	case opLoad, opRedeem, opRefund:
		return []string{o.Args.Account}
	case opTransfer:
		return []string{o.Args.Account, o.Args.To}
	case opCapture:
		return []string{o.Args.Account}
	}
	return nil // what sales and reversals move depends on the moment
}

// event is something at a place of the ledger: an applied operation, a decline, or a read that saw it.
type event struct {
	epoch, seq int64
	rank       int // at one place: the operation, then the closing of keys, then what saw it
	op         *Operation
	seen       *Record
}

// replay is C2: the applied operations in the ledger's order, through the model; each answer's balances and
// each read must be those of the model at their place, each decline must be due there.
func (c *checker) replay() {
	events := c.events()
	m := newModel(c.World)
	at := map[[2]int64]string{}
	for _, e := range events {
		switch {
		case e.rank == 0:
			place := [2]int64{e.epoch, e.seq}
			if other := at[place]; other != "" {
				c.find("C3", "order", e.op.Key, "has the place of %s", other)
			}
			at[place] = e.op.Key
			c.looked("C2", 1)
			if wrong := m.apply(e.op.Key, e.op.Op, e.op.Args, e.seen.Result); wrong != "" {
				c.find("C2", "changed", e.op.Key, "%s at %d: %s", e.op.Op, e.seq, wrong)
			}
			c.compare(m, e.op.Key, e.seen)
		case e.op != nil && e.seen.Result == absent:
			m.closed[e.op.Key] = true // by a fence
		case e.op != nil:
			c.looked("C2", 1)
			c.due(m, e.op, e.seen)
		default:
			c.compare(m, e.seen.Op, e.seen)
		}
	}
	for name, b := range c.Final.Balances {
		c.looked("C2", 1)
		want := m.account(name)
		if b.Shown() != want.balance || b.Held != want.held {
			c.find("C2", "changed", name, "at the end %d with %d held, the model says %d with %d", b.Shown(), b.Held, want.balance, want.held)
		}
	}
}

func (c *checker) events() []event {
	var out []event
	for _, o := range c.ops {
		if o.Outcome == nil {
			continue
		}
		rank := 0
		switch {
		case o.ok():
		case o.Outcome.Result == absent:
			rank = 1
		default:
			rank = 2
		}
		out = append(out, event{o.Outcome.Epoch, o.Outcome.Seq, rank, o, o.Outcome})
	}
	for _, r := range c.Records {
		if r.Op == opBalance && r.Status == statusOK {
			out = append(out, event{r.Epoch, r.Seq, 2, nil, r})
		}
	}
	slices.SortStableFunc(out, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.epoch, b.epoch), cmp.Compare(a.seq, b.seq), cmp.Compare(a.rank, b.rank))
	})
	return out
}

// compare holds the balances of an answer against the model. What of a balance is debt the answer says: a
// reversal posts the exact negative (I14), so a debt may come back beside value, and it forbids burning.
func (c *checker) compare(m *model, about string, r *Record) {
	for _, name := range slices.Sorted(maps.Keys(r.Balances)) {
		c.looked("C2", 1)
		got, want := r.Balances[name], m.account(name)
		if got.Shown() != want.balance || got.Held != want.held {
			c.find("C2", "changed", about, "%s at %d shows %s as %d with %d held, the model says %d with %d",
				r.Op, r.Seq, name, got.Shown(), got.Held, want.balance, want.held)
		}
		want.debt = got.Debt
	}
}

// due holds a decline against the model.
func (c *checker) due(m *model, o *Operation, r *Record) {
	for _, code := range m.refusal(o.Key, o.Op, o.Args) {
		if code == r.Code || code == r.Code+"?" {
			return
		}
	}
	c.find("C2", "changed", o.Key, "%s declined with %s at %d without reason (%d there, %d held)",
		o.Op, r.Code, r.Seq, m.account(o.Args.Account).balance, m.account(o.Args.Account).held)
}

// balanced is C4: the postings of each entry, and so all accounts of a unit, sum to nothing.
func (c *checker) balanced() {
	if !c.Final.Snapshots {
		return
	}
	total := Sums{}
	for _, e := range c.Final.Entries {
		c.looked("C4", 1)
		for unit, n := range e.Sums {
			total[unit] += n
			if n != 0 {
				c.find("C4", "snapshot", e.Key, "entry %d does not balance: %s %d", e.Seq, unit, n)
			}
		}
	}
	for unit, n := range total {
		if n != 0 {
			c.find("C4", "snapshot", unit, "all accounts together hold %d", n)
		}
	}
}

// sameAnswer is C5: one key, one answer; a poisoned request is always refused as such.
func (c *checker) sameAnswer() {
	for _, o := range c.ops {
		for _, r := range o.Records {
			switch {
			case r.Send == sendPoison:
				c.looked("C5", 1)
				if r.HTTP != 0 && r.Code != "idempotency_mismatch" && !passing(r) {
					c.find("C5", "changed", o.Key, "another body under the key was answered %d %s", r.HTTP, r.Code)
				}
			case r.definite() && r != o.Outcome && r.Send != sendFence && o.Outcome.Send != sendFence:
				c.looked("C5", 1)
				if r.BodyHash != o.Outcome.BodyHash || r.HTTP != o.Outcome.HTTP {
					c.find("C5", "changed", o.Key, "answered %d %s (%s), then %d %s (%s)",
						o.Outcome.HTTP, o.Outcome.Code, short(o.Outcome.BodyHash), r.HTTP, r.Code, short(r.BodyHash))
				}
			case r.definite() && r.Status != o.Outcome.Status:
				c.find("C5", "changed", o.Key, "%s, then %s", o.Outcome.Status, r.Status)
			}
		}
		c.executedOnce(o)
	}
}

// executedOnce holds that of all applied answers of a key at most one says that it did the work. None may,
// when the answer that did was lost.
func (c *checker) executedOnce(o *Operation) {
	worked := 0
	for _, r := range o.Records {
		if r.Send != sendFence && r.Status == statusOK && !r.Replayed {
			worked++
		}
	}
	if worked > 1 {
		c.find("C5", "doubled", o.Key, "%d answers say that they did the work", worked)
	}
}

// passing tells whether a request was put off for load or not answered.
func passing(r *Record) bool {
	return r.Status == statusInfo || r.HTTP == 503 || r.HTTP == 429 || r.Code == "in_progress"
}

func short(hash string) string { return hash[:min(len(hash), 8)] }

// bounds is C6: no account below nothing, no more held than there is, no coupon and no pass beyond its
// uses, each hold resolved once.
func (c *checker) bounds() {
	show := func(about string, seq int64, name string, b Balance) {
		c.looked("C6", 1)
		if b.Active < 0 || b.Held < 0 || b.Debt < 0 || b.Held > b.Active {
			c.find("C6", "negative", about, "%s at %d: %d active, %d held, %d owed", name, seq, b.Active, b.Held, b.Debt)
		}
	}
	for _, r := range c.Records {
		for name, b := range r.Balances {
			show(r.Key, r.Seq, name, b)
		}
	}
	for name, b := range c.Final.Balances {
		show("the end", 0, name, b)
	}
	reversed := map[string]bool{}
	for _, o := range c.ops {
		if o.ok() && o.Op == opReverse && o.Outcome.Result != "tombstoned" {
			reversed[o.Args.Of] = true
		}
	}
	coupons, visits, holds := int64(0), map[string]int64{}, map[string]int{}
	for _, o := range c.ops {
		switch {
		case !o.ok() || reversed[o.Key]:
		case o.Op == opCoupon:
			coupons++
		case o.Op == opVisit:
			visits[o.Args.Account]++
		case o.Op == opCapture || o.Op == opRelease:
			if holds[o.Args.Of]++; holds[o.Args.Of] > 1 {
				c.find("C6", "overmax", o.Args.Of, "the hold is resolved %d times", holds[o.Args.Of])
			}
		}
	}
	if coupons > c.World.CouponCap {
		c.find("C6", "overmax", "coupon", "%d uses stand of %d", coupons, c.World.CouponCap)
	}
	for pass, n := range visits {
		if n > c.World.Visits {
			c.find("C6", "overmax", pass, "%d visits stand of %d", n, c.World.Visits)
		}
	}
}

// told is C7, as far as the event feed goes: each operation that moved money of a card has its event.
func (c *checker) told() {
	if !c.Final.Events {
		return
	}
	events := map[int64]bool{}
	for _, e := range c.Final.Entries {
		events[e.Seq] = e.Event
	}
	for _, o := range c.ops {
		if o.ok() && len(c.movedBy(o)) > 0 {
			c.looked("C7", 1)
			if !events[o.Outcome.Seq] {
				c.find("C7", "webhook", o.Key, "entry %d (%s) has no event", o.Outcome.Seq, o.Op)
			}
		}
	}
}

// proven is C8: what the final read found out about checkpoints and proofs.
func (c *checker) proven() {
	c.looked("C8", c.Final.Proofs)
	for _, what := range c.Final.ProofsBad {
		c.find("C8", "proof", "log", "%s", what)
	}
}
