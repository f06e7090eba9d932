package api

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// audience says who may call an operation, beside those with its scope.
type audience uint8

const (
	ofTenant   audience = iota // keys with the scope; the operator and the tenant's admin hold every one
	ofAdmins                   // the operator and the tenant's admin alone: what could widen rights
	ofOperator                 // the operator alone
	ofTills                    // keys with the scope, and keys of tills
)

// op is what the document says of an operation, and who may call it.
type op struct {
	method, path string
	id, tag      string
	summary      string
	scope        string
	who          audience
	about        string
	query        []param
	status       int    // of success; 200 when 0
	media        string // of an answer that is no JSON
	yaml         bool   // the body may be YAML, for the field of that name
}

// param is a parameter of the query.
type param struct {
	name, about string
	integer     bool
}

// Parameters that several operations have.
var (
	paramLimit   = param{"limit", "How many at most, 1 to 500.", true}
	paramAfter   = param{"after", "The cursor of the page before, from its `next`.", false}
	paramUpdated = param{"updated_since", "Only what was made or changed at or after this time (RFC 3339 with offset).", false}
)

// front registers operations: their routes with a mux, their form in the document.
type front struct {
	adapter  huma.Adapter
	document *huma.OpenAPI
	inputs   []string // schemas of bodies: they take no other fields
	ops      []op
}

func newFront(mux *http.ServeMux) *front {
	return &front{adapter: humago.NewAdapter(mux, ""), document: newDocument()}
}

// add registers an operation with the types of its body and its answer; nil for none.
func (f *front) add(o op, body, answer reflect.Type, serve func(http.ResponseWriter, *http.Request)) {
	h := f.describe(o, body, answer)
	f.ops = append(f.ops, o)
	f.adapter.Handle(h, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		serve(w, r)
	})
}

// describe writes the operation into the document.
func (f *front) describe(o op, body, answer reflect.Type) *huma.Operation {
	h := &huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Description: o.describe(), Tags: []string{o.tag},
		Parameters: o.parameters(body != nil), Responses: map[string]*huma.Response{}, Security: []map[string][]string{{"key": {}}},
	}
	if body != nil {
		h.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: f.input(body)}}}
		if o.yaml {
			h.RequestBody.Content[yamlType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		}
	}
	status := max(o.status, http.StatusOK)
	ok := &huma.Response{Description: http.StatusText(status)}
	media := o.media
	if media == "" {
		media = "application/json"
	}
	if answer != nil {
		ok.Content = map[string]*huma.MediaType{media: {Schema: f.document.Components.Schemas.Schema(answer, true, "")}}
		if o.media != "" {
			ok.Content[media].Schema = &huma.Schema{Type: huma.TypeString}
		}
	}
	h.Responses[strconv.Itoa(status)] = ok
	for _, code := range o.refusals() {
		h.Responses[strconv.Itoa(code)] = &huma.Response{Ref: "#/components/responses/" + problemName(code)}
	}
	f.document.AddOperation(h)
	return h
}

func (o op) describe() string {
	parts := []string{}
	if o.about != "" {
		parts = append(parts, o.about)
	}
	switch {
	case o.tag == tillTag:
		parts = append(parts, "Keys: of the terminal, or of a middleware with `X-Terminal`.")
	case o.who == ofOperator:
		parts = append(parts, "Keys: the operator's.")
	case o.who == ofAdmins:
		parts = append(parts, "Keys: the tenant's administrator, the operator.")
	case o.scope == "":
		parts = append(parts, "Keys: any.")
	case o.who == ofTills:
		parts = append(parts, "Scope: `"+o.scope+"`; keys of terminals may read it too.")
	default:
		parts = append(parts, "Scope: `"+o.scope+"`.")
	}
	return strings.Join(parts, " ")
}

func (o op) writes() bool { return o.method != http.MethodGet }

// keyed tells whether the operation needs an Idempotency-Key: every write but evaluations, which book nothing.
func (o op) keyed() bool { return o.writes() && !dry[o.id] && o.tag != tillTag }

// dry are operations that are sent as POST for their body and change nothing.
var dry = map[string]bool{"evaluate": true, "validate-programme": true}

func (o op) refusals() []int {
	out := []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	if o.writes() {
		out = append(out, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	return append(out, http.StatusTooManyRequests, http.StatusServiceUnavailable)
}

func (o op) parameters(body bool) []*huma.Param {
	var out []*huma.Param
	for rest := o.path; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		out = append(out, &huma.Param{Name: name, In: "path", Required: true, Description: pathNames[name], Schema: &huma.Schema{Type: huma.TypeString}})
		rest = tail
	}
	for _, p := range o.query {
		s := &huma.Schema{Type: huma.TypeString}
		if p.integer {
			s = &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
		}
		out = append(out, &huma.Param{Name: p.name, In: "query", Description: p.about, Schema: s})
	}
	if o.keyed() {
		out = append(out, &huma.Param{Ref: "#/components/parameters/IdempotencyKey"})
	}
	if o.tag == tillTag {
		out = append(out, &huma.Param{Ref: "#/components/parameters/Terminal"})
	} else if o.who != ofOperator && o.scope != "" {
		out = append(out, &huma.Param{Ref: "#/components/parameters/Tenant"})
	}
	return out
}

// pathNames tell what a name in a path stands for.
var pathNames = map[string]string{
	"id": "The identifier.", "key": "The idempotency key.", "def": "The coupon's id in its programme.", "entry": "The entry's identifier, txn_….",
	"no": "The batch's number.",
}
