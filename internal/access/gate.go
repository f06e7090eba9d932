package access

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

const (
	// freshFor is how long a key is believed without being read again: a key that another process ended
	// lets nobody in after that. The promise is 60 seconds.
	freshFor = 45 * time.Second
	// maxKnown bounds the memory of the gate: twice as many keys are remembered at most.
	maxKnown = 20_000
)

var (
	findCaller = db.SQL("access.find_caller", `
		SELECT k.id, k.kind, k.terminal, k.client, k.scopes, k.outlets, k.ends_at, COALESCE(t.profile, '')
		  FROM api_key k LEFT JOIN tenant t ON t.tenant_id = k.tenant_id
		 WHERE k.tenant_id = $1 AND k.hash = $2`)

	markUsed = db.SQL("access.mark_used", `
		UPDATE api_key SET used_at = $3 WHERE tenant_id = $1 AND id = $2 AND used_at < $3`)
)

// Gate tells who a key belongs to, nearly always from memory.
type Gate struct {
	d     *db.DB
	clock clock.Clock
	ring  *secret.Ring
	mono  func() time.Duration

	mu     sync.RWMutex
	turn   int64 // grows with every forgetting, so that a look-up from before is not remembered
	recent map[digest]*known
	older  map[digest]*known
}

// digest stands for a key in memory, so that a dump of it holds no key.
type digest [sha256.Size]byte

type known struct {
	caller Caller
	endsAt clock.Instant
	readAt time.Duration
	seen   atomic.Int64 // the last use, not yet written
}

func newGate(d *db.DB, c clock.Clock, r *secret.Ring) *Gate {
	return &Gate{d: d, clock: c, ring: r, mono: clock.Mono, recent: map[digest]*known{}, older: map[digest]*known{}}
}

// Authenticate gives who a bearer key belongs to; do not change what it gives. It returns
// ErrUnauthenticated for a key that is none, is not known or has ended; which of these is not told.
func (g *Gate) Authenticate(ctx context.Context, bearer string) (*Caller, error) {
	key := strings.TrimPrefix(bearer, "Bearer ")
	tenant, ok := tenantOf(key)
	if !ok {
		return nil, fault.New(fault.ErrUnauthenticated)
	}
	d := digest(sha256.Sum256([]byte(key)))
	k := g.remembered(d)
	if k == nil {
		var err error
		if k, err = g.read(ctx, tenant, key, d); err != nil {
			return nil, err
		}
	}
	now := g.clock.Now()
	if now >= k.endsAt {
		return nil, fault.New(fault.ErrUnauthenticated)
	}
	k.seen.Store(int64(now))
	return &k.caller, nil
}

func (g *Gate) remembered(d digest) *known {
	g.mu.RLock()
	defer g.mu.RUnlock()
	k := g.recent[d]
	if k == nil {
		k = g.older[d]
	}
	if k == nil || g.mono()-k.readAt >= freshFor {
		return nil
	}
	return k
}

func (g *Gate) read(ctx context.Context, tenant int64, key string, d digest) (*known, error) {
	g.mu.RLock()
	turn := g.turn
	g.mu.RUnlock()
	keys, err := g.ring.Of(ctx, tenant)
	if fault.Is(err, fault.ErrNotFound) {
		return nil, fault.New(fault.ErrUnauthenticated)
	}
	if err != nil {
		return nil, db.Fault(err)
	}
	k := &known{caller: Caller{Tenant: tenant}, readAt: g.mono()}
	c := &k.caller
	var scopes, outlets string
	var there bool
	err = g.d.Read(ctx, tenant, func(tx db.Tx) error {
		var err error
		there, err = tx.One(ctx, findCaller, db.Args(tenant, keys.Index(secret.Key, key)), &c.Key, &c.Kind, &c.Terminal, &c.Client, &scopes, &outlets, &k.endsAt, &c.Profile)
		return err
	})
	if err != nil {
		return nil, db.Fault(err)
	}
	if !there {
		return nil, fault.New(fault.ErrUnauthenticated)
	}
	if c.Scopes, c.Outlets, err = readLists(scopes, outlets); err != nil {
		return nil, err
	}
	g.remember(d, k, turn)
	return k, nil
}

func (g *Gate) remember(d digest, k *known, turn int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if turn != g.turn {
		return
	}
	if old := g.recent[d]; old != nil {
		k.seen.Store(old.seen.Load())
	}
	if len(g.recent) >= maxKnown {
		g.older, g.recent = g.recent, map[digest]*known{}
	}
	g.recent[d] = k
}

// forget lets the gate read a tenant's keys anew.
func (g *Gate) forget(tenant int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn++
	for _, of := range []map[digest]*known{g.recent, g.older} {
		for d, k := range of {
			if k.caller.Tenant == tenant {
				delete(of, d)
			}
		}
	}
}

// WriteUsed writes when keys were last used. A timer calls it once a minute, so that no request pays for it.
func (g *Gate) WriteUsed(ctx context.Context) error {
	byTenant := map[int64]map[KeyID]int64{}
	g.mu.RLock()
	for _, of := range []map[digest]*known{g.older, g.recent} {
		for _, k := range of {
			if at := k.seen.Swap(0); at != 0 {
				if byTenant[k.caller.Tenant] == nil {
					byTenant[k.caller.Tenant] = map[KeyID]int64{}
				}
				byTenant[k.caller.Tenant][k.caller.Key] = at
			}
		}
	}
	g.mu.RUnlock()
	for tenant, used := range byTenant {
		err := g.d.Write(ctx, tenant, func(tx db.Tx) error {
			for key, at := range used {
				if _, err := tx.Exec(ctx, markUsed, tenant, int64(key), at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
