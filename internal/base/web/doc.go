// Package web holds what every HTTP surface of the house shares: a strict JSON reader and small appenders
// for the hot calls, reading and strict decoding of bodies, problem+json answers with the one map from a
// fault's kind to a status code, and the middleware around each handler.
//
// Invariants: a body is never larger than its limit, in bytes and in depth; no key occurs twice in one
// object; no text of an inner error, no body and no query value reaches an answer or a log line.
//
// It refuses to know any route, resource or domain word.
package web
