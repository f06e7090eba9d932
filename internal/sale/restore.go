package sale

import (
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/ledger"
)

// backing gives value back for one return, after what earlier returns of the sale have given back. It works
// so that a set of partial returns leaves the accounts as one full return would, in whatever order they come:
// lots are refilled in one order, earned points are taken back in one order, and a shortage stays open, to be
// met from what a later return of the same sale brings.
type backing struct {
	*giveBack
	v         *ledger.View
	d         *ledger.Draft
	state     *Amends
	strict    bool
	notBefore clock.Day // restored value lasts at least through this day; 0 with strict
}

// used gives the lots that the sale took from an account, each once, in the order of consumption.
func (c *giveBack) used(of ledger.Account) []ledger.LotMove {
	var uses []ledger.LotMove
	for _, u := range c.original.Post.Uses {
		if u.Holder != of.Holder || u.Kind != of.Kind || u.Unit != of.Unit || u.Qty <= 0 {
			continue
		}
		if i := slices.IndexFunc(uses, func(o ledger.LotMove) bool { return o.Lot == u.Lot }); i >= 0 {
			uses[i].Qty += u.Qty
			continue
		}
		uses = append(uses, u)
	}
	return uses
}

// restore gives value back to the lots that the sale used, in reverse order of consumption (R11). Under a
// strict programme what has expired since expires in the same operation (R18).
func (b *backing) restore(from, to ledger.Account, qty int64) {
	if qty == 0 {
		return
	}
	uses := b.used(to)
	for i := len(uses) - 1; i >= 0 && qty > 0; i-- {
		u := uses[i]
		if u.Qty = min(u.Qty-b.state.back(to, u.Lot), qty); u.Qty > 0 {
			qty -= u.Qty
			b.refill(from, to, u)
		}
	}
	if qty > 0 { // the sale had taken it from a debt
		b.note(to, ledger.LotMove{Qty: qty}, 0)
		b.d.Repay(ledger.RET, from, to, qty)
	}
	if b.strict {
		b.d.ExpireFreed(to)
	}
}

// refill gives value back for one use. What an earlier return of the sale has left as a debt for want of
// these very points is repaid first; value that has expired repays nothing.
func (b *backing) refill(from, to ledger.Account, u ledger.LotMove) {
	all := u
	dead := b.strict && b.v.Ended(u)
	if to.Kind == ledger.Points {
		if !dead {
			owed := min(b.state.Owed, b.debt(to), u.Qty)
			if owed > 0 {
				b.d.Repay(ledger.RET, from, to, owed)
				b.state.Owed -= owed
				u.Qty -= owed
			}
		}
		b.noteExpiry(u)
	}
	before := len(b.d.Post.Adds)
	b.d.Restore(ledger.RET, from, []ledger.LotMove{u}, u.Qty, b.notBefore)
	var into int64
	if len(b.d.Post.Adds) > before {
		into = b.d.Post.Adds[before].Lot
	}
	b.note(to, all, into)
}

// part gives the position of the return that is being made.
func (b *backing) part() int { return len(b.state.Parts) }

func (b *backing) note(to ledger.Account, u ledger.LotMove, into int64) {
	b.state.Back = append(b.state.Back, refill{Part: b.part(), Holder: to.Holder, Kind: to.Kind, Lot: u.Lot, Qty: u.Qty, Into: into})
}

// debt gives what an account owes.
func (b *backing) debt(a ledger.Account) int64 {
	return -b.v.Holder(a.Holder).Balance(a.Kind.Debt(), a.Unit).Posted
}

// noteExpiry remembers the earliest last day among the restored points.
func (b *backing) noteExpiry(u ledger.LotMove) {
	if u.Qty == 0 || u.Until == 0 {
		return
	}
	if until := max(u.Until, b.notBefore); b.rec.Restored == 0 || until < b.rec.Restored {
		b.rec.Restored = until
	}
}

// claw takes earned points back: those that the sale gave, pending before active, then others, and last those
// that the sale had burned and its returns restore. A shortage becomes debt, up to the limit that the
// programme sets to a debt, and beyond it, or where the programme prevents debt, it is forgiven (VRR-24); a
// later return of the sale asks for it again.
func (b *backing) claw(points ledger.Account, qty int64) {
	// Below 0 a later return has taken what this one, then reversed, had forgiven.
	ask := max(0, qty+b.state.Forgiven)
	if qty == 0 && ask == 0 {
		return
	}
	to := ledger.System(ledger.UnitsIssued, points.Unit)
	short := b.d.ClawAtMost(ledger.RET, b.original.Post.Adds, b.state.refilled(points, b.used(points)), points, to, ask)
	owed := short
	if limit := int64(b.version.Settings.DebtLimit); limit > 0 {
		owed = min(short, max(0, limit-b.debt(points)))
	}
	if b.version.Settings.Clawback == "prevent" {
		owed = 0
	}
	b.d.Owe(ledger.RET, points, to, owed)
	b.rec.Forgiven = qty - (ask - short) - owed
	b.state.Owed, b.state.Forgiven = b.state.Owed+owed, b.state.Forgiven+b.rec.Forgiven
}
