package internal_test

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	maxFileLines     = 500
	maxFunctionLines = 70
)

// Exceptions, each with its reason. A key is a file, or a room's folder with a slash at its end; for long
// functions it is the file and the function's name.
var (
	mayAskTheTime = map[string]string{
		"internal/base/clock/": "it is the clock",
		"examples/":            "they stand outside of the house, as a till does",
	}
	mayFloat = map[string]string{
		"internal/base/web/":        "milliseconds in the log line",
		"internal/app/metrics.go":   "monitors count in floating point",
		"internal/lab/":             "rates and ratios of measurements",
		"internal/ledger/seeded.go": "a bug on purpose, in no ordinary build",
	}
	mayRandom = map[string]string{
		"internal/lab/": "simulations repeat by their seed",
	}
	mayBeLong     = map[string]string{}
	mayRunLong    = map[string]string{}
	mayStartTasks = map[string]string{
		"internal/base/db/sqlite.go": "the checkpointer, on a connection of its own",
		"internal/base/job/":         "workers of the outbox and of timers",
		"internal/ledger/lane.go":    "the lane's loop",
		"internal/app/":              "servers and background work start and stop with the process",
		"internal/lab/":              "load comes from many clients at once",
		"cmd/lojal/":                 "signals",
	}
)

func allowed(list map[string]string, name string) bool {
	for key := range list {
		if key == name || strings.HasSuffix(key, "/") && strings.HasPrefix(name, key) {
			return true
		}
	}
	return false
}

// imported gives the name under which a file knows a package, nothing when it does not import it.
func imported(s source, pkg string) string {
	for _, spec := range s.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		switch {
		case name != pkg:
		case spec.Name != nil:
			return spec.Name.Name
		default:
			return pkg[strings.LastIndexByte(pkg, '/')+1:]
		}
	}
	return ""
}

// clockRule refuses to ask the machine for the time.
func clockRule(s source) []string {
	name := imported(s, "time")
	if name == "" || s.test() || allowed(mayAskTheTime, s.path) {
		return nil
	}
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		on, ok := sel.X.(*ast.Ident)
		if ok && on.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
			out = append(out, fmt.Sprintf("%s: time.%s asks the machine: take now as an argument, or a clock.Clock; clock.Mono measures", s.at(n), sel.Sel.Name))
		}
		return true
	})
	if name == "." {
		out = append(out, s.path+": time is not imported with a dot")
	}
	return out
}

// floatRule refuses floating point in rooms.
func floatRule(s source) []string {
	if !s.internal() || s.test() || allowed(mayFloat, s.path) {
		return nil
	}
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && slices.Contains([]string{"float32", "float64", "ParseFloat", "FormatFloat"}, id.Name) {
			out = append(out, fmt.Sprintf("%s: %s in a room: value is whole numbers with a unit", s.at(n), id.Name))
		}
		return true
	})
	return out
}

// randomRule refuses math/rand: what must not be guessed comes from crypto/rand, what repeats from a seed.
func randomRule(s source) []string {
	if s.test() || allowed(mayRandom, s.path) {
		return nil
	}
	var out []string
	for _, pkg := range []string{"math/rand", "math/rand/v2"} {
		if imported(s, pkg) != "" {
			out = append(out, fmt.Sprintf("%s: imports %s: take crypto/rand, or randomness as an argument", s.path, pkg))
		}
	}
	return out
}

// sizeRule refuses long files, and long functions outside of tests, where a table may be long.
func sizeRule(s source) []string {
	var out []string
	if n := s.text.LineCount(); n > maxFileLines && !allowed(mayBeLong, s.path) {
		out = append(out, fmt.Sprintf("%s: %d lines, at most %d: split it by deed", s.path, n, maxFileLines))
	}
	if s.test() {
		return out
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		n := s.text.Line(f.End()) - s.text.Line(f.Pos()) + 1
		if n > maxFunctionLines && !allowed(mayRunLong, s.path+" "+f.Name.Name) {
			out = append(out, fmt.Sprintf("%s: %s has %d lines, at most %d: decide at the top, loop at the bottom", s.at(f), f.Name.Name, n, maxFunctionLines))
		}
	}
	return out
}

