package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
)

// journal writes the history. Invoke returns when the invocation is on disk; invocations that wait together
// share one fsync.
type journal struct {
	mu     sync.Mutex
	wake   *sync.Cond
	file   *os.File
	out    *bufio.Writer
	added  int64 // lines handed over
	synced int64 // lines on disk
	busy   bool  // somebody syncs
	err    error
	last   int64 // highest record number
}

func newJournal(path string) (*journal, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, out: bufio.NewWriterSize(f, 1<<20)}
	j.wake = sync.NewCond(&j.mu)
	return j, nil
}

// invoke numbers a record and puts its invocation on disk.
func (j *journal) invoke(r *Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	r.I = j.last
	j.write(r.invocation())
	mine := j.added
	for j.synced < mine && j.err == nil {
		if j.busy {
			j.wake.Wait()
			continue
		}
		j.sync()
	}
	return j.err
}

// sync puts everything handed over so far on disk. Others may hand over more meanwhile: theirs is the next.
func (j *journal) sync() {
	upTo := j.added
	if err := j.out.Flush(); err != nil {
		j.err = err
	}
	j.busy = true
	j.mu.Unlock()
	err := j.file.Sync()
	j.mu.Lock()
	j.busy = false
	if err != nil && j.err == nil {
		j.err = err
	}
	j.synced = max(j.synced, upTo)
	j.wake.Broadcast()
}

// add hands a line over without waiting for the disk.
func (j *journal) add(value any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.write(value)
}

func (j *journal) write(value any) {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = j.out.Write(append(text, '\n'))
	}
	if err != nil && j.err == nil {
		j.err = err
	}
	j.added++
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.busy {
		j.wake.Wait()
	}
	if j.synced < j.added && j.err == nil {
		j.sync()
	}
	if err := j.file.Close(); err != nil && j.err == nil {
		j.err = err
	}
	return j.err
}
