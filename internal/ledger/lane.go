package ledger

import (
	"context"
	"sync"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
)

const (
	// MaxBatch is how many commands one commit serves at most.
	MaxBatch = 128
	// maxWaiting bounds the commands that wait for the lane; beyond it the answer is overloaded.
	maxWaiting = 4096
	maxRetries = 8
)

// Lane is one goroutine with one write connection. It takes all that waits, without a timer, and commits
// it as one batch.
type Lane struct {
	clock   clock.Clock
	session db.Session
	zones   func(tenant int64) Zones
	slots   []func() slotState
	scratch []byte
	queue   chan *waiting
	done    sync.WaitGroup
	started bool
	stop    sync.Once
	after   func([]Result)
	through func(Command) Result
	looks   bool
}

type waiting struct {
	cmd Command
	out Result
	end chan struct{}
}

// NewLane makes a lane on a database. The zones tell in which zone a tenant's units are judged.
func NewLane(ctx context.Context, d *db.DB, c clock.Clock, zones func(tenant int64) Zones) (*Lane, error) {
	s, err := d.Session(ctx)
	if err != nil {
		return nil, err
	}
	return &Lane{clock: c, session: s, zones: zones, queue: make(chan *waiting, maxWaiting)}, nil
}

// Reader gives a second lane over the same slots that only looks: its commands are decided on one snapshot
// and nothing of them is kept. Quotes are grouped by it as commits are by the lane.
func (l *Lane) Reader(ctx context.Context, d *db.DB) (*Lane, error) {
	s, err := d.ReadSession(ctx)
	if err != nil {
		return nil, err
	}
	return &Lane{clock: l.clock, session: s, zones: l.zones, slots: l.slots, queue: make(chan *waiting, maxWaiting), looks: true}, nil
}

// After calls a function with the results of each batch once it is committed, before anybody is answered:
// it must be quick. Followers of the outbox are woken by it.
func (l *Lane) After(f func([]Result)) { l.after = f }

// Through gives what Do is given, on a lane that is not started, to a function that has it decided: so a
// simulation gathers batches as it pleases and still calls rooms as an edge does. Nil decides at once.
func (l *Lane) Through(f func(Command) Result) { l.through = f }

// Start lets the lane run until Stop.
func (l *Lane) Start() {
	l.started = true
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		l.loop()
	}()
}

// Stop lets what waits be decided and ends the lane.
func (l *Lane) Stop() {
	l.stop.Do(func() {
		if l.started {
			close(l.queue)
			l.done.Wait()
		}
		_ = l.session.Close()
	})
}

func (l *Lane) loop() {
	taken := make([]*waiting, 0, MaxBatch)
	cmds := make([]Command, 0, MaxBatch)
	for first := range l.queue {
		taken, cmds = append(taken[:0], first), append(cmds[:0], first.cmd)
		for len(taken) < MaxBatch {
			select {
			case w, open := <-l.queue:
				if !open {
					goto full
				}
				taken, cmds = append(taken, w), append(cmds, w.cmd)
				continue
			default:
			}
			break
		}
	full:
		results := l.ApplyBatch(context.Background(), cmds)
		if l.after != nil {
			l.after(results)
		}
		for i, w := range taken {
			w.out = results[i]
			close(w.end)
		}
	}
}

// Do gives a command to the lane and waits for its outcome. A caller who goes away does not stop it: the
// command is decided all the same, and its key answers later.
//
// On a lane that was not started the command is a batch of its own, run by the caller: so a simulation
// schedules everything itself.
func (l *Lane) Do(ctx context.Context, c Command) Result {
	if !l.started && l.through != nil {
		return l.through(c)
	}
	if !l.started {
		return l.ApplyBatch(ctx, []Command{c})[0]
	}
	w := &waiting{cmd: c, end: make(chan struct{})}
	select {
	case l.queue <- w:
	default:
		return Result{Err: fault.New(fault.ErrOverloaded)}
	}
	select {
	case <-w.end:
		return w.out
	case <-ctx.Done():
		return Result{Err: fault.Wrap(fault.ErrUnavailable, ctx.Err())}
	}
}

// Waiting gives how many commands wait for the lane.
func (l *Lane) Waiting() int { return len(l.queue) }

func (l *Lane) pause(try int) {
	time.Sleep(min(time.Duration(10<<try)*time.Millisecond, 500*time.Millisecond))
}
