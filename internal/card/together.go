package card

import (
	"context"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

// Values that are asked for at the same time are read together: a card that was not used lately would cost a
// transaction of its own, which is more than the whole sale costs.

var findFactsTogether = db.Find("card.find_facts_together", "hash bytes", fmt.Sprintf(factsOfHash, "k.hash"))

var factsSlot = ledger.Slot[string, []factsRow]{
	Load: func(b db.Batch, tenant int64, keys []string, got func(string, []factsRow)) {
		rows := findFactsTogether.Rows()
		for _, k := range keys {
			rows.Bytes([]byte(k))
		}
		found := make([][]factsRow, len(keys))
		b.Find(findFactsTogether, tenant, rows, func(i int, r db.Row) {
			found[i] = append(found[i], factsRow{
				kind: r.Text(0), status: r.Text(1), from: clock.Instant(r.Int(2)), until: clock.Instant(r.Int(3)), card: r.Int(4),
				programme: r.Text(5), product: r.Text(6), membership: r.Int(7), transferable: r.Int(8), links: r.Int(9), last4: r.Text(10),
				pin: r.Bytes(11), otherProgramme: r.Text(12), otherMembership: r.Int(13),
			})
			got(keys[i], found[i])
		})
	},
	Save: func(db.Batch, int64, []ledger.Change[string, []factsRow]) {}, // nobody writes facts: cards and instruments do
}

// ReadWith lets the finder read on a lane that only looks, whose slots are those of the deeds' lane.
func (f *Finder) ReadWith(reader *ledger.Lane, s *Deeds) { f.lane, f.facts = reader, s.facts }

// look asks the read lane for what is stored under a hash.
type look struct {
	tenant int64
	hash   string
	facts  ledger.Ref[string, []factsRow]
	rows   []factsRow
}

// Op names no operation: nothing is booked.
func (l *look) Op() ledger.Operation { return ledger.Operation{Tenant: l.tenant} }

// Need asks for the hash.
func (l *look) Need(n *ledger.Needs) { l.facts.Need(n, l.hash) }

// Decide takes what was found.
func (l *look) Decide(v *ledger.View) error {
	l.rows, _ = l.facts.Get(v, l.hash)
	return nil
}

func (f *Finder) readTogether(ctx context.Context, tenant int64, hash []byte) ([]factsRow, error) {
	l := &look{tenant: tenant, hash: string(hash), facts: f.facts}
	if res := f.lane.Do(ctx, l); res.Err != nil {
		return nil, res.Err // who goes away first leaves the rows to the lane
	}
	return l.rows, nil
}
