package programme

import (
	"context"
	"fmt"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

var insertProgramme = db.SQL("programme.insert", `
	INSERT INTO programme (tenant_id, id, name, issuer, points, visits, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`)

var countProgrammes = db.SQL("programme.count", `
	SELECT COUNT(*) FROM programme WHERE tenant_id = $1`)

var findProgramme = db.SQL("programme.find", `
	SELECT points, visits FROM programme WHERE tenant_id = $1 AND id = $2`)

var insertVersion = db.SQL("programme.insert_version", `
	INSERT INTO programme_version (tenant_id, programme, n, version, effective_from, definition, created_at, created_by)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)

var countVersions = db.SQL("programme.count_versions", `
	SELECT COALESCE(MAX(n), 0) FROM programme_version WHERE tenant_id = $1 AND programme = $2`)

var listVersions = db.SQL("programme.list_versions", `
	SELECT p.id, p.issuer, p.points, p.visits, v.n, v.version, v.effective_from, v.definition
	  FROM programme p JOIN programme_version v ON v.tenant_id = p.tenant_id AND v.programme = p.id
	 WHERE p.tenant_id = $1
	 ORDER BY p.id, v.effective_from, v.n`)

var insertAcceptance = db.SQL("programme.insert_acceptance", `
	INSERT INTO acceptance (tenant_id, programme, merchant)
	VALUES ($1, $2, $3) ON CONFLICT (tenant_id, programme, merchant) DO NOTHING`)

var listAcceptance = db.SQL("programme.list_acceptance", `
	SELECT programme, merchant FROM acceptance WHERE tenant_id = $1 ORDER BY programme, merchant`)

// Published is a version as it was stored.
type Published struct {
	Programme     string        `json:"id"`
	Version       string        `json:"version"`
	N             int64         `json:"n"`
	EffectiveFrom clock.Instant `json:"-"`
	Unchanged     int64         `json:"-"`
}

// Publish stores a definition as the next version of its programme, effective from an instant, and makes
// the programme when it is new. Lots that exist keep their dates (LED-17). It returns invalid_value for a
// definition with problems.
func Publish(ctx context.Context, tx db.Tx, d *Definition, issuer int64, from, now clock.Instant, by string) (Published, error) {
	text, err := d.YAML()
	if err != nil {
		return Published{}, err
	}
	var points, visits int64
	found, err := tx.One(ctx, findProgramme, db.Args(tx.Tenant(), d.ID), &points, &visits)
	if err != nil {
		return Published{}, err
	}
	if !found {
		var n int64
		if _, err := tx.One(ctx, countProgrammes, db.Args(tx.Tenant()), &n); err != nil {
			return Published{}, err
		}
		points = int64(ledger.FirstAsset) + 2*n
		if _, err := tx.Exec(ctx, insertProgramme, tx.Tenant(), d.ID, d.Name, issuer, points, points+1, int64(now)); err != nil {
			return Published{}, err
		}
	}
	var n int64
	if _, err := tx.One(ctx, countVersions, db.Args(tx.Tenant(), d.ID), &n); err != nil {
		return Published{}, err
	}
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		return Published{}, err
	}
	version := fmt.Sprintf("%s.%d", clock.DayOf(from, zone), n+1)
	if _, err := Compile(d, version, from); err != nil {
		return Published{}, err
	}
	if _, err := tx.Exec(ctx, insertVersion, tx.Tenant(), d.ID, n+1, version, int64(from), string(text), int64(now), by); err != nil {
		return Published{}, err
	}
	return Published{Programme: d.ID, Version: version, N: n + 1, EffectiveFrom: from}, ledger.ConfigChanged(ctx, tx)
}

// Accept lets a merchant accept a programme of another issuer (PAR-07).
func Accept(ctx context.Context, tx db.Tx, programme string, merchant int64) error {
	if _, err := tx.Exec(ctx, insertAcceptance, tx.Tenant(), programme, merchant); err != nil {
		return err
	}
	return ledger.ConfigChanged(ctx, tx)
}
