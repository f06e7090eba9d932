package ledger

import (
	"context"
	"maps"
	"slices"

	"lojal/internal/base/db"
)

// back is an entry that takes another one back, whole (VOI, REV) or in part (RET and others).
type back struct {
	seq   int64
	kind  Op
	moves []move
}

// move is what an entry does to a family of accounts, up and down apart.
type move struct {
	family   Account
	up, down int64
}

// newBack gives what an entry takes back. What it expires beside (R18, strict restore) is no part of that.
func newBack(e *Entry) back {
	if e.Kind == RET {
		taken := *e
		taken.Post.Lines = slices.DeleteFunc(slices.Clone(e.Post.Lines), func(p Posting) bool { return p.Op == EXP })
		e = &taken
	}
	return back{e.Seq, e.Kind, e.moves()}
}

func (b back) whole() bool { return b.kind == VOI || b.kind == REV }

// family gives the account that stands for this one together with its companions: its debt, and for points
// those that are pending.
func (a Account) family() Account {
	if !a.Kind.System() {
		a.Kind &^= debt
	}
	if a.Kind == Pending {
		a.Kind = Points
	}
	return a
}

// moves adds the lines of an entry up by family.
func (e *Entry) moves() []move {
	var out []move
	for _, p := range e.Post.Lines {
		f := p.Account.family()
		i := slices.IndexFunc(out, func(m move) bool { return m.family == f })
		if i < 0 {
			i = len(out)
			out = append(out, move{family: f})
		}
		if p.Amount > 0 {
			out[i].up += p.Amount
		} else {
			out[i].down -= p.Amount
		}
	}
	return out
}

func find(list []move, f Account) move {
	for _, m := range list {
		if m.family == f {
			return m
		}
	}
	return move{family: f}
}

// takenBack holds I13 and I14 for every entry that something took back. It reads the originals again, so that
// the pass need not keep all entries.
func (r *replay) takenBack(ctx context.Context, tx db.Tx) error {
	for _, seq := range slices.Sorted(maps.Keys(r.backs)) {
		list, err := r.original(ctx, tx, seq)
		if err != nil {
			return err
		}
		for _, b := range r.backs[seq] {
			switch {
			case len(list) == 0 || b.seq <= seq:
				r.tell("I13", b.seq, 0, "takes back entry %d, which was not there", seq)
			case b.whole() && (list[0].Kind == VOI || list[0].Kind == REV):
				r.tell("I13", b.seq, 0, "reverses the reversal %d", seq)
			}
		}
		if len(list) > 0 {
			r.compareBacks(list[0])
		}
	}
	return nil
}

// original reads an entry that was taken back; none when it is missing or cannot be read, which the pass
// has told.
func (r *replay) original(ctx context.Context, tx db.Tx, seq int64) ([]*Entry, error) {
	var out []*Entry
	err := tx.Each(ctx, readEntry, db.Args(r.tenant, seq), func(scan func(...any) error) error {
		e, damage, err := scanStored(r.tenant, scan)
		if err == nil && damage == nil {
			out = append(out, e)
		}
		return err
	})
	return out, err
}

// standing gives what took an entry back and was not itself reversed since.
func (r *replay) standing(seq int64) []back {
	var out []back
	for _, b := range r.backs[seq] {
		if !slices.ContainsFunc(r.backs[b.seq], back.whole) {
			out = append(out, b)
		}
	}
	return out
}

func (r *replay) compareBacks(o *Entry) {
	standing := r.standing(o.Seq)
	if len(standing) == 0 {
		return
	}
	last := standing[len(standing)-1]
	for _, m := range o.moves() {
		if m.family.Kind.System() {
			continue
		}
		var up, down int64
		for _, b := range standing {
			x := find(b.moves, m.family)
			up, down = up+x.up, down+x.down
		}
		if up > m.down || down > m.up {
			r.tell("I13", last.seq, m.family.Holder, "takes back %+d and %+d of %s in all, entry %d had moved %+d and %+d",
				up, -down, m.family.name(), o.Seq, m.up, -m.down)
		}
	}
	if len(standing) == 1 && last.whole() {
		r.exactNegative(o, last)
	}
}

// exactNegative holds I14.
func (r *replay) exactNegative(o *Entry, b back) {
	theirs := o.moves()
	for _, m := range theirs {
		if x := find(b.moves, m.family); x.up-x.down != m.down-m.up {
			r.tell("I14", b.seq, m.family.Holder, "posts %+d on %s where entry %d had posted %+d", x.up-x.down, m.family.name(), o.Seq, m.up-m.down)
		}
	}
	for _, x := range b.moves {
		if m := find(theirs, x.family); m.up == 0 && m.down == 0 && x.up != x.down {
			r.tell("I14", b.seq, x.family.Holder, "posts %+d on %s, which entry %d had not touched", x.up-x.down, x.family.name(), o.Seq)
		}
	}
}
