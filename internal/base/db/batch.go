package db

import (
	"context"
	"encoding/binary"
	"sync/atomic"
)

// Batch is a write transaction over one or several tenants whose statements are sets. Reads are queued
// with Find and answered by Flush; writes are queued with Put and happen with Commit at the latest.
// On PostgreSQL everything that is queued travels together; on SQLite it runs at once, row by row.
type Batch interface {
	// Find queues a look-up. For each row found, got is called with the number of its key.
	Find(s *Set, tenant int64, keys *Rows, got func(key int, row Row))
	// Put queues writes.
	Put(s *Set, tenant int64, rows *Rows)
	// Flush sends what is queued and answers the look-ups.
	Flush() error
	// Commit sends what is queued and commits. ErrCommitUnknown says that the outcome is not known.
	Commit() error
	// Rollback ends the transaction without a trace. After Commit it does nothing.
	Rollback()
}

// Row is a row of a look-up. Its bytes are valid only during the call that hands it over.
type Row struct {
	lite []any
	pg   [][]byte
}

// Int gives an integer column.
func (r Row) Int(i int) int64 {
	if r.pg != nil {
		switch b := r.pg[i]; len(b) {
		case 8:
			return int64(binary.BigEndian.Uint64(b))
		case 4:
			return int64(int32(binary.BigEndian.Uint32(b)))
		}
		return 0
	}
	v, _ := r.lite[i].(int64)
	return v
}

// Text gives a text column.
func (r Row) Text(i int) string {
	if r.pg != nil {
		return string(r.pg[i])
	}
	switch v := r.lite[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// Bytes gives a copy of a column of bytes.
func (r Row) Bytes(i int) []byte {
	if r.pg != nil {
		return append([]byte(nil), r.pg[i]...)
	}
	switch v := r.lite[i].(type) {
	case []byte:
		return append([]byte(nil), v...)
	case string:
		return []byte(v)
	}
	return nil
}

// Session holds the connection on which one lane runs its batches. It is used by one goroutine.
type Session interface {
	// Begin starts a batch that may touch these tenants.
	Begin(ctx context.Context, tenants []int64) (Batch, error)
	Close() error
}

// Session gives a session for batches.
func (d *DB) Session(ctx context.Context) (Session, error) {
	if d.engine == liteEngine {
		return newLiteSession(ctx, d, d.write)
	}
	return newPgSession(ctx, d), nil
}

// ReadSession gives a session whose batches only look: they lock nothing and end with Rollback.
func (d *DB) ReadSession(ctx context.Context) (Session, error) {
	if d.engine == liteEngine {
		s, err := newLiteSession(ctx, d, d.read)
		if err == nil {
			s.looks = true
		}
		return s, err
	}
	s := newPgSession(ctx, d)
	s.looks = true
	return s, nil
}

// counter counts round trips on PostgreSQL and statements on SQLite, so that a test can hold the lane
// to what the design promises.
type counter struct{ n atomic.Int64 }

// Trips gives the number of round trips (PostgreSQL) or row statements (SQLite) that batches have made.
func (d *DB) Trips() int64 { return d.trips.n.Load() }
