// Package secret keeps what must not be read: the hierarchy of keys, keyed hashes for look-ups, sealed
// fields, passwords and random tokens.
//
// A master key in a file of its own wraps the secret of each tenant; from a tenant's secret come, by
// purpose, its peppers, its signing keys and the key that wraps the data key of each person. Deleting a
// person's wrapped data key makes what was sealed under it unreadable for ever. Neither the master key nor
// an unwrapped one is ever in the database.
//
// The room knows no person and no card: callers name purposes and rows.
package secret
