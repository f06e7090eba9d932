// Package member is the room of persons and their memberships. A membership is a holder of accounts in the
// ledger under its own id: points, credit, visits and coupons of all its cards lie there.
//
// What always holds: all that is personal is sealed under the person's own key from its first row on, so
// that deleting the key forgets the person; phones are found by keyed hashes alone, and one phone is one
// person within a tenant; the ledger knows a person by a random id and nothing else (D17).
//
// It refuses to know cards: a card that is handed out at an enrolment joins it as a part.
package member
