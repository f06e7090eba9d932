package main

import (
	"sync"
	"time"
)

// Limits of the resolve phase.
const (
	resolveFor   = 60 * time.Second // one operation
	resolvePause = 50 * time.Millisecond
	brokenMost   = 5 // answers of 500 to one operation: another will not help
)

// resolve finds out what became of every operation whose outcome is open: by sending it again, or by the
// look-up that closes the key. What a look-up closed is sent once more, and must be refused.
func (a *attack) resolve() error {
	h := &History{Records: a.records.taken()}
	open := make(chan *Operation)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for o := range open {
				if err := a.settle(o); err != nil {
					a.failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	for _, o := range h.operations() {
		if o.Outcome == nil {
			open <- o
		}
	}
	close(open)
	wait.Wait()
	if err := a.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (a *attack) settle(o *Operation) error {
	a.mu.Lock()
	q := a.sent[o.Key]
	a.mu.Unlock()
	if q == nil {
		return nil // set-up, which ends the run when it fails
	}
	how := sendResolve
	if o.Records[0].I%2 == 0 {
		how = sendFence
	}
	broken := 0
	for end := time.Now().Add(resolveFor); time.Now().Before(end); time.Sleep(resolvePause) {
		r, _, err := a.send(o.Records[0].Client, q, how, 0)
		if err != nil {
			return err
		}
		if !r.definite() {
			if r.HTTP >= 500 && r.HTTP != 503 {
				broken++
			}
			if broken == brokenMost || r.Status == statusRefused && r.HTTP < 429 && r.Code != "in_progress" {
				return nil // refused for good and nothing kept: C10 speaks of it
			}
			continue
		}
		if how == sendFence {
			_, _, err = a.send(o.Records[0].Client, q, sendResolve, 0)
		}
		return err
	}
	return nil
}
