package simulate

import (
	"bytes"
	"container/heap"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
	"lojal/internal/sale"

	"lojal/internal/lab/model"
)

// message is a delivery under way.
type message struct {
	at    clock.Instant
	order int64
	o     *op
	reply bool
}

// network holds what is under way, by its time.
type network []message

func (n network) Len() int { return len(n) }
func (n network) Less(i, k int) bool {
	return n[i].at < n[k].at || n[i].at == n[k].at && n[i].order < n[k].order
}
func (n network) Swap(i, k int) { n[i], n[k] = n[k], n[i] }
func (n *network) Push(x any)   { *n = append(*n, x.(message)) }
func (n *network) Pop() any {
	old := *n
	m := old[len(old)-1]
	*n = old[:len(old)-1]
	return m
}

// send puts an operation on its way.
func (s *sim) send(o *op, after clock.Instant, reply bool) {
	s.order++
	heap.Push(&s.net, message{s.w.clock.Now() + after, s.order, o, reply})
}

// span gives a length of time: seconds, minutes, hours, or up to thirty days.
func (s *sim) span() clock.Instant {
	switch at := s.below(100); {
	case at < 50:
		return clock.Instant(s.between(1, 60)) * clock.Second
	case at < 85:
		return clock.Instant(s.between(1, 60)) * clock.Minute
	case at < 97:
		return clock.Instant(s.between(1, 24)) * clock.Hour
	}
	return clock.Instant(s.between(1, 30*24)) * clock.Hour
}

// dispatch lets fate decide how an operation travels.
func (s *sim) dispatch(o *op) {
	s.past = remember(s.past, o)
	switch at := s.below(100); {
	case at < 72 || o.t == nil && at < 90:
		s.send(o, 0, true)
	case at < 79: // the reply is lost; the till asks again
		s.send(o, 0, false)
		s.send(o, s.span(), true)
	case at < 84: // doubled
		s.send(o, 0, true)
		s.send(o, clock.Instant(s.below(2))*s.span(), true)
	case at < 90: // late
		s.send(o, s.span(), true)
	case at < 93: // lost; tried again later
		s.send(o, s.span(), true)
		s.send(o, s.span(), true)
	case at < 95: // lost for good
	default: // timed out: taken back, before or after it arrives
		s.send(o, clock.Instant(s.below(2))*s.span(), false)
		if back := s.takeBack(o); back != nil {
			s.send(back, clock.Instant(s.below(2))*s.span(), true)
		}
	}
}

const rememberedOps = 20_000

func remember(list []*op, o *op) []*op {
	if list = append(list, o); len(list) > 2*rememberedOps {
		list = append(list[:0], list[rememberedOps:]...)
	}
	return list
}

// takeBack makes the reversal that a till sends when it got no answer.
func (s *sim) takeBack(o *op) *op {
	if o.t == nil {
		return nil
	}
	t := o.t
	t.key++
	t.seq++
	s.serial++
	return &op{n: s.serial, kind: "reversal", t: t, key: t.key, print: s.serial, sequence: t.seq, receipt: s.serial, orig: o, named: "id"}
}

// gather takes what has arrived and draws what is new, up to a batch's size.
func (s *sim) gather(size int) []*call {
	var calls []*call
	now := s.w.clock.Now()
	take := func() {
		for len(s.net) > 0 && s.net[0].at <= now && len(calls) < size {
			m := heap.Pop(&s.net).(message)
			calls = append(calls, &call{o: m.o, reply: m.reply})
		}
	}
	take()
	for tries := 0; len(calls) < size && tries < 4*size; tries++ {
		switch kind := s.drawKind(); kind {
		case "resend":
			if o := s.remembered(); o != nil {
				calls = append(calls, &call{o: o, reply: true})
			}
		case "poison":
			if o := s.remembered(); o != nil && o.settled && o.t != nil && o.kind != "fence" {
				bad := *o
				bad.print, bad.kind, bad.amount = -o.n, o.kind, o.amount+1
				calls = append(calls, &call{o: &bad})
			}
		default:
			if o := s.draw(kind); o != nil {
				s.dispatch(o)
			}
		}
		take()
	}
	return calls
}

// step lets time pass, gathers operations, decides them in shared batches, and checks what they left.
func (s *sim) step() {
	s.passTime()
	size := []int{1, 1 + s.below(8), 16 + s.below(48), 64 + s.below(64)}[s.below(4)]
	if rest := int(s.opt.Ops - s.ops); rest < size {
		size = max(1, rest)
	}
	calls := s.gather(size)
	s.runAll(calls)
	s.ops += int64(len(calls))
	s.checkTouched()
	s.steps++
	s.housekeeping()
}

