package api

import (
	"net/http"
	"slices"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/programme"
)

// NewProgramme is the next version of a programme, written in YAML.
type NewProgramme struct {
	YAML     string        `json:"yaml"`
	From     *Moment       `json:"effective_from,omitempty" doc:"From when it holds; now when it is absent."`
	Accepted []merchant.ID `json:"accepted_by,omitempty" doc:"Merchants beside the issuer that accept its cards."`
}

// Published is a version as it was stored.
type Published struct {
	Seen
	ID       string              `json:"id"`
	Version  string              `json:"version"`
	From     time.Time           `json:"effective_from"`
	Problems []programme.Problem `json:"problems"`
}

// Validated are the problems of a definition, each with its place.
type Validated struct {
	Seen
	ID       string              `json:"id,omitempty"`
	Valid    bool                `json:"valid"`
	Problems []programme.Problem `json:"problems"`
	Kept     *KeptLots           `json:"not_affected,omitempty" doc:"Of a programme that is there: what keeps its dates under any new version."`
}

// KeptLots are lots of points that a new version leaves as they are.
type KeptLots struct {
	Lots   int64 `json:"lots"`
	Points int64 `json:"points"`
}

// Programme is a programme with its version in force.
type Programme struct {
	Seen
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Version  string        `json:"version"`
	From     time.Time     `json:"effective_from"`
	Currency string        `json:"currency"`
	Zone     string        `json:"zone"`
	Issuer   merchant.ID   `json:"issuer,omitempty"`
	Accepted []merchant.ID `json:"accepted_by"`
	YAML     string        `json:"yaml,omitempty"`
}

// Version is one version of a programme.
type Version struct {
	Version string    `json:"version"`
	From    time.Time `json:"effective_from"`
	YAML    string    `json:"yaml"`
}

func (a *API) programmeRoutes() {
	const tag = "programmes"
	publish := op{method: http.MethodPost, path: "/v1/programmes", id: "publish-programme", tag: tag, summary: "Publish a version of a programme", scope: "programmes:write", status: http.StatusCreated}
	publish.about = "The body may also be the YAML itself, as application/yaml. A definition with problems is refused with programme_invalid, each problem with line and column."
	publish.yaml = true
	write(a, publish, ofBook, false, a.publish)
	write(a, op{method: http.MethodPost, path: "/v1/programmes/validate", id: "validate-programme", tag: tag, summary: "Look for problems in a definition", scope: "programmes:read", yaml: true}, plain, false, a.validate)
	read(a, op{path: "/v1/programmes", id: "list-programmes", tag: tag, summary: "List the programmes", scope: "programmes:read", query: []param{paramAfter, paramLimit, paramUpdated}}, a.listProgrammes)
	read(a, op{path: "/v1/programmes/{id}", id: "read-programme", tag: tag, summary: "Read a programme as it is in force", scope: "programmes:read", who: ofTills}, a.readProgramme)
	read(a, op{path: "/v1/programmes/{id}/versions", id: "list-programme-versions", tag: tag, summary: "List the versions of a programme, the oldest first", scope: "programmes:read",
		query: []param{paramAfter, paramLimit}}, a.listVersions)
}

// problems gives a definition, or what is wrong with it.
func problems(text string) (*programme.Definition, []programme.Problem) {
	d, list := programme.Parse([]byte(text))
	if list == nil {
		list = []programme.Problem{}
	}
	return d, list
}

func (a *API) publish(c *call, in *NewProgramme) (deed[Published], error) {
	d, wrong := problems(in.YAML)
	if len(wrong) > 0 {
		return nil, fault.New(ErrProgramme, "problems", wrong)
	}
	issuer, err := c.issuer(d.Issuer, in.Accepted)
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Published, error) {
		now := a.Clock.Now()
		from := now
		if in.From != nil {
			from = clock.Instant(*in.From)
		}
		p, err := programme.Publish(c.r.Context(), tx, d, issuer, from, now, c.caller.Actor())
		if err != nil {
			return nil, err
		}
		for _, m := range in.Accepted {
			if err := programme.Accept(c.r.Context(), tx, d.ID, int64(m)); err != nil {
				return nil, err
			}
		}
		err = access.Audit(c.r.Context(), tx, now, c.caller.Actor(), "programme.publish", d.ID, map[string]any{"version": p.Version, "accepted_by": in.Accepted}, c.by().Request)
		return &Published{ID: d.ID, Version: p.Version, From: c.at(p.EffectiveFrom), Problems: []programme.Problem{}}, err
	}, nil
}

