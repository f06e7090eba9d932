package bench

import (
	"context"
	"fmt"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/ledger"
)

const (
	growthMembers = 5_000 // their opening balances are the ten thousand postings to begin with
	growthGifts   = 100
	growthTurns   = 3
)

// growth measures what a commit costs in young books and in old ones.
func (b *bench) growth(ctx context.Context) error {
	var out []Figure
	for _, engine := range []string{"postgres", "sqlite"} {
		s, err := b.side(ctx, "growth", engine, size{growthMembers, growthGifts, false})
		if err != nil {
			return err
		}
		f, err := b.grow(ctx, s)
		_ = s.server.stop()
		if err != nil {
			return err
		}
		proof, err := s.prove(ctx)
		if err != nil {
			return err
		}
		b.report.Checks = append(b.report.Checks, "growth, "+proof)
		b.say("growth, %s", proof)
		out = append(out, f)
	}
	b.report.Figures = append(b.report.Figures, worse(out[0], out[1]))
	return nil
}

func (b *bench) grow(ctx context.Context, s *side) (Figure, error) {
	// Quotes warm the server up without booking anything.
	if _, err := s.run(ctx, Load{Path: quotePath, Who: "spread", For: b.WarmUp}); err != nil {
		return Figure{}, err
	}
	young, err := b.cost(ctx, s)
	if err != nil {
		return Figure{}, err
	}
	each, err := s.postings(ctx)
	if err != nil {
		return Figure{}, err
	}
	if left := b.Postings/each - s.booked; left > 0 {
		if _, err := s.run(ctx, Load{Path: commitPath, Who: "spread", Count: left}); err != nil {
			return Figure{}, err
		}
	}
	old, err := b.cost(ctx, s)
	if err != nil {
		return Figure{}, err
	}
	var values []float64
	for i := range old {
		values = append(values, old[i]/figure("", young).Value)
	}
	f := figure("growth_cost", values)
	f.CPU = figure("", old).Value
	f.Note = fmt.Sprintf("(%s, %d postings against %d, %.0f us CPU at first)", s.name, s.booked*each, 2*(growthMembers+growthGifts), figure("", young).Value)
	return f, nil
}

func (b *bench) cost(ctx context.Context, s *side) ([]float64, error) {
	var out []float64
	for range growthTurns {
		x, err := s.run(ctx, Load{Path: commitPath, Who: "spread", For: max(time.Second, b.Block/5)})
		if err != nil {
			return nil, err
		}
		out = append(out, x.cpu)
	}
	b.say("  growth   %-8s %9d sales  %.0f us CPU", s.name, s.booked, figure("", out).Value)
	return out, nil
}

// postings gives how many postings a sale has.
func (s *side) postings(ctx context.Context) (int64, error) {
	d, err := db.Open(ctx, s.url, db.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	var n int
	err = d.Read(ctx, s.world.tenant, func(tx db.Tx) error {
		h, err := ledger.ReadHead(ctx, tx)
		if err != nil {
			return err
		}
		e, err := ledger.ReadEntry(ctx, tx, h.Seq)
		if err == nil {
			n = len(e.Post.Lines)
		}
		return err
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("the last entry moves nothing")
	}
	return int64(n), err
}
