package programme

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"lojal/internal/base/money"
)

// Problem is something wrong in a definition, with its place and what to do about it. Line and column are
// 0 where the definition did not come from text.
type Problem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"`
	Code    string `json:"code"` // unknown_key, duplicate_key, invalid_value, missing, conflict, too_large, malformed
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String gives line:column path: message; remedy.
func (p Problem) String() string {
	s := fmt.Sprintf("%d:%d %s: %s", p.Line, p.Column, p.Path, p.Message)
	if p.Remedy != "" {
		s += "; " + p.Remedy
	}
	return s
}

// Parse reads a programme from YAML (of which JSON is a part). It gives nil and the problems when there
// are any; unknown and repeated keys are problems, what is absent takes its default.
func Parse(text []byte) (*Definition, []Problem) {
	if len(text) > MaxBytes {
		return nil, []Problem{{Code: "too_large", Message: fmt.Sprintf("more than %d bytes", MaxBytes)}}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, []Problem{{Line: lineOf(err), Code: "malformed", Message: strings.TrimPrefix(err.Error(), "yaml: "), Remedy: "check indentation, colons and quotes"}}
	}
	d := newDefinition()
	r := &reader{currency: money.EUR, places: map[string]*yaml.Node{}}
	if len(doc.Content) > 0 {
		root := doc.Content[0]
		r.unitsOf(root)
		r.value("", root, reflect.ValueOf(d).Elem(), "")
	}
	if len(r.problems) == 0 {
		for _, p := range Validate(d) {
			r.place(&p)
			r.problems = append(r.problems, p)
		}
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		return nil, r.problems
	}
	return d, nil
}

func lineOf(err error) int {
	_, rest, ok := strings.Cut(err.Error(), "line ")
	if !ok {
		return 0
	}
	n, _ := strconv.Atoi(rest[:max(strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }), 0)])
	return n
}

// Default gives the definition that an empty text means.
func Default() *Definition { return newDefinition() }

func newDefinition() *Definition {
	d := &Definition{}
	setDefaults(reflect.ValueOf(d).Elem())
	return d
}

// setDefaults fills a structure from the default tags. Amount defaults are all 0 and so need no currency.
func setDefaults(v reflect.Value) {
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag
		text, ok := tag.Lookup("default")
		switch {
		case ok && f.Kind() == reflect.Slice:
			for _, one := range strings.Split(text, ",") {
				f.Set(reflect.Append(f, reflect.ValueOf(one)))
			}
		case ok:
			if err := scalar(f, text, nil); err != nil {
				panic(fmt.Sprintf("programme: default %q of %s: %v", text, v.Type().Field(i).Name, err))
			}
		case f.Kind() == reflect.Struct && !isText(f):
			setDefaults(f)
		}
	}
}

func isText(v reflect.Value) bool {
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok
}

type reader struct {
	currency money.Currency
	scale    int
	problems []Problem
	places   map[string]*yaml.Node
	depth    int
}

// unitsOf reads the two keys that give amounts and points their places before anything else is read.
func (r *reader) unitsOf(root *yaml.Node) {
	for i := 0; root.Kind == yaml.MappingNode && i+1 < len(root.Content); i += 2 {
		switch value := root.Content[i+1].Value; root.Content[i].Value {
		case "currency":
			if c, ok := money.Find(value); ok {
				r.currency = c
			}
		case "points_scale":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 6 {
				r.scale = n
			}
		}
	}
}

func (r *reader) problem(n *yaml.Node, path, code, message, remedy string) {
	if len(r.problems) < 200 {
		r.problems = append(r.problems, Problem{n.Line, n.Column, path, code, message, remedy})
	}
}

// place finds the nearest written key for a problem that Validate found.
func (r *reader) place(p *Problem) {
	for path := p.Path; ; {
		if n := r.places[path]; n != nil {
			p.Line, p.Column = n.Line, n.Column
			return
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			p.Line, p.Column = 1, 1
			return
		}
		path = path[:cut]
	}
}

func (r *reader) value(path string, n *yaml.Node, v reflect.Value, tag reflect.StructTag) {
	if n.Kind == yaml.AliasNode {
		r.problem(n, path, "malformed", "aliases are not read", "write the value out")
		return
	}
	if r.depth++; r.depth > 20 {
		r.problem(n, path, "malformed", "nested too deep", "")
		return
	}
	defer func() { r.depth-- }()
	r.places[path] = n
	switch {
	case n.Kind == yaml.ScalarNode && (n.Tag == "!!null" || n.Value == "none") && !slices.Contains(strings.Split(tag.Get("choice"), ","), "none"):
		return // the default stands: none is how people write it
	case isText(v) || v.Kind() == reflect.String || v.CanInt():
		r.scalar(path, n, v, tag)
	case v.Kind() == reflect.Struct:
		r.structure(path, n, v)
	case v.Kind() == reflect.Slice:
		r.list(path, n, v, tag)
	case v.Kind() == reflect.Map:
		r.text(path, n, v)
	default:
		panic("programme: no reader for " + v.Type().String())
	}
}

