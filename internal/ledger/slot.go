package ledger

import (
	"fmt"

	"lojal/internal/base/db"
)

// Slot is a table of a higher room inside the lane's transaction: one set-based read and one multi-row
// write a batch. Load queues its look-up and calls got for each row that is there; Save queues the write.
type Slot[K comparable, R any] struct {
	Load func(b db.Batch, tenant int64, keys []K, got func(K, R))
	Save func(b db.Batch, tenant int64, changes []Change[K, R])
}

// Change is a row of a slot that a batch leaves behind. Found tells an update from an insert.
type Change[K comparable, R any] struct {
	Key   K
	Row   R
	Found bool
}

// Ref is a room's hold on its slot: the way to ask for rows, read them and write them in a command.
type Ref[K comparable, R any] struct{ at int }

// Register adds a slot to a lane. It is done at wiring, before Start.
func Register[K comparable, R any](l *Lane, name string, s Slot[K, R]) Ref[K, R] {
	if l.started {
		panic("ledger: slot " + name + " registered after the start")
	}
	l.slots = append(l.slots, func() slotState { return &slotRows[K, R]{slot: s, name: name} })
	return Ref[K, R]{at: len(l.slots) - 1}
}

// Need asks for a row.
func (r Ref[K, R]) Need(n *Needs, key K) {
	n.slot(r.at).(*slotRows[K, R]).want(n.tenant, key)
}

// Get gives a row as earlier commands of the batch have left it.
func (r Ref[K, R]) Get(v *View, key K) (R, bool) {
	s := v.slot(r.at).(*slotRows[K, R])
	id := slotKey[K]{v.op.Tenant, key}
	if row, ok := s.mine[id]; ok {
		return row, true
	}
	if row, ok := s.done[id]; ok {
		return row, true
	}
	row, ok := s.base[id]
	return row, ok
}

// Set writes a row. It is kept only if the command is not declined.
func (r Ref[K, R]) Set(v *View, key K, row R) {
	s := v.slot(r.at).(*slotRows[K, R])
	if s.mine == nil {
		s.mine = map[slotKey[K]]R{}
	}
	id := slotKey[K]{v.op.Tenant, key}
	if _, ok := s.mine[id]; !ok {
		s.order = append(s.order, id)
	}
	s.mine[id] = row
	v.dirty = append(v.dirty, r.at)
}

// slotState is what the lane needs of a slot without knowing its types.
type slotState interface {
	load(b db.Batch)
	save(b db.Batch)
	accept()
	discard()
	restart()
}

type slotKey[K comparable] struct {
	tenant int64
	key    K
}

type slotRows[K comparable, R any] struct {
	slot   Slot[K, R]
	name   string
	wanted map[int64][]K
	asked  map[slotKey[K]]bool
	base   map[slotKey[K]]R
	done   map[slotKey[K]]R // accepted in this batch
	mine   map[slotKey[K]]R // of the command at work
	order  []slotKey[K]     // keys of mine, as written
	kept   []slotKey[K]     // keys of done, in order of their first write
}

func (s *slotRows[K, R]) want(tenant int64, key K) {
	id := slotKey[K]{tenant, key}
	if s.asked[id] {
		return
	}
	if s.asked == nil {
		s.asked, s.wanted, s.base, s.done = map[slotKey[K]]bool{}, map[int64][]K{}, map[slotKey[K]]R{}, map[slotKey[K]]R{}
	}
	s.asked[id] = true
	s.wanted[tenant] = append(s.wanted[tenant], key)
}

func (s *slotRows[K, R]) load(b db.Batch) {
	for tenant, keys := range s.wanted {
		s.slot.Load(b, tenant, keys, func(k K, r R) { s.base[slotKey[K]{tenant, k}] = r })
	}
	s.wanted = map[int64][]K{}
}

func (s *slotRows[K, R]) save(b db.Batch) {
	byTenant := map[int64][]Change[K, R]{}
	for _, id := range s.kept {
		_, found := s.base[id]
		byTenant[id.tenant] = append(byTenant[id.tenant], Change[K, R]{id.key, s.done[id], found})
	}
	for tenant, changes := range byTenant {
		s.slot.Save(b, tenant, changes)
	}
}

func (s *slotRows[K, R]) accept() {
	for _, id := range s.order {
		if !s.asked[id] {
			panic(fmt.Sprintf("ledger: slot %s: a command wrote a row that it had not asked for", s.name))
		}
		if _, again := s.done[id]; !again {
			s.kept = append(s.kept, id)
		}
		s.done[id] = s.mine[id]
	}
	s.discard()
}

func (s *slotRows[K, R]) discard() {
	clear(s.mine)
	s.order = s.order[:0]
}

func (s *slotRows[K, R]) restart() {
	s.discard()
	clear(s.done)
	s.kept = s.kept[:0]
}
