package front

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"lojal/internal/base/web"
)

// manual is the documentation of the API, made once from its own description.
type manual struct {
	source func() ([]byte, error)
	once   sync.Once
	made   manualText
	err    error
}

// manualText is what the page shows.
type manualText struct {
	Title, Version, About string
	Groups                []group
}

type group struct {
	Name       string
	Operations []operation
}

type operation struct {
	ID, Method, Path, Summary, About string
	Parameters                       []row
	Body, Answer                     []row
	Status                           []status
}

// row is a field of a document, or a parameter.
type row struct {
	Depth          int
	Name, In, Type string
	Required       bool
	About          string
}

type status struct{ Code, About string }

// docsPage is the page of the documentation.
type docsPage struct {
	T  text
	To string
	manualText
}

func (f *Front) docs(w http.ResponseWriter, r *http.Request) {
	m := f.manual
	m.once.Do(func() { m.made, m.err = m.read() })
	if m.err != nil {
		web.WriteProblem(w, r, m.err, web.Meta{})
		return
	}
	w.Header().Set("Cache-Control", "private, max-age=300")
	render(w, http.StatusOK, "docs.html", docsPage{textOf(r), "docs", m.made})
}

// The parts of OpenAPI 3.1 that the page reads.
type description struct {
	Info struct {
		Title, Version, Description string
	}
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas    map[string]*schema
		Parameters map[string]parameter
	}
}

type described struct {
	OperationID string `json:"operationId"`
	Summary     string
	Description string
	Tags        []string
	Parameters  []parameter
	RequestBody *struct{ Content map[string]media }
	Responses   map[string]struct {
		Description string
		Content     map[string]media
	}
}

type media struct{ Schema *schema }

type parameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
	Required              bool
	Schema                *schema
}

type schema struct {
	Ref         string `json:"$ref"`
	Type        any
	Format      string
	Description string
	Enum        []any
	Properties  map[string]*schema
	Required    []string
	Items       *schema
}

var methods = []string{"get", "post", "put", "patch", "delete"}

func (m *manual) read() (manualText, error) {
	raw, err := m.source()
	if err != nil {
		return manualText{}, err
	}
	var d description
	if err := json.Unmarshal(raw, &d); err != nil {
		return manualText{}, fmt.Errorf("description of the API: %w", err)
	}
	out := manualText{Title: d.Info.Title, Version: d.Info.Version, About: flowing(d.Info.Description)}
	at := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range methods {
			raw, ok := d.Paths[path][method]
			if !ok {
				continue
			}
			var x described
			if err := json.Unmarshal(raw, &x); err != nil {
				return out, fmt.Errorf("%s %s: %w", method, path, err)
			}
			name := groupOf(path, x.Tags)
			if _, known := at[name]; !known {
				at[name] = len(out.Groups)
				out.Groups = append(out.Groups, group{Name: name})
			}
			g := &out.Groups[at[name]]
			g.Operations = append(g.Operations, d.operation(method, path, &x))
		}
	}
	slices.SortStableFunc(out.Groups, func(a, b group) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// flowing joins the lines of each paragraph: the page breaks them anew.
func flowing(s string) string {
	paragraphs := strings.Split(strings.TrimSpace(s), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(p, "\n", " ")
	}
	return strings.Join(paragraphs, "\n\n")
}

// groupOf puts an operation under its tag, or under the noun of its path.
func groupOf(path string, tags []string) string {
	if len(tags) > 0 {
		return tags[0]
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		if p == "v1" && i+1 < len(parts) {
			return strings.Join(append(parts[:i:i], parts[i+1]), " ")
		}
	}
	return parts[0]
}

func (d *description) operation(method, path string, x *described) operation {
	o := operation{ID: cmp.Or(x.OperationID, method+strings.ReplaceAll(path, "/", "-")), Method: method, Path: path, Summary: x.Summary, About: flowing(x.Description)}
	for _, p := range x.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[last(p.Ref)]
		}
		o.Parameters = append(o.Parameters, row{Name: p.Name, In: p.In, Type: d.typeOf(p.Schema), Required: p.Required, About: p.Description})
	}
	if x.RequestBody != nil {
		o.Body = d.fields(bodyOf(x.RequestBody.Content), 0)
	}
	for _, code := range slices.Sorted(maps.Keys(x.Responses)) {
		r := x.Responses[code]
		o.Status = append(o.Status, status{code, r.Description})
		if o.Answer == nil && strings.HasPrefix(code, "2") {
			o.Answer = d.fields(bodyOf(r.Content), 0)
		}
	}
	return o
}

func bodyOf(content map[string]media) *schema {
	if m, ok := content["application/json"]; ok {
		return m.Schema
	}
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		return content[kind].Schema
	}
	return nil
}

func (d *description) find(s *schema) *schema {
	if s == nil || s.Ref == "" {
		return s
	}
	return d.Components.Schemas[last(s.Ref)]
}

// last gives the name at the end of a reference.
func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// maxDepth bounds how deep documents are unfolded: some of them hold themselves.
const maxDepth = 3

func (d *description) fields(s *schema, depth int) []row {
	s = d.find(s)
	if s == nil || depth > maxDepth {
		return nil
	}
	if s.Items != nil {
		return d.fields(s.Items, depth)
	}
	var out []row
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if name == "$schema" {
			continue
		}
		out = append(out, row{Depth: depth, Name: name, Type: d.typeOf(p), Required: slices.Contains(s.Required, name), About: p.Description})
		out = append(out, d.fields(p, depth+1)...)
	}
	return out
}

func (d *description) typeOf(s *schema) string {
	s = d.find(s)
	if s == nil {
		return ""
	}
	name := fmt.Sprint(s.Type)
	if list, ok := s.Type.([]any); ok {
		var names []string
		for _, n := range list {
			names = append(names, fmt.Sprint(n))
		}
		name = strings.Join(names, " or ")
	}
	switch {
	case s.Type == nil && len(s.Properties) > 0:
		name = "object"
	case s.Type == nil:
		name = "any"
	}
	if s.Items != nil {
		name = "list of " + d.typeOf(s.Items)
	}
	if len(s.Enum) > 0 {
		var words []string
		for _, w := range s.Enum {
			words = append(words, fmt.Sprint(w))
		}
		name = strings.Join(words, ", ")
	}
	if s.Format != "" && len(s.Enum) == 0 {
		name += " (" + s.Format + ")"
	}
	return name
}
