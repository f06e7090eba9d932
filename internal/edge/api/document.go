package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lojal/internal/base/web"
)

func init() { huma.DefaultArrayNullable = false } // an empty list is [], never null

const about = `Two surfaces of one server: the management API under /v1 and the till API under /pos/v1.

Money is whole minor units. Times are RFC 3339 with offset, days YYYY-MM-DD, quantities decimal strings.
Every write carries an Idempotency-Key of 1 to 255 visible ASCII characters; the same key with the same body
gives the same answer at any age, marked Idempotent-Replayed. Errors are RFC 9457 problem documents whose
code is stable. Lists are paged by signed cursors. Inside v1 only additions are made: clients ignore fields
that they do not know.`

// tags are the groups of operations, in the order of the document.
var tags = []struct{ name, about string }{
	{"tenants", "The borders of isolation. The operator makes them."},
	{"merchants", "Legal entities."},
	{"outlets", "Places of sale, each with a zone, a currency and a business day."},
	{"terminals", "Tills and other devices, and the keys of their devices."},
	{"staff", "Who works where, and what they allow by PIN."},
	{"keys", "Keys of integrations."},
	{"programmes", "Loyalty programmes as data, in immutable versions."},
	{"members", "Persons and their memberships."},
	{"cards", "Cards, their states, and cards in stock."},
	{"accounts", "Wallets of cards and memberships, and what is done to them by hand."},
	{"vouchers", "Coupons that are given to members, cards or bearers."},
	{"sales", "Sales and returns of systems without a till, and prices."},
	{"sessions", "Checkouts of web shops: reserved, then taken shipment by shipment."},
	{"ledger", "The journal, its proofs, and what became of an operation."},
	{"events", "What happened, to be read."},
	{"webhooks", "What happened, to be told."},
	{"reports", "Shifts and closed batches of tills."},
	{tillTag, "The till API: identify, quote, commit; reverse, return, advise. Unknown fields are passed over and named in warnings."},
}

// codes are what each status may say. The till API has those of its first list alone.
var codes = []struct {
	status      int
	till, other []string
}{
	{http.StatusBadRequest, []string{"malformed", "unknown_field", "invalid_value"}, []string{"checkpoint_invalid"}},
	{http.StatusUnauthorized, []string{"unauthenticated"}, nil},
	{http.StatusForbidden, []string{"forbidden", "verification_required"}, []string{"wrong_pin"}},
	{http.StatusNotFound, []string{"not_found"}, nil},
	{http.StatusConflict, []string{"in_progress", "ledger_regressed", "version_conflict", "duplicate_receipt", "terminal_in_use", "quote_changed", "ambiguous_original", "clock_skew"},
		[]string{"already_exists", "duplicate_member", "number_taken", "card_linked", "card_not_linked", "card_batch_not_finished", "history_forked"}},
	{http.StatusRequestEntityTooLarge, []string{"too_large"}, nil},
	{http.StatusUnsupportedMediaType, []string{"unsupported_media_type"}, nil},
	{http.StatusUnprocessableEntity, []string{
		"insufficient_balance", "insufficient_points", "below_minimum", "amount_mismatch", "currency_mismatch", "tender_not_allowed", "not_accepted_here",
		"card_not_active", "card_already_active", "card_blocked", "card_lost", "card_replaced", "card_expired", "card_closed", "own_card",
		"voucher_used", "voucher_expired", "voucher_limit", "offer_exhausted", "pass_used_up", "pass_not_valid_now", "pass_frozen", "hold_expired", "hold_resolved",
		"limit_earns_per_day", "limit_burns_per_day", "limit_loads_per_day", "limit_redemptions", "limit_max_balance", "limit_max_load", "limit_max_issue", "approval_required",
		"original_not_found", "original_voided", "already_reversed", "reversal_of_reversal", "batch_closed", "further_activity_prevents_void", "over_return", "return_window_over",
		"field_immutable", "idempotency_mismatch",
	}, []string{"not_transferable", "programme_invalid", "checkout_state", "webhook_url_refused", "webhook_limit"}},
	{http.StatusTooManyRequests, []string{"rate_limited", "throttled"}, []string{"staff_locked"}},
	{http.StatusServiceUnavailable, []string{"storage_full", "overloaded", "debits_frozen", "unavailable"}, nil},
}

