// Package shift keeps cashiers' shifts and terminals' batches, and reports on them: X while a batch is
// open, Z when it is closed. Every posting of a terminal belongs to a batch, so that a Z adds up to the
// ledger.
//
// What always holds: a batch opens by itself at the first operation after the last one closed; the number
// of a Z and the grand totals of a terminal are never reset; a closed Z never changes, what comes late
// falls in the open batch with its own business date; a report is computed from the entries alone, so it
// can be computed again.
//
// It refuses to know what a sale, a card product or a discount is: rooms above contribute their sections.
package shift