func (r *reader) scalar(path string, n *yaml.Node, v reflect.Value, tag reflect.StructTag) {
	if n.Kind != yaml.ScalarNode {
		r.problem(n, path, "invalid_value", "expected a single value", "")
		return
	}
	if err := scalar(v, n.Value, r); err != nil {
		r.problem(n, path, "invalid_value", fmt.Sprintf("%q: %v", clip(n.Value), err), "")
		return
	}
	if words := tag.Get("choice"); words != "" && !slices.Contains(strings.Split(words, ","), v.String()) {
		r.problem(n, path, "invalid_value", fmt.Sprintf("%q is none of %s", clip(n.Value), strings.ReplaceAll(words, ",", ", ")), near(n.Value, strings.Split(words, ",")))
	}
	if most, err := strconv.ParseInt(tag.Get("max"), 10, 64); err == nil && v.Int() > most {
		r.problem(n, path, "invalid_value", fmt.Sprintf("%s is above %d", clip(n.Value), most), "")
	}
}

// scalar reads one text into a value. The reader gives amounts and points their places.
func scalar(v reflect.Value, text string, r *reader) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Interface().(type) {
	case money.Amount, Points:
		places := 0
		if _, amount := v.Interface().(money.Amount); r != nil && amount {
			places = int(r.currency.Exponent)
		} else if r != nil {
			places = r.scale
		}
		n, err := money.ParseDecimal(text, places)
		if err != nil || n < 0 || n > int64(money.MaxAmount) {
			return fmt.Errorf("expected a number from 0 with at most %d places", places)
		}
		v.SetInt(n)
		return nil
	}
	if v.Kind() == reflect.String {
		if len(text) > MaxTextBytes {
			return errors.New("too long")
		}
		v.SetString(text)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || v.OverflowInt(n) {
		return errors.New("expected a whole number from 0")
	}
	v.SetInt(n)
	return nil
}

func (r *reader) structure(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.problem(n, path, "invalid_value", "expected keys and values", "")
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at, known := fields[key.Value]
		under := join(path, key.Value)
		switch {
		case !known:
			r.problem(key, under, "unknown_key", fmt.Sprintf("no key %q here", clip(key.Value)), near(key.Value, keysOf(fields)))
		case seen[key.Value]:
			r.problem(key, under, "duplicate_key", fmt.Sprintf("key %q is given twice", clip(key.Value)), "remove one")
		default:
			seen[key.Value] = true
			f := v.Type().FieldByIndex(at)
			r.value(under, n.Content[i+1], v.FieldByIndex(at), f.Tag)
		}
	}
}

func (r *reader) list(path string, n *yaml.Node, v reflect.Value, tag reflect.StructTag) {
	if n.Kind == yaml.ScalarNode && v.Type().Elem().Kind() == reflect.String {
		// A list of words may be written on one line: delivery, deposit.
		v.SetZero()
		for one := range strings.SplitSeq(n.Value, ",") {
			if one = strings.TrimSpace(one); one != "" {
				v.Set(reflect.Append(v, reflect.ValueOf(one)))
			}
		}
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.problem(n, path, "invalid_value", "expected a list", "begin each entry with a dash")
		return
	}
	if len(n.Content) > MaxEntries {
		r.problem(n, path, "too_large", fmt.Sprintf("more than %d entries", MaxEntries), "")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, one := range n.Content {
		e := v.Index(i)
		if e.Kind() == reflect.Struct && !isText(e) {
			setDefaults(e)
		}
		r.value(fmt.Sprintf("%s[%d]", path, i), one, e, "")
	}
}

// text reads a label: one text, taken as English, or a text per language.
func (r *reader) text(path string, n *yaml.Node, v reflect.Value) {
	t := Text{}
	switch n.Kind {
	case yaml.ScalarNode:
		t["en"] = n.Value
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if _, twice := t[n.Content[i].Value]; twice {
				r.problem(n.Content[i], path, "duplicate_key", "language is given twice", "remove one")
			}
			t[n.Content[i].Value] = n.Content[i+1].Value
		}
	default:
		r.problem(n, path, "invalid_value", "expected a text or a text per language", "")
	}
	for code, s := range t {
		if len(s) > MaxLabelBytes || len(code) < 2 || len(code) > 8 {
			r.problem(n, path, "invalid_value", "label or language code too long", "")
			break
		}
	}
	v.Set(reflect.ValueOf(t))
}

func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		if name, options, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && options == "" {
			fields[name] = f.Index
		}
	}
	return fields
}

func keysOf(fields map[string][]int) []string {
	keys := make([]string, 0, len(fields))
	for k := range fields {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// near suggests the word that differs least.
func near(word string, from []string) string {
	best, least := "", 4
	for _, w := range from {
		if d := distance(word, w); d < least {
			best, least = w, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}

func distance(a, b string) int {
	if len(a) > 60 || len(b) > 60 {
		return 60
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, diagonal+1, cost)
		}
	}
	return row[len(b)]
}
