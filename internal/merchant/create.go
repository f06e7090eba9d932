package merchant

import (
	"context"
	"encoding/json"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// NewMerchant is what a merchant is made of.
type NewMerchant struct {
	Name  string `json:"name"`
	RegNo string `json:"reg_no,omitempty"`
	VATNo string `json:"vat_no,omitempty"`
}

// NewOutlet is what an outlet is made of.
type NewOutlet struct {
	Merchant    ID     `json:"merchant"`
	Code        string `json:"code"`
	Name        string `json:"name"`
	Zone        string `json:"zone"`
	Currency    string `json:"currency"`
	MCC         string `json:"mcc,omitempty"`
	DayClosesAt string `json:"day_closes_at,omitempty"` // HH:MM
	Address     string `json:"address,omitempty"`
	Geo         Geo    `json:"geo,omitzero"`
}

// NewTerminal is what a terminal is made of.
type NewTerminal struct {
	Outlet   OutletID `json:"outlet"`
	TID      string   `json:"tid"`
	Kind     string   `json:"kind"`
	Language string   `json:"language,omitempty"`
	Offline  Offline  `json:"offline,omitzero"`
}

var (
	insertMerchant = db.SQL("merchant.insert_merchant", `
		INSERT INTO merchant (tenant_id, id, name, reg_no, vat_no, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`)

	insertOutlet = db.SQL("merchant.insert_outlet", `
		INSERT INTO outlet (tenant_id, id, merchant, code, name, zone, currency, mcc, day_closes_at, address, lat_e7, lon_e7, closed, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13)`)

	insertTerminal = db.SQL("merchant.insert_terminal", `
		INSERT INTO terminal (tenant_id, id, outlet, tid, kind, language, closed, settings, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)`)

	hasMerchant = db.SQL("merchant.has_merchant", `
		SELECT m.id FROM merchant m WHERE m.tenant_id = $1 AND m.id = $2`)

	hasOutlet = db.SQL("merchant.has_outlet", `
		SELECT o.id FROM outlet o WHERE o.tenant_id = $1 AND o.id = $2`)
)

// CreateMerchant adds a legal entity.
func (h *House) CreateMerchant(ctx context.Context, tx db.Tx, by By, in NewMerchant) (Merchant, error) {
	err := check(isName("name", in.Name),
		field{numberForm.MatchString(in.RegNo), "reg_no", "at most 40 letters, digits and marks"},
		field{numberForm.MatchString(in.VATNo), "vat_no", "at most 40 letters, digits and marks"})
	if err != nil {
		return Merchant{}, err
	}
	m := Merchant{ID: ID(h.mint.Next()), Name: in.Name, RegNo: in.RegNo, VATNo: in.VATNo, CreatedAt: h.clock.Now()}
	if err := lock(ctx, tx); err != nil {
		return m, err
	}
	if _, err := tx.Exec(ctx, insertMerchant, tx.Tenant(), int64(m.ID), m.Name, m.RegNo, m.VATNo, int64(m.CreatedAt)); err != nil {
		return m, err
	}
	return m, h.tell(ctx, tx, by, "merchant.create", m.ID.String(), change{After: in})
}

// CreateOutlet adds an outlet of a merchant. It returns ErrExists for a code that is taken, ErrNotFound for
// a merchant of another tenant.
func (h *House) CreateOutlet(ctx context.Context, tx db.Tx, by By, in NewOutlet) (Outlet, error) {
	o := Outlet{
		ID: OutletID(h.mint.Next()), Merchant: in.Merchant, Code: in.Code, Name: in.Name, MCC: in.MCC,
		Address: in.Address, Geo: in.Geo, CreatedAt: h.clock.Now(),
	}
	var err error
	if o.Zone, err = zoneOf(in.Zone); err != nil {
		return o, err
	}
	if o.Currency, err = currencyOf(in.Currency); err != nil {
		return o, err
	}
	if o.ClosesAt, err = ParseClosing(in.DayClosesAt); err != nil {
		return o, err
	}
	if err := o.check(); err != nil {
		return o, err
	}
	if err := lock(ctx, tx); err != nil {
		return o, err
	}
	if err := exists(ctx, tx, hasMerchant, "merchant", int64(in.Merchant)); err != nil {
		return o, err
	}
	if _, err := tx.Exec(ctx, insertOutlet, tx.Tenant(), int64(o.ID), int64(o.Merchant), o.Code, o.Name, o.Zone.String(), o.Currency.Code,
		o.MCC, minutes(o.ClosesAt), o.Address, o.Geo.LatE7, o.Geo.LonE7, int64(o.CreatedAt)); err != nil {
		return o, taken(err, "code")
	}
	return o, h.tell(ctx, tx, by, "outlet.create", o.ID.String(), change{After: o.facts()})
}

func (o *Outlet) check() error {
	return check(isName("name", o.Name),
		field{codeForm.MatchString(o.Code), "code", "1 to 32 of letters, digits, dot, hyphen and underscore"},
		field{mccForm.MatchString(o.MCC), "mcc", "4 digits"},
		field{len(o.Address) <= maxAddress, "address", "at most 500 bytes"},
		field{o.Geo.valid(), "geo", "latitude and longitude in ten-millionths of a degree"})
}

func (g Geo) valid() bool {
	const degree = 10_000_000
	return g.LatE7 >= -90*degree && g.LatE7 <= 90*degree && g.LonE7 >= -180*degree && g.LonE7 <= 180*degree
}

// facts are what the trail says of an outlet.
func (o *Outlet) facts() map[string]any {
	return map[string]any{
		"merchant": o.Merchant, "code": o.Code, "name": o.Name, "zone": o.Zone.String(), "currency": o.Currency.Code, "mcc": o.MCC,
		"day_closes_at": FormatClosing(o.ClosesAt), "address": o.Address, "geo": o.Geo, "closed": o.Closed,
	}
}

// CreateTerminal adds a terminal of an outlet. It returns ErrExists for a TID that is taken, ErrNotFound for
// an outlet of another tenant.
func (h *House) CreateTerminal(ctx context.Context, tx db.Tx, by By, in NewTerminal) (Terminal, error) {
	t := Terminal{
		ID: TerminalID(h.mint.Next()), Outlet: in.Outlet, TID: in.TID, Kind: in.Kind, Language: in.Language,
		Offline: in.Offline, CreatedAt: h.clock.Now(),
	}
	if err := t.check(); err != nil {
		return t, err
	}
	if err := lock(ctx, tx); err != nil {
		return t, err
	}
	if err := exists(ctx, tx, hasOutlet, "outlet", int64(in.Outlet)); err != nil {
		return t, err
	}
	settings, err := json.Marshal(t.Offline)
	if err != nil {
		return t, err
	}
	if _, err := tx.Exec(ctx, insertTerminal, tx.Tenant(), int64(t.ID), int64(t.Outlet), t.TID, t.Kind, t.Language, string(settings), int64(t.CreatedAt)); err != nil {
		return t, taken(err, "tid")
	}
	return t, h.tell(ctx, tx, by, "terminal.create", t.ID.String(), change{After: t.facts()})
}

func (t *Terminal) check() error {
	return check(
		field{tidForm.MatchString(t.TID), "tid", "8 letters and digits"},
		field{wordForm.MatchString(t.Kind), "kind", "a word such as pos, kiosk or door"},
		field{langForm.MatchString(t.Language), "language", "a language such as lv"},
		field{t.Offline.RedeemMaxMinor >= 0, "offline.redeem_max_minor", "0 or more"},
		field{t.Offline.QueueMax >= 0, "offline.queue_max", "0 or more"})
}

// facts are what the trail says of a terminal.
func (t *Terminal) facts() map[string]any {
	return map[string]any{"outlet": t.Outlet, "tid": t.TID, "kind": t.Kind, "language": t.Language, "offline": t.Offline, "closed": t.Closed}
}

// exists refuses a row that is not there, or is another tenant's.
func exists(ctx context.Context, tx db.Tx, find *db.Stmt, what string, key int64) error {
	there, err := tx.One(ctx, find, db.Args(tx.Tenant(), key), new(int64))
	if err == nil && !there {
		err = fault.New(fault.ErrNotFound, "what", what)
	}
	return err
}
