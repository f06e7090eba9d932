// Package vector runs the test vectors of the rules against a server, through its HTTP API alone: the same
// files check a build, an installation, or another implementation of the API.
//
// A file says what is given, what is done, and what must come out, in exact figures. All answers are
// recorded first and judged afterwards, so that a file can be judged again with other expectations without
// being run again. The runner knows no vector: what a file can say, every file can say.
package vector
