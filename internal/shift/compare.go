package shift

import (
	"context"
	"encoding/json"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/ledger"
)

// MaxClaim bounds the classes that a terminal may send with a closing.
const MaxClaim = 200

// ClaimLine is one class of operations by the terminal's own count.
type ClaimLine struct {
	Asset string      `json:"asset"`
	Unit  ledger.Unit `json:"unit"`
	Op    string      `json:"op"`
	Count int64       `json:"count"`
	Sum   int64       `json:"sum"`
}

// Claim are the totals that a terminal sends with a closing (ZR-23). An asset of which it sends no class is
// not compared, since many terminals count money alone.
type Claim struct {
	Lines []ClaimLine `json:"lines"`
	Queue int64       `json:"queue"` // operations that it still has to send
}

func (c *Claim) check() error {
	if len(c.Lines) > MaxClaim {
		return fault.Invalid("totals", "at most 200 classes")
	}
	if c.Queue < 0 {
		return fault.Invalid("queue", "0 or more")
	}
	seen := map[ClaimLine]bool{}
	for _, l := range c.Lines {
		if _, ok := rank[l.Asset]; !ok {
			return fault.Invalid("totals.asset", "gift, points, visits, coupons, stamps or limit")
		}
		if ledger.ParseOp(l.Op) == 0 {
			return fault.Invalid("totals.op", "an operation of three letters")
		}
		class := ClaimLine{Asset: l.Asset, Unit: l.Unit, Op: l.Op}
		if seen[class] {
			return fault.Invalid("totals", "each class once")
		}
		seen[class] = true
	}
	return nil
}

// Difference names a class of operations in which host and terminal differ, or a control equation that
// does not hold.
type Difference struct {
	Equation      string      `json:"equation,omitempty"`
	Asset         string      `json:"asset,omitempty"`
	Unit          ledger.Unit `json:"unit,omitempty"`
	Op            string      `json:"op,omitempty"`
	HostCount     int64       `json:"host_count"`
	HostSum       int64       `json:"host_sum"`
	TerminalCount int64       `json:"terminal_count"`
	TerminalSum   int64       `json:"terminal_sum"`
}

// against compares the totals with what the terminal counted, class by class.
func (t *Totals) against(c Claim) []Difference {
	var order []ClaimLine // classes, without figures
	found := map[ClaimLine]*Difference{}
	at := func(class ClaimLine) *Difference {
		d := found[class]
		if d == nil {
			d = &Difference{Asset: class.Asset, Unit: class.Unit, Op: class.Op}
			found[class] = d
			order = append(order, class)
		}
		return d
	}
	compared := map[columnKey]bool{}
	for _, l := range c.Lines {
		compared[columnKey{l.Asset, l.Unit}] = true
	}
	for _, col := range t.Columns {
		if !compared[columnKey{col.Asset, col.Unit}] {
			continue
		}
		for _, r := range col.Rows {
			d := at(ClaimLine{Asset: col.Asset, Unit: col.Unit, Op: r.Op})
			d.HostCount, d.HostSum = d.HostCount+r.Count, d.HostSum+r.Sum
		}
	}
	for _, l := range c.Lines {
		d := at(ClaimLine{Asset: l.Asset, Unit: l.Unit, Op: l.Op})
		d.TerminalCount, d.TerminalSum = l.Count, l.Sum
	}
	var out []Difference
	for _, class := range order {
		if d := *found[class]; d.HostCount != d.TerminalCount || d.HostSum != d.TerminalSum {
			out = append(out, d)
		}
	}
	return out
}

// judge sets the state of a batch from its totals and its claim.
func (b *Batch) judge(t *Totals) error {
	var differs []Difference
	for _, e := range t.Equations {
		if !e.Holds {
			differs = append(differs, Difference{Equation: e.ID, Asset: e.Asset, Unit: e.Unit, HostSum: e.Left, TerminalSum: e.Right})
		}
	}
	b.State = Closed
	if b.claimed != "" {
		var c Claim
		if err := json.Unmarshal([]byte(b.claimed), &c); err != nil {
			return err
		}
		differs = append(differs, t.against(c)...)
		b.State = Balanced
	}
	b.differs = ""
	if len(differs) == 0 {
		return nil
	}
	b.State = OutOfBalance
	text, err := json.Marshal(differs)
	b.differs = string(text)
	return err
}

// Compare judges a closed batch against totals that its terminal sends later. A batch that was out of
// balance and agrees now is corrected. The Z itself does not change. It returns not_found.
func (r *Room) Compare(ctx context.Context, tenant, terminal, number int64, c Claim) (*Report, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	b, err := r.sealed(ctx, tenant, batchByNumber, terminal, number)
	if err != nil {
		return nil, err
	}
	t, err := b.Totals()
	if err != nil {
		return nil, err
	}
	claim, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	was := b.State
	b.claimed = string(claim)
	if err := b.judge(&t); err != nil {
		return nil, err
	}
	if b.State == Balanced && (was == OutOfBalance || was == Corrected) {
		b.State = Corrected
	}
	err = r.db.Write(ctx, tenant, func(tx db.Tx) error {
		n, err := tx.Exec(ctx, judgeBatch, tenant, terminal, b.Z, string(b.State), b.differs, b.claimed, string(was))
		if err == nil && n == 0 {
			err = fault.New(fault.ErrVersionConflict)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.report(tenant, b)
}