// taskRule refuses a go statement where none is listed.
func taskRule(s source) []string {
	if s.test() || strings.HasSuffix(s.dir(), "test") || allowed(mayStartTasks, s.path) {
		return nil
	}
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		_, statement := n.(*ast.GoStmt)
		if statement || callsGo(n) {
			out = append(out, s.at(n)+": starts a goroutine: let the caller run it, or list the file in mayStartTasks with its reason")
		}
		return true
	})
	return out
}

// callsGo tells whether the node is a call like that of sync.WaitGroup.Go.
func callsGo(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Go"
}

// commentRule refuses a package in which no file has a package comment.
func commentRule(all []source) []string {
	has := map[string]bool{}
	for _, s := range all {
		if !s.test() {
			has[s.dir()] = has[s.dir()] || s.file.Doc != nil
		}
	}
	var out []string
	for _, dir := range slices.Sorted(maps.Keys(has)) {
		if !has[dir] {
			out = append(out, dir+": no package comment: write a doc.go (why it exists, its invariants, what it refuses to know)")
		}
	}
	return out
}

var rules = map[string]func(source) []string{
	"clock": clockRule, "float": floatRule, "random": randomRule, "size": sizeRule, "task": taskRule, "floor": floorRule,
}

func TestHabits(t *testing.T) {
	t.Parallel()
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range sources(t) {
				report(t, rule(s))
			}
		})
	}
	t.Run("comment", func(t *testing.T) {
		t.Parallel()
		report(t, commentRule(sources(t)))
	})
}

// TestHabits_ExceptionsAreNotForgotten refuses an exception without a reason, and one of size for a file
// that is gone.
func TestHabits_ExceptionsAreNotForgotten(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, s := range sources(t) {
		known[s.path] = true
	}
	for _, list := range []map[string]string{mayAskTheTime, mayFloat, mayRandom, mayBeLong, mayRunLong, mayStartTasks} {
		for key, reason := range list {
			if reason == "" {
				t.Errorf("%s is excepted without a reason", key)
			}
		}
	}
	for _, list := range []map[string]string{mayBeLong, mayRunLong} {
		for key := range list {
			if name, _, _ := strings.Cut(key, " "); !known[name] {
				t.Errorf("%s is excepted, but there is no such file", name)
			}
		}
	}
}

