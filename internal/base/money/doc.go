// Package money is whole numbers of minor units and the only ways to cut them: percentages half-up to the
// quantum, floors, multiply-and-divide through 128 bits, and the largest remainder. It knows currencies and
// no purpose: what an amount is for is decided above.
//
// Invariants: no floating point; every split sums to what was split; a result that does not fit is
// reported, never wrapped.
package money
