package job

import (
	"context"
	"sync"
)

// Crew does work under names, one worker a name at a time.
type Crew struct {
	mu   sync.Mutex
	busy map[int64]bool
	all  sync.WaitGroup
}

// NewCrew gives a crew without work.
func NewCrew() *Crew { return &Crew{busy: map[int64]bool{}} }

// Go starts the work under a name, unless some is being done under it. It tells whether it did.
func (c *Crew) Go(ctx context.Context, name int64, do func(context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[name] {
		return false
	}
	c.busy[name] = true
	c.all.Add(1)
	go func() {
		defer c.all.Done()
		defer c.leave(name)
		do(ctx)
	}()
	return true
}

func (c *Crew) leave(name int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, name)
}

// Wait returns when nobody works.
func (c *Crew) Wait() { c.all.Wait() }

// Each calls do for every position below n, at most limit of them at the same time, and returns when all
// are done.
func Each(n, limit int, do func(i int)) {
	var all sync.WaitGroup
	places := make(chan struct{}, limit)
	for i := range n {
		places <- struct{}{}
		all.Add(1)
		go func() {
			defer all.Done()
			defer func() { <-places }()
			do(i)
		}()
	}
	all.Wait()
}
