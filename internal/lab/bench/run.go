package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/cluster"
	"lojal/internal/ledger"
	"lojal/internal/programme"
)

// Scale says how much is measured.
type Scale struct {
	Quick    bool
	Rounds   int
	Block    time.Duration // one turn of one side
	WarmUp   time.Duration
	Members  int
	Gifts    int
	OnDisk   int   // members of the start
	Postings int64 // of the growth
}

// Full is the scale of the reference, QuickScale one for a look.
var (
	Full       = Scale{false, 3, 20 * time.Second, 30 * time.Second, 100_000, 10_000, 1_000_000, 10_000_000}
	QuickScale = Scale{true, 3, 5 * time.Second, 5 * time.Second, 100_000, 10_000, 100_000, 600_000}
)

// bench is a run at work.
type bench struct {
	Scale
	dir     string
	log     io.Writer
	cluster cluster.Cluster
	pg      *side
	lite    *side
	bare    *process
	report  *Report
	turns   turns
}

// turns are the raw values of each side, round by round.
type turns struct {
	tpcB, tpcBCPU      []float64
	pg, lite           []*block
	hot, few, many     []*block
	liteFew, liteMany  []*block
	quotePg, quoteLite []*block
	bare, bareCPU      []float64
}

// Run measures and gives the report. What it does is told to log; its files live in a folder below dir.
func Run(ctx context.Context, n Scale, dir string, log io.Writer) (*Report, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return nil, err
	}
	if work, err = filepath.Abs(work); err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	b := &bench{Scale: n, dir: work, log: log, report: &Report{Commit: revision(), Machine: machine(), Quick: n.Quick}}
	b.report.World = fmt.Sprintf("%d members, %d gift cards, %d terminals, %d rules, %d baskets of %d lines, limits profile none, verification off",
		n.Members, n.Gifts, tills, 40, baskets, lines)
	if err := b.setUp(ctx); err != nil {
		return nil, err
	}
	defer b.cluster.Stop()
	defer func() { _, _ = b.pg.server.stop(), b.lite.server.stop() }()
	for round := range n.Rounds {
		b.say("round %d of %d", round+1, n.Rounds)
		if err := b.round(ctx); err != nil {
			return nil, err
		}
	}
	b.figures()
	for _, step := range []func(context.Context) error{b.end, b.growth, b.start} {
		if err := step(ctx); err != nil {
			return b.report, err
		}
	}
	return b.report, nil
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.log, format+"\n", args...) }

func (b *bench) setUp(ctx context.Context) error {
	var err error
	if b.cluster, err = cluster.New(""); err != nil {
		return err
	}
	b.say("pgbench at scale %d", pgScale)
	if err := preparePgbench(b.cluster); err != nil {
		return err
	}
	b.say("%s", b.report.World)
	if b.pg, err = b.side(ctx, "bench", "postgres", size{b.Members, b.Gifts, true}); err != nil {
		return err
	}
	if b.lite, err = b.side(ctx, "bench", "sqlite", size{b.Members, b.Gifts, true}); err != nil {
		return err
	}
	for _, s := range []*side{b.pg, b.lite} {
		b.report.Setting = append(b.report.Setting, s.describe(ctx))
		b.say("%s", s.describe(ctx))
		if _, err := s.run(ctx, Load{Path: commitPath, Who: "spread", For: b.WarmUp}); err != nil {
			return err
		}
	}
	address := fmt.Sprintf("127.0.0.1:%d", cluster.FreePort())
	if b.bare, err = spawn(b.dir, "bare", "bench-bare", address); err != nil {
		return err
	}
	b.bare.address = address
	return b.bare.await()
}

func (b *bench) side(ctx context.Context, name, engine string, n size) (*side, error) {
	began := clock.Mono()
	s, err := newSide(ctx, b.cluster, b.dir, name, engine, n)
	if err != nil {
		return nil, fmt.Errorf("set-up on %s: %w", engine, err)
	}
	b.say("set up on %s in %.1f s", engine, (clock.Mono() - began).Seconds())
	return s, nil
}

// round gives every side its turn.
func (b *bench) round(ctx context.Context) error {
	t := &b.turns
	if err := b.turnPgbench(); err != nil {
		return err
	}
	half := b.Block / 2
	for _, turn := range []struct {
		into *[]*block
		on   *side
		Load
	}{
		{&t.pg, b.pg, Load{Path: commitPath, Who: "spread", For: b.Block}},
		{&t.lite, b.lite, Load{Path: commitPath, Who: "spread", For: b.Block}},
		{&t.hot, b.pg, Load{Path: commitPath, Who: "hot", For: b.Block}},
		{&t.few, b.pg, Load{Path: commitPath, Who: "few", For: half}},
		{&t.many, b.pg, Load{Path: commitPath, Who: "many", For: half}},
		{&t.liteFew, b.lite, Load{Path: commitPath, Who: "few", For: half}},
		{&t.liteMany, b.lite, Load{Path: commitPath, Who: "many", For: half}},
		{&t.quotePg, b.pg, Load{Path: quotePath, Who: "spread", For: half}},
		{&t.quoteLite, b.lite, Load{Path: quotePath, Who: "spread", For: half}},
	} {
		if err := b.checkpoint(); err != nil {
			return err
		}
		x, err := turn.on.run(ctx, turn.Load)
		if err != nil {
			return err
		}
		*turn.into = append(*turn.into, x)
		b.say("  %-8s %-22s %-6s %7.0f/s  p50 %5.2f  p99 %5.2f ms  %4.0f us CPU  %5.0f bytes", turn.on.name, turn.Path, turn.Who, x.rate, x.P50, x.P99, x.cpu, x.bytes)
	}
	return b.turnBare(half)
}

