package access

import (
	"context"
	"sync"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// Staffing is the staff of a tenant as it stood at one configuration number. It never changes.
type Staffing struct {
	Config int64
	All    []*Staff // in the order of their making

	codes map[string]*Staff
	ids   map[StaffID]*Staff
}

// Staff gives a member of staff; nil when the tenant has none of this identifier.
func (s *Staffing) Staff(key StaffID) *Staff { return s.ids[key] }

// Code gives the member of staff that a till asserts; nil when there is none.
func (s *Staffing) Code(code string) *Staff { return s.codes[code] }

// Roster keeps the staff of tenants in memory.
type Roster struct {
	d     *db.DB
	mu    sync.RWMutex
	known map[int64]*Staffing
}

// Staffing gives the tenant's staff from memory, and reads it when it is not there. It returns ErrNotFound.
func (r *Roster) Staffing(ctx context.Context, tenant int64) (*Staffing, error) {
	return r.Refresh(ctx, tenant, 0)
}

// Refresh gives a staffing that is at least as new as a configuration number.
func (r *Roster) Refresh(ctx context.Context, tenant, config int64) (*Staffing, error) {
	r.mu.RLock()
	s := r.known[tenant]
	r.mu.RUnlock()
	if s != nil && s.Config >= config {
		return s, nil
	}
	return r.read(ctx, tenant)
}

// reload reads a tenant after a change of it. What cannot be read is dropped, never kept old.
func (r *Roster) reload(ctx context.Context, tenant int64) {
	if _, err := r.read(ctx, tenant); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.known, tenant)
	}
}

func (r *Roster) read(ctx context.Context, tenant int64) (*Staffing, error) {
	s := &Staffing{codes: map[string]*Staff{}, ids: map[StaffID]*Staff{}}
	var list []Staff
	err := r.d.Read(ctx, tenant, func(tx db.Tx) error {
		head, err := ledger.ReadHead(ctx, tx)
		if err != nil {
			return err
		}
		s.Config, list = head.Config, nil
		return tx.Each(ctx, listStaff, db.Args(tenant), collectStaff(&list))
	})
	if err != nil {
		return nil, err
	}
	if s.Config == 0 {
		return nil, fault.New(fault.ErrNotFound)
	}
	for i := range list {
		one := &list[i]
		s.All = append(s.All, one)
		s.codes[one.Code], s.ids[one.ID] = one, one
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.known[tenant]; old != nil && old.Config > s.Config {
		return old, nil
	}
	r.known[tenant] = s
	return s, nil
}
