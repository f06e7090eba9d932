// Package replay puts a real log of sales through the till API of a running server: each invoice is
// identified, quoted and committed at the moment when it happened, each cancellation goes back to the sale
// that it cancels. It shows on somebody's own data what a programme would have cost and given, and it is
// the longest test of the till API that we have.
//
// A Mapping says how a log is laid out. Every row is booked or counted under the name of the rule that
// left it out, so that rows in = rows booked + rows under each name:
//
//   - bad_debt: the invoice number begins with the prefix of bookkeeping entries (A).
//   - The names under skip in the mapping, by SKU: bank_charge, manual_adjustment, discount_note, sample,
//     test_product. None of them is goods over a counter.
//   - quantity_zero; stock_write_off: a negative quantity without the cancellation prefix;
//     positive_cancellation: the reverse.
//   - price_zero, price_negative, price_fraction: a price of 0, below 0, or with a fraction of a minor unit.
//   - cancelled_blind: no unit of a cancellation is found in an earlier sale.
//
// Postage (the SKUs under delivery) is booked as a line of type delivery, gift vouchers as type other;
// neither earns points nor takes any. An invoice counts from the time of its first row. A cancelled line
// goes back to the latest earlier sales of the same customer and SKU that have units left: latest sale
// first, last line first, one return for each sale; units that no sale has are counted as blind, because
// nobody can say which sale they belong to. A return refunds what was paid then, whatever the price on the
// cancellation.
//
// Invariants: the same file and mapping give the same operations with the same keys; groups of one minute
// are sent strictly one after the other, so the clock never runs back and what the server has is a prefix
// of the groups and a part of the next. The package keeps no journal: the server's is the only one, and a
// replay that was killed finds its place by asking for keys.
//
// It refuses to know the inside of the server: everything goes over HTTP through the public client.
package replay
