// Package seal makes histories that cannot be rewritten unseen: records in a canonical form, Merkle trees
// over them (RFC 6962), and checkpoints, which are signed notes over the roots of two trees (Ed25519, in
// the note format of the Go checksum database). Whoever keeps an old checkpoint is a witness.
//
// What always holds: the canonical form of a record is unambiguous; a checkpoint says of which log, of
// which size and of which life line it speaks; a public key, once used, is kept for ever. It refuses to
// know what the records mean.
package seal
