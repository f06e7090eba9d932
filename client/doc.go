// Package client speaks to a lojal server: the till API (/pos/v1) that a cash register needs, and the calls
// of the management API (/v1) that set a shop up and look after it.
//
// Every write carries a key that the caller makes with NewID and stores before it sends. The client sends a
// write again, under the same key and a bounded number of times, when the server is busy or no answer
// arrives; then it asks the server what became of the key. An operation whose fate stays open is an
// *UnknownError: send it again under the same key, or close the key with Fence, and never start it anew
// under another. The server executes a key once and answers alike for ever.
//
// Amounts are whole minor units of a currency, points whole units at the programme's scale; there is no
// floating point. What the server refuses is a *Problem with a stable code. Fields that a newer server adds
// to its answers are ignored.
package client
