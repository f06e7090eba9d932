package vector

import (
	"fmt"
	"sync"
	"time"
)

// timeline is the one clock of a server that many cases share. Time stands still while any case is at
// work; when all of them wait, it moves to the earliest instant that one waits for.
type timeline struct {
	set func(time.Time) error

	mu      sync.Mutex
	now     time.Time
	working int
	waiting []*pause
}

type pause struct {
	until time.Time
	done  chan error
}

// enter counts a case as at work. All cases enter before the first one starts.
func (t *timeline) enter(cases int) {
	t.mu.Lock()
	t.working += cases
	t.mu.Unlock()
}

// leave ends a case.
func (t *timeline) leave() {
	t.mu.Lock()
	t.working--
	t.advance()
	t.mu.Unlock()
}

// until waits for an instant. It refuses one that is past: booked time never goes back.
func (t *timeline) until(at time.Time) error {
	p := &pause{until: at, done: make(chan error, 1)}
	t.mu.Lock()
	t.waiting = append(t.waiting, p)
	t.working--
	t.advance()
	t.mu.Unlock()
	return <-p.done
}

// time gives the time at which everything stands now.
func (t *timeline) time() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// advance moves the clock when nobody is at work. The lock is held: nobody can come to work meanwhile.
func (t *timeline) advance() {
	if t.working > 0 || len(t.waiting) == 0 {
		return
	}
	next := t.waiting[0].until
	for _, p := range t.waiting {
		if p.until.Before(next) {
			next = p.until
		}
	}
	var err error
	switch {
	case next.Before(t.now):
		err = fmt.Errorf("the server's clock is at %s already", t.now.Format(time.RFC3339))
	case next.After(t.now):
		if err = t.set(next); err == nil {
			t.now = next
		}
	}
	var rest []*pause
	for _, p := range t.waiting {
		if p.until.Equal(next) {
			t.working++
			p.done <- err
			continue
		}
		rest = append(rest, p)
	}
	t.waiting = rest
}