// checkpoint gives everybody who uses the PostgreSQL server the same state to begin with.
func (b *bench) checkpoint() error {
	_, err := b.cluster.Run("psql", "-q", "-h", "127.0.0.1", "-p", fmt.Sprint(b.cluster.Port), "-U", "postgres", "-c", "CHECKPOINT", "postgres")
	return err
}

func (b *bench) turnPgbench() error {
	if err := b.checkpoint(); err != nil {
		return err
	}
	pid, err := b.cluster.Process()
	if err != nil {
		return err
	}
	before, err := processorTime(pid)
	if err != nil {
		return err
	}
	rate, n, err := tpcB(b.cluster, b.Block)
	if err != nil {
		return err
	}
	after, err := processorTime(pid)
	if err != nil {
		return err
	}
	cpu := float64((after-before)/time.Microsecond) / float64(n)
	b.turns.tpcB, b.turns.tpcBCPU = append(b.turns.tpcB, rate), append(b.turns.tpcBCPU, cpu)
	b.say("  pgbench  TPC-B %37.0f/s %33.0f us CPU", rate, cpu)
	return nil
}

func (b *bench) turnBare(length time.Duration) error {
	pid := b.bare.cmd.Process.Pid
	before, err := processorTime(pid)
	if err != nil {
		return err
	}
	d, err := order(Load{Plan: b.pg.plan, Address: b.bare.address, Path: quotePath, Who: "spread", For: length, First: firstSeq})
	if err != nil {
		return err
	}
	after, err := processorTime(pid)
	if err != nil {
		return err
	}
	rate, cpu := float64(d.Operations)/d.Seconds, float64((after-before)/time.Microsecond)/float64(d.Operations)
	b.turns.bare, b.turns.bareCPU = append(b.turns.bare, rate), append(b.turns.bareCPU, cpu)
	b.say("  bare net/http %37.0f/s  p50 %5.2f  p99 %5.2f ms  %4.0f us CPU", rate, d.P50, d.P99, cpu)
	return nil
}

// figures makes the figures of the rounds.
func (b *bench) figures() {
	t := &b.turns
	pg := ratio("commit_postgres_over_pgbench", rates(t.pg), t.tpcB)
	pg.CPU = middle(t.pg, cpus)
	pg.Note = fmt.Sprintf("(pgbench %.0f us)", figure("", t.tpcBCPU).Value)
	lite := ratio("commit_sqlite_over_pgbench", rates(t.lite), t.tpcB)
	lite.CPU = middle(t.lite, cpus)
	hot := ratio("hot_member_over_spread", rates(t.hot), rates(t.pg))
	hot.CPU = middle(t.hot, cpus)
	quote := worse(ratio("quote_over_nethttp", rates(t.quotePg), t.bare), ratio("quote_over_nethttp", rates(t.quoteLite), t.bare))
	quote.CPU = min(middle(t.quotePg, cpus), middle(t.quoteLite, cpus))
	quote.Note = fmt.Sprintf("(net/http %.0f us)", figure("", t.bareCPU).Value)
	b.report.Figures = append(b.report.Figures, pg, lite, hot,
		worse(figure("commit_p99_ms", of(t.pg, p99s)), figure("commit_p99_ms", of(t.lite, p99s))),
		worse(figure("commit_cpu_us", of(t.pg, cpus)), figure("commit_cpu_us", of(t.lite, cpus))),
		worse(figure("commit_disk_bytes", of(t.pg, disks)), figure("commit_disk_bytes", of(t.lite, disks))),
		quote,
		worse(figure("server_rss_mb", []float64{b.pg.rss}), figure("server_rss_mb", []float64{b.lite.rss})),
		worse(ratio("many_lots_over_few", rates(t.many), rates(t.few)), ratio("many_lots_over_few", rates(t.liteMany), rates(t.liteFew))),
	)
}

func cpus(x *block) float64  { return x.cpu }
func p99s(x *block) float64  { return x.P99 }
func disks(x *block) float64 { return x.bytes }

func of(list []*block, what func(*block) float64) []float64 {
	var out []float64
	for _, x := range list {
		out = append(out, what(x))
	}
	return out
}

func rates(list []*block) []float64 { return of(list, func(x *block) float64 { return x.rate }) }

func middle(list []*block, what func(*block) float64) float64 {
	return figure("", of(list, what)).Value
}

// end stops the servers of the rounds and proves what they left.
func (b *bench) end(ctx context.Context) error {
	_ = b.bare.stop()
	for _, s := range []*side{b.pg, b.lite} {
		if err := s.server.stop(); err != nil {
			return err
		}
		n, err := s.reprice()
		if err != nil {
			return err
		}
		proof, err := s.prove(ctx)
		if err != nil {
			return err
		}
		proof += fmt.Sprintf(", %d answers priced again", n)
		b.report.Checks = append(b.report.Checks, proof)
		b.say("%s", proof)
	}
	return nil
}

// zones gives in which zone each unit's days are judged.
func (s *side) zones(ctx context.Context, d *db.DB) (func(int64) ledger.Zones, error) {
	book := programme.NewBook(d)
	_, err := book.Shelf(ctx, s.world.tenant)
	return book.Zones, err
}

// revision gives the commit of the code, with a plus sign when the tree has changes.
func revision() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	text := strings.TrimSpace(string(out))
	if changed, err := exec.Command("git", "status", "--porcelain", "-uno").Output(); err == nil && len(changed) > 0 {
		text += "+"
	}
	return text
}

func machine() string {
	model := runtime.GOARCH
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), model, runtime.Version())
}
