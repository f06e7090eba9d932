// Package access knows who acts: the keys of machines, the staff and their PINs, the approvals of those who
// may, and the audit trail of what they did.
//
// A key is stored as a keyed hash and shown once. A PIN guess is counted before it is judged, so that
// guesses at the same time do not outrun the lock. An approval is spent in the lane, in the transaction of
// what it allows. A change and its audit row are one transaction; the rows of a tenant are numbered without
// a gap, and each has a leaf over all that it says.
//
// The room refuses to know what is done with the rights that it tells of, and of whom the entities of the
// trail speak: it keeps their identifiers as text.
package access
