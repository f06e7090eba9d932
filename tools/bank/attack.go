package main

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// weights of the operations (relative). Transfers, blocks and statements go over the management API.
var weights = []struct {
	op     string
	weight int
}{
	{opLoad, 15}, {opRedeem, 25}, {opHold, 8}, {opCapture, 6}, {opRelease, 2}, {opTransfer, 10}, {opRefund, 6}, {opReverse, 5},
	{opEarn, 8}, {opBurn, 5}, {opCoupon, 3}, {opVisit, 3}, {opBlock, 1}, {opBalance, 5},
}

const (
	raceWidth       = 32
	againPct        = 5
	poisonPct       = 2
	racePct         = 1
	checkpointEvery = time.Second

	ownHistory = 64 // operations that a client remembers to refer to
)

// attack is the main phase: clients that send operations until they are told to stop.
type attack struct {
	*world
	clients int
	every   time.Duration // pause of one client between two operations; 0 for none
	seed    uint64
	up      gate
	stop    atomic.Bool
	failed  atomic.Pointer[error] // the history cannot be written: the run is void
	mu      sync.Mutex
	sent    map[string]*request
	lates   sync.WaitGroup // originals sent beside their reversals
}

// gate is open while the server is believed to be there, so that clients do not knock at a dead port.
type gate struct {
	mu   sync.Mutex
	open chan struct{}
	at   int64 // when it was last opened
}

func newGate() gate { return gate{open: make(chan struct{})} }

func (g *gate) wait() int64 {
	g.mu.Lock()
	c := g.open
	g.mu.Unlock()
	<-c
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at
}

func (g *gate) set(now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = now
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
		g.open = make(chan struct{})
	default:
	}
}

// past is an operation that a client may refer to.
type past struct {
	q     *request
	card  card
	token string // of a hold
	used  bool   // the hold was captured
	left  int64  // of a redemption, still refundable
}

type client struct {
	*attack
	id    int
	rng   *rand.Rand
	count int64
	pays  []*past // redemptions
	holds []*past
	sales []*past // what may be reversed
	done  []*past // definite: may be poisoned and sent again
}

// run sends operations until the attack is stopped. The schedule is open: an operation that is late because
// an earlier one was slow counts as late. After a fault the schedule begins anew.
func (a *attack) run(id int) {
	c := &client{attack: a, id: id, rng: rand.New(rand.NewPCG(a.seed, uint64(id)))}
	due := a.now() + c.rng.Int64N(int64(a.every)+1)
	for !a.stop.Load() {
		if back := a.up.wait(); back > due {
			due = back
		}
		if ahead := time.Duration(due - a.now()); ahead > 0 {
			time.Sleep(ahead)
		}
		if err := c.step(due); err != nil {
			a.failed.CompareAndSwap(nil, &err)
			return
		}
		if a.every == 0 {
			due = a.now()
		} else {
			due += int64(a.every)
		}
	}
}

func (c *client) step(due int64) error {
	c.count++
	q, p := c.pick()
	if q.op == opBalance {
		_, _, err := c.send(c.id, q, sendFirst, due)
		return err
	}
	c.remember(q)
	if c.rng.IntN(100) < racePct && q.poison != nil {
		return c.race(q)
	}
	r, a, err := c.send(c.id, q, sendFirst, due)
	if err != nil {
		return err
	}
	c.keep(r, a, p)
	return c.disturb(q, r)
}

// remember keeps every request, for the resolve phase.
func (a *attack) remember(q *request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent[q.key] = q
}

// disturb sends something under a key that was used: again the same, or another body.
func (c *client) disturb(q *request, r *Record) error {
	roll := c.rng.IntN(100)
	switch {
	case roll < againPct:
		_, _, err := c.send(c.id, q, sendAgain, 0)
		return err
	case roll < againPct+poisonPct && r.definite() && q.poison != nil:
		_, _, err := c.send(c.id, q, sendPoison, 0)
		return err
	}
	return nil
}

