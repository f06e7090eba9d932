package internal_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference/errors.md anew")

const errorsHead = `# Errors

An error is a problem document (RFC 9457). Decide by ` + "`code`" + `: it is stable, and it is also the key of the texts in ` + "`display`" + `, which
are in five languages. ` + "`retry`" + ` says whether to try again: ` + "`never`" + `, ` + "`same_key`" + ` (send the same again under the same key), or ` + "`after`" + `
(the same, after as many seconds as ` + "`Retry-After`" + ` says). A refused operation (422) is refused for ever under its key.

This page is written from the source by ` + "`go test ./internal -run Errors -update`" + `.

| Code | Status | Retry | Text |
|---|---|---|---|
`

// kinds are the status codes and advice of base/web.
var kinds = map[string][2]string{
	"Malformed": {"400", "never"}, "Unauthenticated": {"401", "never"}, "Forbidden": {"403", "never"}, "NotFound": {"404", "never"}, "Conflict": {"409", "never"},
	"TooLarge": {"413", "never"}, "Unsupported": {"415", "never"}, "Declined": {"422", "never"}, "Mismatch": {"422", "never"}, "Limited": {"429", "after"}, "Unavailable": {"503", "same_key"},
}

func TestErrors_ReferenceNamesEveryCode(t *testing.T) {
	t.Parallel()
	var texts map[string]string
	raw, err := os.ReadFile(filepath.Join(root, "locales", "en.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(errorsHead)
	codes := declaredCodes(t)
	if len(codes) < 50 {
		t.Fatalf("only %d codes found: the search is wrong", len(codes))
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		k, ok := kinds[codes[code]]
		if !ok {
			k = [2]string{"500", "same_key"}
		}
		if code == "in_progress" {
			k[1] = "same_key"
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", code, k[0], k[1], texts["error."+code])
	}
	path := filepath.Join(root, "docs", "reference", "errors.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != b.String() {
		t.Error("docs/reference/errors.md is old: go test ./internal -run Errors -update")
	}
}

// declaredCodes gives every code of the source with its kind.
func declaredCodes(t *testing.T) map[string]string {
	t.Helper()
	declared := regexp.MustCompile(`(?:fault\.)?Code\{(?:Name:\s*)?"([a-z0-9_]+)"(?:,\s*(?:Kind:\s*)?(?:fault\.)?([A-Z]\w*))?\}`)
	out := map[string]string{}
	for _, s := range sources(t) {
		if !s.internal() || s.test() || strings.HasPrefix(s.path, "internal/lab/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, s.path))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			if out[m[1]] == "" {
				out[m[1]] = m[2]
			}
		}
	}
	return out
}
