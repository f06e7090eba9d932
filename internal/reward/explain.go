package reward

import (
	"lojal/internal/base/clock"
	"lojal/internal/programme"
)

// NotApplied gives, for every offer that gave nothing, the reason with the missing condition. It is
// computed from the same inputs whenever it is asked for and stored nowhere.
func NotApplied(v *programme.Version, b *Basket, w *Wish, f *Facts, at clock.Instant, outlet string) ([]Reason, error) {
	c := pool.Get().(*calculator)
	defer c.release()
	c.begin(v, b, w, f, at, outlet)
	if err := c.price(); err != nil {
		return nil, err
	}
	gave := make([]*instance, len(v.Rules))
	for i := range c.instances {
		gave[c.instances[i].rule.Selector] = &c.instances[i] // a rule's selector is its position
	}
	out := make([]Reason, 0, len(v.Rules))
	for i := range v.Rules {
		r := &v.Rules[i]
		if r.Source != programme.FromOffer {
			continue
		}
		if reason, missed := c.reasonOf(r, gave[i]); missed {
			out = append(out, reason)
		}
	}
	return out, nil
}

// reasonOf tells why an offer gave nothing, and whether that is so.
func (c *calculator) reasonOf(r *programme.Compiled, in *instance) (Reason, bool) {
	if in == nil {
		reason := r.Refuses(&c.circ)
		if reason == "" {
			reason = "no_eligible_lines"
		}
		in = &instance{reason: reason}
	}
	out := Reason{Offer: r.ID, Reason: in.reason}
	switch {
	case in.reason == "below_minimum":
		out.Params = map[string]any{"missing": c.v.Currency.Of(in.missing)}
	case in.reason == "not_yet":
		out.Params = map[string]any{"from": r.DateFrom}
	case in.reason == "exclusive":
		out.Params = map[string]any{"group": r.Exclusive}
	case in.reason != "":
	case r.Step == stepEarn && !c.f.Member:
		out.Reason = "member_required"
	case in.effect < 0:
		out.Reason = "no_effect"
	default:
		e := &c.effects[in.effect]
		if e.amount > 0 || e.points > 0 || (r.Step == stepEarn && e.base > 0) {
			return out, false
		}
		out.Reason = "no_effect"
		switch {
		case e.capped != "":
			out.Params = map[string]any{"capped_by": e.capped}
		case e.base == 0:
			out.Reason = "no_eligible_lines"
		}
	}
	return out, true
}
