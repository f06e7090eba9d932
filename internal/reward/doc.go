// Package reward is the pure calculator: basket + wish + facts + programme version → outcome with its
// explanation. Everybody who asks the same gets the same answer, byte for byte, today and in ten years.
//
// Invariants: it reads no clock, no store and no context; it never changes what it is given; allocations
// sum exactly (I40); tenders sum to the total (I41); the order in which offers are entered changes nothing
// (I54); a set of partial returns equals the full return (I42).
// It refuses to know accounts, lots and people: the present state comes in as Facts, and what changes goes
// out as an Outcome for others to post.
package reward
