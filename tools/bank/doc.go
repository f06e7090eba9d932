// Command bank attacks a running server from outside and then checks its books. It makes a tenant of its
// own, lets many clients move value in it while the server is killed again and again, finds out what became
// of every operation whose answer was lost, reads everything back, and replays the history in the order of
// (epoch, ledger_seq) through a small single-threaded model of its own.
//
// It imports nothing of the house, not even its client: what it believes about the server is written here
// a second time, from the contract alone, so that a mistake would have to be made twice to go unnoticed.
//
// The history is on disk, fsynced in groups, before a request is sent. A run counts only when at least half
// of the kills met operations in flight and outcomes were unknown; a check that was not made is shown as a
// dash, never as a pass.
//
// Exit codes: 0 PASS, 1 FAIL (checks C1 to C10), 2 LIVENESS (C11, or an outcome that could not be found
// out), 3 HARNESS (the set-up or the run itself failed), 4 a seeded bug was not found.
package main
