package merchant

import (
	"context"
	"encoding/json"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

var (
	listMerchants = db.SQL("merchant.list_merchants", `
		SELECT m.id, m.name, m.reg_no, m.vat_no, m.created_at
		  FROM merchant m
		 WHERE m.tenant_id = $1
		 ORDER BY m.id`)

	listOutlets = db.SQL("merchant.list_outlets", `
		SELECT o.id, o.merchant, o.code, o.name, o.zone, o.currency, o.mcc, o.day_closes_at, o.address, o.lat_e7, o.lon_e7, o.closed, o.created_at
		  FROM outlet o
		 WHERE o.tenant_id = $1
		 ORDER BY o.id`)

	findOutlet = db.SQL("merchant.find_outlet", `
		SELECT o.id, o.merchant, o.code, o.name, o.zone, o.currency, o.mcc, o.day_closes_at, o.address, o.lat_e7, o.lon_e7, o.closed, o.created_at
		  FROM outlet o
		 WHERE o.tenant_id = $1 AND o.id = $2`)

	listTerminals = db.SQL("merchant.list_terminals", `
		SELECT t.id, t.outlet, t.tid, t.kind, t.language, t.closed, t.settings, t.created_at
		  FROM terminal t
		 WHERE t.tenant_id = $1
		 ORDER BY t.id`)

	findTerminal = db.SQL("merchant.find_terminal", `
		SELECT t.id, t.outlet, t.tid, t.kind, t.language, t.closed, t.settings, t.created_at
		  FROM terminal t
		 WHERE t.tenant_id = $1 AND t.id = $2`)
)

// all reads every row of a statement.
func all[T any](ctx context.Context, tx db.Tx, s *db.Stmt, args []any, one func(scan func(...any) error) (T, error)) ([]T, error) {
	var out []T
	err := tx.Each(ctx, s, args, func(scan func(...any) error) error {
		v, err := one(scan)
		out = append(out, v)
		return err
	})
	return out, err
}

// first gives the only row of a statement. It returns ErrNotFound.
func first[T any](list []T, err error) (T, error) {
	if err != nil || len(list) == 0 {
		var none T
		if err == nil {
			err = fault.New(fault.ErrNotFound)
		}
		return none, err
	}
	return list[0], nil
}

func readOutlet(ctx context.Context, tx db.Tx, key OutletID) (Outlet, error) {
	return first(all(ctx, tx, findOutlet, db.Args(tx.Tenant(), int64(key)), scanOutlet))
}

func readTerminal(ctx context.Context, tx db.Tx, key TerminalID) (Terminal, error) {
	return first(all(ctx, tx, findTerminal, db.Args(tx.Tenant(), int64(key)), scanTerminal))
}

func scanMerchant(scan func(...any) error) (Merchant, error) {
	var m Merchant
	return m, scan(&m.ID, &m.Name, &m.RegNo, &m.VATNo, &m.CreatedAt)
}

func scanOutlet(scan func(...any) error) (Outlet, error) {
	var o Outlet
	var zone, currency string
	var closesAt, closed int64
	err := scan(&o.ID, &o.Merchant, &o.Code, &o.Name, &zone, &currency, &o.MCC, &closesAt, &o.Address, &o.Geo.LatE7, &o.Geo.LonE7, &closed, &o.CreatedAt)
	if err != nil {
		return o, err
	}
	o.ClosesAt, o.Closed = time.Duration(closesAt)*time.Minute, closed != 0
	if o.Zone, err = zoneOf(zone); err != nil {
		return o, err
	}
	o.Currency, err = currencyOf(currency)
	return o, err
}

func scanTerminal(scan func(...any) error) (Terminal, error) {
	var t Terminal
	var closed int64
	var settings string
	if err := scan(&t.ID, &t.Outlet, &t.TID, &t.Kind, &t.Language, &closed, &settings, &t.CreatedAt); err != nil {
		return t, err
	}
	t.Closed = closed != 0
	return t, json.Unmarshal([]byte(settings), &t.Offline)
}
