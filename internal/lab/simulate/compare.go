package simulate

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/ledger"

	"lojal/internal/lab/model"
)

// compare holds the outcome of a decision against the model's.
func (s *sim) compare(c *call, v model.Verdict) {
	o, res := c.o, c.res
	code := codeOf(res.Err)
	s.count(o.kind, code, v.Replayed)
	s.note(o, code, res, v)
	switch {
	case code != v.Code:
		s.fail("C2: %s: the books say %q (%v), the model %q", o.name(), code, res.Err, v.Code)
	case res.Replayed != v.Replayed:
		s.fail("C5: %s: replayed is %v, the model has %v", o.name(), res.Replayed, v.Replayed)
	case code != "":
	case v.Replayed:
		if res.Entry == nil || res.Entry.Seq != v.Entries[0].Seq {
			s.fail("C5: %s: the key answers with another entry than %d", o.name(), v.Entries[0].Seq)
		}
	default:
		s.compareEntries(o, res, v.Entries)
	}
}

func (s *sim) compareEntries(o *op, res ledger.Result, want []*model.Entry) {
	got := res.More
	if res.Entry != nil {
		got = append([]*ledger.Entry{res.Entry}, got...)
	}
	if len(got) != len(want) {
		s.fail("C1: %s: %d entries, the model has %d", o.name(), len(got), len(want))
		return
	}
	for i := range got {
		if what := differs(got[i], want[i]); what != "" {
			s.fail("C2: %s: entry %d: %s", o.name(), got[i].Seq, what)
		}
		for _, t := range got[i].Post.Touched {
			s.touched[t.Holder] = true
		}
		for _, h := range want[i].Touched {
			s.touched[h] = true
		}
	}
}

// differs tells in what an entry is not the model's.
func differs(e *ledger.Entry, m *model.Entry) string {
	type field struct {
		name string
		a, b any
	}
	key := ""
	if m.Key != 0 {
		key = keyText(m.Key)
	}
	for _, f := range []field{
		{"seq (I26)", e.Seq, m.Seq}, {"kind", e.Kind.String(), m.Kind}, {"booked_at (I36)", int64(e.BookedAt), m.Booked}, {"effective_at", int64(e.EffectiveAt), m.Effective},
		{"value_date", int64(e.ValueDate), m.Value}, {"business_date", int64(e.BusinessDate), m.Business}, {"flags", e.Flags, m.Flags}, {"key", e.Key, key},
		{"client", e.Client, m.Client}, {"terminal", e.Terminal, m.Terminal}, {"terminal_seq", e.TerminalSeq, m.Sequence}, {"batch", e.Batch, m.Batch}, {"reverses", e.Reverses, m.Reverses},
	} {
		if f.a != f.b {
			return fmt.Sprintf("%s is %v, the model has %v", f.name, f.a, f.b)
		}
	}
	if a, b := lines(e), modelLines(m); !slices.Equal(a, b) {
		return fmt.Sprintf("postings are %v, the model has %v", a, b)
	}
	if a, b := moves(e.Post.Uses), modelMoves(m.Uses); !slices.Equal(a, b) {
		return fmt.Sprintf("uses of lots (I17) are %v, the model has %v", a, b)
	}
	if a, b := moves(e.Post.Adds), modelMoves(m.Adds); !slices.Equal(a, b) {
		return fmt.Sprintf("lots are %v, the model has %v", a, b)
	}
	return ""
}

// lines sums postings by account.
func sums(list []model.Line) []model.Line {
	slices.SortFunc(list, func(a, b model.Line) int {
		return cmp.Or(cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Unit, b.Unit))
	})
	var out []model.Line
	for _, l := range list {
		if n := len(out) - 1; n >= 0 && out[n].Holder == l.Holder && out[n].Kind == l.Kind && out[n].Unit == l.Unit {
			out[n].Amount += l.Amount
			continue
		}
		out = append(out, l)
	}
	return slices.DeleteFunc(out, func(l model.Line) bool { return l.Amount == 0 })
}

func lines(e *ledger.Entry) []model.Line {
	out := make([]model.Line, 0, len(e.Post.Lines))
	for _, p := range e.Post.Lines {
		out = append(out, model.Line{Holder: p.Holder, Kind: int64(p.Kind), Unit: int64(p.Unit), Amount: p.Amount})
	}
	return sums(out)
}

func modelLines(m *model.Entry) []model.Line { return sums(slices.Clone(m.Lines)) }

// move is a lot by its terms; the number of a lot is the books' own matter.
type move struct{ holder, kind, qty, starts, until, cost int64 }

