// Package proof is the room of proofs that a card is in its holder's hand: PINs and rotating codes. A
// subject is an opaque id; what stands behind it the room refuses to know.
//
// What always holds: a wrong try is counted in the database before anybody learns that it was wrong, so
// that neither a restart nor a crowd of callers gives tries for nothing; a step of a rotating code is used
// once, inside the commit of the operation that it proves; a refusal is verification_required and is kept
// under no key, so that the same operation may come again with a better proof.
package proof
