// Package i18n gives the texts of the house in its five languages, from the catalogue in locales/.
//
// Invariants: every language has the same keys, and of each plural key the forms that CLDR has for it; a
// missing text falls back to English, then to its key, and never to an error.
//
// It refuses to know which language a person wants: that is the caller's.
package i18n
