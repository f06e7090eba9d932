package replay

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"lojal/internal/base/clock"
)

// Options say what to replay, and where.
type Options struct {
	File     string    // a log as CSV, perhaps behind gzip
	Mapping  string    // a file; empty means UCI Online Retail II
	URL      string    // of a server with a test clock
	Key      string    // the operator's, or that of the administrator of a tenant made for this
	Workers  int       // sales of one minute sent at once; 0 means 8
	Export   string    // a file that gets the ledger's entries as JSON lines; may be empty
	Progress io.Writer // gets a line every few seconds; may be nil
	JSON     bool      // progress as JSON lines
}

const (
	workers       = 8
	progressEvery = 2 * time.Second
)

// ErrMismatch says that the books of the server do not agree with the log; the report names the places.
var ErrMismatch = errors.New("the server's books do not agree with the log")

// Run replays a log and gives what came of it. A run that was interrupted, in this process or in the
// server, is continued by running it again; a finished one changes nothing. It returns ErrMismatch, with
// the report, when a control total differs.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = workers
	}
	m, p, err := read(o)
	if err != nil {
		return nil, err
	}
	s, err := openShop(ctx, o, m, p)
	if err != nil {
		return nil, err
	}
	began := clock.Mono()
	r := &run{shop: s, options: o, byID: p.byID(), began: began, spoke: began}
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	return r.report(ctx)
}

func read(o Options) (*Mapping, *plan, error) {
	m := OnlineRetail()
	if o.Mapping != "" {
		f, err := os.Open(o.Mapping)
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		if m, err = ReadMapping(f); err != nil {
			return nil, nil, err
		}
	}
	f, err := os.Open(o.File)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	var in io.Reader = bufio.NewReaderSize(f, 1<<20)
	if strings.HasSuffix(o.File, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, nil, err
		}
	}
	p, err := makePlan(in, m)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.File, err)
	}
	if p.operations() == 0 {
		return nil, nil, fmt.Errorf("%s: no row to book", o.File)
	}
	return m, p, nil
}

// run is one replay under way.
type run struct {
	*shop
	options Options
	byID    map[string]*operation
	began   time.Duration
	spoke   time.Duration // when progress was last told
	sent    int           // operations of this run
	passed  int           // operations that an earlier run had applied, or this one has
}

// all sends the groups from the first that is not wholly applied.
func (r *run) all(ctx context.Context) error {
	from, err := r.frontier(ctx)
	if err != nil {
		return err
	}
	for _, g := range r.plan.groups[:from] {
		r.passed += len(g)
	}
	now, err := r.admin.Clock(ctx)
	if err != nil {
		return err
	}
	if from == 0 && now.After(r.plan.groups[0][0].at) {
		return fmt.Errorf("the server lives in %s already and time never goes back: take an empty data directory", now.Format(time.DateOnly))
	}
	for i, group := range r.plan.groups[from:] {
		if group[0].at.After(now) {
			if err := r.admin.SetClock(ctx, group[0].at); err != nil {
				return fmt.Errorf("move the clock to %s: %w", group[0].at, err)
			}
		}
		if group[0].at.Sub(r.linked) > linkEvery {
			if err := r.link(ctx, r.options, group[0].at); err != nil {
				return err
			}
		}
		if i == 0 {
			if group, err = r.missing(ctx, group); err != nil {
				return err
			}
		}
		if err := r.group(ctx, group); err != nil {
			return err
		}
		r.tell(group)
	}
	return nil
}

// frontier finds the first group that is not wholly applied. Groups are sent one after the other, so the
// applied ones are a prefix and halving finds its end with a handful of questions.
func (r *run) frontier(ctx context.Context) (int, error) {
	var failure error
	at := sort.Search(len(r.plan.groups), func(i int) bool {
		if failure != nil {
			return true
		}
		left, err := r.missing(ctx, r.plan.groups[i])
		failure = err
		return len(left) > 0
	})
	return at, failure
}

// missing gives the operations of a group that the server has not seen.
func (r *run) missing(ctx context.Context, group []*operation) ([]*operation, error) {
	var out []*operation
	for _, o := range group {
		done, err := r.done(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("ask for %s: %w", o.id, err)
		}
		if !done {
			out = append(out, o)
		}
	}
	return out, nil
}

// group sends the operations of one minute, those of one customer in their order, others at once.
func (r *run) group(ctx context.Context, group []*operation) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	slots := make(chan struct{}, r.options.Workers)
	for _, chain := range chains(group) {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			for _, o := range chain {
				if err := context.Cause(ctx); err != nil {
					return
				}
				if err := r.send(ctx, o); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wait.Wait()
	r.sent += len(group)
	return context.Cause(ctx)
}

// chains parts a group by customer; each sale without one stands alone.
func chains(group []*operation) [][]*operation {
	var out [][]*operation
	at := map[string]int{}
	for _, o := range group {
		i, known := at[o.customer]
		if o.customer == "" || !known {
			at[o.customer] = len(out)
			out = append(out, []*operation{o})
			continue
		}
		out[i] = append(out[i], o)
	}
	return out
}

// tell writes a line of progress when the last is old enough.
func (r *run) tell(group []*operation) {
	r.passed += len(group)
	now := clock.Mono()
	if r.options.Progress == nil || now-r.spoke < progressEvery {
		return
	}
	r.spoke = now
	of, at := r.plan.operations(), group[0].at.Format(time.DateTime)
	if r.options.JSON {
		fmt.Fprintf(r.options.Progress, `{"done":%d,"of":%d,"at":%q,"per_second":%d}`+"\n", r.passed, of, at, r.rate())
		return
	}
	fmt.Fprintf(r.options.Progress, "%s  %d of %d operations, %d per second\n", at, r.passed, of, r.rate())
}

// rate gives operations per second of this run.
func (r *run) rate() int64 {
	took := clock.Mono() - r.began
	return int64(r.sent) * int64(time.Second) / max(int64(took), 1)
}