// issuer refuses merchants that are not the tenant's.
func (c *call) issuer(name string, accepted []merchant.ID) (int64, error) {
	own := func(m merchant.ID) bool {
		return slices.ContainsFunc(c.snap.Merchants, func(x merchant.Merchant) bool { return x.ID == m })
	}
	for _, m := range accepted {
		if !own(m) {
			return 0, fault.Invalid("accepted_by", "merchants of the tenant")
		}
	}
	var issuer merchant.ID
	if err := issuer.UnmarshalText([]byte(name)); err != nil || issuer != 0 && !own(issuer) {
		return 0, fault.Invalid("yaml.issuer", "a merchant of the tenant, mer_…")
	}
	return int64(issuer), nil
}

func (a *API) validate(c *call, in *NewProgramme) (deed[Validated], error) {
	d, wrong := problems(in.YAML)
	out := &Validated{Valid: len(wrong) == 0, Problems: wrong}
	if d == nil {
		return func(db.Tx) (*Validated, error) { return out, nil }, nil
	}
	out.ID = d.ID
	shelf, err := a.shelf(c)
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Validated, error) {
		p := shelf.Find(d.ID)
		if p == nil {
			return out, nil
		}
		out.Kept = &KeptLots{}
		var err error
		out.Kept.Lots, out.Kept.Points, err = ledger.CountLots(c.r.Context(), tx, p.Points)
		return out, err
	}, nil
}

func (a *API) shelf(c *call) (*programme.Shelf, error) {
	return a.Book.Refresh(c.r.Context(), c.tenant, c.snap.Config)
}

func (a *API) programme(c *call, name string) (*programme.Programme, error) {
	shelf, err := a.shelf(c)
	if err != nil {
		return nil, err
	}
	if p := shelf.Find(name); p != nil {
		return p, nil
	}
	return nil, fault.New(fault.ErrNotFound)
}

func (a *API) programmeOf(c *call, p *programme.Programme) *Programme {
	v := p.At(a.Clock.Now())
	out := &Programme{
		ID: p.ID, Name: v.Definition().Name, Version: v.ID, From: v.EffectiveFrom.In(v.Zone), Currency: v.Currency.Code, Zone: v.Zone.String(),
		Issuer: merchant.ID(p.Issuer), Accepted: []merchant.ID{},
	}
	for _, m := range p.Accepted {
		out.Accepted = append(out.Accepted, merchant.ID(m))
	}
	return out
}

func (a *API) listProgrammes(c *call) (*List[Programme], error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	var after string
	if err := a.goOn(c, "programmes", c.query("after"), &after); err != nil {
		return nil, err
	}
	since, err := c.since()
	if err != nil {
		return nil, err
	}
	shelf, err := a.shelf(c)
	if err != nil {
		return nil, err
	}
	items := []Programme{}
	for _, p := range shelf.Programmes {
		if p.ID > after && p.Versions[len(p.Versions)-1].EffectiveFrom >= since {
			items = append(items, *a.programmeOf(c, p))
		}
	}
	return page(a, c, "programmes", items, limit, func(p *Programme) any { return p.ID })
}

func (a *API) readProgramme(c *call) (*Programme, error) {
	p, err := a.programme(c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	out := a.programmeOf(c, p)
	text, err := p.At(a.Clock.Now()).Definition().YAML()
	out.YAML = string(text)
	return out, err
}

func (a *API) listVersions(c *call) (*List[Version], error) {
	after, limit, err := a.paged(c, "versions")
	if err != nil {
		return nil, err
	}
	p, err := a.programme(c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	items := []Version{}
	for _, v := range p.Versions[min(after, int64(len(p.Versions))):] {
		text, err := v.Definition().YAML()
		if err != nil {
			return nil, err
		}
		items = append(items, Version{v.ID, v.EffectiveFrom.In(v.Zone), string(text)})
	}
	return page(a, c, "versions", items, limit, func(*Version) any { return after + int64(limit) })
}
