package vector

import (
	"fmt"
	"time"
)

// Given is the world in which a case begins. Names are those of the file; what they stand for on the
// server is made anew for every run.
type Given struct {
	At         time.Time       // zero: whenever it is
	Currency   string          // of the tenant
	Zone       string          // of the tenant and its outlets
	Merchants  map[string]Tree // name → nothing
	Outlets    map[string]Tree // merchant
	Tills      map[string]Tree // outlet
	Programmes map[string]Tree // the settings that differ from the defaults; issuer and accepted_by name merchants
	Members    map[string]Tree // programme, also, points, credit
	Cards      map[string]Tree // programme, product, status, paid, promo, points
	Coupons    map[string]Tree // programme, def, to
}

func readGiven(t Tree) (*Given, error) {
	g := &Given{Currency: "EUR", Zone: "Europe/Riga"}
	sets := map[string]*map[string]Tree{
		"merchants": &g.Merchants, "outlets": &g.Outlets, "tills": &g.Tills, "programmes": &g.Programmes,
		"members": &g.Members, "cards": &g.Cards, "coupons": &g.Coupons,
	}
	for key, v := range t {
		var err error
		switch key {
		case "at":
			g.At, err = instant(v)
		case "currency":
			g.Currency, _ = v.(string)
		case "zone":
			g.Zone, _ = v.(string)
		default:
			set := sets[key]
			if set == nil {
				return nil, fmt.Errorf("given: unknown key %q", key)
			}
			*set, err = named(v)
		}
		if err != nil {
			return nil, fmt.Errorf("given: %s: %w", key, err)
		}
	}
	for set, one := range map[*map[string]Tree]struct {
		name string
		body Tree
	}{
		&g.Merchants: {"shop", Tree{}}, &g.Outlets: {"shop", Tree{}}, &g.Tills: {"till", Tree{}}, &g.Programmes: {"club", Tree{}},
	} {
		if len(*set) == 0 {
			*set = map[string]Tree{one.name: one.body}
		}
	}
	return g, nil
}

func named(v any) (map[string]Tree, error) {
	t, ok := v.(Tree)
	if !ok {
		return nil, fmt.Errorf("names with what they are")
	}
	out := map[string]Tree{}
	for name, one := range t {
		body, ok := one.(Tree)
		if one != nil && !ok {
			return nil, fmt.Errorf("%s: keys and values", name)
		}
		out[name] = body
	}
	return out, nil
}

// only gives the single name of a set, for what need not be said when there is one of it.
func only(set map[string]Tree) string {
	if len(set) == 1 {
		for name := range set {
			return name
		}
	}
	return ""
}

// text gives a field as text, or what stands in for it.
func text(t Tree, key, otherwise string) string {
	if s, ok := t[key].(string); ok {
		return s
	}
	return otherwise
}

// number gives a field as a whole number, 0 when it is absent.
func number(t Tree, key string) int64 {
	n, _ := t[key].(int64)
	return n
}

// lots gives an opening value: one number, or amounts with their last days.
func lots(v any) []Tree {
	switch v := v.(type) {
	case int64:
		return []Tree{{"amount": v}}
	case Tree:
		return []Tree{v}
	case []any:
		var out []Tree
		for _, one := range v {
			if t, ok := one.(Tree); ok {
				out = append(out, t)
			}
		}
		return out
	}
	return nil
}
