// Package db is the seam over the two engines. Rooms write one portable SQL with $n placeholders; this
// package alone knows which engine runs. It hides how a database is opened, how a statement meets many
// rows at once, which errors mean what, and how tables come into being.
//
// There are two ways in. Read and Write run ordinary transactions of exactly one tenant. A Batch is the
// lane's way: set statements that are pipelined on PostgreSQL and run row by row, prepared, on SQLite.
package db
