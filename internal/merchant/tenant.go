package merchant

import (
	"context"
	"encoding/json"
	"maps"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/once"
	"lojal/internal/ledger"
)

// NewTenant is what a tenant is made of.
type NewTenant struct {
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Zone        string `json:"zone"`
	Currency    string `json:"currency"`
	Profile     string `json:"limits_profile"`
	CountryPack string `json:"country_pack,omitempty"`
	Language    string `json:"language,omitempty"`
}

var (
	insertTenant = db.SQL("merchant.insert_tenant", `
		INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at, profile)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)

	findSlug = db.SQL("merchant.find_slug", `
		SELECT t.tenant_id FROM tenant t WHERE t.slug = $1`)

	listTenants = db.SQL("merchant.list_tenants", `
		SELECT t.tenant_id, t.slug, t.name, t.zone, t.currency, t.profile, t.settings, t.created_at
		  FROM tenant t
		 WHERE t.tenant_id > $1
		 ORDER BY t.tenant_id
		 LIMIT $2`)

	readTenant = db.SQL("merchant.read_tenant", `
		SELECT t.tenant_id, t.slug, t.name, t.zone, t.currency, t.profile, t.settings, t.created_at
		  FROM tenant t
		 WHERE t.tenant_id = $1`)

	updateTenant = db.SQL("merchant.update_tenant", `
		UPDATE tenant SET name = $2, zone = $3, profile = $4, settings = $5 WHERE tenant_id = $1`)
)

// CreateTenant makes a tenant with a secret of its own and opens its books, in one transaction with what
// more does: the first key, the answer. The call's key lives in the new tenant, which is found by its slug
// when the call is repeated. It returns ErrExists for a slug that another call took.
func (h *House) CreateTenant(ctx context.Context, by By, call once.Call, in NewTenant, more func(db.Tx, Tenant) (int, []byte, error)) (once.Answer, error) {
	t, err := h.newTenant(in)
	if err != nil {
		return once.Answer{}, err
	}
	out, err := h.createTenant(ctx, by, call, t, more)
	if fault.Is(err, ErrExists) {
		// Whoever took the slug in between may have been this very call.
		out, err = h.createTenant(ctx, by, call, t, more)
	}
	return out, err
}

func (h *House) createTenant(ctx context.Context, by By, call once.Call, t Tenant, more func(db.Tx, Tenant) (int, []byte, error)) (once.Answer, error) {
	known, err := h.FindTenant(ctx, t.Slug)
	if err != nil {
		return once.Answer{}, err
	}
	if known != 0 {
		t.ID = known
	}
	var out once.Answer
	err = h.Write(ctx, t.ID, func(tx db.Tx) error {
		if known == 0 {
			if err := h.insertTenant(ctx, tx, by, t); err != nil {
				return err
			}
		}
		keys, err := h.ring.Of(ctx, int64(t.ID))
		if err != nil {
			return err
		}
		call.Seal = keys // the answer holds the tenant's first key
		out, err = once.Do(ctx, tx, call, func() (int, []byte, error) {
			if known != 0 {
				return 0, nil, fault.New(ErrExists, "field", "slug")
			}
			return more(tx, t)
		})
		if err == nil && out.Declined != nil && known == 0 {
			err = out.Declined // a tenant is made whole or not at all
		}
		return err
	})
	return out, err
}

func (h *House) newTenant(in NewTenant) (Tenant, error) {
	zone, err := zoneOf(in.Zone)
	if err != nil {
		return Tenant{}, err
	}
	currency, err := currencyOf(in.Currency)
	if err != nil {
		return Tenant{}, err
	}
	profile, err := h.profile(in.Profile)
	if err != nil {
		return Tenant{}, err
	}
	err = check(
		field{slugForm.MatchString(in.Slug), "slug", "3 to 40 of a-z, 0-9 and -"},
		isName("name", in.Name),
		field{in.CountryPack == "" || wordForm.MatchString(in.CountryPack), "country_pack", "a pack's name such as lv"},
		field{langForm.MatchString(in.Language), "language", "a language such as lv"},
	)
	return Tenant{
		ID: TenantID(h.mint.Next()), Slug: in.Slug, Name: in.Name, Zone: zone, Currency: currency, Profile: profile,
		Settings: Settings{CountryPack: in.CountryPack, Language: in.Language}, CreatedAt: h.clock.Now(),
	}, err
}

func (h *House) insertTenant(ctx context.Context, tx db.Tx, by By, t Tenant) error {
	wrapped, err := h.ring.New(int64(t.ID))
	if err != nil {
		return err
	}
	settings, err := json.Marshal(t.Settings)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertTenant, int64(t.ID), t.Slug, t.Name, t.Zone.String(), t.Currency.Code, string(settings), wrapped, int64(t.CreatedAt), string(t.Profile)); err != nil {
		return taken(err, "slug")
	}
	if err := ledger.Open(ctx, tx); err != nil {
		return err
	}
	return h.tell(ctx, tx, by, "tenant.create", t.ID.String(), change{After: t.facts()})
}

// FindTenant gives the tenant of a slug; 0 when there is none.
func (h *House) FindTenant(ctx context.Context, slug string) (TenantID, error) {
	var v int64
	err := h.d.Read(ctx, 0, func(tx db.Tx) error {
		_, err := tx.One(ctx, findSlug, db.Args(slug), &v)
		return err
	})
	return TenantID(v), err
}

// Tenants gives tenants after an identifier in the order of their making, at most limit of them.
func (h *House) Tenants(ctx context.Context, after TenantID, limit int) ([]Tenant, error) {
	var out []Tenant
	err := h.d.Read(ctx, 0, func(tx db.Tx) error {
		out = out[:0]
		return tx.Each(ctx, listTenants, db.Args(int64(after), limit), func(scan func(...any) error) error {
			t, err := scanTenant(scan)
			out = append(out, t)
			return err
		})
	})
	return out, err
}

func scanTenant(scan func(...any) error) (Tenant, error) {
	var t Tenant
	var zone, currency, settings string
	if err := scan(&t.ID, &t.Slug, &t.Name, &zone, &currency, &t.Profile, &settings, &t.CreatedAt); err != nil {
		return t, err
	}
	var err error
	if t.Zone, err = zoneOf(zone); err != nil {
		return t, err
	}
	if t.Currency, err = currencyOf(currency); err != nil {
		return t, err
	}
	return t, json.Unmarshal([]byte(settings), &t.Settings)
}

// TenantChange is what of a tenant may be changed; nil leaves a field alone.
type TenantChange struct {
	Name     *string         `json:"name,omitempty"`
	Zone     *string         `json:"zone,omitempty"`
	Profile  *string         `json:"limits_profile,omitempty"`
	Language *string         `json:"language,omitempty"`
	Modules  map[string]bool `json:"modules,omitempty"` // switches to turn; the others stay
}

// ChangeTenant changes the tenant of the transaction and gives it as it is now.
func (h *House) ChangeTenant(ctx context.Context, tx db.Tx, by By, c TenantChange) (Tenant, error) {
	if err := lock(ctx, tx); err != nil {
		return Tenant{}, err
	}
	t, err := readTenantRow(ctx, tx)
	if err != nil {
		return t, err
	}
	before := t.facts()
	if err := h.applyTenant(&t, c); err != nil {
		return t, err
	}
	settings, err := json.Marshal(t.Settings)
	if err != nil {
		return t, err
	}
	if _, err := tx.Exec(ctx, updateTenant, tx.Tenant(), t.Name, t.Zone.String(), string(t.Profile), string(settings)); err != nil {
		return t, err
	}
	return t, h.tell(ctx, tx, by, "tenant.change", t.ID.String(), change{before, t.facts()})
}

// facts are what the trail says of a tenant.
func (t *Tenant) facts() map[string]any {
	return map[string]any{"slug": t.Slug, "name": t.Name, "zone": t.Zone.String(), "currency": t.Currency.Code, "limits_profile": t.Profile, "settings": t.Settings.clone()}
}

func (s Settings) clone() Settings {
	s.Modules = maps.Clone(s.Modules)
	return s
}

func (h *House) applyTenant(t *Tenant, c TenantChange) (err error) {
	if c.Name != nil {
		t.Name = *c.Name
	}
	if c.Zone != nil {
		if t.Zone, err = zoneOf(*c.Zone); err != nil {
			return err
		}
	}
	if c.Profile != nil {
		if t.Profile, err = h.profile(*c.Profile); err != nil {
			return err
		}
	}
	if c.Language != nil {
		t.Settings.Language = *c.Language
	}
	for module, on := range c.Modules {
		if !wordForm.MatchString(module) {
			return fault.Invalid("modules", "names of modules")
		}
		if t.Settings.Modules == nil {
			t.Settings.Modules = map[string]bool{}
		}
		t.Settings.Modules[module] = on
	}
	return check(isName("name", t.Name), field{langForm.MatchString(t.Settings.Language), "language", "a language such as lv"},
		field{len(t.Settings.Modules) <= maxModules, "modules", "at most 100"})
}

func readTenantRow(ctx context.Context, tx db.Tx) (Tenant, error) {
	var t Tenant
	there := false
	err := tx.Each(ctx, readTenant, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		var err error
		t, err = scanTenant(scan)
		there = true
		return err
	})
	if err == nil && !there {
		err = fault.New(fault.ErrNotFound)
	}
	return t, err
}
