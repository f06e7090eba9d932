package bench

import (
	"context"
	"fmt"

	"lojal/internal/base/clock"
)

const starts = 5

// start measures how long a server takes from its start to its first answer, a quote, with many members on
// the disk.
func (b *bench) start(ctx context.Context) error {
	var out []Figure
	for _, s := range []*side{b.pg, b.lite} {
		if b.OnDisk > b.Members {
			if err := s.more(ctx, b.Members, b.OnDisk); err != nil {
				return err
			}
		}
		var values []float64
		for range starts {
			took, err := s.begin()
			if err != nil {
				return err
			}
			values = append(values, took)
		}
		f := figure("start_seconds", values)
		f.Note = fmt.Sprintf("(%s, %d members)", s.name, b.OnDisk)
		out = append(out, f)
	}
	b.report.Figures = append(b.report.Figures, worse(out[0], out[1]))
	return nil
}

// more enrols members up to a number.
func (s *side) more(ctx context.Context, from, to int) error {
	w, err := openWorld(ctx, s.url, s.data("bench"))
	if err != nil {
		return err
	}
	w.tenant, w.keys, w.points, w.version = s.world.tenant, s.world.keys, s.world.points, s.world.version
	defer w.close()
	_, err = w.enrol(ctx, from, to, memberPoints)
	return err
}

// begin starts a server, asks for one quote and stops it.
func (s *side) begin() (float64, error) {
	began := clock.Mono()
	server, err := serve(s.dir, "bench-"+s.name+"-data", s.url)
	if err != nil {
		return 0, err
	}
	d, err := order(Load{Plan: s.plan, Address: server.address, Path: quotePath, Who: "hot", Count: 1, First: firstSeq})
	took := (clock.Mono() - began).Seconds()
	if stopped := server.stop(); err == nil {
		err = stopped
	}
	if err == nil && d.Failures > 0 {
		err = fmt.Errorf("first quote: %s", d.Failure)
	}
	return took, err
}
