package card

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unique"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

// Facts are what is known of a card before the lane. They are shared and must not be changed. Its state is
// not among them: that is read in the lane, from the holder.
type Facts struct {
	Card         int64
	Membership   int64 // in the home programme; 0 for none
	Programme    string
	Product      string
	Links        int64
	Memberships  []Membership // in other programmes, by programme (a multicard)
	Transferable bool
	hasPIN       bool
	kind         byte // place of the instrument's type in types
	last4        [4]byte
	pin          [32]byte
	until        clock.Instant
}

// Membership is a membership of a card in a programme.
type Membership struct {
	Programme string
	ID        int64
}

// Masked gives what receipts and screens show of the number (NUM-13).
func (f *Facts) Masked() string { return Masked(strings.TrimRight(string(f.last4[:]), "\x00")) }

// Type gives the type of the instrument that was presented.
func (f *Facts) Type() string { return types[f.kind] }

// PINHash gives the keyed hash of the card's PIN; nothing when it has none.
func (f *Facts) PINHash() []byte {
	if !f.hasPIN {
		return nil
	}
	return f.pin[:]
}

// In gives the card's membership in a programme, home or other; 0 for none.
func (f *Facts) In(programme string) int64 {
	if programme == f.Programme {
		return f.Membership
	}
	for _, m := range f.Memberships {
		if m.Programme == programme {
			return m.ID
		}
	}
	return 0
}

// Owner gives the holder of the points, credit, visits and coupons that go with the card in a programme:
// its membership there, or the card itself when it has none. Gift money is always the card's.
func (f *Facts) Owner(programme string) int64 {
	if m := f.In(programme); m != 0 {
		return m
	}
	return f.Card
}

// Fresh returns stale_facts when instruments, memberships or the PIN of the card have changed since the
// facts were read. It is asked in the lane with the card's holder, nil for a card without one.
func (f *Facts) Fresh(h *ledger.Holder) error {
	var links int64
	if h != nil {
		links = h.Links
	}
	if links != f.Links {
		return fault.New(ledger.ErrStale)
	}
	return nil
}

// Finder finds cards by what a till was shown.
type Finder struct {
	db    *db.DB
	keys  *secret.Ring
	clock clock.Clock
	cache *cache
	lane  *ledger.Lane // that only looks; nil where there is none
	facts ledger.Ref[string, []factsRow]
}

// NewFinder gives a finder whose memory of cards is bounded.
func NewFinder(d *db.DB, keys *secret.Ring, c clock.Clock) *Finder {
	return &Finder{db: d, keys: keys, clock: c, cache: newCache(cacheEntries)}
}

const factsOfHash = `
	SELECT i.type, i.status, i.valid_from, i.valid_until, c.id, c.programme, c.product, c.membership, c.transferable, c.links, c.last4, c.pin_hash,
	       COALESCE(m.programme, ''), COALESCE(m.membership, 0)
	  FROM instrument i
	  JOIN card c ON c.tenant_id = i.tenant_id AND c.id = i.card
	  LEFT JOIN card_membership m ON m.tenant_id = c.tenant_id AND m.card = c.id AND m.membership <> 0
	 WHERE i.tenant_id = $1 AND i.hash = %s
	 ORDER BY m.programme
	 LIMIT 200`

var findFacts = db.SQL("card.find_facts", fmt.Sprintf(factsOfHash, "$2"))

// Find gives the facts of the card that a presented value names. It returns invalid_value for what cannot
// be an identifier, and card_not_active with ErrUnknown as its cause when there is no such card: a till is
// told no more of a number of nobody, of another tenant and of stock that was never sold.
func (f *Finder) Find(ctx context.Context, tenant int64, p Presented) (*Facts, error) {
	form, err := Normalise(p)
	if err != nil {
		return nil, err
	}
	hash, err := f.index(ctx, tenant, form)
	if err != nil {
		return nil, err
	}
	key := keyOf(tenant, hash)
	now := f.clock.Now()
	if facts := f.cache.find(key); facts != nil && slices.Contains(form.Types, facts.Type()) && facts.live(now) {
		return facts, nil
	}
	rows, err := f.read(ctx, tenant, hash)
	if err != nil {
		return nil, db.Fault(err)
	}
	best := choose(rows, form.Types, now)
	if best == nil {
		return nil, fault.Wrap(ledger.ErrCardNotActive, ErrUnknown)
	}
	f.cache.keep(key, best)
	return best, nil
}

