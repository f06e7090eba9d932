// Package bench measures the product against what the same machine can do at the same time: commits against
// pgbench on the same PostgreSQL server, quotes against a bare net/http endpoint. The sides take turns, and
// only their ratios and the processor time of one operation are compared, since absolute rates move with
// whatever else the machine does.
//
// Every amount that is sent was priced before, one answer in a hundred is priced again and compared, the
// books are checked at the end, and their rows are counted against the answers: a fast wrong server fails.
// The load comes from a process of its own over the loopback. It refuses to know how the server works: after
// the world is set up, it speaks the till API.
package bench
