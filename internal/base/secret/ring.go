package secret

import (
	"context"
	"fmt"
	"sync"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

var findSecret = db.SQL("secret.find_secret", `
	SELECT t.secret FROM tenant t WHERE t.tenant_id = $1`)

// Ring gives the keys of tenants and keeps them unwrapped in memory.
type Ring struct {
	d      *db.DB
	master *Master
	mu     sync.RWMutex
	known  map[int64]*Keys
}

// NewRing gives a ring over the tenants of a database.
func NewRing(d *db.DB, m *Master) *Ring { return &Ring{d: d, master: m, known: map[int64]*Keys{}} }

// Of gives the keys of a tenant, or of the house for tenant 0. It returns ErrNotFound.
func (r *Ring) Of(ctx context.Context, tenant int64) (*Keys, error) {
	r.mu.RLock()
	k := r.known[tenant]
	r.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	k, err := r.load(ctx, tenant)
	if err != nil {
		return nil, err
	}
	r.put(k)
	return k, nil
}

func (r *Ring) load(ctx context.Context, tenant int64) (*Keys, error) {
	if tenant == 0 {
		return r.master.House()
	}
	var wrapped []byte
	var there bool
	err := r.d.Read(ctx, tenant, func(tx db.Tx) error {
		var err error
		there, err = tx.One(ctx, findSecret, db.Args(tx.Tenant()), &wrapped)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fault.New(fault.ErrNotFound)
	}
	k, err := r.master.Tenant(tenant, wrapped)
	if err != nil {
		return nil, fmt.Errorf("secret of tenant %d: %w", tenant, err)
	}
	return k, nil
}

// New makes the secret of a tenant that is about to be created and gives its wrapped form for the row. The
// keys can be used at once, within the transaction that writes the row.
func (r *Ring) New(tenant int64) ([]byte, error) {
	k, wrapped, err := r.master.NewTenant(tenant)
	if err == nil {
		r.put(k)
	}
	return wrapped, err
}

func (r *Ring) put(k *Keys) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[k.tenant] = k
}
