package main

import "sync"

// recordList is what was sent, by many at once.
type recordList struct {
	mu  sync.Mutex
	all []*Record
}

func (l *recordList) add(r *Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
}

// taken gives what was sent so far.
func (l *recordList) taken() []*Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[:len(l.all):len(l.all)]
}
