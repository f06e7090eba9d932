package merchant

import (
	"context"
	"sync"

	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Snapshot is a tenant's hierarchy as it stood at one configuration number. It never changes: share it,
// and write into nothing that it gives.
type Snapshot struct {
	Config    int64 // the number of the head row at which it was read
	Tenant    Tenant
	Merchants []Merchant // in the order of their making, like the lists below
	Outlets   []*Outlet
	Terminals []*Terminal

	outlets   map[OutletID]*Outlet
	codes     map[string]*Outlet
	terminals map[TerminalID]*Terminal
	tids      map[string]*Terminal
}

// Outlet gives an outlet; nil when the tenant has none of this identifier.
func (s *Snapshot) Outlet(key OutletID) *Outlet { return s.outlets[key] }

// OutletByCode gives the outlet of a till's code; nil when there is none.
func (s *Snapshot) OutletByCode(code string) *Outlet { return s.codes[code] }

// Terminal gives a terminal; nil when the tenant has none of this identifier.
func (s *Snapshot) Terminal(key TerminalID) *Terminal { return s.terminals[key] }

// TerminalByTID gives the terminal of a number; nil when there is none.
func (s *Snapshot) TerminalByTID(tid string) *Terminal { return s.tids[tid] }

// Directory keeps one snapshot a tenant in memory.
type Directory struct {
	d     *db.DB
	mu    sync.RWMutex
	known map[TenantID]*Snapshot
}

// NewDirectory gives a directory over the tenants of a database.
func NewDirectory(d *db.DB) *Directory { return &Directory{d: d, known: map[TenantID]*Snapshot{}} }

// Snapshot gives the tenant's snapshot from memory, and reads it when there is none. It returns ErrNotFound.
// Another process may have changed the tenant since: whoever has seen the head's number asks Refresh.
func (d *Directory) Snapshot(ctx context.Context, tenant TenantID) (*Snapshot, error) {
	if s := d.cached(tenant); s != nil {
		return s, nil
	}
	return d.read(ctx, tenant)
}

// Refresh gives a snapshot that is at least as new as a configuration number.
func (d *Directory) Refresh(ctx context.Context, tenant TenantID, config int64) (*Snapshot, error) {
	if s := d.cached(tenant); s != nil && s.Config >= config {
		return s, nil
	}
	return d.read(ctx, tenant)
}

func (d *Directory) cached(tenant TenantID) *Snapshot {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.known[tenant]
}

// reload reads a tenant after a change of it. What cannot be read is dropped, never kept old.
func (d *Directory) reload(ctx context.Context, tenant TenantID) {
	if _, err := d.read(ctx, tenant); err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.known, tenant)
	}
}

// read reads a snapshot and keeps it, unless a newer one has been kept in the meantime.
func (d *Directory) read(ctx context.Context, tenant TenantID) (*Snapshot, error) {
	var s *Snapshot
	err := d.d.Read(ctx, int64(tenant), func(tx db.Tx) error {
		var err error
		s, err = readSnapshot(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.known[tenant]; old != nil && old.Config > s.Config {
		return old, nil
	}
	d.known[tenant] = s
	return s, nil
}

func readSnapshot(ctx context.Context, tx db.Tx) (*Snapshot, error) {
	head, err := ledger.ReadHead(ctx, tx)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{Config: head.Config}
	if s.Tenant, err = readTenantRow(ctx, tx); err != nil {
		return nil, err
	}
	if s.Merchants, err = all(ctx, tx, listMerchants, db.Args(tx.Tenant()), scanMerchant); err != nil {
		return nil, err
	}
	outlets, err := all(ctx, tx, listOutlets, db.Args(tx.Tenant()), scanOutlet)
	if err != nil {
		return nil, err
	}
	terminals, err := all(ctx, tx, listTerminals, db.Args(tx.Tenant()), scanTerminal)
	if err != nil {
		return nil, err
	}
	s.index(outlets, terminals)
	return s, nil
}

func (s *Snapshot) index(outlets []Outlet, terminals []Terminal) {
	s.outlets, s.codes = make(map[OutletID]*Outlet, len(outlets)), make(map[string]*Outlet, len(outlets))
	s.terminals, s.tids = make(map[TerminalID]*Terminal, len(terminals)), make(map[string]*Terminal, len(terminals))
	for i := range outlets {
		o := &outlets[i]
		s.Outlets = append(s.Outlets, o)
		s.outlets[o.ID], s.codes[o.Code] = o, o
	}
	for i := range terminals {
		t := &terminals[i]
		s.Terminals = append(s.Terminals, t)
		s.terminals[t.ID], s.tids[t.TID] = t, t
	}
}
