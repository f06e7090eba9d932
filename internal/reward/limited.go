package reward

import "lojal/internal/programme"

// Limited gives the positions of the rules whose uses are counted across sales and that may touch the
// basket: what must be known of them is asked before pricing, and of no others.
func Limited(v *programme.Version, b *Basket) []int {
	words := v.Words()
	bits := make([]uint64, words)
	own := make([]uint64, words)
	for i := range b.Lines {
		l := &b.Lines[i]
		item := programme.Item{Type: l.Type, Group: l.Group, SKU: l.SKU, Class: l.RegClass, Promo: l.Promo, Locked: l.Locked}
		if item.Type == "" {
			item.Type = typeGoods
		}
		clear(own)
		v.Look(&item, own)
		for k := range bits {
			bits[k] |= own[k]
		}
	}
	var out []int
	for i := range v.Rules {
		r := &v.Rules[i]
		if !r.Limited && !(r.Source == programme.FromCoupon && v.CouponOf(r.ID).GlobalCap > 0) {
			continue
		}
		if r.Source != programme.FromOffer || bits[r.Selector/64]>>(r.Selector%64)&1 == 1 {
			out = append(out, i)
		}
	}
	return out
}
