// Command tally reads what go test -json writes and counts it: the output of each test that failed, the
// passed tests of each package, how many subtests ran on each database, and one closing line. A test with
// subtests counts as those. It fails when a test failed, when the databases ran different numbers of
// subtests, and, with LOJAL_NEVER_SKIP=1, when a test was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	t := read(os.Stdin)
	if !t.report(os.Stdout, os.Getenv("LOJAL_NEVER_SKIP") == "1") {
		os.Exit(1)
	}
}

// event is one line of go test -json.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// test is one test or subtest of a package, or the package itself when it has no name.
type test struct {
	pkg, name string
	outcome   string // pass, fail, skip; nothing while it runs
	parent    bool   // it has subtests
	output    []string
}

type tally struct {
	tests map[[2]string]*test
	order []*test
	stray []string // lines that are not from go test: a broken build, a vet finding
}

func read(in io.Reader) *tally {
	t := &tally{tests: map[[2]string]*test{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err != nil {
			return t
		}
	}
}

func (t *tally) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		t.stray = append(t.stray, line)
		return
	}
	switch e.Action {
	case "build-output":
		t.stray = append(t.stray, e.Output)
	case "run":
		t.of(e)
		t.markParents(e)
	case "output":
		one := t.of(e)
		one.output = append(one.output, e.Output)
	case "pass", "fail", "skip":
		t.of(e).outcome = e.Action
	}
}

func (t *tally) of(e event) *test {
	key := [2]string{e.Package, e.Test}
	if t.tests[key] == nil {
		t.tests[key] = &test{pkg: e.Package, name: e.Test}
		t.order = append(t.order, t.tests[key])
	}
	return t.tests[key]
}

func (t *tally) markParents(e event) {
	for i, c := range e.Test {
		if c != '/' {
			continue
		}
		if p := t.tests[[2]string{e.Package, e.Test[:i]}]; p != nil {
			p.parent = true
		}
	}
}

// failed gives what failed of itself: a test without a failed subtest, a package without a failed test.
func (t *tally) failed() []*test {
	var out []*test
	blamed := map[[2]string]bool{} // tests and packages whose failure has a cause below
	for _, one := range slices.Backward(t.order) {
		broken := one.outcome == "fail" || one.outcome == "" && one.name != "" // never finished: the process died
		if one.name == "" || !broken {
			continue
		}
		if !blamed[[2]string{one.pkg, one.name}] {
			out = append(out, one)
		}
		blamed[[2]string{one.pkg, ""}] = true
		for i, c := range one.name {
			if c == '/' {
				blamed[[2]string{one.pkg, one.name[:i]}] = true
			}
		}
	}
	for _, one := range t.order {
		if one.name == "" && one.outcome == "fail" && !blamed[[2]string{one.pkg, ""}] {
			out = append(out, one)
		}
	}
	slices.Reverse(out)
	return out
}

// report writes the figures and tells whether all is well.
func (t *tally) report(out io.Writer, neverSkip bool) bool {
	for _, line := range t.stray {
		fmt.Fprint(out, line)
	}
	failed := t.failed()
	for _, one := range failed {
		fmt.Fprintf(out, "\nFAIL %s %s\n%s", one.pkg, one.name, strings.Join(one.output, ""))
	}
	passed, engines, skipped := map[string]int{}, map[string]int{}, 0
	for _, one := range t.order {
		if one.name == "" {
			continue
		}
		if one.outcome == "pass" && !one.parent {
			passed[one.pkg]++
		}
		if one.outcome == "skip" {
			skipped++
			fmt.Fprintf(out, "SKIP %s %s\n%s", one.pkg, one.name, strings.Join(one.output, ""))
		}
		if one.outcome == "pass" || one.outcome == "fail" {
			countEngines(engines, one.name)
		}
	}
	total := 0
	for _, pkg := range slices.Sorted(maps.Keys(passed)) {
		fmt.Fprintf(out, "%6d  %s\n", passed[pkg], pkg)
		total += passed[pkg]
	}
	good := len(failed) == 0
	fmt.Fprintf(out, "sqlite %d, postgres %d\n", engines["sqlite"], engines["postgres"])
	if engines["sqlite"] != engines["postgres"] {
		fmt.Fprintln(out, "the two databases did not run the same tests")
		good = false
	}
	if neverSkip && skipped > 0 {
		fmt.Fprintf(out, "%d skipped, and none may be\n", skipped)
		good = false
	}
	if total == 0 && len(failed) == 0 {
		fmt.Fprintln(out, "no test ran")
		good = false
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", total, len(failed))
	return good
}

func countEngines(engines map[string]int, name string) {
	for _, element := range strings.Split(name, "/")[1:] {
		if element == "sqlite" || element == "postgres" {
			engines[element]++
		}
	}
}
