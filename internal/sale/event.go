package sale

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/job"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
)

// Types of events. Each is made from an entry of the ledger, member.updated from an act of the trail.
const (
	EventSale     = "sale.committed"
	EventReturn   = "sale.returned"
	EventReverse  = "sale.reversed"
	EventBalance  = "balance.changed"
	EventCoupon   = "coupon.used"
	EventCard     = "card.changed"
	EventJoined   = "member.joined"
	EventMember   = "member.updated"
	eventPrefix   = "evt"
	eventsOfEntry = 256     // an entry has fewer
	ofAct         = 1 << 62 // a bit of numbers that stand for acts
)

// EventTypes are all types of events.
var EventTypes = []string{EventBalance, EventCard, EventCoupon, EventJoined, EventMember, EventSale, EventReturn, EventReverse}

// Events gives what happened after a cursor, in the order of its time, and where the cursor stands then. At
// most limit entries and as many acts are read.
func (r *Room) Events(ctx context.Context, tx db.Tx, after job.Cursor, limit int) ([]job.Event, job.Cursor, error) {
	entries, err := ledger.ReadEntries(ctx, tx, after.Seq, limit)
	if err != nil {
		return nil, after, err
	}
	acts, err := access.Trail(ctx, tx, after.Act, limit)
	if err != nil {
		return nil, after, err
	}
	var out []job.Event
	for _, e := range entries {
		list, err := r.eventsOf(ctx, tx, e)
		if err != nil {
			return nil, after, err
		}
		out, after.Seq = append(out, list...), e.Seq
	}
	for i := range acts {
		if v, tells := eventOf(&acts[i]); tells {
			out = append(out, v)
		}
		after.Act = acts[i].N
	}
	slices.SortStableFunc(out, func(a, b job.Event) int { return cmp.Compare(a.At, b.At) })
	return out, after, nil
}

// Event makes an event again from its number. It returns not_found.
func (r *Room) Event(ctx context.Context, tx db.Tx, number int64) (job.Event, error) {
	var list []job.Event
	if number&ofAct != 0 {
		acts, err := access.Trail(ctx, tx, (number&^ofAct)/eventsOfEntry-1, 1)
		if err != nil {
			return job.Event{}, err
		}
		for i := range acts {
			if v, tells := eventOf(&acts[i]); tells {
				list = append(list, v)
			}
		}
	} else {
		e, err := ledger.ReadEntry(ctx, tx, number/eventsOfEntry)
		if err != nil {
			return job.Event{}, err
		}
		if list, err = r.eventsOf(ctx, tx, e); err != nil {
			return job.Event{}, err
		}
	}
	for _, v := range list {
		if v.Number == number {
			return v, nil
		}
	}
	return job.Event{}, fault.New(fault.ErrNotFound)
}

// eventOf tells of an act on a person.
func eventOf(a *access.Row) (job.Event, bool) {
	person, err := id.Parse("mem", a.Entity)
	if err != nil || !strings.HasPrefix(a.Act, "member.") {
		return job.Event{}, false
	}
	data, err := json.Marshal(map[string]any{"member": a.Entity, "act": a.Act})
	number := int64(ofAct) | a.N*eventsOfEntry
	return job.Event{ID: id.Format(eventPrefix, number), Number: number, Type: EventMember, At: a.At, Subject: person, Data: data}, err == nil
}

// SaleEvent is the data of sale.committed, sale.returned and sale.reversed.
type SaleEvent struct {
	ID           string       `json:"id"`
	RRN          string       `json:"rrn"`
	Original     string       `json:"original,omitempty"` // of a return or reversal
	BusinessDate clock.Day    `json:"business_date"`
	Receipt      string       `json:"receipt,omitempty"`
	Order        string       `json:"order,omitempty"`
	Card         string       `json:"card,omitempty"`
	Membership   string       `json:"membership,omitempty"`
	Currency     string       `json:"currency,omitempty"`
	Payable      money.Amount `json:"payable"`
	Refund       money.Amount `json:"refund,omitempty"`
	Earned       int64        `json:"earned,omitempty"`
	Burned       int64        `json:"burned,omitempty"`
}

// BalanceEvent is the data of balance.changed: one owner's accounts.
type BalanceEvent struct {
	Card       string          `json:"card,omitempty"`
	Membership string          `json:"membership,omitempty"`
	Operation  string          `json:"operation"`
	Entry      string          `json:"entry"`
	Changes    []BalanceChange `json:"changes"`
}

// BalanceChange is what one account gained or lost.
type BalanceChange struct {
	Wallet Wallet `json:"wallet"`
	Kind   string `json:"kind"`
	Unit   string `json:"unit"`
	Amount int64  `json:"amount"`
}

// teller makes the events of one entry.
type teller struct {
	e       *ledger.Entry
	numbers numbers
	out     []job.Event
}

func (r *Room) eventsOf(ctx context.Context, tx db.Tx, e *ledger.Entry) ([]job.Event, error) {
	key, err := r.numbers(ctx, tx.Tenant())
	if err != nil {
		return nil, err
	}
	t := &teller{e: e, numbers: key}
	if err := t.deed(); err != nil {
		return nil, err
	}
	return t.out, t.balances(ctx, tx)
}

