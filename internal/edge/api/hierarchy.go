package api

import (
	"net/http"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/merchant"
)

// Merchant is a legal entity.
type Merchant struct {
	Seen
	ID        merchant.ID `json:"id"`
	Name      string      `json:"name"`
	RegNo     string      `json:"reg_no,omitempty"`
	VATNo     string      `json:"vat_no,omitempty"`
	CreatedAt time.Time   `json:"created_at"`
}

// Outlet is a place of sale.
type Outlet struct {
	Seen
	ID          merchant.OutletID `json:"id"`
	Merchant    merchant.ID       `json:"merchant"`
	Code        string            `json:"code" doc:"What tills call it."`
	Name        string            `json:"name"`
	Address     string            `json:"address,omitempty"`
	Zone        string            `json:"zone"`
	Currency    string            `json:"currency"`
	MCC         string            `json:"mcc,omitempty" doc:"Merchant category code, ISO 18245."`
	DayClosesAt string            `json:"day_closes_at" doc:"HH:MM of its zone."`
	LatE7       int64             `json:"lat_e7,omitempty" doc:"Ten-millionths of a degree, WGS 84."`
	LonE7       int64             `json:"lon_e7,omitempty"`
	Closed      bool              `json:"closed"`
	CreatedAt   time.Time         `json:"created_at"`
}

// NewOutlet is what an outlet is made of.
type NewOutlet struct {
	Merchant    merchant.ID `json:"merchant"`
	Code        string      `json:"code"`
	Name        string      `json:"name"`
	Zone        string      `json:"zone"`
	Currency    string      `json:"currency"`
	MCC         string      `json:"mcc,omitempty"`
	DayClosesAt string      `json:"day_closes_at,omitempty"`
	Address     string      `json:"address,omitempty"`
	LatE7       int64       `json:"lat_e7,omitempty"`
	LonE7       int64       `json:"lon_e7,omitempty"`
}

// OutletChange is what of an outlet may be changed.
type OutletChange struct {
	Name        *string `json:"name,omitempty"`
	Zone        *string `json:"zone,omitempty"`
	Currency    *string `json:"currency,omitempty" doc:"Never changes: another one is refused with field_immutable."`
	MCC         *string `json:"mcc,omitempty"`
	DayClosesAt *string `json:"day_closes_at,omitempty"`
	Address     *string `json:"address,omitempty"`
	Closed      *bool   `json:"closed,omitempty"`
}

// Terminal is a till or another device.
type Terminal struct {
	Seen
	ID        merchant.TerminalID `json:"id"`
	Outlet    merchant.OutletID   `json:"outlet"`
	TID       string              `json:"tid" doc:"8 letters and digits, ISO 8583 field 41."`
	Kind      string              `json:"kind"`
	Language  string              `json:"language,omitempty"`
	Offline   merchant.Offline    `json:"offline"`
	Closed    bool                `json:"closed"`
	CreatedAt time.Time           `json:"created_at"`
}

// LinkTerminal names the device that takes the terminal's place.
type LinkTerminal struct {
	Device string `json:"device,omitempty" doc:"A name of the device; another one is refused while its key lives."`
}

// Linked is the key of a device, told once.
type Linked struct {
	Seen
	ID     access.KeyID `json:"id"`
	Key    string       `json:"key"`
	EndsAt time.Time    `json:"ends_at"`
}

// Done says that an operation without an answer of its own is done.
type Done struct {
	Seen
	Status string `json:"status"`
}

