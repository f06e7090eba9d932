package sale

import (
	"context"

	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/proof"
	"lojal/internal/reward"
)

// prove checks the proof of possession that a commit carries: a PIN, or the rotating code by which the card
// was shown. What it proves is consumed in the lane, together with the sale (A19).
func (r *Room) prove(ctx context.Context, o *Order, q *Request) error {
	if o.Primary == nil || q.Advice {
		return nil
	}
	claim := proof.Claim{Tenant: o.Tenant, Terminal: o.Terminal, Subject: o.Primary.Card, PIN: o.Primary.facts.PINHash()}
	switch {
	case q.Verify != nil:
		claim.Method, claim.Code = q.Verify.Method, q.Verify.Code
	case len(o.shown.Value) > 3 && o.shown.Value[:3] == "L1.":
		claim.Method, claim.Code = proof.RotatingQR, o.shown.Value
	default:
		return nil
	}
	keys, err := r.keys.Of(ctx, o.Tenant)
	if err != nil {
		return err
	}
	claim.Keys = keys
	o.proof, err = r.proofs.Check(ctx, claim)
	if err != nil && q.Verify == nil {
		return nil // a code that proves nothing still identifies; a spend that needs proof is refused below
	}
	return err
}

// verified refuses a spend that the programme wants proven (BURN-02). Nothing is stored under the key.
func (c *commit) verified(v *ledger.View, out *reward.Outcome) error {
	if c.Advice {
		return nil
	}
	var gift money.Amount
	for _, g := range out.Gifts {
		gift += g.Promo + g.Paid
	}
	s := &c.Version.Settings
	needs := asks(s.BurnVerification, out.Burn.Amount, out.Burn.Total() > 0) || asks(s.GiftVerification, gift, gift > 0)
	if needs && c.proof == (proof.Use{}) {
		return fault.New(ErrVerification, "methods", []string{"pin", "rotating_qr"})
	}
	return c.room.proofs.Consume(v, c.proof, c.Order.Op)
}

func asks(rule programme.Verification, amount money.Amount, spends bool) bool {
	switch rule.Need {
	case "always":
		return spends
	case "above":
		return spends && amount > rule.Above
	}
	return false
}
