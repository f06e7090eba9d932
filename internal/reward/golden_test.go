package reward

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/programme"
)

var update = flag.Bool("update", false, "write the outcomes of the golden files anew")

// golden is the upper half of a golden file. Want are figures written by hand from the rules, so that an
// update can never bless a wrong outcome.
type golden struct {
	Programme yaml.Node      `yaml:"programme"`
	At        string         `yaml:"at"`
	Outlet    string         `yaml:"outlet"`
	Basket    yaml.Node      `yaml:"basket"`
	Wish      yaml.Node      `yaml:"wish"`
	Facts     yaml.Node      `yaml:"facts"`
	Returns   []yaml.Node    `yaml:"returns"`
	Want      map[string]any `yaml:"want"`
}

func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".golden"), func(t *testing.T) {
			t.Parallel()
			checkGolden(t, file)
		})
	}
}

func checkGolden(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	above, below, _ := strings.Cut(string(text), "\n----\n")
	var g golden
	dec := yaml.NewDecoder(strings.NewReader(above))
	dec.KnownFields(true)
	if err := dec.Decode(&g); err != nil {
		t.Fatal(err)
	}
	got := g.run(t)
	for path, want := range g.Want {
		if have := dig(got, path); fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", path, have, want)
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(above+"\n----\n"+out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if below != out.String() {
		t.Errorf("outcome differs (run with -update and read the diff):\n%s", out.String())
	}
}

// answer is the lower half: the price with reasons, or the refusal, and the returns.
type answer struct {
	Outcome    *Outcome         `json:"outcome,omitempty"`
	Declined   string           `json:"declined,omitempty"`
	Params     map[string]any   `json:"params,omitempty"`
	NotApplied []Reason         `json:"not_applied,omitempty"`
	Returns    []map[string]any `json:"returns,omitempty"`
}

func (g *golden) run(t *testing.T) any {
	v := compile(t, &g.Programme)
	var b Basket
	var w Wish
	var f Facts
	decode(t, &g.Basket, &b)
	decode(t, &g.Wish, &w)
	decode(t, &g.Facts, &f)
	if b.Currency.Code == "" {
		b.Currency = v.Currency
	}
	at := instant(t, g.At)
	var a answer
	o, err := Price(v, &b, &w, &f, at, g.Outlet)
	if err != nil {
		refusal(&a, err)
		return plain(t, a)
	}
	a.Outcome = o
	if a.NotApplied, err = NotApplied(v, &b, &w, &f, at, g.Outlet); err != nil {
		t.Fatal(err)
	}
	var prior []Part
	for i := range g.Returns {
		var ask Ask
		decode(t, &g.Returns[i], &ask)
		p, err := Refund(restored(t, o.Sold(v)), prior, ask, v)
		if err != nil {
			var d answer
			refusal(&d, err)
			a.Returns = append(a.Returns, map[string]any{"declined": d.Declined, "params": d.Params})
			continue
		}
		prior = append(prior, *p)
		a.Returns = append(a.Returns, plain(t, p).(map[string]any))
	}
	return plain(t, a)
}

// restored sends the stored form through its bytes, as a sale document would.
func restored(t testing.TB, s *Sold) *Sold {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Sold
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

func refusal(a *answer, err error) {
	f := fault.Of(err)
	a.Declined, a.Params = f.Code.Name, map[string]any{}
	for _, p := range f.Params {
		a.Params[p.Name] = p.Value
	}
}

func compile(t testing.TB, n *yaml.Node) *programme.Version {
	text, err := yaml.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	if n.IsZero() {
		text = nil
	}
	return version(t, string(text))
}

func version(t testing.TB, text string) *programme.Version {
	t.Helper()
	d, problems := programme.Parse([]byte(text + "\nid: pro_1\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	v, err := programme.Compile(d, "2026-11-21.3", 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func instant(t testing.TB, s string) clock.Instant {
	if s == "" {
		s = "2026-11-22T10:00:00+02:00"
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return clock.Of(at)
}

// decode reads a node through JSON, so that the files use the names of the contract.
func decode(t testing.TB, n *yaml.Node, into any) {
	t.Helper()
	if n.IsZero() {
		return
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("line %d: %v", n.Line, err)
	}
}

func plain(t testing.TB, v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// dig follows a path such as outcome.lines.0.payable.
func dig(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}
