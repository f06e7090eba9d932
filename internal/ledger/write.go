package ledger

import (
	"bytes"
	"encoding/json"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

// write queues all that the accepted commands left: entries and holders first, then what only some touch.
func (l *Lane) write(b db.Batch, w *work) error {
	entries := map[int64]*db.Rows{}
	for _, e := range w.entries {
		rows := entries[e.Tenant]
		if rows == nil {
			rows = insertEntry.Rows()
			entries[e.Tenant] = rows
		}
		keyed(e)
		e.post = string(e.Post.encode(make([]byte, 0, 256)))
		e.Leaf, l.scratch = e.leaf(l.scratch)
		e.row(rows)
	}
	for _, tenant := range w.tenants {
		h := w.heads[tenant]
		if h == nil {
			continue
		}
		if rows := entries[tenant]; rows != nil {
			b.Put(insertEntry, tenant, rows)
		}
		w.writeHolders(b, tenant)
		w.writeRest(b, tenant)
		if h.seq != h.startSeq {
			if err := l.nodes(b, w, h); err != nil {
				return err
			}
			head := updateHead.Rows()
			head.Int(h.epoch).Int(h.seq).Int(int64(h.now))
			b.Put(updateHead, tenant, head)
		}
	}
	for _, s := range w.slots {
		s.save(b)
	}
	return nil
}

func (w *work) writeHolders(b db.Batch, tenant int64) {
	holders, tails, gone := upsertHolder.Rows(), insertTail.Rows(), deleteTail.Rows()
	for r, t := range w.tails {
		if r.tenant != tenant || w.done[ref{tenant, r.Holder}] == nil {
			continue
		}
		for _, lot := range t.rows {
			gone.Int(r.Holder).Int(int64(r.Kind)).Int(int64(r.Unit)).Int(rank(lot.Until)).Int(int64(lot.Starts)).Int(lot.ID)
		}
	}
	for _, r := range w.order {
		if r.tenant != tenant {
			continue
		}
		h := w.done[r]
		for _, lot := range h.spill() {
			tails.Int(h.ID).Int(int64(lot.Kind)).Int(int64(lot.Unit)).Int(rank(lot.Until)).Int(int64(lot.Starts)).Int(lot.ID).
				Int(lot.Remaining).Int(int64(lot.Until)).Int(lot.Cost)
		}
		state := string(h.encode(make([]byte, 0, 512)))
		holders.Int(h.ID).Int(int64(h.Owner)).Int(int64(h.Status)).Int(h.Links).Int(h.Seq).Int(h.least()).Text(state)
	}
	b.Put(deleteTail, tenant, gone)
	b.Put(upsertHolder, tenant, holders)
	b.Put(insertTail, tenant, tails)
}

func (w *work) writeRest(b db.Batch, tenant int64) {
	amends, declines, due, undue := upsertAmend.Rows(), insertDecline.Rows(), insertDue.Rows(), deleteDue.Rows()
	for r, a := range w.amends {
		if r.tenant == tenant {
			amends.Int(r.id).Int(a.ReversedBy).Text(a.State)
		}
	}
	for _, d := range w.decline {
		if d.tenant == tenant {
			d.epoch = w.heads[tenant].epoch
			declines.Int(d.client).Text(d.key).Bytes(d.print).Text(d.code).Text(d.params).Int(d.seq).Int(d.epoch).Int(d.terminal).Int(d.batch).Int(int64(d.at))
		}
	}
	for _, d := range w.undue[tenant] {
		undue.Int(int64(d.at)).Int(d.holder)
	}
	seen := map[dueRow]bool{}
	for _, d := range w.due[tenant] {
		if !seen[d] {
			seen[d] = true
			due.Int(int64(d.at)).Int(d.holder)
		}
	}
	b.Put(upsertAmend, tenant, amends)
	b.Put(insertDecline, tenant, declines)
	b.Put(deleteDue, tenant, undue)
	b.Put(insertDue, tenant, due)
}

// encodeParams writes the parameters of a refusal as a list, so that their order is kept.
func encodeParams(p fault.Params) string {
	var out bytes.Buffer
	out.WriteByte('[')
	for i, one := range p {
		if i > 0 {
			out.WriteByte(',')
		}
		name, _ := json.Marshal(one.Name)
		value, err := json.Marshal(one.Value)
		if err != nil {
			value = []byte("null")
		}
		out.WriteByte('[')
		out.Write(name)
		out.WriteByte(',')
		out.Write(value)
		out.WriteByte(']')
	}
	out.WriteByte(']')
	return out.String()
}

// fault gives the refusal as it is told now and at every repetition.
func (d *declined) fault() error { return Refusal(d.code, d.params) }

// Refusal rebuilds a stored refusal.
func Refusal(code, params string) error {
	e := fault.New(fault.Code{Name: code, Kind: fault.Declined})
	var list [][2]json.RawMessage
	_ = json.Unmarshal([]byte(params), &list)
	for _, one := range list {
		var name string
		_ = json.Unmarshal(one[0], &name)
		e.Params = append(e.Params, fault.Param{Name: name, Value: one[1]})
	}
	return e
}