func (t *teller) add(at int64, kind string, subject int64, data any) error {
	raw, err := json.Marshal(data)
	n := t.e.Seq*eventsOfEntry + at
	t.out = append(t.out, job.Event{ID: id.Format(eventPrefix, n), Number: n, Seq: t.e.Seq, Type: kind, At: t.e.BookedAt, Subject: subject, Data: raw})
	return err
}

// Places of events within their entry.
const (
	atDeed = iota
	atCoupon
	atBalance
)

func (t *teller) deed() error {
	switch t.e.Kind {
	case ledger.SAL, ledger.CAP:
		return t.sold()
	case ledger.RET, ledger.REV, ledger.VOI:
		return t.back()
	case ledger.ISS, ledger.BLK, ledger.UBL, ledger.ACT:
		return t.card()
	}
	return nil
}

func (t *teller) head(rec *Record) SaleEvent {
	s := SaleEvent{
		ID: t.numbers.Public(t.e), RRN: t.numbers.RRN(t.e), BusinessDate: t.e.BusinessDate, Receipt: strings.TrimPrefix(t.e.Receipt, "order:"),
		Order: rec.Note.Order,
	}
	if rec.Card != 0 {
		s.Card = cardRef(rec.Card)
	}
	if rec.Membership != 0 {
		s.Membership = id.Format("mbs", rec.Membership)
	}
	return s
}

func (t *teller) sold() error {
	var rec Record
	if err := json.Unmarshal([]byte(t.e.Doc), &rec); err != nil {
		return err
	}
	subject := cmp.Or(rec.Membership, rec.Card)
	s := t.head(&rec)
	if rec.Sold != nil {
		s.Currency, s.Earned = rec.Sold.Currency.Code, rec.Sold.Earn.Points
		for _, l := range rec.Sold.Lines {
			s.Payable, s.Burned = s.Payable+l.Paid, s.Burned+l.Points
		}
	}
	if err := t.add(atDeed, EventSale, subject, s); err != nil {
		return err
	}
	if rec.Sold == nil || len(rec.Sold.Coupons) == 0 {
		return nil
	}
	return t.add(atCoupon, EventCoupon, subject, map[string]any{"sale": s.ID, "coupons": rec.Sold.Coupons, "card": s.Card, "membership": s.Membership})
}

func (t *teller) back() error {
	kind := EventReverse
	var rec ReturnRecord
	if t.e.Kind == ledger.RET {
		kind = EventReturn
		if err := json.Unmarshal([]byte(t.e.Doc), &rec); err != nil {
			return err
		}
	}
	s := t.head(&Record{Note: rec.Note})
	s.Refund = rec.Part.Refund
	if t.e.Reverses != 0 {
		s.Original = ledger.FormatEntryID(t.e.Reverses, t.numbers.key)
	}
	return t.add(atDeed, kind, t.first(), s)
}

// first gives the holder whose events an entry without a member of its own belongs to.
func (t *teller) first() int64 {
	if len(t.e.Post.Touched) == 0 {
		return 0
	}
	return t.e.Post.Touched[0].Holder
}

func (t *teller) card() error {
	var note struct {
		Act, Card, Person, Membership, Programme, From, To, Reason string
	}
	if json.Unmarshal([]byte(t.e.Doc), &note) != nil || note.Act == "" {
		return nil // a document of another form: its balances are told below
	}
	kind := EventCard
	if note.Person != "" {
		kind = EventJoined
	}
	data := map[string]string{"act": note.Act}
	for name, v := range map[string]string{"card": note.Card, "member": note.Person, "membership": note.Membership, "programme": note.Programme, "from": note.From, "to": note.To, "reason": note.Reason} {
		if v != "" {
			data[name] = v
		}
	}
	return t.add(atDeed, kind, t.first(), data)
}

// balances tells each owner's changes in an event of its own, so that owners do not wait for one another.
func (t *teller) balances(ctx context.Context, tx db.Tx) error {
	var owners []int64
	changes := map[int64][]BalanceChange{}
	for _, l := range t.e.Post.Lines {
		if l.Kind.System() || WalletOf(l.Kind) == "" {
			continue
		}
		if !slices.Contains(owners, l.Holder) {
			owners = append(owners, l.Holder)
		}
		list := changes[l.Holder]
		one := BalanceChange{WalletOf(l.Kind), l.Kind.String(), UnitName(l.Account), l.Amount}
		at := slices.IndexFunc(list, func(c BalanceChange) bool { return c.Kind == one.Kind && c.Unit == one.Unit })
		if at < 0 {
			changes[l.Holder] = append(list, one)
			continue
		}
		list[at].Amount += one.Amount
	}
	for i, holder := range owners {
		v := BalanceEvent{Operation: t.e.Kind.String(), Entry: t.numbers.Public(t.e), Changes: changes[holder]}
		owner, err := ledger.ReadOwner(ctx, tx, holder)
		if err != nil {
			return err
		}
		if owner == ledger.OwnerMembership {
			v.Membership = id.Format("mbs", holder)
		} else {
			v.Card = cardRef(holder)
		}
		if err := t.add(int64(atBalance+i), EventBalance, holder, v); err != nil {
			return err
		}
	}
	return nil
}
