package main

import (
	"fmt"
	"strings"
	"testing"
)

// stream writes events as "package test action", with @ for no test.
func stream(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		f := strings.Fields(e)
		name := strings.TrimPrefix(f[1], "@")
		out := ""
		if f[2] == "output" {
			out = "said by " + f[1] + "\n"
		}
		fmt.Fprintf(&b, "{\"Action\":%q,\"Package\":%q,\"Test\":%q,\"Output\":%q}\n", f[2], f[0], name, out)
	}
	return b.String()
}

func TestTally(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		in        string
		neverSkip bool
		good      bool
		has       []string
	}{
		{"all passed", stream("p A run", "p A/sqlite run", "p A/sqlite pass", "p A/postgres run", "p A/postgres pass", "p A pass", "p B run", "p B pass", "p @ pass"), true, true,
			[]string{"     3  p\n", "sqlite 1, postgres 1\n", "\n3 passed, 0 failed\n"}},
		{"failed subtest counts once", stream("p A run", "p A/x run", "p A/x output", "p A/x fail", "p A fail", "p @ fail"), false, false,
			[]string{"FAIL p A/x\nsaid by A/x\n", "0 passed, 1 failed\n"}},
		{"parent fails by itself", stream("p A run", "p A/x run", "p A/x pass", "p A output", "p A fail", "p @ fail"), false, false,
			[]string{"FAIL p A\nsaid by A\n", "1 passed, 1 failed\n"}},
		{"process died in a test", stream("p A run", "p A output", "p @ fail"), false, false, []string{"FAIL p A\nsaid by A\n", "0 passed, 1 failed\n"}},
		{"package fails by itself", "# p\np.go:1: broken\n" + stream("p @ output", "p @ fail"), false, false, []string{"p.go:1: broken\n", "said by @\n", "0 passed, 1 failed\n"}},
		{"one database only", stream("p A run", "p A/sqlite run", "p A/sqlite pass", "p A/postgres run", "p A/postgres skip", "p A pass"), false, false,
			[]string{"sqlite 1, postgres 0\n", "not run the same"}},
		{"the element is exact", stream("p A run", "p A/sqlite_file run", "p A/sqlite_file pass", "p A pass", "p sqlite run", "p sqlite pass"), false, true, []string{"sqlite 0, postgres 0\n"}},
		{"skip allowed", stream("p A run", "p A skip", "p B run", "p B pass"), false, true, []string{"SKIP p A\n", "1 passed, 0 failed\n"}},
		{"skip forbidden", stream("p A run", "p A skip", "p B run", "p B pass"), true, false, []string{"1 skipped", "1 passed, 0 failed\n"}},
		{"package without tests", stream("q @ skip", "p B run", "p B pass"), true, true, []string{"1 passed, 0 failed\n"}},
		{"nothing", "", false, false, []string{"no test ran", "0 passed, 0 failed\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if good := read(strings.NewReader(c.in)).report(&out, c.neverSkip); good != c.good {
				t.Errorf("good is %v\n%s", good, out.String())
			}
			for _, want := range c.has {
				if !strings.Contains("\n"+out.String(), want) {
					t.Errorf("lacks %q:\n%s", want, out.String())
				}
			}
			if !strings.HasSuffix(out.String(), "failed\n") {
				t.Errorf("closes otherwise:\n%s", out.String())
			}
		})
	}
}
