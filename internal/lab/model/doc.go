// Package model is the reference against which the product is held: what a careful bookkeeper would write
// down, one operation after the other, in plain maps and slices. It was written from the rules (R11 to R18
// of rounding and time, S1 to S14 of states, J1 to J20 of postings, A3 to A5 of keys) and shares no line
// with the product: it imports the standard library alone, which a test holds.
//
// It predicts, for each operation, whether it is applied and under which code it is declined, and every
// figure that the books show of it: postings, lots used and opened in their order, holds, debts, dates,
// states of cards, uses of vouchers. What pricing says (points earned, parts of a return) it is told; what
// is there to be spent, and what becomes of it, it knows on its own.
package model
