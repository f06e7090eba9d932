package vector

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// File is a vector with its cases.
type File struct {
	ID    string // T01
	Says  string
	Cases []Case
}

// Case is one run of a vector in a tenant of its own.
type Case struct {
	Name  string
	Given Given
	Steps []Step
}

// Step is one thing that is done, with what must come of it.
type Step struct {
	Verb   string
	Body   any
	As     string // the name under which later steps speak of the answer
	Expect Tree   // nil when nothing is expected but success
	Line   int
}

// Tree is a mapping as it was written: values are Tree, []any, string, int64, bool or nil. Numbers that
// are not whole stay text.
type Tree = map[string]any

// Load reads a vector. An unknown key, a doubled key and a case without a step are errors.
func Load(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return f, nil
}

// LoadFolder reads all vectors of a folder, by name.
func LoadFolder(folder string) ([]*File, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var out []*File
	for _, p := range paths {
		f, err := Load(p)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// Parse reads a vector from text.
func Parse(text []byte) (*File, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("empty")
	}
	root, err := fields(doc.Content[0], "vector", "says", "given", "steps", "cases")
	if err != nil {
		return nil, err
	}
	f := &File{ID: scalar(root["vector"]), Says: scalar(root["says"])}
	if f.ID == "" || f.Says == "" {
		return nil, fmt.Errorf("a vector has an id and says what it is about")
	}
	given, err := tree(root["given"])
	if err != nil {
		return nil, err
	}
	if root["cases"] == nil {
		return f, f.addCase("only", given, nil, root["steps"])
	}
	cases := root["cases"]
	for i := 0; i+1 < len(cases.Content); i += 2 {
		own, err := fields(cases.Content[i+1], "given", "steps")
		if err != nil {
			return nil, err
		}
		steps := own["steps"]
		if steps == nil {
			steps = root["steps"]
		}
		mine, err := tree(own["given"])
		if err == nil {
			err = f.addCase(cases.Content[i].Value, given, mine, steps)
		}
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *File) addCase(name string, shared, own Tree, steps *yaml.Node) error {
	given, err := readGiven(merge(shared, own))
	if err != nil {
		return fmt.Errorf("case %s: %w", name, err)
	}
	c := Case{Name: name, Given: *given}
	if steps == nil || steps.Kind != yaml.SequenceNode {
		return fmt.Errorf("case %s: no list of steps", name)
	}
	for _, n := range steps.Content {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n.Kind == yaml.SequenceNode { // a named stretch of steps, put in whole
			for _, one := range n.Content {
				if err := c.addStep(one); err != nil {
					return fmt.Errorf("case %s: %w", name, err)
				}
			}
			continue
		}
		if err := c.addStep(n); err != nil {
			return fmt.Errorf("case %s: %w", name, err)
		}
	}
	if len(c.Steps) == 0 {
		return fmt.Errorf("case %s: no step", name)
	}
	f.Cases = append(f.Cases, c)
	return nil
}

func (c *Case) addStep(n *yaml.Node) error {
	v, err := plain(n)
	if err != nil {
		return err
	}
	s, err := readStep(v)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	s.Line = n.Line
	c.Steps = append(c.Steps, *s)
	return nil
}

func readStep(v any) (*Step, error) {
	t, ok := v.(Tree)
	if !ok {
		return nil, fmt.Errorf("a step is a verb with its body")
	}
	s := &Step{}
	for key, value := range t {
		switch key {
		case "as":
			s.As, ok = value.(string)
		case "expect":
			s.Expect, ok = value.(Tree)
		default:
			if _, known := verbs[key]; !known || s.Verb != "" {
				return nil, fmt.Errorf("%q is no verb, or the second one", key)
			}
			s.Verb, s.Body = key, value
		}
		if !ok {
			return nil, fmt.Errorf("%s has the wrong form", key)
		}
	}
	if s.Verb == "" {
		return nil, fmt.Errorf("a step needs a verb")
	}
	return s, nil
}

// fields gives the values of a mapping whose keys are known.
func fields(n *yaml.Node, known ...string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: expected keys and values", n.Line)
	}
	out := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !slices.Contains(known, key.Value) || out[key.Value] != nil {
			return nil, fmt.Errorf("line %d: unknown or doubled key %q", key.Line, key.Value)
		}
		value := n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		out[key.Value] = value
	}
	return out, nil
}

func scalar(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

func tree(n *yaml.Node) (Tree, error) {
	if n == nil {
		return Tree{}, nil
	}
	v, err := plain(n)
	if err != nil {
		return nil, err
	}
	t, ok := v.(Tree)
	if !ok {
		return nil, fmt.Errorf("line %d: expected keys and values", n.Line)
	}
	return t, nil
}

// plain gives a node as plain values. Dates and decimal numbers stay the text that they are.
func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return plain(n.Alias)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, one := range n.Content {
			v, err := plain(one)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		return mapping(n)
	}
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return n.Value == "true", nil
	case "!!int":
		v, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return v, nil
	}
	return n.Value, nil
}

func mapping(n *yaml.Node) (Tree, error) {
	out, under := Tree{}, Tree{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		v, err := plain(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if key.Tag == "!!merge" {
			t, ok := v.(Tree)
			if !ok {
				return nil, fmt.Errorf("line %d: only a mapping can be merged", key.Line)
			}
			under = t
			continue
		}
		if _, twice := out[key.Value]; twice {
			return nil, fmt.Errorf("line %d: key %q is given twice", key.Line, key.Value)
		}
		out[key.Value] = v
	}
	return merge(under, out), nil
}

// merge lays a mapping over another: mappings go into each other, all else is replaced.
func merge(under, over Tree) Tree {
	out := Tree{}
	for k, v := range under {
		out[k] = v
	}
	for k, v := range over {
		a, both := out[k].(Tree)
		b, mapping := v.(Tree)
		if both && mapping {
			out[k] = merge(a, b)
			continue
		}
		out[k] = v
	}
	return out
}

func instant(v any) (time.Time, error) {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%v is no time with offset", v)
	}
	return t, nil
}

// keysOf gives the keys of a mapping in order, so that what is made from it is made in the same order always.
func keysOf(t Tree) []string {
	keys := make([]string, 0, len(t))
	for k := range t {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func clip(s string) string {
	if len(s) > 300 {
		return strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
