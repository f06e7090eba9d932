package api

import (
	"net/http"
	"reflect"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/db"
	"lojal/internal/base/once"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
)

// Tenant is a tenant as it is answered.
type Tenant struct {
	Seen
	ID        merchant.TenantID `json:"id"`
	Slug      string            `json:"slug"`
	Name      string            `json:"name"`
	Zone      string            `json:"zone" doc:"IANA time zone."`
	Currency  string            `json:"currency" doc:"ISO 4217 code."`
	Profile   string            `json:"limits_profile"`
	Pack      string            `json:"country_pack,omitempty"`
	Language  string            `json:"language,omitempty"`
	Modules   map[string]bool   `json:"modules,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
	Key       string            `json:"key,omitempty" doc:"The administrator's key; told only when the tenant is made."`
}

func (a *API) tenantRoutes() {
	create := op{
		method: http.MethodPost, path: "/v1/tenants", id: "create-tenant", tag: "tenants", summary: "Make a tenant with its administrator's key",
		who: ofOperator, status: http.StatusCreated,
	}
	a.front.add(create, reflect.TypeFor[merchant.NewTenant](), reflect.TypeFor[Tenant](), func(w http.ResponseWriter, r *http.Request) { a.createTenant(w, r, &create) })
	read(a, op{path: "/v1/tenants", id: "list-tenants", tag: "tenants", summary: "List the tenants", who: ofOperator, query: []param{paramAfter, paramLimit, paramUpdated}}, a.listTenants)
	read(a, op{path: "/v1/tenant", id: "read-tenant", tag: "tenants", summary: "Read the key's own tenant", scope: "tenant:read"}, a.readTenant)
	write(a, op{method: http.MethodPatch, path: "/v1/tenant", id: "change-tenant", tag: "tenants", summary: "Change the key's own tenant", scope: "tenant:write", who: ofAdmins},
		ofHouse, false, a.changeTenant)
}

func (a *API) createTenant(w http.ResponseWriter, r *http.Request, o *op) {
	c, leave, err := a.enter(w, r, o, true)
	if err != nil {
		a.problem(c, err, web.Meta{})
		return
	}
	defer leave()
	var in merchant.NewTenant
	var out once.Answer
	if err = web.Decode(c.raw, &in); err == nil {
		out, err = a.House.CreateTenant(r.Context(), c.house(), c.once(a.Clock.Now()), in, func(tx db.Tx, t merchant.Tenant) (int, []byte, error) {
			return a.firstKey(c, tx, &t)
		})
	}
	if err == nil {
		err = out.Declined
	}
	replayed(w, out.Replayed)
	if err != nil {
		a.problem(c, err, web.Meta{})
		return
	}
	web.WriteJSON(w, out.Status, out.Body)
}

// firstKey issues the administrator's key in the transaction that makes the tenant.
func (a *API) firstKey(c *call, tx db.Tx, t *merchant.Tenant) (int, []byte, error) {
	_, text, err := a.Access.Issue(c.r.Context(), tx, c.by(), access.NewKey{Kind: access.Admin, Name: "administrator"})
	if err != nil {
		return 0, nil, err
	}
	out := tenantOf(t)
	out.Key = text.Reveal()
	inside := *c
	inside.tenant = tx.Tenant()
	m, err := metaOf(&inside, tx)
	if err != nil {
		return 0, nil, err
	}
	body, err := encode(out, m)
	return http.StatusCreated, body, err
}

func tenantOf(t *merchant.Tenant) *Tenant {
	return &Tenant{
		ID: t.ID, Slug: t.Slug, Name: t.Name, Zone: t.Zone.String(), Currency: t.Currency.Code, Profile: string(t.Profile), Pack: t.Settings.CountryPack,
		Language: t.Settings.Language, Modules: t.Settings.Modules, CreatedAt: t.CreatedAt.In(t.Zone),
	}
}

func (a *API) listTenants(c *call) (*List[Tenant], error) {
	after, limit, err := a.paged(c, "tenants")
	if err != nil {
		return nil, err
	}
	since, err := c.since()
	if err != nil {
		return nil, err
	}
	list, err := a.House.Tenants(c.r.Context(), merchant.TenantID(after), limit+1)
	if err != nil {
		return nil, err
	}
	items := make([]Tenant, len(list))
	for i := range list {
		items[i] = *tenantOf(&list[i])
	}
	out, err := page(a, c, "tenants", items, limit, func(t *Tenant) any { return int64(t.ID) })
	if err == nil {
		out.Items = kept(out.Items, func(t *Tenant) bool { return !t.CreatedAt.Before(since.Time()) })
	}
	return out, err
}

// kept gives the items that a claim holds for. The list is never nil.
func kept[T any](list []T, claim func(*T) bool) []T {
	out := []T{}
	for i := range list {
		if claim(&list[i]) {
			out = append(out, list[i])
		}
	}
	return out
}

func (a *API) readTenant(c *call) (*Tenant, error) { return tenantOf(&c.snap.Tenant), nil }

func (a *API) changeTenant(c *call, in *merchant.TenantChange) (deed[Tenant], error) {
	return func(tx db.Tx) (*Tenant, error) {
		t, err := a.House.ChangeTenant(c.r.Context(), tx, c.house(), *in)
		if err != nil {
			return nil, err
		}
		return tenantOf(&t), nil
	}, nil
}
