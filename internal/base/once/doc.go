// Package once makes ordinary writes repeatable: what a client sends twice under one key happens once, and
// the second time the first answer is given. Operations that move value have their key in the ledger's own
// rows and do not come here.
//
// A key belongs to a client, so that two of them never meet in one. Only successes and definite refusals
// are kept; whatever may turn out otherwise the next time leaves no trace. The room knows no use-case: an
// answer is a status and bytes.
package once
