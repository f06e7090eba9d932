// Package front serves the pages that an operator opens in a browser: Today, with the turnover of every
// outlet against the same weekday a week ago, what the house owes, and what is happening now; and the
// documentation of the API. They are plain HTML: everything works without JavaScript, which only keeps the
// feed moving.
//
// Invariants: a page shows only what the key that logged in may see; an API key never travels in a cookie
// and a session is kept as a hash; nothing here changes the books. The figures of Today follow the ledger
// entry by entry, so that a page costs what has happened since it was last asked for, not the whole year.
//
// It refuses to know how a price or a balance comes about: it adds up what the entries say.
package front
