package model

import (
	"maps"
	"slices"
	"strings"
)

// Book is the whole state of a shop.
type Book struct {
	set      Setting
	cal      *calendar
	rules    []*Rules
	holders  map[int64]*Holder
	keys     map[int64]map[int64]outcome // by client and key
	places   map[place][]int64           // entries under a terminal's sequence, or its receipt
	entries  map[int64]*Entry
	tills    map[int64]*till
	vouchers map[int64]*Voucher
	uses     map[string]int64           // of rules with a limit
	personal map[int64]map[string]int64 // uses of coupons by one member
	lots     int64
	Seq      int64
	booked   int64
}

type till struct{ last, open, since int64 } // numbers of batches, open is 0 when none is; since when it is

// place is what at most one effective entry may carry: a terminal's sequence, or its receipt (I12).
type place struct{ terminal, seq, receipt int64 }

// outcome is what a key stands for: an entry, or a refusal.
type outcome struct {
	print, seq int64
	code       string
}

// Voucher is a coupon that somebody may use. Through is its last day, 0 for none.
type Voucher struct {
	Def           string
	Holder        int64
	Uses, Max     int64
	From, Through int64
	Revoked       bool
	By, Until     int64 // the hold that has reserved it, and until when
}

// Entry is an entry as it must stand in the books.
type Entry struct {
	Seq, Booked, Effective, Value, Business int64
	Kind, Flags                             string
	Client, Key, Print                      int64
	Terminal, Sequence, Receipt, Batch      int64
	Reverses                                int64
	Lines                                   []Line
	Adds, Uses                              []Move
	Touched                                 []int64
	Opened                                  []Hold  // holds that it opened
	Owners                                  []int64 // their holders
	Sale                                    *Sold   // of a sale

	by             int64  // the entry that has reversed it
	given          []part // returns of it
	visitor        int64  // return: the part of its sale that it is
	owed, forgiven int64  // earned points that returns found missing
}

// New opens the books of a shop.
func New(s Setting) *Book {
	return &Book{
		set: s, cal: newCalendar(s.Zone), holders: map[int64]*Holder{}, keys: map[int64]map[int64]outcome{}, places: map[place][]int64{},
		entries: map[int64]*Entry{}, tills: map[int64]*till{}, vouchers: map[int64]*Voucher{}, uses: map[string]int64{}, personal: map[int64]map[string]int64{},
	}
}

// Publish adds a version of the rules. Versions come in the order of their time.
func (b *Book) Publish(r Rules) { b.rules = append(b.rules, &r) }

// Grant adds a voucher.
func (b *Book) Grant(id int64, v Voucher) { b.vouchers[id] = &v }

// Voucher gives a voucher to read.
func (b *Book) Voucher(id int64) Voucher { return *b.vouchers[id] }

// Holder gives a holder to read, nil for none.
func (b *Book) Holder(id int64) *Holder { return b.holders[id] }

// Holders gives every holder's id in order.
func (b *Book) Holders() []int64 { return slices.Sorted(maps.Keys(b.holders)) }

// Entry gives an entry that is remembered, nil for none.
func (b *Book) Entry(seq int64) *Entry { return b.entries[seq] }

// Reversed tells whether an entry was taken back.
func (e *Entry) Reversed() bool { return e.by != 0 }

// Forget drops what nobody will name again: entries up to a seq. Their keys stay.
func (b *Book) Forget(through int64) {
	for seq := range b.entries {
		if seq <= through {
			delete(b.entries, seq)
		}
	}
	for p, list := range b.places {
		if list[len(list)-1] <= through {
			delete(b.places, p)
		}
	}
}

// Now gives the instant at which an operation is booked by a clock: time never goes back (I36).
func (b *Book) Now(clock int64) int64 { return max(clock, b.booked) }

// Op is what every operation carries.
type Op struct {
	Clock           int64 // the server's clock
	Client, Key     int64 // 0 for work of the host
	Print           int64 // stands for the content
	Terminal        int64
	Sequence        int64
	Receipt         int64
	Till            int64 // the till's claim of its time; 0 for none
	Advice, Offline bool
	Door            string // why it is refused before anything is decided; kept only where it is a business refusal
}

