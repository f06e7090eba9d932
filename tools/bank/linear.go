package main

import (
	"hash/fnv"
	"time"

	"github.com/anishathalye/porcupine"
)

// Limits of C9.
const (
	sampleOf      = 10               // one account in so many is looked at
	linearTimeout = 20 * time.Second // for one account; an undecided account counts as not examined
	linearMost    = 4_000            // operations of one account
)

// step is what one operation means to one account.
type step struct {
	read     bool
	declined bool // for want of balance
	by       int64
	held     int64 // by how much the hold changes
	need     int64 // what must be available
	shown    *Balance
}

// purse is the state of one account.
type purse struct{ balance, held int64 }

// purseModel is a second, independent model: one account, judged by real time alone, blind to ledger_seq.
var purseModel = porcupine.Model{
	Init: func() any { return purse{} },
	Step: func(state, input, output any) (bool, any) {
		p, s := state.(purse), input.(step)
		free := max(p.balance-p.held, 0)
		if s.declined {
			return free < s.need, p
		}
		if !s.read {
			if s.need > 0 && free < s.need {
				return false, p
			}
			p.balance += s.by
			p.held += s.held
		}
		if s.shown != nil && (s.shown.Shown() != p.balance || s.shown.Held != p.held) {
			return false, p
		}
		return true, p
	},
	Equal: func(a, b any) bool { return a == b },
}

// linearisable is C9: for a sample of gift cards there is an order of the operations, one inside the span
// of each, in which every answer is right.
func (c *checker) linearisable() {
	histories := map[string][]porcupine.Operation{}
	skip := map[string]bool{}
	add := func(name string, client int, from, to int64, s step) {
		if sampled(name) {
			histories[name] = append(histories[name], porcupine.Operation{ClientId: client, Input: s, Call: from, Output: nil, Return: to})
		}
	}
	for _, o := range c.ops {
		if o.Outcome == nil {
			skip[o.Args.Account], skip[o.Args.To] = true, true
			continue
		}
		for name, s := range c.steps(o) {
			if b, ok := o.Outcome.Balances[name]; ok {
				s.shown = &b
			}
			add(name, o.Outcome.Client, o.Invoke, o.Return, s)
		}
	}
	for _, r := range c.Records {
		if r.Op == opBalance && r.Status == statusOK {
			for name, b := range r.Balances {
				add(name, r.Client, r.Invoke, r.Return, step{read: true, shown: &b})
			}
		}
	}
	for name, history := range histories {
		if skip[name] || len(history) > linearMost {
			continue
		}
		switch porcupine.CheckOperationsTimeout(purseModel, history, linearTimeout) {
		case porcupine.Ok:
			c.looked("C9", 1)
		case porcupine.Illegal:
			c.looked("C9", 1)
			c.find("C9", "changed", name, "%d operations have no order in which every answer is right", len(history))
		}
	}
}

// sampled tells whether an account is looked at: gift cards only, the hot ones all.
func sampled(name string) bool {
	if len(name) < 2 || name[0] != 'g' && name[0] != 'h' {
		return false
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return name[0] == 'h' || h.Sum32()%sampleOf == 0
}

// steps gives what an operation means to each gift card that it touches.
func (c *checker) steps(o *Operation) map[string]step {
	a := o.Args
	if !o.ok() {
		if o.Outcome.Code == "insufficient_balance" {
			return map[string]step{a.Account: {declined: true, need: a.Amount}}
		}
		return nil
	}
	switch o.Op {
	case opLoad, opRefund:
		return map[string]step{a.Account: {by: a.Amount}}
	case opRedeem:
		return map[string]step{a.Account: {by: -a.Amount, need: a.Amount}}
	case opTransfer:
		return map[string]step{a.Account: {by: -a.Amount, need: a.Amount}, a.To: {by: a.Amount}}
	case opHold:
		return map[string]step{a.Account: {held: a.Amount, need: a.Amount}}
	case opCapture, opRelease:
		of := c.byKey[a.Of]
		if of == nil {
			return nil
		}
		s := step{held: -of.Args.Amount}
		if o.Op == opCapture {
			s.by = -of.Args.Amount
		}
		return map[string]step{of.Args.Account: s}
	}
	return nil
}