// merged orders moves by purse and joins neighbours of equal terms: crowded purses may keep them apart.
func merged(list []move) []move {
	slices.SortStableFunc(list, func(a, b move) int { return cmp.Or(cmp.Compare(a.holder, b.holder), cmp.Compare(a.kind, b.kind)) })
	var out []move
	for _, m := range list {
		if n := len(out) - 1; n >= 0 {
			joined := m
			joined.qty = out[n].qty
			if joined == out[n] && (m.qty > 0) == (out[n].qty > 0) {
				out[n].qty += m.qty
				continue
			}
		}
		out = append(out, m)
	}
	return out
}

func moves(list []ledger.LotMove) []move {
	out := make([]move, 0, len(list))
	for _, m := range list {
		out = append(out, move{m.Holder, int64(m.Kind), m.Qty, int64(m.Starts), int64(m.Until), m.Cost})
	}
	return merged(out)
}

func modelMoves(list []model.Move) []move {
	out := make([]move, 0, len(list))
	for _, m := range list {
		out = append(out, move{m.Holder, m.Kind, m.Qty, m.Starts, m.Until, m.Cost})
	}
	return merged(out)
}

// peek reads holders as they are stored.
type peek struct {
	tenant int64
	ids    []int64
	got    []*ledger.Holder
}

func (c *peek) Op() ledger.Operation { return ledger.Operation{Tenant: c.tenant, Kind: ledger.BAL} }

func (c *peek) Need(n *ledger.Needs) {
	for _, id := range c.ids {
		n.Holder(id)
	}
}

func (c *peek) Decide(v *ledger.View) error {
	c.got = c.got[:0]
	for _, id := range c.ids {
		c.got = append(c.got, v.Holder(id))
	}
	return nil
}

// checkTouched reads back every holder that the step has touched and compares it with the model.
func (s *sim) checkTouched() {
	p := &peek{tenant: s.tenant}
	for id := range s.touched {
		p.ids = append(p.ids, id)
	}
	clear(s.touched)
	if len(p.ids) == 0 {
		return
	}
	slices.Sort(p.ids)
	if res := s.w.reader.Do(ctx, p); res.Err != nil {
		s.fail("the holders cannot be read: %v", res.Err)
		return
	}
	for i, h := range p.got {
		if what := s.holderDiffers(h, s.m.Holder(p.ids[i])); what != "" {
			s.fail("holder %d: %s", p.ids[i], what)
		}
	}
}

func (s *sim) holderDiffers(h *ledger.Holder, m *model.Holder) string {
	switch {
	case h == nil:
		return "C1: is not there"
	case h.Status.String() != m.Status:
		return fmt.Sprintf("I22: is %s, the model has %s", h.Status, m.Status)
	case len(m.Seqs) > 0 && h.Seq != m.Seqs[len(m.Seqs)-1]:
		return fmt.Sprintf("chain: was touched last by entry %d, the model has %d", h.Seq, m.Seqs[len(m.Seqs)-1])
	case len(h.Holds) != len(m.Holds):
		return fmt.Sprintf("I7: has %d open holds, the model %d", len(h.Holds), len(m.Holds))
	}
	for i, x := range h.Holds {
		if y := m.Holds[i]; int64(x.Kind) != y.Kind || x.Amount != y.Amount || int64(x.Ends) != y.Ends || int64(x.At) != y.At {
			return fmt.Sprintf("I7: hold %d is %+v, the model has %+v", i, x, y)
		}
	}
	for _, p := range m.Purses {
		u := s.unit(p.Kind)
		b, d := h.Balance(ledger.Kind(p.Kind), u), h.Balance(ledger.Kind(p.Kind).Debt(), u)
		if b.Posted != p.Posted || b.Held != p.Held || d.Posted != -p.Owed {
			return fmt.Sprintf("C2 (I2, I4, I7): %s: %d posted, %d held, %d owed; the model has %d, %d, %d", b.Kind, b.Posted, b.Held, -d.Posted, p.Posted, p.Held, p.Owed)
		}
		if what := lotsDiffer(h, b, p); what != "" {
			return what
		}
	}
	return ""
}

