package main

import (
	"cmp"
	"slices"
)

// place is a position in the ledger.
type place struct{ epoch, seq int64 }

func (p place) before(q place) bool {
	return cmp.Or(cmp.Compare(p.epoch, q.epoch), cmp.Compare(p.seq, q.seq)) < 0
}

// realTime is C3: what was answered before something else was asked stands before it in the ledger, and
// nobody reads an older state than one he has seen.
func (c *checker) realTime() {
	for _, flaw := range c.Final.Flaws {
		c.find("C3", "order", "set-up", "%s, and a moment later it was right", flaw)
	}
	c.operationsInOrder()
	c.readsGoForward()
}

func (c *checker) operationsInOrder() {
	var applied []*Operation
	for _, o := range c.ops {
		if o.ok() {
			applied = append(applied, o)
		}
	}
	byReturn := slices.Clone(applied)
	slices.SortFunc(byReturn, func(a, b *Operation) int { return cmp.Compare(a.Return, b.Return) })
	slices.SortFunc(applied, func(a, b *Operation) int { return cmp.Compare(a.Invoke, b.Invoke) })
	var last place
	var who *Operation
	next := 0
	for _, o := range applied {
		for ; next < len(byReturn) && byReturn[next].Return < o.Invoke; next++ {
			p := place{byReturn[next].Outcome.Epoch, byReturn[next].Outcome.Seq}
			if last.before(p) {
				last, who = p, byReturn[next]
			}
		}
		c.looked("C3", 1)
		if mine := (place{o.Outcome.Epoch, o.Outcome.Seq}); who != nil && mine.before(last) {
			c.find("C3", "order", o.Key, "stands at %d, though %s had been answered as %d before it was asked", mine.seq, who.Key, last.seq)
		}
	}
}

// readsGoForward holds each client's reads against what that client had seen. A replayed answer is as old
// as its operation and shows nothing new.
func (c *checker) readsGoForward() {
	of := map[int][]*Record{}
	for _, r := range c.Records {
		if r.Seq > 0 && !r.Replayed && r.Send != sendPoison && (r.Status == statusOK || r.Status == statusFail && r.read()) {
			of[r.Client] = append(of[r.Client], r)
		}
	}
	for _, mine := range of {
		byReturn := slices.Clone(mine)
		slices.SortFunc(byReturn, func(a, b *Record) int { return cmp.Compare(a.Return, b.Return) })
		slices.SortFunc(mine, func(a, b *Record) int { return cmp.Compare(a.Invoke, b.Invoke) })
		var last place
		next := 0
		for _, r := range mine {
			for ; next < len(byReturn) && byReturn[next].Return < r.Invoke; next++ {
				if p := (place{byReturn[next].Epoch, byReturn[next].Seq}); last.before(p) {
					last = p
				}
			}
			if !r.read() {
				continue
			}
			c.looked("C3", 1)
			if (place{r.Epoch, r.Seq}).before(last) {
				c.find("C3", "order", r.Op, "client %d reads the state at %d after it had seen %d", r.Client, r.Seq, last.seq)
			}
		}
	}
}