// Problem is an error, RFC 9457.
type Problem struct {
	Type    string         `json:"type"`
	Title   string         `json:"title"`
	Status  int            `json:"status"`
	Code    string         `json:"code" doc:"Stable; the contract and the key of the texts."`
	Retry   string         `json:"retry" enum:"never,same_key,after"`
	Params  map[string]any `json:"params" doc:"The figures and names of the code."`
	Seq     int64          `json:"ledger_seq,omitempty"`
	Epoch   int64          `json:"epoch,omitempty"`
	Display Texts          `json:"display"`
}

// Texts are a text in the five languages.
type Texts struct {
	LV string `json:"lv"`
	RU string `json:"ru"`
	EN string `json:"en"`
	ET string `json:"et"`
	HU string `json:"hu"`
}

func problemName(status int) string { return "Problem" + strconv.Itoa(status) }

func newDocument() *huma.OpenAPI {
	d := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "lojal", Version: "1", Description: about,
			License: &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "The server that answers."}},
		Components: &huma.Components{
			Schemas:         huma.NewMapRegistry("#/components/schemas/", schemaName),
			Responses:       map[string]*huma.Response{},
			SecuritySchemes: map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer", BearerFormat: "ljk_…", Description: "An API key. Keys are made by POST /v1/tenants, /v1/keys and /v1/terminals/{id}/link."}},
			Parameters:      sharedParameters(),
		},
	}
	for _, t := range tags {
		d.Tags = append(d.Tags, &huma.Tag{Name: t.name, Description: t.about})
	}
	problem := d.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	for _, c := range codes {
		text := "Codes: " + strings.Join(c.till, ", ") + "."
		if c.other != nil {
			text += " On the management API also: " + strings.Join(c.other, ", ") + "."
		}
		d.Components.Responses[problemName(c.status)] = &huma.Response{Description: text, Content: map[string]*huma.MediaType{web.ProblemType: {Schema: problem}}}
	}
	return d
}

func sharedParameters() map[string]*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	low, high := 1, web.MaxKey
	return map[string]*huma.Param{
		"IdempotencyKey": {Name: "Idempotency-Key", In: "header", Required: true, Description: "The client stores it before it sends; a ULID or UUID is advised.",
			Schema: &huma.Schema{Type: huma.TypeString, MinLength: &low, MaxLength: &high, Pattern: "^[!-~]+$"}},
		"Tenant":   {Name: headerTenant, In: "header", Description: "The tenant in which the operator acts, ten_…; other keys have their own.", Schema: text},
		"Terminal": {Name: "X-Terminal", In: "header", Description: "The terminal for which a middleware's key speaks.", Schema: text},
	}
}

// schemaName gives a type its name in the document: our own types by their name, those of rooms behind the
// room's, so that two rooms may have a word each.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	room := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
	if room == "" || room == "api" || strings.HasPrefix(strings.ToLower(name), room) {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// input gives the schema of a body. It and all that is in it take no other fields, since they are refused.
func (f *front) input(t reflect.Type) *huma.Schema {
	s := f.document.Components.Schemas.Schema(t, true, "")
	f.inputs = append(f.inputs, s.Ref)
	return s
}

// finish closes the schemas of bodies and opens those of answers.
func (f *front) finish() {
	all := f.document.Components.Schemas.Map()
	closed := map[string]bool{}
	for _, ref := range f.inputs {
		shut(f.document.Components.Schemas, &huma.Schema{Ref: ref}, closed)
	}
	for name, s := range all {
		if s.Type == huma.TypeObject && s.AdditionalProperties == false && !closed[name] {
			s.AdditionalProperties = nil
		}
	}
}

// shut marks a schema and all that it refers to.
func shut(r huma.Registry, s *huma.Schema, seen map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		if seen[name] {
			return
		}
		seen[name] = true
		s = r.SchemaFromRef(s.Ref)
	}
	for _, p := range s.Properties {
		shut(r, p, seen)
	}
	shut(r, s.Items, seen)
	for _, one := range s.OneOf {
		shut(r, one, seen)
	}
}

func (f *front) yaml() ([]byte, error) {
	f.finish()
	return f.document.YAML()
}

// documentRoutes serve the document itself, to anybody.
func (a *API) documentRoutes(mux *http.ServeMux) {
	a.front.finish()
	text, err := a.front.document.YAML()
	if err != nil {
		panic("api: the document cannot be written: " + err.Error())
	}
	asJSON, err := json.Marshal(a.front.document)
	if err != nil {
		panic("api: the document cannot be written: " + err.Error())
	}
	mux.HandleFunc("GET /v1/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(text) // a client that went away needs no answer
	})
	mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) { web.WriteJSON(w, http.StatusOK, asJSON) })
}
