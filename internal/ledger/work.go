package ledger

import (
	"slices"

	"lojal/internal/base/clock"
)

// work is the state of one batch: what was loaded, and above it what the accepted commands wrote.
type work struct {
	slots     []slotState
	tenants   []int64
	heads     map[int64]*head
	base      map[ref]*Holder
	done      map[ref]*Holder
	order     []ref // holders written, in order of their first write
	amended   map[ref]*Amendment
	amends    map[ref]*Amendment
	wanted    map[int64]*wanted
	tails     map[tailRef]*tail
	entries   []*Entry
	due       map[int64][]dueRow
	undue     map[int64][]dueRow
	decline   []*declined
	keys      map[keyRef]*known
	same      map[sameRef][]occupant
	err       error
	askedKeys []keyRef
	askedSeqs []sameRef
}

type ref struct{ tenant, id int64 }

type keyRef struct {
	tenant, client int64
	key            string
}

// sameRef is a business key that at most one effective entry may carry (I12).
type sameRef struct {
	tenant, terminal, seq int64
	receipt               string
}

// occupant is an entry that carries such a key.
type occupant struct {
	entry    int64
	kind     Op
	date     string
	batch    int64
	terminal int64
	reversed bool
}

// head is the tenant's head row: the last seq, the lock, and what says that cached facts are old.
type head struct {
	tenant   int64
	seq      int64
	booked   clock.Instant
	epoch    int64
	config   int64
	frozen   bool
	now      clock.Instant
	zones    Zones
	startSeq int64
}

// known is what an idempotency key stands for already.
type known struct {
	entry    *Entry
	declined *declined
}

type declined struct {
	tenant, client int64
	key            string
	print          []byte
	code, params   string
	seq, epoch     int64
	at             clock.Instant
	terminal       int64
	batch          int64
}

type wanted struct {
	holders, amends []int64
	asked           map[int64]bool
	askedAmend      map[int64]bool
}

func newWork(slots []func() slotState) *work {
	w := &work{
		heads: map[int64]*head{}, base: map[ref]*Holder{}, done: map[ref]*Holder{}, amended: map[ref]*Amendment{}, amends: map[ref]*Amendment{},
		wanted: map[int64]*wanted{}, tails: map[tailRef]*tail{}, keys: map[keyRef]*known{}, same: map[sameRef][]occupant{},
		due: map[int64][]dueRow{}, undue: map[int64][]dueRow{},
	}
	for _, make := range slots {
		w.slots = append(w.slots, make())
	}
	return w
}

// restart throws away all that commands wrote, so that the batch can be decided again.
func (w *work) restart() {
	clear(w.done)
	clear(w.amends)
	clear(w.due)
	clear(w.undue)
	w.order, w.entries, w.decline = w.order[:0], w.entries[:0], w.decline[:0]
	for _, s := range w.slots {
		s.restart()
	}
	for _, h := range w.heads {
		h.seq = h.startSeq
	}
	for k, v := range w.keys {
		if (v.entry != nil && v.entry.Leaf == nil) || (v.declined != nil && v.declined.epoch == 0) {
			delete(w.keys, k)
		}
	}
	for k, list := range w.same {
		w.same[k] = slices.DeleteFunc(list, func(o occupant) bool { return o.entry > w.heads[k.tenant].startSeq })
	}
}

func (w *work) want(tenant int64) *wanted {
	x := w.wanted[tenant]
	if x == nil {
		x = &wanted{asked: map[int64]bool{}, askedAmend: map[int64]bool{}}
		w.wanted[tenant] = x
		w.tenants = append(w.tenants, tenant)
	}
	return x
}

func (w *work) wantHolder(tenant, id int64) {
	if x := w.want(tenant); !x.asked[id] {
		x.asked[id] = true
		x.holders = append(x.holders, id)
	}
}

func (w *work) wantAmend(tenant, seq int64) {
	if x := w.want(tenant); !x.askedAmend[seq] {
		x.askedAmend[seq] = true
		x.amends = append(x.amends, seq)
	}
}

func (w *work) holder(tenant, id int64) *Holder {
	r := ref{tenant, id}
	if h, ok := w.written(r); ok {
		return h
	}
	if h, ok := w.base[r]; ok {
		return h
	}
	if !w.wanted[tenant].asked[id] {
		panic("ledger: a command looks at a holder that it had not asked for")
	}
	return nil
}

func (w *work) amendment(tenant, seq int64) Amendment {
	r := ref{tenant, seq}
	if a, ok := w.amends[r]; ok {
		return *a
	}
	if a, ok := w.amended[r]; ok {
		return *a
	}
	return Amendment{}
}

// accept takes over what a command wrote.
func (w *work) accept(v *View) {
	for id, h := range v.holder {
		r := ref{v.op.Tenant, id}
		if _, again := w.done[r]; !again {
			w.order = append(w.order, r)
		}
		w.done[r] = h
	}
	for seq, a := range v.amend {
		w.amends[ref{v.op.Tenant, seq}] = a
	}
	for _, at := range v.dirty {
		w.slots[at].accept()
	}
	for _, d := range v.drafts {
		e := d.Entry
		w.entries = append(w.entries, &e)
		v.head.seq++
	}
	w.due[v.op.Tenant] = append(w.due[v.op.Tenant], v.due...)
	w.undue[v.op.Tenant] = append(w.undue[v.op.Tenant], v.undue...)
}

// discard forgets what a command wrote into slots; everything else lives in its view.
func (w *work) discard(v *View) {
	for _, at := range v.dirty {
		w.slots[at].discard()
	}
}

// Tails: the part of an account's lots that overflowed its row.

type tailRef struct {
	tenant int64
	Account
}

type tail struct {
	loaded bool
	want   bool
	edge   Lot // the first lot that stayed in the table
	more   bool
	rows   []Lot // rows that were brought back and are deleted by the batch
}

func (w *work) wantTail(tenant int64, a Account) {
	r := tailRef{tenant, a}
	t := w.tails[r]
	if t == nil {
		t = &tail{}
		w.tails[r] = t
	}
	t.want = true
}

// tailEdge gives the first lot of an account that is not in the row: lots from there on may not be used
// before it has been brought back.
func (w *work) tailEdge(tenant int64, a Account, h *Holder) (Lot, bool) {
	if h.Balance(a.Kind, a.Unit).Tail == 0 {
		return Lot{}, false
	}
	t := w.tails[tailRef{tenant, a}]
	if t == nil || !t.loaded {
		return h.tailFirst(a), true
	}
	return t.edge, t.more
}
