// Command verify checks the books of a lojal installation from outside. It shares no code with the server:
// canonical form, Merkle trees and signatures are written anew from docs/reference/canonical-entry.md.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

// Exit codes.
const (
	allIsWell = 0
	wrong     = 1 // the books are not what was signed, or do not add up
	unusable  = 2 // the arguments or the files cannot be used
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type paths []string

func (p *paths) String() string     { return fmt.Sprint(*p) }
func (p *paths) Set(s string) error { *p = append(*p, s); return nil }

func run(args []string, out, errs io.Writer) int {
	f := flag.NewFlagSet("verify", flag.ContinueOnError)
	f.SetOutput(errs)
	var keys, kept paths
	f.Var(&keys, "keys", "`file` with public keys; may be repeated")
	f.Var(&kept, "checkpoint", "`file` with a checkpoint that you have kept; may be repeated")
	f.Usage = func() {
		fmt.Fprintln(errs, "verify -keys checkpoint-keys.txt [-checkpoint kept.txt]… EXPORT.jsonl | LOJAL.db")
		f.PrintDefaults()
	}
	if f.Parse(args) != nil {
		return unusable
	}
	if f.NArg() != 1 {
		f.Usage()
		return unusable
	}
	v := newVerifier()
	for _, path := range keys {
		text, err := os.ReadFile(path)
		if err == nil {
			err = v.addKeys(string(text))
		}
		if err != nil {
			fmt.Fprintln(errs, "verify:", err)
			return unusable
		}
	}
	for _, path := range kept {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(errs, "verify:", err)
			return unusable
		}
		v.keep(path, string(text))
	}
	if err := v.books(f.Arg(0)); err != nil {
		fmt.Fprintln(errs, "verify:", err)
		return unusable
	}
	if v.report(out); len(v.problems) > 0 {
		return wrong
	}
	return allIsWell
}
