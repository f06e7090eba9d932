package main

import "fmt"

// model is the reference: one thread, one map of accounts. It knows the rules of the contract and nothing
// of how the server keeps them.
type model struct {
	world    World
	accounts map[string]*account
	done     map[string]*effect // applied operations, by key
	closed   map[string]bool    // keys that a reversal closed before their operation came
	coupons  int64
	visits   map[string]int64
}

// account is one account: balance is what is there less what is owed.
type account struct {
	balance int64
	held    int64
	debt    int64 // as the last answer showed it
	blocked bool
}

// available is what may be spent: nothing while there is debt (R13).
func (a *account) available() int64 {
	if a.debt > 0 {
		return 0
	}
	return max(a.balance-a.held, 0)
}

// effect is what an applied operation did.
type effect struct {
	op       string
	args     Args
	moved    map[string]int64
	coupon   bool
	visit    bool
	reversed bool
	resolved bool  // of a hold
	returned int64 // of a redemption
}

func newModel(w World) *model {
	return &model{world: w, accounts: map[string]*account{}, done: map[string]*effect{}, closed: map[string]bool{}, visits: map[string]int64{}}
}

func (m *model) account(name string) *account {
	if m.accounts[name] == nil {
		m.accounts[name] = &account{}
	}
	return m.accounts[name]
}

// refusal gives the codes with which the operation may be declined in the present state, none when it must
// be applied. A code that may come but need not ends with a question mark.
func (m *model) refusal(key, op string, a Args) []string {
	if m.closed[key] {
		return []string{"already_reversed"}
	}
	at := m.account(a.Account)
	var out []string
	debit := op == opRedeem || op == opTransfer || op == opHold || op == opBurn || op == opVisit
	if at.blocked {
		if debit {
			out = append(out, "card_blocked")
		} else {
			out = append(out, "card_blocked?")
		}
	}
	switch op {
	case opRedeem, opTransfer, opHold:
		out = appendIf(out, at.available() < a.Amount, "insufficient_balance")
		out = appendIf(out, op == opTransfer && m.account(a.To).blocked, "card_blocked?")
	case opBurn:
		out = appendIf(out, at.available() < a.Amount, "insufficient_points")
	case opRefund:
		out = append(out, m.refundRefusal(a)...)
	case opCapture, opRelease:
		of := m.done[a.Of]
		out = appendIf(out, of == nil, "original_not_found", "hold_expired")
		out = appendIf(out, of != nil && of.resolved, "hold_resolved", "already_reversed", "original_voided")
	case opCoupon:
		out = appendIf(out, m.coupons >= m.world.CouponCap, "offer_exhausted", "voucher_limit", "voucher_used")
	case opVisit:
		out = appendIf(out, m.visits[a.Account] >= m.world.Visits, "pass_used_up")
	case opUnblock:
		out = appendIf(out, !at.blocked, "card_already_active")
	case opReverse:
		of := m.done[a.Of]
		out = appendIf(out, of != nil && of.reversed || m.closed[a.Of], "already_reversed?")
	}
	return out
}

func (m *model) refundRefusal(a Args) []string {
	of := m.done[a.Of]
	switch {
	case of == nil:
		return []string{"original_not_found"}
	case of.returned+a.Amount > of.args.Amount:
		return []string{"over_return"}
	}
	return nil
}

func appendIf(list []string, ok bool, codes ...string) []string {
	if ok {
		return append(list, codes...)
	}
	return list
}

// apply books an operation and gives what is wrong with doing so, nothing when all is well. It books in any
// case, so that one mistake of the server is told once.
func (m *model) apply(key, op string, a Args, result string) string {
	wrong := ""
	for _, code := range m.refusal(key, op, a) {
		if code[len(code)-1] != '?' {
			wrong = "applied where " + code + " was due"
			break
		}
	}
	if m.done[key] != nil {
		return "applied twice"
	}
	e := &effect{op: op, args: a, moved: map[string]int64{}}
	m.done[key] = e
	switch op {
	case opLoad:
		m.move(e, a.Account, a.Amount)
	case opRedeem:
		m.move(e, a.Account, -a.Amount)
	case opTransfer:
		m.move(e, a.Account, -a.Amount)
		m.move(e, a.To, a.Amount)
	case opRefund:
		if of := m.done[a.Of]; of != nil {
			of.returned += a.Amount
		}
		m.move(e, a.Account, a.Amount)
	case opEarn, opBurn:
		m.move(e, a.Account, (a.Total-a.Amount)/max(m.world.EarnPer, 1)-a.Amount)
	case opCoupon:
		m.coupons++
		e.coupon = true
	case opVisit:
		m.visits[a.Account]++
		e.visit = true
	case opHold:
		m.account(a.Account).held += a.Amount
	case opCapture, opRelease:
		m.resolve(e, op, a)
	case opBlock, opUnblock:
		m.account(a.Account).blocked = op == opBlock
	case opReverse:
		if was := m.reverse(e, a); was != result && wrong == "" {
			wrong = fmt.Sprintf("answered %s, not %s", result, was)
		}
	}
	return wrong
}

func (m *model) move(e *effect, name string, by int64) {
	m.account(name).balance += by
	e.moved[name] += by
}

// resolve captures or releases a hold.
func (m *model) resolve(e *effect, op string, a Args) {
	of := m.done[a.Of]
	if of == nil || of.resolved {
		return
	}
	of.resolved = true
	m.account(of.args.Account).held -= of.args.Amount
	if op == opCapture {
		m.move(e, of.args.Account, -of.args.Amount)
	}
}

// reverse takes an operation back, or closes its key, and gives the answer that is due.
func (m *model) reverse(e *effect, a Args) string {
	of := m.done[a.Of]
	if of == nil {
		m.closed[a.Of] = true
		return "tombstoned"
	}
	if of.reversed {
		return "reversed"
	}
	of.reversed = true
	for name, by := range of.moved {
		m.move(e, name, -by)
	}
	if of.coupon {
		m.coupons--
	}
	if of.visit {
		m.visits[of.args.Account]--
	}
	return "reversed"
}
