package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	base, key, keyFile, start, pgRestart, report, check, engine string

	seed                                              uint64
	minutes, clients, hot, cold, kills, pgTimes, rate int
	pgEvery                                           time.Duration
	bugs                                              []bug
}

func main() {
	var o options
	flag.StringVar(&o.base, "base-url", "http://127.0.0.1:8080", "address of the server")
	flag.StringVar(&o.key, "key", "", "operator's API key, which may make a tenant")
	flag.StringVar(&o.keyFile, "key-file", "", "file that holds the key once the server has started")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of all randomness")
	flag.IntVar(&o.minutes, "minutes", 0, "length of the main phase; 0 lets the faults decide")
	flag.IntVar(&o.clients, "clients", 64, "clients at once")
	flag.IntVar(&o.hot, "hot", 5, "gift cards that everybody uses")
	flag.IntVar(&o.cold, "cold", 500, "further gift cards")
	flag.IntVar(&o.rate, "rate", 400, "operations per second of all clients together; 0 for as many as can be")
	flag.StringVar(&o.start, "start-cmd", "", "command that starts the server; it is killed and started again")
	flag.IntVar(&o.kills, "kills", 100, "kills of the server (with --start-cmd)")
	flag.StringVar(&o.pgRestart, "pg-restart-cmd", "", "command that restarts PostgreSQL at once (pg_ctl restart -m immediate)")
	flag.IntVar(&o.pgTimes, "pg-restarts", 100, "restarts of PostgreSQL (with --pg-restart-cmd)")
	flag.DurationVar(&o.pgEvery, "pg-every", 3*time.Second, "between two restarts of PostgreSQL")
	flag.StringVar(&o.report, "report", "bank-report", "directory for history, log and result")
	flag.StringVar(&o.engine, "engine", "", "sqlite or postgres, for the result")
	flag.StringVar(&o.check, "check", "", "check the history in this file and attack nothing")
	flag.Func("bug", "NAME=COMMAND of a build with a seeded bug, which a run of its own must find; may be repeated", func(text string) error {
		b, err := parseBug(text)
		o.bugs = append(o.bugs, b)
		return err
	})
	flag.Parse()
	if o.start == "" {
		o.kills = 0
	}
	if o.pgRestart == "" {
		o.pgTimes = 0
	}
	s, err := do(&o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bank:", err)
		s = &Summary{Outcome: harness, Why: err.Error(), Seed: o.seed}
	}
	if s.Why != "" {
		fmt.Fprintln(os.Stderr, "bank:", s.Why)
	}
	fmt.Println(s.Line())
	os.Exit(exitCodes[s.Outcome])
}

// do attacks and checks, or checks a history that is there.
func do(o *options) (*Summary, error) {
	if o.check != "" {
		f, err := os.Open(o.check)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		h, err := readHistory(f)
		if err != nil {
			return nil, err
		}
		return o.finish(h)
	}
	if err := os.MkdirAll(o.report, 0o755); err != nil {
		return nil, err
	}
	h, missing, err := o.attack()
	if err != nil {
		return nil, err
	}
	s, err := o.finish(h)
	if err != nil {
		return nil, err
	}
	s.Missing = missing
	bugs, err := o.hunt()
	if err != nil {
		return nil, err
	}
	s.hunted(bugs)
	return s, o.write(s)
}

func (o *options) finish(h *History) (*Summary, error) {
	s := summarise(h, checkHistory(h))
	s.Seed, s.Clients, s.Hot, s.Engine = h.World.Seed, o.clients, o.hot, o.engine
	if o.start != "" {
		s.Binary = hashOf(strings.Fields(o.start)[0])
	}
	for i, f := range s.Findings {
		if i == 20 {
			fmt.Fprintf(os.Stderr, "… and %d more\n", len(s.Findings)-i)
			break
		}
		fmt.Fprintf(os.Stderr, "%s %s: %s: %s\n", f.Check, f.Counter, f.About, f.What)
	}
	return s, nil
}

func (o *options) write(s *Summary) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.report, "result.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return writePage(filepath.Join(o.report, "result.html"), s)
}

// attack makes the world, lets clients and nemesis loose on it, heals, resolves and reads back.
func (o *options) attack() (*History, string, error) {
	j, err := newJournal(filepath.Join(o.report, "history.jsonl"))
	if err != nil {
		return nil, "", err
	}
	srv, err := newServer(o.start, strings.TrimRight(o.base, "/"), filepath.Join(o.report, "server.log"))
	if err != nil {
		return nil, "", err
	}
	if err := srv.start(); err != nil {
		return nil, "", err
	}
	if o.start != "" {
		defer srv.end(syscall.SIGKILL) //nolint:errcheck // it is over
		defer endWith(srv)()
	}
	if o.keyFile != "" {
		text, err := os.ReadFile(o.keyFile)
		if err != nil {
			return nil, "", err
		}
		o.key = strings.TrimSpace(string(text))
	}
	w, err := newWorld(newWire(o.base, o.clients+16, j), o.hot)
	if err != nil {
		return nil, "", err
	}
	rules := World{Seed: o.seed, CouponCap: couponCap, Visits: visitsOf, EarnPer: 100, Setup: w.setup()}
	j.add(line{World: &rules})
	if err := w.build(o.key, o.cold); err != nil {
		return nil, "", fmt.Errorf("set-up: %w", err)
	}
	faults, err := o.main(w, srv)
	if err != nil {
		return nil, "", err
	}
	final, err := w.readBack(o.seed)
	if err != nil {
		return nil, "", fmt.Errorf("final read: %w", err)
	}
	j.add(line{Final: final})
	h := &History{Records: w.records.taken(), Faults: faults, Final: *final, World: rules}
	return h, w.missing(), j.close()
}

// endWith takes the server along when the bank itself is asked to end.
func endWith(srv *server) (forget func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-asked; ok {
			srv.signal(syscall.SIGKILL) //nolint:errcheck // there is nothing more to do
			os.Exit(exitCodes[harness])
		}
	}()
	return func() { signal.Stop(asked); close(asked) }
}

// main runs the clients under the nemesis, then heals and resolves.
func (o *options) main(w *world, srv *server) ([]Fault, error) {
	a := &attack{world: w, clients: o.clients, seed: o.seed, up: newGate(), sent: map[string]*request{}}
	if o.rate > 0 {
		a.every = time.Duration(o.clients) * time.Second / time.Duration(o.rate)
	}
	n := &nemesis{
		attack: a, server: srv, rng: rand.New(rand.NewPCG(o.seed, 1<<32)), kills: o.kills, minutes: o.minutes,
		pgRestart: o.pgRestart, pgTimes: o.pgTimes, pgEvery: o.pgEvery,
		say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	}
	a.up.set(a.now())
	var wait sync.WaitGroup
	for id := range o.clients {
		wait.Go(func() { a.run(id + 1) })
	}
	wait.Go(a.watch)
	err := n.rage()
	if err == nil {
		err = srv.ready() // healed
	}
	a.up.set(a.now())
	a.stop.Store(true)
	wait.Wait()
	a.lates.Wait()
	if err != nil {
		return nil, err
	}
	return n.faults, a.resolve()
}
