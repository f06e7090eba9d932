// Package card is the room of cards: what they are called, how a presented value finds one, in which state
// they stand, and how numbers are made in stock. A card is a holder of accounts in the ledger under its own
// id; value that belongs to a membership (points, credit, visits, coupons) lies with the membership's
// holder once the card has one, gift money always with the card.
//
// What always holds: a presented value finds the same card in any of its written forms; the state of a card
// is that of its holder, and a card without a holder is new; links in the row and in the holder grow
// together, so that facts read before the lane are known to be old; a number stands in the database only
// sealed and as a keyed hash; a payment card's number is refused before anything sees it.
//
// It refuses to know who a person is, what a programme gives, and what a sale is.
package card
