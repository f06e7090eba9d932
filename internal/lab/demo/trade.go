package demo

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"lojal/client"
)

// Trade goes on selling until the context ends, one sale per pause, so that there is something to watch. A
// sale that is refused is told to the log and the next customer comes.
func (s *Shop) Trade(ctx context.Context, pause time.Duration, now func() time.Time, log *slog.Logger) {
	p := &planner{dice: newDice(uint64(now().UnixNano())), until: now()}
	lists, g := readNames(), newDice(seed)
	for i := range members {
		p.members = append(p.members, g.person(lists, i))
	}
	links := make([]*client.Client, len(s.Tills))
	for i, t := range s.Tills {
		links[i] = client.New(s.url, t.Key)
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := s.serveOne(ctx, p, links, now()); err != nil && ctx.Err() == nil {
			log.Warn("demo sale", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Shop) serveOne(ctx context.Context, p *planner, links []*client.Client, now time.Time) error {
	at := p.tillOf(p.weighted(10, 6, 4))
	till := &s.Tills[at]
	till.Seq++
	if err := s.keep(); err != nil {
		return err
	}
	in := client.CommitRequest{
		ID: fmt.Sprintf("demo-live-%s-%d", till.TID, till.Seq), Kind: "sale", Receipt: fmt.Sprintf("%d-%05d", at+1, till.Seq), Currency: currency,
		At: now, Cashier: cashierAt[at], TerminalSeq: till.Seq, Lines: p.basket(now),
	}
	if p.often(70) {
		in.Presented = []client.Presented{client.Scan(pick(p.dice, p.members).Card)}
	}
	_, err := links[at].Commit(ctx, in)
	return err
}
