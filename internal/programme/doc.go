// Package programme is the loyalty programme as data: rates, offers, coupons, rewards, gift and pass
// products, exclusions. Parse reads it with the place of every problem, Validate refuses nonsense,
// Compile makes an immutable, indexed Version that the calculator in reward can ask without searching.
//
// Invariants: a Version never changes; the order in which offers are written changes nothing unless a
// sequence is declared (I54); every setting has its default in one place, the tag of its field.
// It refuses to know members, balances and baskets.
package programme