// Forget drops what is remembered of a presented value, after stale_facts.
func (f *Finder) Forget(ctx context.Context, tenant int64, p Presented) {
	form, err := Normalise(p)
	if err != nil {
		return
	}
	if hash, err := f.index(ctx, tenant, form); err == nil {
		f.cache.forget(keyOf(tenant, hash))
	}
}

func (f *Finder) index(ctx context.Context, tenant int64, form Form) ([]byte, error) {
	keys, err := f.keys.Of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return index(keys, form.Types[0], form.Value), nil
}

// index gives the blind index of an instrument's value. All but phones share one purpose, since a value may
// be a number, an alias or a tag, and is looked up once.
func index(keys *secret.Keys, kind, value string) []byte {
	if kind == Phone {
		return keys.Index(secret.Phone, value)
	}
	return keys.Index(secret.Card, value)
}

// read gives what is stored under a hash: with others that are asked for at the same time on the read lane,
// or in a transaction of its own where there is none.
func (f *Finder) read(ctx context.Context, tenant int64, hash []byte) ([]factsRow, error) {
	if f.lane != nil {
		return f.readTogether(ctx, tenant, hash)
	}
	var out []factsRow
	err := f.db.Read(ctx, tenant, func(tx db.Tx) error {
		out = nil
		return tx.Each(ctx, findFacts, db.Args(tenant, hash), func(scan func(...any) error) error {
			r, err := scanFacts(scan)
			out = append(out, r)
			return err
		})
	})
	return out, err
}

// choose gives the facts of the likeliest type that is live.
func choose(rows []factsRow, types []string, now clock.Instant) *Facts {
	var best *Facts
	for i := range rows {
		one := rows[i].facts(now)
		if one == nil || !slices.Contains(types, one.Type()) {
			continue
		}
		if best == nil || slices.Index(types, one.Type()) < slices.Index(types, best.Type()) {
			best = one
		}
		if m := rows[i].other(); m.ID != 0 && best.kind == one.kind {
			best.Memberships = append(best.Memberships, m)
		}
	}
	return best
}

// factsRow is a row of what is known of a value: one for each further membership of its card.
type factsRow struct {
	kind, status       string
	from, until        clock.Instant
	card               int64
	programme, product string
	membership         int64
	transferable       int64
	links              int64
	last4              string
	pin                []byte
	otherProgramme     string
	otherMembership    int64
}

func scanFacts(scan func(...any) error) (factsRow, error) {
	var r factsRow
	err := scan(&r.kind, &r.status, &r.from, &r.until, &r.card, &r.programme, &r.product, &r.membership, &r.transferable, &r.links, &r.last4, &r.pin,
		&r.otherProgramme, &r.otherMembership)
	return r, err
}

// facts gives the row as facts; nothing for an instrument that has ended. When it began is not judged: none is
// made for a later day, and a server whose clock steps back must still know the cards that it sold.
func (r *factsRow) facts(now clock.Instant) *Facts {
	f := &Facts{
		Card: r.card, Membership: r.membership, Links: r.links, Transferable: r.transferable != 0, until: r.until,
		// A tenant has few words for these: they are kept once for all cards.
		Programme: intern(r.programme), Product: intern(r.product),
	}
	if r.status != Live || !f.live(now) {
		return nil
	}
	f.kind = byte(max(0, slices.Index(types, r.kind)))
	copy(f.last4[:], r.last4)
	f.hasPIN = copy(f.pin[:], r.pin) > 0
	return f
}

func (r *factsRow) other() Membership {
	return Membership{Programme: intern(r.otherProgramme), ID: r.otherMembership}
}

func intern(s string) string { return unique.Make(s).Value() }

func (f *Facts) live(now clock.Instant) bool { return f.until == 0 || now < f.until }
