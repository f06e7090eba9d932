package vector_test

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/lab/vector"
)

const folder = "../../../examples/vectors"

// serve gives a server with a test clock on an empty database.
func serve(t *testing.T, database string) vector.Server {
	t.Helper()
	a, err := app.Open(context.Background(), app.Config{Database: database, Data: t.TempDir(), TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.OperatorKey()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(a.Handler())
	t.Cleanup(func() {
		s.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return vector.Server{URL: s.URL, Key: key, HTTP: s.Client()}
}

// TestFolder holds that every vector is where its id says, and that none is lost on the way to the runner.
func TestFolder(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(names) < 60 {
		t.Fatalf("only %d files found: the search is wrong (%v)", len(names), err)
	}
	for _, name := range names {
		f, err := vector.Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if want := strings.ToLower(f.ID) + ".yaml"; filepath.Base(name) != want {
			t.Errorf("%s holds %s, which belongs in %s", name, f.ID, want)
		}
	}
}

// TestVectors plays every file on each engine. On the first one it also changes every expected figure and
// word of every file, one at a time, and sees the file fail: an expectation that nothing can break is none.
func TestVectors(t *testing.T) {
	t.Parallel()
	files, err := vector.LoadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	dbtest.EachURL(t, func(t *testing.T, url string) {
		records := vector.Play(context.Background(), serve(t, url), files...)
		for i, f := range files {
			t.Run(f.ID, func(t *testing.T) {
				for _, failure := range vector.Check(f, records[i]) {
					t.Error(failure)
				}
				if strings.HasPrefix(url, "sqlite:") && !t.Failed() {
					noticesEveryChange(t, f, records[i])
				}
			})
		}
	})
}

func noticesEveryChange(t *testing.T, f *vector.File, records []vector.Record) {
	for c := range f.Cases {
		changed := 0
		for s := range f.Cases[c].Steps {
			for path, expect := range changes(f.Cases[c].Steps[s].Expect) {
				changed++
				if len(vector.Check(with(f, c, s, expect), records)) == 0 {
					t.Errorf("case %s, line %d: a change of %s is not noticed", f.Cases[c].Name, f.Cases[c].Steps[s].Line, path)
				}
			}
		}
		if changed == 0 {
			t.Errorf("case %s expects nothing", f.Cases[c].Name)
		}
	}
}

// with gives the file with another expectation of one step.
func with(f *vector.File, c, s int, expect vector.Tree) *vector.File {
	out := *f
	out.Cases = slices.Clone(f.Cases)
	out.Cases[c].Steps = slices.Clone(f.Cases[c].Steps)
	out.Cases[c].Steps[s].Expect = expect
	return &out
}

// changes gives an expectation with one value changed, for each of its values.
func changes(expect vector.Tree) map[string]vector.Tree {
	out := map[string]vector.Tree{}
	for path, v := range changed("", expect) {
		if t, ok := v.(vector.Tree); ok {
			out[path] = t
		}
	}
	return out
}

func changed(path string, v any) map[string]any {
	out := map[string]any{}
	switch v := v.(type) {
	case vector.Tree:
		for k, one := range v {
			for p, other := range changed(path+"."+k, one) {
				t := maps.Clone(v)
				t[k] = other
				out[p] = t
			}
		}
	case []any:
		out[path+"[]"] = append(slices.Clone(v), "one more")
		for i, one := range v {
			for p, other := range changed(fmt.Sprintf("%s.%d", path, i), one) {
				list := slices.Clone(v)
				list[i] = other
				out[p] = list
			}
		}
	case int64:
		out[path] = v + 1
	case bool:
		out[path] = !v
	case string:
		out[path] = v + "x"
		if day, err := time.Parse(time.DateOnly, v); err == nil {
			out[path] = day.AddDate(0, 0, 1).Format(time.DateOnly)
		}
	default:
		out[path] = "something"
	}
	return out
}
