// Package simulate runs a shop in one process, by one seed, on one goroutine that schedules everything: real
// rooms over a real database, tills that talk to them over a network that loses, doubles, delays and
// reorders, a clock that jumps, a server that falls and is opened again. Each decision is held against the
// reference model, each touched row read back and compared, and at intervals the doctor examines the books.
//
// The same seed gives the same run, byte for byte: its trace can be compared, and a failure repeated. The
// package refuses to know how value works; that is the model's matter, on which it never leans for an answer.
package simulate
