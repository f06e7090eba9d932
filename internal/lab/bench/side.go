package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/db/cluster"
	"lojal/internal/programme"
)

const (
	commitPath = "/pos/v1/transactions"
	quotePath  = "/pos/v1/quotes"
	firstSeq   = 10_000_000 // eight digits from the start, so that bodies keep their length
)

// side is the product on one engine: its world, its server, and what has been booked on it so far.
type side struct {
	name    string // postgres or sqlite
	dir     string
	url     string
	plan    string
	world   *world
	baskets []Basket
	server  *process
	pg      int // the database's first process; 0 on SQLite
	seq     int64
	booked  int64
	samples []Sample
	rss     float64
}

// size says how large a world is.
type size struct {
	members, gifts int
	crowded        bool // with a member of very many lots
}

// newSide sets a world up and starts a server on it.
func newSide(ctx context.Context, c cluster.Cluster, dir, name, engine string, n size) (*side, error) {
	s := &side{name: engine, dir: dir, plan: filepath.Join(dir, name+"-"+engine+".plan"), seq: firstSeq}
	if engine == "postgres" {
		if _, err := c.Run("createdb", "-h", "127.0.0.1", "-p", fmt.Sprint(c.Port), "-U", "postgres", name); err != nil {
			return nil, err
		}
		var err error
		if s.pg, err = c.Process(); err != nil {
			return nil, err
		}
		s.url = c.URL(name)
	} else {
		s.url = "sqlite:" + filepath.Join(dir, name+".db")
	}
	var err error
	if s.world, err = create(ctx, s.url, s.data(name)); err != nil {
		return nil, err
	}
	err = s.furnish(ctx, n)
	if closed := s.world.close(); err == nil {
		err = closed // the server wants the database for itself
	}
	if err == nil {
		s.server, err = serve(dir, filepath.Base(s.data(name)), s.url)
	}
	return s, err
}

// furnish makes people and baskets, and writes them down for the load process.
func (s *side) furnish(ctx context.Context, n size) error {
	var err error
	if s.baskets, err = makeBaskets(s.world.version, s.world.clock.Now()); err != nil {
		return err
	}
	p, err := s.world.populate(ctx, n.members, n.gifts, n.crowded)
	if err != nil {
		return err
	}
	return newPlan(s.world, s.baskets, p).write(s.plan)
}

func (s *side) data(name string) string { return filepath.Join(s.dir, name+"-"+s.name+"-data") }

// block is one measured order.
type block struct {
	*Done
	rate  float64 // operations a second
	cpu   float64 // microseconds of server and database for one operation
	bytes float64 // of disk for one operation; 0 for quotes
}

// run gives an order and measures what it cost.
func (s *side) run(ctx context.Context, o Load) (*block, error) {
	o.Plan, o.Address, o.First = s.plan, s.server.address, s.seq
	before, err := s.used()
	if err != nil {
		return nil, err
	}
	disk, err := s.bytes(ctx)
	if err != nil {
		return nil, err
	}
	d, err := order(o)
	if err != nil {
		return nil, err
	}
	after, err := s.used()
	if err != nil {
		return nil, err
	}
	grown, err := s.bytes(ctx)
	if err != nil {
		return nil, err
	}
	if d.Failures > 0 || d.Operations == 0 {
		return nil, fmt.Errorf("%s on %s: %d of %d failed, the first with %s", o.Path, s.name, d.Failures, d.Failures+d.Operations, d.Failure)
	}
	if now, err := residentMB(s.server.cmd.Process.Pid); err == nil {
		s.rss = max(s.rss, now)
	}
	if o.Path == commitPath {
		s.seq += d.Operations
		s.booked += d.Operations
	}
	s.samples = append(s.samples, d.Samples...)
	n := float64(d.Operations)
	return &block{d, n / d.Seconds, float64((after-before)/time.Microsecond) / n, float64(grown-disk) / n}, nil
}

// used gives the processor time of the server and of its database.
func (s *side) used() (time.Duration, error) {
	sum, err := processorTime(s.server.cmd.Process.Pid)
	if err != nil || s.pg == 0 {
		return sum, err
	}
	more, err := processorTime(s.pg)
	return sum + more, err
}

func (s *side) bytes(ctx context.Context) (int64, error) {
	d, err := db.Open(ctx, s.url, db.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	return d.Bytes(ctx)
}

func (s *side) describe(ctx context.Context) string {
	d, err := db.Open(ctx, s.url, db.Options{ReadOnly: true})
	if err != nil {
		return s.name
	}
	defer d.Close()
	return d.Describe(ctx)
}

func (s *side) version() *programme.Version { return s.world.version }