func (a *API) hierarchyRoutes() {
	const merchants, outlets, terminals = "merchants", "outlets", "terminals"
	post := func(path, id, tag, summary string) op {
		return op{method: http.MethodPost, path: path, id: id, tag: tag, summary: summary, scope: tag + ":write", status: http.StatusCreated}
	}
	list := func(path, id, tag, summary string) op {
		return op{path: path, id: id, tag: tag, summary: summary, scope: tag + ":read", query: []param{paramAfter, paramLimit, paramUpdated}}
	}
	one := func(path, id, tag, summary string) op {
		return op{path: path, id: id, tag: tag, summary: summary, scope: tag + ":read"}
	}
	patch := func(path, id, tag, summary string) op {
		return op{method: http.MethodPatch, path: path, id: id, tag: tag, summary: summary, scope: tag + ":write"}
	}
	write(a, post("/v1/merchants", "create-merchant", merchants, "Add a legal entity"), ofHouse, false, a.createMerchant)
	read(a, list("/v1/merchants", "list-merchants", merchants, "List the legal entities"), a.listMerchants)
	read(a, one("/v1/merchants/{id}", "read-merchant", merchants, "Read a legal entity"), a.readMerchant)
	write(a, post("/v1/outlets", "create-outlet", outlets, "Add an outlet"), ofHouse, false, a.createOutlet)
	read(a, list("/v1/outlets", "list-outlets", outlets, "List the outlets"), a.listOutlets)
	read(a, one("/v1/outlets/{id}", "read-outlet", outlets, "Read an outlet"), a.readOutlet)
	write(a, patch("/v1/outlets/{id}", "change-outlet", outlets, "Change an outlet"), ofHouse, false, a.changeOutlet)
	write(a, post("/v1/terminals", "create-terminal", terminals, "Add a terminal"), ofHouse, false, a.createTerminal)
	read(a, list("/v1/terminals", "list-terminals", terminals, "List the terminals"), a.listTerminals)
	read(a, one("/v1/terminals/{id}", "read-terminal", terminals, "Read a terminal"), a.readTerminal)
	write(a, patch("/v1/terminals/{id}", "change-terminal", terminals, "Change a terminal"), ofHouse, false, a.changeTerminal)
	link := post("/v1/terminals/{id}/link", "link-terminal", terminals, "Give a device the terminal's key")
	link.about = "The old key ends after ten minutes. A device of another name is refused with terminal_in_use while its key lives."
	write(a, link, ofAccess, true, a.linkTerminal)
	unlink := op{method: http.MethodPost, path: "/v1/terminals/{id}/unlink", id: "unlink-terminal", tag: terminals, summary: "End every key of a terminal", scope: "terminals:write"}
	write(a, unlink, ofAccess, false, a.unlinkTerminal)
}

func (a *API) createMerchant(c *call, in *merchant.NewMerchant) (deed[Merchant], error) {
	return func(tx db.Tx) (*Merchant, error) {
		m, err := a.House.CreateMerchant(c.r.Context(), tx, c.house(), *in)
		return merchantOf(c, &m), err
	}, nil
}

func merchantOf(c *call, m *merchant.Merchant) *Merchant {
	return &Merchant{ID: m.ID, Name: m.Name, RegNo: m.RegNo, VATNo: m.VATNo, CreatedAt: c.at(m.CreatedAt)}
}

// listed gives a page of a list that stands in memory, in the order of its identifiers.
func listed[S, T any](a *API, c *call, list string, all []S, key func(S) int64, made func(S) clock.Instant, seen func(S) bool, form func(S) *T) (*List[T], error) {
	after, limit, err := a.paged(c, list)
	if err != nil {
		return nil, err
	}
	since, err := c.since()
	if err != nil {
		return nil, err
	}
	items, keys := []T{}, []int64{}
	for _, s := range all {
		if key(s) > after && made(s) >= since && seen(s) && len(items) <= limit {
			items, keys = append(items, *form(s)), append(keys, key(s))
		}
	}
	at := 0
	if len(items) > limit {
		at = limit - 1
	}
	return page(a, c, list, items, limit, func(*T) any { return keys[at] })
}

func always[S any](S) bool { return true }

func (a *API) listMerchants(c *call) (*List[Merchant], error) {
	all := make([]*merchant.Merchant, len(c.snap.Merchants))
	for i := range c.snap.Merchants {
		all[i] = &c.snap.Merchants[i]
	}
	return listed(a, c, "merchants", all, func(m *merchant.Merchant) int64 { return int64(m.ID) }, func(m *merchant.Merchant) clock.Instant { return m.CreatedAt },
		always, func(m *merchant.Merchant) *Merchant { return merchantOf(c, m) })
}

func (a *API) readMerchant(c *call) (*Merchant, error) {
	for i := range c.snap.Merchants {
		if m := &c.snap.Merchants[i]; m.ID.String() == c.r.PathValue("id") {
			return merchantOf(c, m), nil
		}
	}
	return nil, fault.New(fault.ErrNotFound)
}

func (a *API) createOutlet(c *call, in *NewOutlet) (deed[Outlet], error) {
	if len(c.caller.Outlets) > 0 {
		return nil, fault.New(fault.ErrForbidden) // a key of some outlets makes no others
	}
	return func(tx db.Tx) (*Outlet, error) {
		o, err := a.House.CreateOutlet(c.r.Context(), tx, c.house(), merchant.NewOutlet{
			Merchant: in.Merchant, Code: in.Code, Name: in.Name, Zone: in.Zone, Currency: in.Currency, MCC: in.MCC, DayClosesAt: in.DayClosesAt,
			Address: in.Address, Geo: merchant.Geo{LatE7: in.LatE7, LonE7: in.LonE7},
		})
		if err != nil {
			return nil, err
		}
		return outletOf(&o), nil
	}, nil
}

