// Package ledger is the only place where value changes. It knows accounts, postings, lots and holds; it
// refuses to know what a sale, a card or a coupon is. Rooms above bring commands, which see a prepared
// view and decide purely, and slots, which are their own tables inside the lane's transaction.
//
// What always holds: an entry balances per unit; seq has no gap and follows the order of commits; an
// entry is never changed; a customer's account never goes below zero, what is missing stands on its debt
// companion; the balance of an account is the sum of its open lots; nobody is answered before the commit.
package ledger
