// Package doctor asks whether the house is well: it runs the checks of all rooms over every tenant, each
// tenant on one snapshot, and says what is wrong and where. It may run beside a serving process, since it
// only reads; told to freeze, it stops the debits of a tenant whose books are wrong (P6).
//
// It refuses to know what a check means, and repairs nothing.
package doctor
