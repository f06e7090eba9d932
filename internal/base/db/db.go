package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"

	"lojal/internal/base/fault"
)

// DB is an open database of either engine.
type DB struct {
	engine engine
	write  *sql.DB
	read   *sql.DB
	turn   sync.Mutex // SQLite has one writer: ordinary writes and batches take turns here
	path   string
	url    string
	stop   []func()
	ro     bool
	trips  counter
}

type engine uint8

const (
	liteEngine engine = iota + 1
	pgEngine
)

// Options say how a database is opened.
type Options struct {
	ReadOnly bool // doctor, backup and export beside a running server
	Readers  int  // connections for reading; 0 means 4
}

// Open opens the database that a URL names: sqlite:PATH or postgres://…. On SQLite it refuses with
// ErrLocked when another process writes the file, and with ErrNotDurable when the file cannot be used
// with write-ahead log and full synchronisation.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Readers == 0 {
		o.Readers = 4
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, path, o)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, o)
	}
	return nil, fault.Invalid("database", "sqlite:PATH or postgres://…")
}

// Close ends all connections.
func (d *DB) Close() error {
	for _, stop := range d.stop {
		stop()
	}
	err := d.read.Close()
	if d.write != d.read {
		if e := d.write.Close(); err == nil {
			err = e
		}
	}
	return err
}

// Describe gives the engine and its durability settings, for people.
func (d *DB) Describe(ctx context.Context) string {
	if d.engine == liteEngine {
		var v string
		_ = d.read.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&v)
		return "sqlite " + v + " wal synchronous=FULL"
	}
	var v, fsync, commit string
	_ = d.read.QueryRowContext(ctx, "SHOW server_version").Scan(&v)
	_ = d.read.QueryRowContext(ctx, "SHOW fsync").Scan(&fsync)
	_ = d.read.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&commit)
	return fmt.Sprintf("postgres %s fsync=%s synchronous_commit=%s", v, fsync, commit)
}

// Kind gives sqlite or postgres, for printing; nothing may depend on it.
func (d *DB) Kind() string {
	if d.engine == liteEngine {
		return "sqlite"
	}
	return "postgres"
}

// Bytes gives how much disk the database takes, in bytes, its log not counted.
func (d *DB) Bytes(ctx context.Context) (int64, error) {
	var n int64
	q := "SELECT pg_database_size(current_database())"
	if d.engine == liteEngine {
		q = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	}
	err := d.read.QueryRowContext(ctx, q).Scan(&n)
	return n, err
}

// Analyze refreshes the engine's statistics where it plans by them. SQLite plans this schema well without.
func (d *DB) Analyze(ctx context.Context, tables ...string) error {
	if d.engine == liteEngine {
		return nil
	}
	return analyze(ctx, d.url, tables)
}

// Tx is an ordinary transaction of one tenant.
type Tx struct {
	tx     *sql.Tx
	tenant int64
}

// Tenant gives the tenant of the transaction.
func (t Tx) Tenant() int64 { return t.tenant }

// maxAttempts bounds how often a transaction that met a serialisation failure is run again (F13).
const maxAttempts = 4

// Write runs an ordinary write transaction of one tenant. The function may run more than once. A lost
// connection or a full disk comes as the fault that a client is told; Classify still reads its cause.
func (d *DB) Write(ctx context.Context, tenant int64, do func(Tx) error) error {
	if d.ro {
		return fault.New(ErrReadOnly)
	}
	if d.engine == liteEngine {
		d.turn.Lock()
		defer d.turn.Unlock()
	}
	var err error
	for try := range maxAttempts {
		if err = d.run(ctx, d.write, tenant, false, do); err == nil || Classify(err) != Retry {
			return Fault(err)
		}
		time.Sleep(time.Duration(1<<try) * 2 * time.Millisecond)
	}
	return Fault(err)
}

// Read runs a read transaction of one tenant on one snapshot. Its errors are like those of Write.
func (d *DB) Read(ctx context.Context, tenant int64, do func(Tx) error) error {
	return Fault(d.run(ctx, d.read, tenant, true, do))
}

func (d *DB) run(ctx context.Context, pool *sql.DB, tenant int64, readOnly bool, do func(Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: readOnly}
	if readOnly && d.engine == pgEngine {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if d.engine == pgEngine {
		// Integers only, so the statement is safe to write out; SET reaches workers, set_config does not.
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lojal.tenants = '%d'", tenant)); err != nil {
			return err
		}
	}
	if err := do(Tx{tx: tx, tenant: tenant}); err != nil {
		return err
	}
	return tx.Commit()
}

// Exec runs a statement and gives the number of rows that it touched.
func (t Tx) Exec(ctx context.Context, s *Stmt, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, s.text, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.Name, err)
	}
	return r.RowsAffected()
}

// One reads the first row into dest and tells whether there was one.
func (t Tx) One(ctx context.Context, s *Stmt, args []any, dest ...any) (bool, error) {
	err := t.tx.QueryRowContext(ctx, s.text, args...).Scan(dest...)
	if err == sql.ErrNoRows {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.Name, err)
	}
	return true, nil
}

// Each reads every row: scan is called once a row with the function that fills its destinations.
func (t Tx) Each(ctx context.Context, s *Stmt, args []any, row func(scan func(...any) error) error) error {
	rows, err := t.tx.QueryContext(ctx, s.text, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// Args is short for the argument list of One and Each.
func Args(a ...any) []any { return a }

// Prepare lets the engine parse a declared statement, so that a misspelt column is found by a test.
func (d *DB) Prepare(ctx context.Context, s Registered) error {
	text := s.Postgres
	if d.engine == liteEngine {
		text = s.SQLite
	}
	st, err := d.write.PrepareContext(ctx, text)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return st.Close()
}
