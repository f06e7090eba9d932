// Package demo makes a small chain with a year behind it, so that a stranger sees a living house a minute
// after the first command: three outlets in three countries, five tills, their cashiers, two hundred
// members, and twelve months of sales with offers, points, returns, gift cards, coupons, passes and
// closed batches. Then it goes on selling, slowly, so that the pages move.
//
// Invariants: everything goes through the public API, over HTTP, under keys that the plan gives, so that a
// load that was broken off is taken up again and a finished one is never repeated; the same day and seed
// give the same year.
//
// It refuses to know the inside of the server. Names of members are made up from lists under a licence of
// their own (LICENSE.names); their phone numbers are from a range that is set aside for fiction.
package demo
