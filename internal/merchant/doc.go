// Package merchant is the hierarchy in which everything happens: tenant, merchant, outlet, terminal. A
// tenant is the border of isolation and a ledger of its own; merchants and outlets of several countries
// live in one.
//
// What the hot path asks of it, it answers from memory: an immutable snapshot of a tenant, kept with the
// configuration number at which it was read. Every write moves that number, so that other processes read
// anew. Currencies of outlets and terminals' numbers never change.
//
// The room refuses to know what is sold, who works where and what a key may do. The audit trail is handed to
// it as a function.
package merchant