// Verdict is what must become of an operation.
type Verdict struct {
	Code     string // "" when it was applied
	Replayed bool
	Kept     bool // the code stands under the key
	Entries  []*Entry
}

// definite tells whether a code is a business refusal, which is kept under its key.
func definite(code string) bool {
	switch code {
	case "duplicate_receipt", "idempotency_mismatch", "quote_changed", "nothing_to_do", "in_progress", "not_found", "invalid_value", "clock_skew", "card_linked":
		return false
	}
	return true
}

// deed is an operation at work. What it writes is kept when it is applied, and forgotten when it is not.
type deed struct {
	b       *Book
	op      Op
	now     int64
	e       *Entry
	entries []*Entry
	wrote   map[int64]*Holder
	after   []func()
	blind   bool // what pricing says is not known, since the product has refused
}

// Accepted stands for a code where the model accepts what the product has refused.
const Accepted = "(accepted)"

func (b *Book) begin(op Op) *deed {
	return &deed{b: b, op: op, now: b.Now(op.Clock), wrote: map[int64]*Holder{}}
}

func (t *deed) look(id int64) *Holder {
	if h, ok := t.wrote[id]; ok {
		return h
	}
	return t.b.holders[id]
}

// hold gives a holder to write without naming it in the entry.
func (t *deed) own(id int64) *Holder {
	if h, ok := t.wrote[id]; ok {
		return h
	}
	h := &Holder{ID: id}
	if old := t.b.holders[id]; old != nil {
		h = old.clone()
	}
	t.wrote[id] = h
	return h
}

// touch gives a holder to write and names it in the entry.
func (t *deed) touch(id int64) *Holder {
	if !slices.Contains(t.e.Touched, id) {
		t.e.Touched = append(t.e.Touched, id)
	}
	return t.own(id)
}

// entry starts an entry of the operation, judged at an instant.
func (t *deed) entry(kind string, at int64) *Entry {
	d := t.b.cal.business(at, t.b.set.ClosesHours)
	t.e = &Entry{
		Seq: t.b.Seq + 1 + int64(len(t.entries)), Kind: kind, Booked: t.now, Effective: at, Business: d, Value: d,
		Client: t.op.Client, Terminal: t.op.Terminal, Sequence: t.op.Sequence, Receipt: t.op.Receipt,
	}
	if len(t.entries) == 0 {
		t.e.Key, t.e.Print = t.op.Key, t.op.Print
	}
	t.entries = append(t.entries, t.e)
	return t.e
}

// stamp puts the entry into the open batch of its terminal; the first entry opens one.
func (t *deed) stamp() {
	if t.op.Terminal == 0 {
		return
	}
	x := t.b.till(t.op.Terminal)
	batch := x.open
	if batch == 0 {
		batch = x.last%999_999 + 1
		t.after = append(t.after, func() { x.last, x.open, x.since = batch, batch, t.now })
	}
	t.e.Batch = batch
}

func (b *Book) till(terminal int64) *till {
	if b.tills[terminal] == nil {
		b.tills[terminal] = &till{}
	}
	return b.tills[terminal]
}

func (t *deed) flag(word string) {
	t.e.Flags = strings.TrimSpace(t.e.Flags + " " + word)
}

// decide gives the outcome of an operation: what its key stands for, or what do says, which books into the
// deed and gives "", or gives a code.
func (b *Book) decide(op Op, do func(t *deed) string) Verdict {
	if v, known := b.known(op); known {
		return v
	}
	t := b.begin(op)
	code := op.Door
	if code == "" {
		lots := b.lots
		if code = do(t); code == "" && len(t.entries) > 0 {
			code = t.taken()
		}
		if code == "" && t.blind {
			code = Accepted
		}
		if code != "" {
			b.lots = lots
		}
	}
	if code != "" {
		kept := definite(code) && op.Key != 0
		if kept {
			b.remember(op.Client, op.Key, outcome{op.Print, 0, code})
		}
		return Verdict{Code: code, Kept: kept}
	}
	t.commit()
	return Verdict{Entries: t.entries}
}