// runAll runs calls side by side: all that wait for a decision share a batch, in an order of their own.
func (s *sim) runAll(calls []*call) {
	for _, c := range calls {
		s.start(c)
	}
	s.random.Shuffle(len(calls), func(i, k int) { calls[i], calls[k] = calls[k], calls[i] })
	for active := calls; len(active) > 0 && s.failed == nil; {
		var cmds []ledger.Command
		var waiting []*call
		for _, c := range active {
			if s.advance(c); c.waiting {
				waiting, cmds = append(waiting, c), append(cmds, c.cmd)
				continue
			}
			s.finish(c)
		}
		if len(cmds) > 0 {
			s.batches++
			for i, res := range s.w.lane.ApplyBatch(ctx, cmds) {
				waiting[i].res = res
				if s.failed == nil {
					s.judge(waiting[i])
				}
			}
		}
		active = waiting
	}
	for _, c := range calls {
		c.stop()
	}
	clear(s.yield)
}

// finish takes the answer of a call that has ended.
func (s *sim) finish(c *call) {
	o, code := c.o, codeOf(c.answer.Err)
	if !c.judged {
		s.unjudged(c, code)
		return
	}
	if want := codeOf(c.res.Err); code != want {
		s.fail("%s: the answer is %q, the decision was %q", o.name(), code, want)
	}
	if len(c.answer.Body) > 0 && code == "" {
		if o.body == nil {
			o.body = c.answer.Body
		} else if !bytes.Equal(o.body, c.answer.Body) {
			s.fail("C5 (I49): %s: a repeated request is answered otherwise than at first:\n%s\n%s", o.name(), o.body, c.answer.Body)
		}
	}
	if c.reply && code == "" {
		s.follow(o, c)
	}
}

// unjudged holds what never reached the lane: reads, and requests that are refused at the door.
func (s *sim) unjudged(c *call, code string) {
	o := c.o
	s.count(o.kind, code, false)
	switch o.kind {
	case "fence", "look", "statement", "close_batch", "grant":
		if code != "" && !(o.kind == "look" && o.card == nil) {
			s.fail("%s: %v", o.name(), c.answer.Err)
		}
	case "quote":
		s.quoteAnswered(c, code)
	default:
		s.fail("%s: it was never decided, and answered %q", o.name(), code)
	}
}

func (s *sim) quoteAnswered(c *call, code string) {
	o := c.o
	splits, want := s.m.Quote(s.saleOf(o))
	if code != want {
		s.fail("C2: %s: the quote says %q (%v), the model %q", o.name(), code, c.answer.Err, want)
		return
	}
	if code == "" && c.reply {
		s.commitLater(o, c, splits)
	}
}

// follow lets a till go on after an answer: what was reserved is captured, given back, or left to run out.
func (s *sim) follow(o *op, c *call) {
	if o.kind == "hold" && !c.res.Replayed && o.seq != 0 {
		e := s.m.Entry(o.seq)
		splits := make([]model.Split, len(o.gifts))
		for i, x := range e.Opened {
			for k := range o.gifts {
				if e.Owners[i] != o.gifts[k].card.id {
					continue
				}
				if x.Kind == model.Promo {
					splits[k].Promo = x.Amount
				} else if x.Kind == model.Paid {
					splits[k].Paid = x.Amount
				}
			}
		}
		at := s.below(20)
		if at < 14 {
			s.commitLater(o, c, splits)
		}
		if at >= 9 && at < 18 { // given back, now and then although it is captured as well
			s.send(s.takeBack(o), s.span()/4, true)
		}
	}
}

// commitLater sends the sale that a quote has priced.
func (s *sim) commitLater(o *op, c *call, splits []model.Split) {
	token, ok := tokenOf(c.answer)
	if !ok {
		s.fail("%s: the quote has no id: %s", o.name(), c.answer.Body)
		return
	}
	t := o.t
	t.key++
	t.seq++
	s.serial++
	next := *o
	next.n, next.kind, next.key, next.print, next.sequence, next.receipt = s.serial, "commit", t.key, s.serial, t.seq, o.receipt
	if o.kind == "quote" { // it may be asked for twice, and committed twice
		next.receipt = next.n
	}
	next.at, next.body, next.settled, next.code, next.seq = 0, nil, false, "", 0
	at := s.now()
	q := &quoted{token: token, at: at, version: s.m.At(int64(s.w.clock.Now())), splits: splits}
	q.until = at + clock.Instant(q.version.HoldTTL)
	if o.kind == "hold" {
		e := s.m.Entry(o.seq)
		q.hold, q.at = o, clock.Instant(e.Booked)
		q.until = q.at + clock.Instant(q.version.HoldTTL)
		if len(e.Opened) > 0 {
			q.until = clock.Instant(e.Opened[0].Ends)
		}
	}
	if q.owner = c.owner; !c.judged && o.card != nil {
		q.owner = o.card.owner()
	}
	next.quote = q
	s.past = remember(s.past, &next)
	wait := s.span()
	if s.chance(70) {
		wait = clock.Instant(s.between(1, 600)) * clock.Second
	}
	s.send(&next, wait, true)
	if s.chance(10) {
		s.send(&next, wait+s.span(), true)
	}
}

func tokenOf(a sale.Answer) (string, bool) { return field(a.Body, "quote") }

// isDone tells an error that only says that there is nothing to do.
func isDone(err error) bool { return fault.Is(err, ledger.ErrNothingToDo) }
