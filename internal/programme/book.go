package programme

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Book keeps the compiled programmes of each tenant. What it gives is immutable; it is read again when the
// head's config number says that something is newer.
type Book struct {
	d  *db.DB
	mu sync.RWMutex
	by map[int64]*Shelf
}

// NewBook gives an empty book over a database.
func NewBook(d *db.DB) *Book { return &Book{d: d, by: map[int64]*Shelf{}} }

// Shelf is all programmes of one tenant at one state of its configuration.
type Shelf struct {
	Config     int64
	Programmes []*Programme // by id
	zones      map[ledger.Unit]*time.Location
	fallback   *time.Location
	old        *Shelf // while it is read: a version never changes, so that one that is compiled stays
}

// Programme is a programme with its versions, oldest first.
type Programme struct {
	ID       string
	Issuer   int64       // merchant; 0 for the tenant as a whole
	Points   ledger.Unit // the unit that its points count
	Visits   ledger.Unit // the unit that visits of its passes count
	Accepted []int64     // merchants beside the issuer
	Versions []*Version
}

// Shelf gives the programmes of a tenant, from memory when they are known.
func (b *Book) Shelf(ctx context.Context, tenant int64) (*Shelf, error) {
	b.mu.RLock()
	s := b.by[tenant]
	b.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	return b.read(ctx, tenant)
}

// Refresh reads again when the config number is newer than what is known.
func (b *Book) Refresh(ctx context.Context, tenant, config int64) (*Shelf, error) {
	b.mu.RLock()
	s := b.by[tenant]
	b.mu.RUnlock()
	if s != nil && s.Config >= config {
		return s, nil
	}
	return b.read(ctx, tenant)
}

// Forget drops what is known of a tenant, after a write of this process.
func (b *Book) Forget(tenant int64) {
	b.mu.Lock()
	delete(b.by, tenant)
	b.mu.Unlock()
}

// Zones gives the zones of a tenant's units to the lane. A tenant that has not been read yet is read now.
func (b *Book) Zones(tenant int64) ledger.Zones {
	s, err := b.Shelf(context.Background(), tenant)
	if err != nil {
		return &Shelf{fallback: time.UTC}
	}
	return s
}

// Zone gives the zone in which days of a unit are judged.
func (s *Shelf) Zone(u ledger.Unit) *time.Location {
	if z := s.zones[u]; z != nil {
		return z
	}
	return s.fallback
}

// Find gives a programme by id, nil for none.
func (s *Shelf) Find(id string) *Programme {
	for _, p := range s.Programmes {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// AcceptedBy tells whether a merchant takes the programme's cards. Without an issuer everybody does.
func (p *Programme) AcceptedBy(merchant int64) bool {
	return p.Issuer == 0 || p.Issuer == merchant || slices.Contains(p.Accepted, merchant)
}

// At gives the version in force at an instant: the one that became effective last. Before the first one
// its first version counts.
func (p *Programme) At(at clock.Instant) *Version {
	v := p.Versions[0]
	for _, next := range p.Versions[1:] {
		if next.EffectiveFrom <= at {
			v = next
		}
	}
	return v
}

// Version gives a version by its name, nil for none.
func (p *Programme) Version(id string) *Version {
	for _, v := range p.Versions {
		if v.ID == id {
			return v
		}
	}
	return nil
}

func (b *Book) read(ctx context.Context, tenant int64) (*Shelf, error) {
	b.mu.RLock()
	old := b.by[tenant]
	b.mu.RUnlock()
	var s *Shelf
	err := b.d.Read(ctx, tenant, func(tx db.Tx) error {
		s = &Shelf{zones: map[ledger.Unit]*time.Location{}, fallback: time.UTC, old: old}
		h, err := ledger.ReadHead(ctx, tx)
		if err != nil {
			return err
		}
		s.Config = h.Config
		var zone string
		if ok, err := tx.One(ctx, tenantZone, db.Args(tenant), &zone); err != nil || !ok {
			return err
		}
		if s.fallback, err = time.LoadLocation(zone); err != nil {
			return err
		}
		if err := tx.Each(ctx, listVersions, db.Args(tenant), s.add); err != nil {
			return err
		}
		return tx.Each(ctx, listAcceptance, db.Args(tenant), func(scan func(...any) error) error {
			var id string
			var merchant int64
			if err := scan(&id, &merchant); err != nil {
				return err
			}
			if p := s.Find(id); p != nil {
				p.Accepted = append(p.Accepted, merchant)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	s.old = nil
	b.mu.Lock()
	if old := b.by[tenant]; old == nil || old.Config < s.Config {
		b.by[tenant] = s
	}
	b.mu.Unlock()
	return s, nil
}

var tenantZone = db.SQL("programme.tenant_zone", `
	SELECT zone FROM tenant WHERE tenant_id = $1`)

func (s *Shelf) add(scan func(...any) error) error {
	var id, version, text string
	var issuer, points, visits, n, from int64
	if err := scan(&id, &issuer, &points, &visits, &n, &version, &from, &text); err != nil {
		return err
	}
	v, err := s.compiled(id, version, text, clock.Instant(from))
	if err != nil {
		return err
	}
	p := s.Find(id)
	if p == nil {
		p = &Programme{ID: id, Issuer: issuer, Points: ledger.Unit(points), Visits: ledger.Unit(visits)}
		s.Programmes = append(s.Programmes, p)
	}
	p.Versions = append(p.Versions, v)
	s.zones[p.Points], s.zones[p.Visits] = v.Zone, v.Zone
	return nil
}

func (s *Shelf) compiled(id, version, text string, from clock.Instant) (*Version, error) {
	if s.old != nil {
		if p := s.old.Find(id); p != nil && p.Version(version) != nil {
			return p.Version(version), nil
		}
	}
	d, problems := Parse([]byte(text))
	if len(problems) > 0 {
		return nil, fmt.Errorf("programme %s version %s: %s", id, version, problems[0].Message)
	}
	return Compile(d, version, from)
}