func lotsDiffer(h *ledger.Holder, b ledger.Balance, p *model.Purse) string {
	var got, want []move
	for _, l := range h.Lots {
		if l.Kind == b.Kind && l.Unit == b.Unit {
			got = append(got, move{0, 0, l.Remaining, int64(l.Starts), int64(l.Until), l.Cost})
		}
	}
	for _, l := range p.Lots {
		want = append(want, move{0, 0, l.Left, l.Starts, l.Until, l.Cost})
	}
	if got, want = merged(got), merged(want); slices.Equal(got, want) {
		return ""
	}
	if b.Tail > 0 { // a crowded purse keeps some lots elsewhere: those in the row are a part
		var sum int64
		for _, g := range got {
			i := slices.IndexFunc(want, func(w move) bool {
				return w.starts == g.starts && w.until == g.until && w.cost == g.cost && w.qty >= g.qty
			})
			if i < 0 {
				return fmt.Sprintf("I16: lot %+v of %s is none of the model's %v", g, b.Kind, want)
			}
			sum += g.qty
		}
		if sum < b.Posted {
			return ""
		}
	}
	return fmt.Sprintf("I16: lots of %s are %v, the model has %v", b.Kind, got, want)
}

func (s *sim) unit(kind int64) ledger.Unit {
	switch kind {
	case model.Points, model.Pending:
		return s.points
	case model.Visits:
		return s.visits
	}
	return euro
}

var readRaw = db.SQL("simulate.read_raw", `
	SELECT e.seq, e.epoch, e.kind, e.booked_at, e.till_at, e.effective_at, e.value_date, e.business_date, e.outlet, e.terminal, e.terminal_seq,
	       e.shift, e.batch, e.actor, e.receipt, e.client, e.key, e.fingerprint, e.reverses, e.flags, e.version, e.post, e.doc, e.leaf
	  FROM entry e
	 WHERE e.tenant_id = $1 AND e.seq > $2
	 ORDER BY e.seq`)

// checkLeaves reads the latest entries as they are stored, numbers them, and computes their leaves anew.
func (s *sim) checkLeaves(after int64) {
	next := after
	err := s.w.d.Read(ctx, s.tenant, func(tx db.Tx) error {
		next = after
		return tx.Each(ctx, readRaw, db.Args(s.tenant, after), func(scan func(...any) error) error {
			var n [13]int64
			var kind, value, business, actor, receipt, key, flags, version, post, doc string
			var print, leaf []byte
			if err := scan(&n[0], &n[1], &kind, &n[2], &n[3], &n[4], &value, &business, &n[5], &n[6], &n[7], &n[8], &n[9], &actor, &receipt, &n[10], &key, &print, &n[11], &flags, &version, &post, &doc, &leaf); err != nil {
				return err
			}
			if next++; n[0] != next {
				return fmt.Errorf("I26: entry %d follows %d", n[0], next-1)
			}
			sum := model.Leaf(s.tenant, n[0], n[1], kind, n[2], n[3], n[4], value, business, n[5], n[6], n[7], n[8], n[9], actor, receipt, n[10], key, string(print), n[11], flags, version, post, doc)
			if !bytes.Equal(sum[:], leaf) {
				return fmt.Errorf("I28: the leaf of entry %d does not cover what is stored", n[0])
			}
			return nil
		})
	})
	if err == nil && next != s.m.Seq {
		err = fmt.Errorf("I26: the books end at entry %d, the model at %d", next, s.m.Seq)
	}
	if err != nil {
		s.fail("%v", err)
	}
}

var readVouchers = db.SQL("simulate.read_vouchers", `
	SELECT v.id, v.uses FROM voucher v WHERE v.tenant_id = $1 ORDER BY v.id`)

var readBudgets = db.SQL("simulate.read_budgets", `
	SELECT b.rule, b.uses FROM offer_budget b WHERE b.tenant_id = $1 ORDER BY b.rule`)

// checkUses compares the uses of vouchers and of rules with a limit (I20).
func (s *sim) checkUses() {
	err := s.w.d.Read(ctx, s.tenant, func(tx db.Tx) error {
		err := tx.Each(ctx, readVouchers, db.Args(s.tenant), func(scan func(...any) error) error {
			var n, uses int64
			err := scan(&n, &uses)
			if want := s.m.Voucher(n).Uses; err == nil && uses != want {
				return fmt.Errorf("I20: voucher %d was used %d times, the model has %d", n, uses, want)
			}
			return err
		})
		if err != nil {
			return err
		}
		return tx.Each(ctx, readBudgets, db.Args(s.tenant), func(scan func(...any) error) error {
			var rule string
			var uses int64
			err := scan(&rule, &uses)
			if want := s.m.UsesOf(rule[len(programmeID)+1:]); err == nil && uses != want {
				return fmt.Errorf("I20: rule %s was used %d times, the model has %d", rule, uses, want)
			}
			return err
		})
	})
	if err != nil {
		s.fail("%v", err)
	}
}

// now gives the instant at which something is booked now.
func (s *sim) now() clock.Instant { return clock.Instant(s.m.Now(int64(s.w.clock.Now()))) }
