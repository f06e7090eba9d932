// Package pos is the till API, /pos/v1: the words of tills turned into deeds of the sale and shift rooms.
// Its hot calls are decoded by hand: a duplicate key is refused, an unknown one is passed over and named in
// the answer's warnings (A7).
//
// It refuses to know rules: a handler decodes, calls one deed, and answers with the bytes that the room
// rendered.
package pos
