package merchant

import (
	"sync"
	"time"

	"lojal/internal/base/fault"
	"lojal/internal/base/web"
)

// Profile names how fast the machines of a tenant may ask and how often a card may be used.
type Profile string

// The profiles.
const (
	Shop  Profile = "shop"
	Chain Profile = "chain"
	None  Profile = "none" // no rate and no velocity is judged: demo and test mode alone
)

// Rate is how many requests a second are let through, and how many at once after a rest. Zero is no limit.
type Rate struct {
	PerSecond int
	Burst     int
}

// Limits are the figures of a profile.
type Limits struct {
	Terminal Rate // each terminal (L7)
	Tenant   Rate // all terminals of a tenant together (L7)
	Key      Rate // each key of a server (L9)
	Writes   int  // of a key at the same time (L9); 0 is no limit
	Reports  int  // of a key at the same time (L9); 0 is no limit
	Velocity Velocity
}

// Velocity is how often a card, and a person over all cards, may be used (L8). It is judged in the lane.
// Zero is no limit.
type Velocity struct {
	RedeemsPerMinute int
	RedeemsPerDay    int
	LoadsPerDay      int
}

var profiles = map[Profile]Limits{
	Shop: {
		Terminal: Rate{20, 40}, Tenant: Rate{500, 500}, Key: Rate{100, 200}, Writes: 8, Reports: 2,
		Velocity: Velocity{RedeemsPerMinute: 6, RedeemsPerDay: 30, LoadsPerDay: 5},
	},
	Chain: {
		Terminal: Rate{50, 100}, Key: Rate{100, 200}, Writes: 8, Reports: 2,
		Velocity: Velocity{RedeemsPerMinute: 6, RedeemsPerDay: 30, LoadsPerDay: 5},
	},
	None: {},
}

// Limits gives the figures of the profile; of shop for one that is not known, so that nothing runs
// unlimited by mistake.
func (p Profile) Limits() Limits {
	if l, ok := profiles[p]; ok {
		return l
	}
	return profiles[Shop]
}

// profile reads the name of a profile; empty is shop.
func (h *House) profile(name string) (Profile, error) {
	p := Profile(name)
	if name == "" {
		p = Shop
	}
	if _, ok := profiles[p]; !ok || p == None && !h.demo {
		return p, fault.Invalid("limits_profile", "shop or chain; none in demo and test mode only")
	}
	return p, nil
}

// maxSubjects bounds the memory of a meter: twice as many subjects are remembered at most.
const maxSubjects = 50_000

// Meter holds machines to their rates by the generic cell rate algorithm (ITU-T I.371): for each subject
// it remembers the instant at which the next request would come if all were evenly spaced.
type Meter struct {
	mu     sync.Mutex
	recent map[subject]time.Duration
	older  map[subject]time.Duration
	inside map[subject]int
}

type subject struct {
	kind       kind
	tenant, id int64
}

type kind uint8

const (
	aTerminal kind = iota + 1
	aTenant
	aKey
	aWrite
	aReport
)

// NewMeter gives a meter at which nobody has asked yet.
func NewMeter() *Meter {
	return &Meter{recent: map[subject]time.Duration{}, older: map[subject]time.Duration{}, inside: map[subject]int{}}
}

// Terminal lets a request of a terminal pass, or returns ErrRateLimited with the seconds to wait. The
// reading is of clock.Mono: rates hold in real time, also where a test clock stands still.
func (m *Meter) Terminal(mono time.Duration, p Profile, tenant TenantID, terminal TerminalID) error {
	l := p.Limits()
	return m.pass(mono,
		gate{subject{aTerminal, int64(tenant), int64(terminal)}, l.Terminal},
		gate{subject{aTenant, int64(tenant), 0}, l.Tenant})
}

// Key lets a request of a server's key pass, or returns ErrRateLimited with the seconds to wait.
func (m *Meter) Key(mono time.Duration, p Profile, tenant TenantID, key int64) error {
	return m.pass(mono, gate{subject{aKey, int64(tenant), key}, p.Limits().Key})
}

// Write counts a write of a key in, and gives the function that counts it out. It returns ErrRateLimited
// when the key has as many at work as it may.
func (m *Meter) Write(p Profile, tenant TenantID, key int64) (func(), error) {
	return m.enter(subject{aWrite, int64(tenant), key}, p.Limits().Writes)
}

// Report counts a report of a key in, as Write does.
func (m *Meter) Report(p Profile, tenant TenantID, key int64) (func(), error) {
	return m.enter(subject{aReport, int64(tenant), key}, p.Limits().Reports)
}

type gate struct {
	who  subject
	rate Rate
}

// pass charges all gates or none.
func (m *Meter) pass(mono time.Duration, gates ...gate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var wait time.Duration
	for _, g := range gates {
		if g.rate.PerSecond == 0 {
			continue
		}
		space := time.Second / time.Duration(g.rate.PerSecond)
		wait = max(wait, m.due(g.who)-space*time.Duration(g.rate.Burst-1)-mono)
	}
	if wait > 0 {
		return limited(wait)
	}
	for _, g := range gates {
		if g.rate.PerSecond > 0 {
			m.set(g.who, max(m.due(g.who), mono)+time.Second/time.Duration(g.rate.PerSecond))
		}
	}
	return nil
}

func (m *Meter) due(who subject) time.Duration {
	if at, ok := m.recent[who]; ok {
		return at
	}
	return m.older[who]
}

// set forgets those who have not asked for longest once there are too many. A rested subject loses nothing
// by that; a busy one, a burst.
func (m *Meter) set(who subject, at time.Duration) {
	if len(m.recent) >= maxSubjects {
		m.older, m.recent = m.recent, make(map[subject]time.Duration)
	}
	m.recent[who] = at
}

func (m *Meter) enter(who subject, most int) (func(), error) {
	if most == 0 {
		return func() {}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inside[who] >= most {
		return nil, limited(time.Second)
	}
	m.inside[who]++
	return sync.OnceFunc(func() { m.leave(who) }), nil
}

func (m *Meter) leave(who subject) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inside[who]--; m.inside[who] == 0 {
		delete(m.inside, who)
	}
}

func limited(wait time.Duration) error {
	return fault.New(fault.ErrRateLimited, web.RetryAfter, int64((wait+time.Second-1)/time.Second))
}
