package merchant

import (
	"context"
	"encoding/json"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// OutletChange is what of an outlet may be changed; nil leaves a field alone. Currency is here to be
// refused: it never changes.
type OutletChange struct {
	Name        *string `json:"name,omitempty"`
	Zone        *string `json:"zone,omitempty"`
	Currency    *string `json:"currency,omitempty"`
	MCC         *string `json:"mcc,omitempty"`
	DayClosesAt *string `json:"day_closes_at,omitempty"`
	Address     *string `json:"address,omitempty"`
	Geo         *Geo    `json:"geo,omitempty"`
	Closed      *bool   `json:"closed,omitempty"`
}

// TerminalChange is what of a terminal may be changed; nil leaves a field alone. TID is here to be refused.
type TerminalChange struct {
	Outlet   *OutletID `json:"outlet,omitempty"`
	TID      *string   `json:"tid,omitempty"`
	Kind     *string   `json:"kind,omitempty"`
	Language *string   `json:"language,omitempty"`
	Offline  *Offline  `json:"offline,omitempty"`
	Closed   *bool     `json:"closed,omitempty"`
}

var (
	updateOutlet = db.SQL("merchant.update_outlet", `
		UPDATE outlet
		   SET name = $3, zone = $4, mcc = $5, day_closes_at = $6, address = $7, lat_e7 = $8, lon_e7 = $9, closed = $10
		 WHERE tenant_id = $1 AND id = $2`)

	updateTerminal = db.SQL("merchant.update_terminal", `
		UPDATE terminal
		   SET outlet = $3, kind = $4, language = $5, settings = $6, closed = $7
		 WHERE tenant_id = $1 AND id = $2`)
)

// ChangeOutlet changes an outlet and gives it as it is now. It returns ErrFieldImmutable for another
// currency. A new zone or closing time holds from now on: stored business dates stay.
func (h *House) ChangeOutlet(ctx context.Context, tx db.Tx, by By, key OutletID, c OutletChange) (Outlet, error) {
	if err := lock(ctx, tx); err != nil {
		return Outlet{}, err
	}
	o, err := readOutlet(ctx, tx, key)
	if err != nil {
		return o, err
	}
	before := o.facts()
	if c.Currency != nil && *c.Currency != o.Currency.Code {
		return o, fault.New(fault.ErrFieldImmutable, "field", "currency")
	}
	if c.Zone != nil {
		if o.Zone, err = zoneOf(*c.Zone); err != nil {
			return o, err
		}
	}
	if c.DayClosesAt != nil {
		if o.ClosesAt, err = ParseClosing(*c.DayClosesAt); err != nil {
			return o, err
		}
	}
	set(&o.Name, c.Name)
	set(&o.MCC, c.MCC)
	set(&o.Address, c.Address)
	set(&o.Geo, c.Geo)
	set(&o.Closed, c.Closed)
	if err := o.check(); err != nil {
		return o, err
	}
	if _, err := tx.Exec(ctx, updateOutlet, tx.Tenant(), int64(o.ID), o.Name, o.Zone.String(), o.MCC, minutes(o.ClosesAt), o.Address, o.Geo.LatE7, o.Geo.LonE7, flag(o.Closed)); err != nil {
		return o, err
	}
	return o, h.tell(ctx, tx, by, "outlet.change", o.ID.String(), change{before, o.facts()})
}

// ChangeTerminal changes a terminal and gives it as it is now. It returns ErrFieldImmutable for another TID.
func (h *House) ChangeTerminal(ctx context.Context, tx db.Tx, by By, key TerminalID, c TerminalChange) (Terminal, error) {
	if err := lock(ctx, tx); err != nil {
		return Terminal{}, err
	}
	t, err := readTerminal(ctx, tx, key)
	if err != nil {
		return t, err
	}
	before := t.facts()
	if c.TID != nil && *c.TID != t.TID {
		return t, fault.New(fault.ErrFieldImmutable, "field", "tid")
	}
	if c.Outlet != nil {
		if err := exists(ctx, tx, hasOutlet, "outlet", int64(*c.Outlet)); err != nil {
			return t, err
		}
	}
	set(&t.Outlet, c.Outlet)
	set(&t.Kind, c.Kind)
	set(&t.Language, c.Language)
	set(&t.Offline, c.Offline)
	set(&t.Closed, c.Closed)
	if err := t.check(); err != nil {
		return t, err
	}
	settings, err := json.Marshal(t.Offline)
	if err != nil {
		return t, err
	}
	if _, err := tx.Exec(ctx, updateTerminal, tx.Tenant(), int64(t.ID), int64(t.Outlet), t.Kind, t.Language, string(settings), flag(t.Closed)); err != nil {
		return t, err
	}
	return t, h.tell(ctx, tx, by, "terminal.change", t.ID.String(), change{before, t.facts()})
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

func minutes(d time.Duration) int64 { return int64(d / time.Minute) }
