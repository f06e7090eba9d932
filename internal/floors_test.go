// Package internal_test holds the house rules: what a machine can check of how the source is built. Each
// rule is a function from source to complaints; a test feeds it the tree, another feeds it what it must
// refuse.
package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// floors is the table of ARCHITECTURE.md. A new room brings its row here and there.
var floors = map[string]int{
	"base/clock": 0, "base/fault": 0, "base/id": 0, "base/money": 0, "base/db": 0, "base/once": 0, "base/seal": 0,
	"base/job": 0, "base/web": 0, "base/i18n": 0, "base/secret": 0, "base/blob": 0, "base/paper": 0, "base/check": 0,
	"ledger": 1, "merchant": 1, "access": 1, "message": 1, "proof": 1, "item": 1, "ticket": 1,
	"member": 2, "card": 2, "programme": 2, "shift": 2,
	"reward": 3, "coupon": 3, "gift": 3, "pass": 3, "tier": 3,
	"sale": 4, "care": 4, "door": 4, "campaign": 4, "feedback": 4, "coalition": 4, "guard": 4,
	"insight": 5, "advisor": 5, "exchange": 5,
	"edge/api": 6, "edge/pos": 6, "edge/portal": 6, "edge/front": 6, "edge/wallet": 6, "edge/hook": 6, "edge/bot": 6,
	"edge/iso8583": 6, "edge/connect": 6,
	"doctor": 7, "app": 7, "lab": 7,
}

const wiringFloor = 7

// ground is the one room that others of its own floor may import: their tables enter its lane as slots, and
// their changes move the tenant's configuration number. It imports none of them.
const ground = "ledger"

// source is one parsed Go file of the root module.
type source struct {
	path string // from the root: internal/ledger/lane.go
	text *token.File
	file *ast.File
}

func (s source) test() bool     { return strings.HasSuffix(s.path, "_test.go") }
func (s source) dir() string    { return path.Dir(s.path) }
func (s source) internal() bool { return strings.HasPrefix(s.path, "internal/") }

// at gives the place of a node for a complaint.
func (s source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.text.Line(n.Pos()))
}

func parse(name string, text any) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	return source{path: name, text: set.File(file.FileStart), file: file}, nil
}

const root = ".."

// skipped tells whether a directory holds no source of this module.
func skipped(dir string) bool {
	base := filepath.Base(dir)
	if dir != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return dir != root && err == nil
}

// tree gives every Go file of the module that a person wrote, parsed once.
var tree = sync.OnceValues(func() ([]source, error) {
	var out []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && skipped(name) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(rel), text)
		if err == nil && !ast.IsGenerated(s.file) {
			out = append(out, s)
		}
		return err
	})
	return out, err
})

func sources(t *testing.T) []source {
	t.Helper()
	all, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d files found: the search is wrong", len(all))
	}
	return all
}

func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, c := range complaints {
		t.Error(c)
	}
}

// roomOf gives the room of a package below internal/: ledger, base/db, edge/pos, edge/connect/erply. A
// deeper folder belongs to its room.
func roomOf(dir string) string {
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(dir, "lojal/"), "internal/"), "/")
	depth := 1
	switch {
	case parts[0] == "edge" && len(parts) > 2 && parts[1] == "connect":
		depth = 3
	case parts[0] == "base" || parts[0] == "edge":
		depth = 2
	}
	return strings.Join(parts[:min(depth, len(parts))], "/")
}

func floorOf(room string) (int, bool) {
	if strings.HasPrefix(room, "edge/connect/") {
		room = "edge/connect"
	}
	floor, ok := floors[room]
	return floor, ok
}

// floorRule refuses a room that the table lacks, an import of the same or a higher floor, and an import of
// cmd. Tests may import any room: a small world for them is built from the top.
func floorRule(s source) []string {
	if !s.internal() || s.test() || s.dir() == "internal" {
		return nil
	}
	room := roomOf(s.dir())
	floor, ok := floorOf(room)
	if !ok {
		return []string{fmt.Sprintf("%s: the room %s has no floor: give it a row in internal/floors_test.go and in ARCHITECTURE.md", s.path, room)}
	}
	var out []string
	for _, spec := range s.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if strings.HasPrefix(name, "lojal/cmd/") {
			out = append(out, fmt.Sprintf("%s: nothing imports a command (%s)", s.at(spec), name))
		}
		if !strings.HasPrefix(name, "lojal/internal/") {
			continue
		}
		other := roomOf(name)
		theirs, known := floorOf(other)
		together := floor == theirs && (floor == 0 || floor == wiringFloor)
		switch {
		case other == room || together:
		case other == ground && theirs == floor:
		case !known:
			out = append(out, fmt.Sprintf("%s: %s has no floor", s.at(spec), other))
		case theirs == floor:
			out = append(out, fmt.Sprintf("%s: %s and %s are both on floor %d: let them meet in a higher room or through events", s.at(spec), room, other, floor))
		case theirs > floor:
			out = append(out, fmt.Sprintf("%s: %s (floor %d) imports %s above it (floor %d): declare what it needs where it needs it", s.at(spec), room, floor, other, theirs))
		}
	}
	return out
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		report(t, floorRule(s))
	}
}

func TestFloors_ArchitectureNamesEveryRoom(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, architectureRule(string(text)))
}

// architectureRule compares the table of ARCHITECTURE.md with ours.
func architectureRule(text string) []string {
	written := map[string]int{}
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		floor, err := strconv.Atoi(strings.TrimSpace(cells[1]))
		if err == nil {
			written[strings.Trim(strings.TrimSpace(cells[2]), "`")] = floor
		}
	}
	var out []string
	for room, floor := range floors {
		if theirs, ok := written[room]; !ok || theirs != floor {
			out = append(out, fmt.Sprintf("ARCHITECTURE.md: %s belongs on floor %d", room, floor))
		}
	}
	for room := range written {
		if _, ok := floors[room]; !ok {
			out = append(out, fmt.Sprintf("ARCHITECTURE.md names %s, which has no floor in internal/floors_test.go", room))
		}
	}
	slices.Sort(out)
	return out
}

// strangerRule refuses imports of the house in a module that stands outside of it.
func strangerRule(module string, s source) []string {
	var out []string
	for _, spec := range s.file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		own := name == module || strings.HasPrefix(name, module+"/")
		client := name == "lojal/client" || strings.HasPrefix(name, "lojal/client/")
		if (name == "lojal" || strings.HasPrefix(name, "lojal/")) && !own && !client {
			out = append(out, fmt.Sprintf("%s: the module %s imports nothing of the house (%s)", s.at(spec), module, name))
		}
	}
	return out
}

func TestFloors_OtherModulesStandAlone(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"client/go.mod", "tools/*/go.mod"} {
		mods, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, mod := range mods {
			report(t, strangers(t, mod))
		}
	}
}

func strangers(t *testing.T, mod string) []string {
	t.Helper()
	text, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	module := strings.TrimSpace(strings.TrimPrefix(first, "module"))
	var out []string
	err = filepath.WalkDir(filepath.Dir(mod), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		code, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(strings.TrimPrefix(name, root+"/")), code)
		if err == nil {
			out = append(out, strangerRule(module, s)...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