func TestRules_CanFail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\n", maxFileLines+1)
	for _, c := range []struct {
		rule, path, text string
		want             int
	}{
		{"clock", "internal/card/a.go", `package card; import "time"; var x = time.Now()`, 1},
		{"clock", "internal/card/a.go", `package card; import clk "time"; var x = clk.Since(t)`, 1},
		{"clock", "internal/card/a.go", `package card; import . "time"`, 1},
		{"clock", "cmd/lojal/main.go", `package main; import "time"; var x = time.Until(t)`, 1},
		{"clock", "internal/card/a.go", `package card; import "time"; var x = time.Second`, 0},
		{"clock", "internal/base/clock/a.go", `package clock; import "time"; var x = time.Now()`, 0},
		{"clock", "internal/card/a_test.go", `package card; import "time"; var x = time.Now()`, 0},
		{"float", "internal/card/a.go", `package card; func a(x float64) {}`, 1},
		{"float", "internal/card/a.go", `package card; import "strconv"; var x, _ = strconv.ParseFloat("1", 64)`, 1},
		{"float", "internal/lab/a.go", `package lab; var x float64`, 0},
		{"random", "internal/card/a.go", `package card; import "math/rand"`, 1},
		{"random", "internal/card/a.go", `package card; import r "math/rand/v2"`, 1},
		{"random", "internal/card/a.go", `package card; import "crypto/rand"`, 0},
		{"size", "internal/card/a.go", "package card" + long, 1},
		{"size", "internal/card/a.go", "package card\nfunc a() {" + long[:maxFunctionLines-1] + "}\n", 0},
		{"size", "internal/card/a.go", "package card\nfunc a() {" + long[:maxFunctionLines] + "}\n", 1},
		{"size", "internal/card/a_test.go", "package card\nfunc a() {" + long[:maxFunctionLines] + "}\n", 0},
		{"task", "internal/card/a.go", `package card; func a() { go a() }`, 1},
		{"task", "internal/card/a.go", `package card; func a() { wg.Go(a) }`, 1},
		{"task", "internal/ledger/lane.go", `package ledger; func a() { go a() }`, 0},
		{"task", "internal/ledger/entry.go", `package ledger; func a() { go a() }`, 1},
		{"floor", "internal/nowhere/a.go", `package nowhere`, 1},
		{"floor", "internal/card/a.go", `package card; import "lojal/internal/nowhere"`, 1},
		{"floor", "internal/card/a.go", `package card; import "lojal/internal/member"`, 1},
		{"floor", "internal/card/a.go", `package card; import "lojal/internal/sale"`, 1},
		{"floor", "internal/access/a.go", `package access; import "lojal/internal/ledger"`, 0},
		{"floor", "internal/ledger/a.go", `package ledger; import "lojal/internal/access"`, 1},
		{"floor", "internal/merchant/a.go", `package merchant; import "lojal/internal/access"`, 1},
		{"floor", "internal/card/a.go", `package card; import "lojal/cmd/lojal"`, 1},
		{"floor", "internal/card/a.go", `package card; import ("lojal/internal/ledger"; "lojal/internal/base/db"; "lojal/internal/card/print")`, 0},
		{"floor", "internal/base/db/a.go", `package db; import "lojal/internal/base/clock"`, 0},
		{"floor", "internal/base/db/a.go", `package db; import "lojal/internal/ledger"`, 1},
		{"floor", "internal/edge/pos/a.go", `package pos; import "lojal/internal/edge/api"`, 1},
		{"floor", "internal/edge/connect/erply/a.go", `package erply; import "lojal/internal/edge/connect/odoo"`, 1},
		{"floor", "internal/lab/a.go", `package lab; import "lojal/internal/app"`, 0},
		{"floor", "internal/card/a_test.go", `package card; import "lojal/internal/app"`, 0},
	} {
		s, err := parse(c.path, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[c.rule](s); len(got) != c.want {
			t.Errorf("%s of %s in %s: %d complaints %v, want %d", c.rule, c.text[:min(len(c.text), 60)], c.path, len(got), got, c.want)
		}
	}
}

func TestRules_OfTheWholeCanFail(t *testing.T) {
	t.Parallel()
	bare, err := parse("internal/card/a.go", "package card")
	if err != nil {
		t.Fatal(err)
	}
	said, err := parse("internal/card/doc.go", "// Package card is said.\npackage card")
	if err != nil {
		t.Fatal(err)
	}
	if len(commentRule([]source{bare})) != 1 || len(commentRule([]source{bare, said})) != 0 {
		t.Error("a package without a comment passes, or one with a comment does not")
	}
	if n := len(architectureRule("| 1 | `ledger` | value |\n| 4 | `nowhere` | none |\n")); n != len(floors) {
		t.Errorf("%d complaints about a nearly empty table, want %d", n, len(floors))
	}
	spy, err := parse("tools/bank/a.go", `package main; import ("lojal/internal/ledger"; "lojal/client"; "lojal/tools/bank/x")`)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strangerRule("lojal/tools/bank", spy)); n != 1 {
		t.Errorf("%d complaints about a stranger that knows the house, want 1", n)
	}
}
