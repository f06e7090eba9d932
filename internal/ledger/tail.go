package ledger

import (
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
)

// Lots beyond MaxOpenLots of one account live in lot_tail. A holder's row keeps the lots that are consumed
// first, up to its edge, and the newest ones, which later earns may coalesce with.

// keptHead is how many lots before the edge stay in the row when newer ones must make room.
const keptHead = MaxOpenLots / 2

func (h *Holder) tailFirst(a Account) Lot {
	for _, e := range h.Edges {
		if e.Kind == a.Kind && e.Unit == a.Unit {
			return Lot{ID: e.Lot, Kind: e.Kind, Unit: e.Unit, Until: e.Until, Starts: e.Starts}
		}
	}
	return Lot{Kind: a.Kind, Unit: a.Unit}
}

func (h *Holder) setEdge(a Account, l *Lot) {
	h.Edges = slices.DeleteFunc(h.Edges, func(e Edge) bool { return e.Kind == a.Kind && e.Unit == a.Unit })
	if l != nil {
		h.Edges = append(h.Edges, Edge{a.Kind, a.Unit, l.Until, l.Starts, l.ID})
	}
}

// spill moves lots of crowded accounts out of the row and gives them.
func (h *Holder) spill() []Lot {
	if len(h.Lots) <= MaxOpenLots {
		return nil
	}
	var out []Lot
	for i := range h.Balances {
		b := &h.Balances[i]
		a := Account{h.ID, b.Kind, b.Unit}
		for {
			victim := h.victim(a, b.Tail > 0)
			if victim < 0 {
				break
			}
			l := h.Lots[victim]
			h.Lots = slices.Delete(h.Lots, victim, victim+1)
			if first := h.tailFirst(a); b.Tail == 0 || l.Before(first) {
				h.setEdge(a, &l)
			}
			b.Tail++
			out = append(out, l)
		}
	}
	return out
}

// victim gives the index of the lot that leaves a crowded account, -1 when it is not crowded.
func (h *Holder) victim(a Account, hasTail bool) int {
	edge := h.tailFirst(a)
	n, head, lastHead, oldest := 0, 0, -1, -1
	for i, l := range h.Lots {
		if l.Kind != a.Kind || l.Unit != a.Unit {
			continue
		}
		n++
		if !hasTail || l.Before(edge) {
			head, lastHead = head+1, i
		} else if oldest < 0 || l.ID < h.Lots[oldest].ID {
			oldest = i
		}
	}
	switch {
	case n <= MaxOpenLots:
		return -1
	case head > keptHead || oldest < 0:
		return lastHead
	}
	return oldest
}

var findTail = db.Find("ledger.find_tail", "holder int, kind int, unit int, rank int, starts_at int, lot int", `
	SELECT l.lot, l.remaining, l.starts_at, l.until, l.cost
	  FROM lot_tail l
	 WHERE l.tenant_id = $1 AND l.holder = k.holder AND l.kind = k.kind AND l.unit = k.unit
	   AND (l.rank, l.starts_at, l.lot) > (k.rank, k.starts_at, k.lot)
	 ORDER BY l.rank, l.starts_at, l.lot
	 LIMIT 65`)

var insertTail = db.Insert("ledger.insert_tail", "lot_tail", "holder int, kind int, unit int, rank int, starts_at int, lot int, remaining int, until int, cost int",
	"ON CONFLICT (tenant_id, holder, kind, unit, rank, starts_at, lot) DO UPDATE SET remaining = lot_tail.remaining + excluded.remaining")

var deleteTail = db.Delete("ledger.delete_tail", "lot_tail", "holder int, kind int, unit int, rank int, starts_at int, lot int")

// rank orders days with none last, as the order of consumption does.
func rank(d clock.Day) int64 {
	if d == 0 {
		return 1 << 40
	}
	return int64(d)
}

// loadTails queues the look-up of the tails that a decision asked for and puts them into their holders.
func (w *work) loadTails(b db.Batch) {
	for r, t := range w.tails {
		if !t.want {
			continue
		}
		t.want = false
		t.loaded, t.more = true, false
		keys := findTail.Rows()
		keys.Int(r.Holder).Int(int64(r.Kind)).Int(int64(r.Unit))
		if n := len(t.rows); n > 0 {
			last := t.rows[n-1]
			keys.Int(rank(last.Until)).Int(int64(last.Starts)).Int(last.ID)
		} else {
			keys.Int(0).Int(0).Int(0)
		}
		h := w.base[ref{r.tenant, r.Holder}]
		n := 0
		b.Find(findTail, r.tenant, keys, func(_ int, row db.Row) {
			l := Lot{row.Int(0), r.Kind, r.Unit, row.Int(1), clock.Instant(row.Int(2)), clock.Day(row.Int(3)), row.Int(4)}
			if n++; n == MaxOpenLots+1 {
				t.edge, t.more = l, true
				h.setEdge(r.Account, &l)
				return
			}
			t.rows = append(t.rows, l)
			h.rejoin(l)
		})
	}
}

// rejoin puts a lot from the tail back into the row.
func (h *Holder) rejoin(l Lot) {
	at, _ := slices.BinarySearchFunc(h.Lots, l, Lot.compare)
	if at < len(h.Lots) && h.Lots[at].ID == l.ID && h.Lots[at].Kind == l.Kind {
		h.Lots[at].Remaining += l.Remaining
	} else {
		h.Lots = slices.Insert(h.Lots, at, l)
	}
	bal := h.balance(l.Kind, l.Unit)
	if bal.Tail--; bal.Tail == 0 {
		h.setEdge(Account{h.ID, l.Kind, l.Unit}, nil)
	}
}