// known answers a key that stands for something already (A3, A4, I49).
func (b *Book) known(op Op) (Verdict, bool) {
	x, ok := b.keys[op.Client][op.Key]
	switch {
	case op.Key == 0 || !ok:
		return Verdict{}, false
	case x.code == "" && x.print == 0: // a tombstone
		return Verdict{Code: "already_reversed", Replayed: true}, true
	case x.print != op.Print:
		return Verdict{Code: "idempotency_mismatch"}, true
	case x.code != "":
		return Verdict{Code: x.code, Replayed: true, Kept: true}, true
	}
	return Verdict{Replayed: true, Entries: []*Entry{{Seq: x.seq}}}, true
}

// Outcome gives what a key stands for: the seq of its entry or the code of its refusal; tombstones say so.
func (b *Book) Outcome(client, key int64) (seq int64, code string, tomb, known bool) {
	x, known := b.keys[client][key]
	return x.seq, x.code, known && x.code == "" && x.print == 0, known
}

func (b *Book) remember(client, key int64, x outcome) {
	if b.keys[client] == nil {
		b.keys[client] = map[int64]outcome{}
	}
	b.keys[client][key] = x
}

// taken refuses a second effective entry under a terminal's sequence or receipt on a day of a batch, and an
// operation that a reversal has closed before it came (S8).
func (t *deed) taken() string {
	e := t.entries[0]
	for _, p := range []place{{e.Terminal, e.Sequence, 0}, {e.Terminal, 0, e.Receipt}} {
		if p.seq == 0 && p.receipt == 0 {
			continue
		}
		for _, seq := range t.b.places[p] {
			o := t.b.entries[seq]
			if o == nil || o.Business != e.Business {
				continue
			}
			if o.Kind == "TMB" {
				if p.seq > 0 && e.Reverses == 0 {
					return "already_reversed"
				}
				continue
			}
			switch same := o.by == 0 && o.Batch == e.Batch && (p.seq > 0 || o.Kind == e.Kind); {
			case same && !t.op.Advice:
				return "duplicate_receipt"
			case same && !strings.Contains(e.Flags, "duplicate"):
				e.Flags = strings.TrimSpace(e.Flags + " duplicate") // it has happened: booked, and told
			}
		}
	}
	return ""
}

func (t *deed) commit() {
	b := t.b
	if len(t.entries) > 0 {
		b.booked = t.now
	}
	for id, h := range t.wrote {
		b.holders[id] = h
	}
	for _, e := range t.entries {
		b.Seq = e.Seq
		b.entries[e.Seq] = e
		for _, id := range e.Touched {
			h := b.holders[id]
			if h.Seqs = append(h.Seqs, e.Seq); len(h.Seqs) > 64 {
				h.Seqs = slices.Delete(h.Seqs, 0, 32)
			}
		}
		if e.Key != 0 {
			b.remember(e.Client, e.Key, outcome{e.Print, e.Seq, ""})
		}
		if e.Sequence != 0 {
			p := place{e.Terminal, e.Sequence, 0}
			b.places[p] = append(b.places[p], e.Seq)
		}
		if e.Receipt != 0 {
			p := place{e.Terminal, 0, e.Receipt}
			b.places[p] = append(b.places[p], e.Seq)
		}
	}
	for _, f := range t.after {
		f()
	}
}

// usable gives the refusal of a card's state (S1).
func usable(h *Holder) string {
	switch {
	case h == nil || h.Status == "new" || h.Status == "sold":
		return "card_not_active"
	case h.Status == "active":
		return ""
	}
	return "card_" + h.Status
}

// clamp cuts a till's claim to what the host accepts (D19) and says how.
func clamp(claim, now, window int64) (int64, string) {
	switch {
	case claim > now+5*minute:
		return now + 5*minute, "clock_ahead"
	case claim < now-window:
		return now - window, "late"
	}
	return claim, ""
}

const (
	spends = 72 * hour
	others = 7 * day
)

// UsesOf gives how often a rule with a limit has been used.
func (b *Book) UsesOf(rule string) int64 { return b.uses[rule] }
