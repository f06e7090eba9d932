// Package hook tells others what happened, by the Standard Webhooks specification: signed POSTs, tried again
// until they are taken.
//
// The ledger and the audit trail are the outbox: an endpoint has a cursor over both, and an event is made
// from its entry whenever it is sent. What always holds: no event is skipped; an event is sent at least
// once, under one id; events of one subject are sent in their order, and one that is not taken holds up its
// subject alone; each delivery ends taken, or dead after 72 hours (I29); no address inside the house's own
// network is ever dialled.
//
// It refuses to know what an event means.
package hook