func outletOf(o *merchant.Outlet) *Outlet {
	return &Outlet{
		ID: o.ID, Merchant: o.Merchant, Code: o.Code, Name: o.Name, Address: o.Address, Zone: o.Zone.String(), Currency: o.Currency.Code, MCC: o.MCC,
		DayClosesAt: merchant.FormatClosing(o.ClosesAt), LatE7: o.Geo.LatE7, LonE7: o.Geo.LonE7, Closed: o.Closed, CreatedAt: o.CreatedAt.In(o.Zone),
	}
}

func (a *API) listOutlets(c *call) (*List[Outlet], error) {
	return listed(a, c, "outlets", c.snap.Outlets, func(o *merchant.Outlet) int64 { return int64(o.ID) }, func(o *merchant.Outlet) clock.Instant { return o.CreatedAt },
		func(o *merchant.Outlet) bool { return c.caller.At(int64(o.ID)) }, outletOf)
}

// outletAt gives the outlet that the path names, when the key may see it.
func (c *call) outletAt() (*merchant.Outlet, error) {
	for _, o := range c.snap.Outlets {
		if o.ID.String() == c.r.PathValue("id") {
			return o, c.visible(int64(o.ID))
		}
	}
	return nil, fault.New(fault.ErrNotFound)
}

func (a *API) readOutlet(c *call) (*Outlet, error) {
	o, err := c.outletAt()
	if err != nil {
		return nil, err
	}
	return outletOf(o), nil
}

func (a *API) changeOutlet(c *call, in *OutletChange) (deed[Outlet], error) {
	o, err := c.outletAt()
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Outlet, error) {
		now, err := a.House.ChangeOutlet(c.r.Context(), tx, c.house(), o.ID, merchant.OutletChange{
			Name: in.Name, Zone: in.Zone, Currency: in.Currency, MCC: in.MCC, DayClosesAt: in.DayClosesAt, Address: in.Address, Closed: in.Closed,
		})
		if err != nil {
			return nil, err
		}
		return outletOf(&now), nil
	}, nil
}

func (a *API) createTerminal(c *call, in *merchant.NewTerminal) (deed[Terminal], error) {
	if err := c.visible(int64(in.Outlet)); err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Terminal, error) {
		t, err := a.House.CreateTerminal(c.r.Context(), tx, c.house(), *in)
		return terminalOf(c, &t), err
	}, nil
}

func terminalOf(c *call, t *merchant.Terminal) *Terminal {
	return &Terminal{ID: t.ID, Outlet: t.Outlet, TID: t.TID, Kind: t.Kind, Language: t.Language, Offline: t.Offline, Closed: t.Closed, CreatedAt: c.at(t.CreatedAt)}
}

func (a *API) listTerminals(c *call) (*List[Terminal], error) {
	return listed(a, c, "terminals", c.snap.Terminals, func(t *merchant.Terminal) int64 { return int64(t.ID) }, func(t *merchant.Terminal) clock.Instant { return t.CreatedAt },
		func(t *merchant.Terminal) bool { return c.caller.At(int64(t.Outlet)) }, func(t *merchant.Terminal) *Terminal { return terminalOf(c, t) })
}

// terminalAt gives the terminal that the path names, when the key may see its outlet.
func (c *call) terminalAt() (*merchant.Terminal, error) {
	for _, t := range c.snap.Terminals {
		if t.ID.String() == c.r.PathValue("id") {
			return t, c.visible(int64(t.Outlet))
		}
	}
	return nil, fault.New(fault.ErrNotFound)
}

func (a *API) readTerminal(c *call) (*Terminal, error) {
	t, err := c.terminalAt()
	if err != nil {
		return nil, err
	}
	return terminalOf(c, t), nil
}

func (a *API) changeTerminal(c *call, in *merchant.TerminalChange) (deed[Terminal], error) {
	t, err := c.terminalAt()
	if err == nil && in.Outlet != nil {
		err = c.visible(int64(*in.Outlet))
	}
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Terminal, error) {
		now, err := a.House.ChangeTerminal(c.r.Context(), tx, c.house(), t.ID, *in)
		return terminalOf(c, &now), err
	}, nil
}

func (a *API) linkTerminal(c *call, in *LinkTerminal) (deed[Linked], error) {
	t, err := c.terminalAt()
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Linked, error) {
		k, text, err := a.Access.Link(c.r.Context(), tx, c.by(), int64(t.ID), int64(t.Outlet), in.Device)
		return &Linked{ID: k.ID, Key: text.Reveal(), EndsAt: c.at(k.EndsAt)}, err
	}, nil
}

func (a *API) unlinkTerminal(c *call, _ *none) (deed[Done], error) {
	t, err := c.terminalAt()
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Done, error) {
		return &Done{Status: "unlinked"}, a.Access.Unlink(c.r.Context(), tx, c.by(), int64(t.ID))
	}, nil
}