// race sends one request many times at once.
func (c *client) race(q *request) error {
	var wait sync.WaitGroup
	var first atomic.Pointer[error]
	for range raceWidth {
		wait.Go(func() {
			if _, _, err := c.send(c.id, q, sendRace, 0); err != nil {
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	wait.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

// keep remembers an operation that was applied, as something to refer to.
func (c *client) keep(r *Record, a *answer, p *past) {
	if r.Status != statusOK || p == nil {
		return
	}
	push := func(list *[]*past) {
		*list = append(*list, p)
		if len(*list) > ownHistory {
			*list = (*list)[1:]
		}
	}
	switch r.Op {
	case opRedeem:
		p.left = r.Args.Amount
		push(&c.pays)
	case opHold:
		p.token = a.Quote
		push(&c.holds)
	case opEarn, opBurn, opCoupon, opVisit:
		push(&c.sales)
	}
}

// pick draws an operation by its weight; what refers to an earlier one falls back to a redemption while
// there is none.
func (c *client) pick() (*request, *past) {
	sum := 0
	for _, w := range weights {
		sum += w.weight
	}
	roll := c.rng.IntN(sum)
	for _, w := range weights {
		if roll -= w.weight; roll < 0 {
			return c.make(w.op)
		}
	}
	return c.make(opRedeem)
}

// amount gives an amount that no other operation of the run has while there are fewer than ten thousand of a client,
// so that an effect names its cause.
func (c *client) amount() int64 {
	return 1 + (c.count%97)*int64(c.clients) + int64(c.id)
}

func (c *client) gift() card {
	if c.rng.IntN(2) == 0 {
		return c.gifts[c.rng.IntN(c.hot)]
	}
	return c.gifts[c.rng.IntN(len(c.gifts))]
}

func (c *client) till() int { return c.rng.IntN(terminals) }

func (c *client) make(op string) (*request, *past) {
	at, g := c.till(), c.gift()
	switch op {
	case opLoad:
		return c.load(at, g, c.amount()), nil
	case opHold:
		q := c.hold(at, g, c.amount())
		return q, &past{q: q, card: g}
	case opEarn:
		return c.aimed(c.earn(at, c.member(), 100*c.amount()))
	case opBurn:
		points := 1 + c.rng.Int64N(200)
		return c.aimed(c.burn(at, c.member(), points+100*c.rng.Int64N(50), points))
	case opCoupon:
		return c.aimed(c.useCoupon(at))
	case opVisit:
		return c.aimed(c.visit(at, c.passes[c.rng.IntN(len(c.passes))]))
	case opBalance:
		if c.rng.IntN(4) == 0 {
			g = c.member()
		}
		return c.balance(at, g), nil
	case opTransfer:
		if to := c.gift(); c.accounts && to.name != g.name {
			return c.transfer(g, to, c.amount()), nil
		}
	case opBlock:
		if c.cards {
			g = c.gifts[c.hot+c.rng.IntN(max(len(c.gifts)-c.hot, 1))]
			deed := opUnblock // more often, or in the end every card is blocked
			if c.rng.IntN(4) == 0 {
				deed = opBlock
			}
			return c.block(g, deed), nil
		}
	default:
		if q := c.refer(op, at); q != nil {
			return q, nil
		}
	}
	return c.aimed(c.redeem(at, g, c.amount()))
}

func (c *client) member() card { return c.members[c.rng.IntN(len(c.members))] }

func (c *client) aimed(q *request) (*request, *past) { return q, &past{q: q} }

// refer makes an operation on an earlier one, nil when there is none to refer to.
func (c *client) refer(op string, at int) *request {
	switch op {
	case opRefund:
		if len(c.pays) == 0 {
			return nil
		}
		p := c.pays[c.rng.IntN(len(c.pays))]
		n := p.left
		if c.rng.IntN(2) == 0 {
			n = 1 + c.rng.Int64N(p.left)
		}
		return c.refund(p.q, n) // at times beyond what is left: it must be refused
	case opCapture, opRelease:
		if len(c.holds) == 0 {
			return nil
		}
		i := c.rng.IntN(len(c.holds))
		p := c.holds[i]
		second := p.used
		if p.used || op == opRelease || c.rng.IntN(10) > 0 {
			c.holds = append(c.holds[:i:i], c.holds[i+1:]...)
		}
		p.used = true
		if op == opCapture || second {
			return c.capture(p.q, p.card, p.token, second) // a captured hold may be captured again: in vain
		}
		return c.reverse(p.q, opRelease, false)
	case opReverse:
		return c.takeBack(at)
	}
	return nil
}

// takeBack reverses an own operation, one that was never sent, or one that is sent meanwhile.
func (c *client) takeBack(at int) *request {
	byNumber := c.rng.IntN(2) == 0 && time.Now().In(c.zone).Hour() < 23 // the date is named: not near midnight
	if len(c.sales) > 0 && c.rng.IntN(3) > 0 {
		i := c.rng.IntN(len(c.sales))
		p := c.sales[i]
		c.sales = append(c.sales[:i:i], c.sales[i+1:]...)
		return c.reverse(p.q, opReverse, byNumber)
	}
	original := c.earn(at, c.member(), 100*c.amount())
	c.remember(original)
	back := c.reverse(original, opReverse, byNumber)
	wait := c.rng.IntN(2) == 0
	c.lates.Go(func() { c.late(original, wait) })
	return back
}

// late sends an original beside its reversal, or a moment after it.
func (c *client) late(q *request, wait bool) {
	if wait {
		time.Sleep(20 * time.Millisecond)
	}
	c.up.wait()
	if _, _, err := c.send(c.id, q, sendFirst, 0); err != nil {
		c.failed.CompareAndSwap(nil, &err)
	}
}

// watch keeps checkpoints, as anybody outside may, to hold the last one against them.
func (a *attack) watch() {
	for !a.stop.Load() {
		a.up.wait()
		if head, err := a.checkpoint(); err == nil { // a server that is being killed owes none
			a.seen = append(a.seen, head)
		}
		time.Sleep(checkpointEvery)
	}
}
