package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"lojal/internal/base/fault"
)

const (
	checkpointEvery = 200 * time.Millisecond
	walLimit        = 64 << 20 // bytes of log after which the lane itself makes a full checkpoint
	pageCacheKB     = 16 << 10
	// Five sales fit into a page, where one and a half would fit into one of the usual 4096 bytes.
	pageBytes = 8192
)

func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	if path == "" {
		return nil, fault.Invalid("database", "sqlite:PATH with a path to a file")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &DB{engine: liteEngine, path: abs, url: "sqlite:" + path, ro: o.ReadOnly}
	if o.ReadOnly {
		d.read, err = sql.Open("sqlite", dsn(abs, "mode=ro", o))
		if err != nil {
			return nil, err
		}
		d.write = d.read
		return d, d.read.PingContext(ctx)
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockFile(abs + ".lock")
	if err != nil {
		return nil, err
	}
	d.stop = append(d.stop, unlock)
	if err := newFile(ctx, abs); err != nil {
		unlock()
		return nil, err
	}
	if d.write, err = sql.Open("sqlite", dsn(abs, "mode=rwc&_txlock=immediate", o)); err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(2) // the lane's own and one for ordinary writes; they take turns
	if d.read, err = sql.Open("sqlite", dsn(abs, "mode=rwc", o)); err != nil {
		return nil, err
	}
	d.read.SetMaxOpenConns(o.Readers)
	if err := d.durable(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	d.checkpointer()
	return d, nil
}

// newFile makes the file with the page size that it keeps, which must be said before anything is written. A
// file that is there stays as it is.
func newFile(ctx context.Context, path string) error {
	if st, err := os.Stat(path); err == nil && st.Size() > 0 {
		return nil
	}
	one, err := sql.Open("sqlite", dsn(path, "mode=rwc", Options{ReadOnly: true}))
	if err != nil {
		return err
	}
	defer one.Close()
	one.SetMaxOpenConns(1)
	for _, q := range []string{fmt.Sprintf("PRAGMA page_size = %d", pageBytes), "PRAGMA journal_mode = WAL"} {
		if _, err := one.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func dsn(path, mode string, o Options) string {
	p := "_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_pragma=temp_store(2)"
	p += fmt.Sprintf("&_pragma=cache_size(-%d)", pageCacheKB)
	if !o.ReadOnly {
		p += "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(0)"
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() + "?" + mode + "&" + p
}

// durable refuses a database whose acknowledged writes a power loss could take back (D7).
func (d *DB) durable(ctx context.Context) error {
	var mode string
	var sync int
	if err := d.write.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if err := d.write.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&sync); err != nil {
		return err
	}
	if mode != "wal" || sync != 2 {
		return fault.New(ErrNotDurable, "journal_mode", mode, "synchronous", sync)
	}
	return nil
}

// lockFile takes an advisory lock that dies with the process, and leaves the process number for people.
func lockFile(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		b := make([]byte, 32)
		n, _ := f.Read(b)
		_ = f.Close()
		return nil, fault.New(ErrLocked, "process", string(b[:n]))
	}
	_ = f.Truncate(0)
	_, _ = fmt.Fprintf(f, "%d", os.Getpid())
	return func() { _ = f.Close() }, nil
}

// checkpointer moves the log into the file from a connection of its own, so that no commit pays for it.
func (d *DB) checkpointer() {
	quit, done := make(chan struct{}), make(chan struct{})
	d.stop = append(d.stop, func() { close(quit); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(checkpointEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				_, _ = d.read.Exec("PRAGMA wal_checkpoint(PASSIVE)")
			}
		}
	}()
}

type liteSession struct {
	d     *DB
	looks bool
	conn  *sql.Conn
	raw   driver.Conn
	made  map[string]liteStmt
	args  []driver.NamedValue
	dest  []driver.Value
	row   []any
}

type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func newLiteSession(ctx context.Context, d *DB, pool *sql.DB) (*liteSession, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &liteSession{d: d, conn: conn, made: map[string]liteStmt{}}
	// The driver's connection is kept beyond Raw on purpose: this session owns conn until Close.
	err = conn.Raw(func(c any) error { s.raw = c.(driver.Conn); return nil })
	return s, err
}

func (s *liteSession) Close() error {
	for _, st := range s.made {
		_ = st.Close()
	}
	return s.conn.Close()
}

func (s *liteSession) stmt(text string) (liteStmt, error) {
	if st, ok := s.made[text]; ok {
		return st, nil
	}
	st, err := s.raw.Prepare(text)
	if err != nil {
		return nil, err
	}
	s.made[text] = st.(liteStmt)
	return st.(liteStmt), nil
}

func (s *liteSession) exec(text string) error {
	st, err := s.stmt(text)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(context.Background(), nil)
	return err
}

type liteBatch struct {
	s     *liteSession
	err   error
	ended bool
}

func (s *liteSession) Begin(_ context.Context, _ []int64) (Batch, error) {
	if s.looks {
		return &liteBatch{s: s}, s.exec("BEGIN")
	}
	s.d.turn.Lock()
	if err := s.exec("BEGIN IMMEDIATE"); err != nil {
		s.d.turn.Unlock()
		return nil, err
	}
	return &liteBatch{s: s}, nil
}

func (b *liteBatch) Find(set *Set, tenant int64, keys *Rows, got func(int, Row)) {
	if b.err != nil || keys.n == 0 {
		return
	}
	st, err := b.s.stmt(set.lite)
	if err != nil {
		b.err = fmt.Errorf("%s: %w", set.Name, err)
		return
	}
	for i := range keys.n {
		if b.err = b.s.query(st, tenant, keys, i, got); b.err != nil {
			b.err = fmt.Errorf("%s: %w", set.Name, b.err)
			return
		}
	}
}

func (s *liteSession) query(st liteStmt, tenant int64, keys *Rows, i int, got func(int, Row)) error {
	s.d.trips.n.Add(1)
	rows, err := st.QueryContext(context.Background(), s.bind(tenant, keys, i))
	if err != nil {
		return err
	}
	defer rows.Close()
	n := len(rows.Columns())
	for len(s.dest) < n {
		s.dest, s.row = append(s.dest, nil), append(s.row, nil)
	}
	for {
		err := rows.Next(s.dest[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for j := range n {
			s.row[j] = s.dest[j]
		}
		got(i, Row{lite: s.row[:n]})
	}
}

func (s *liteSession) bind(tenant int64, rows *Rows, i int) []driver.NamedValue {
	s.args = append(s.args[:0], driver.NamedValue{Ordinal: 1, Value: tenant})
	for j := range rows.cols {
		c := &rows.cols[j]
		var v driver.Value
		switch rows.set.cols[j].Type {
		case Int:
			v = c.ints[i]
		case Text:
			v = c.texts[i]
		default:
			v = c.bytes[i]
		}
		s.args = append(s.args, driver.NamedValue{Ordinal: j + 2, Value: v})
	}
	return s.args
}

func (b *liteBatch) Put(set *Set, tenant int64, rows *Rows) {
	if b.err != nil || rows.n == 0 {
		return
	}
	st, err := b.s.stmt(set.lite)
	if err != nil {
		b.err = fmt.Errorf("%s: %w", set.Name, err)
		return
	}
	for i := range rows.n {
		b.s.d.trips.n.Add(1)
		if _, err := st.ExecContext(context.Background(), b.s.bind(tenant, rows, i)); err != nil {
			b.err = fmt.Errorf("%s: %w", set.Name, err)
			return
		}
	}
}

func (b *liteBatch) Flush() error { return b.err }

func (b *liteBatch) Commit() error {
	if b.err != nil {
		return b.err
	}
	if err := b.s.exec("COMMIT"); err != nil {
		if Classify(err) == Unknown {
			return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
		}
		return err
	}
	b.ended = true
	if st, err := os.Stat(b.s.d.path + "-wal"); err == nil && st.Size() > walLimit {
		_ = b.s.exec("PRAGMA wal_checkpoint(RESTART)")
	}
	b.s.d.turn.Unlock()
	return nil
}

func (b *liteBatch) Rollback() {
	if b.ended {
		return
	}
	b.ended = true
	_ = b.s.exec("ROLLBACK")
	if !b.s.looks {
		b.s.d.turn.Unlock()
	}
}
