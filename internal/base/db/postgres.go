package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// appRole owns nothing and may only read and insert the ledger's rows; row-level security binds it.
const appRole = "lojal_app"

func openPostgres(ctx context.Context, url string, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["application_name"] = "lojal"
	pool := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error { return lowerRole(ctx, c) }))
	pool.SetMaxOpenConns(o.Readers + 4)
	pool.SetMaxIdleConns(o.Readers + 4)
	d := &DB{engine: pgEngine, write: pool, read: pool, url: url, ro: o.ReadOnly}
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, err
	}
	return d, nil
}

// lowerRole gives up the owner's rights for this connection, where the role has been made.
func lowerRole(ctx context.Context, c *pgx.Conn) error {
	var there bool
	err := c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER'))", appRole).Scan(&there)
	if err != nil || !there {
		return err
	}
	_, err = c.Exec(ctx, "SET ROLE "+appRole)
	return err
}

type pgSession struct {
	d     *DB
	conn  *pgx.Conn
	looks bool
}

func newPgSession(_ context.Context, d *DB) *pgSession { return &pgSession{d: d} }

func (s *pgSession) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close(context.Background())
}

func (s *pgSession) connect(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	cfg, err := pgx.ParseConfig(s.d.url)
	if err != nil {
		return err
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["application_name"] = "lojal lane"
	// A lane's statements are few and hot: a plan made once beats one made for each array length.
	cfg.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	cfg.RuntimeParams["jit"] = "off"
	if s.conn, err = pgx.ConnectConfig(ctx, cfg); err != nil {
		return err
	}
	return lowerRole(ctx, s.conn)
}

type pgBatch struct {
	s     *pgSession
	ctx   context.Context
	queue pgx.Batch
	names []string
	begun bool
	ended bool
	open  []int64
}

func (s *pgSession) Begin(ctx context.Context, tenants []int64) (Batch, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return &pgBatch{s: s, ctx: ctx, open: tenants}, nil
}

// start queues the opening of the transaction in front of the first statements, which saves a trip.
func (b *pgBatch) start() {
	if b.begun {
		return
	}
	b.begun = true
	list := make([]string, len(b.open))
	for i, t := range b.open {
		list[i] = strconv.FormatInt(t, 10)
	}
	if b.s.looks {
		b.queue.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	} else {
		b.queue.Queue("BEGIN")
	}
	if len(list) == 1 {
		// SET reaches the workers of a distributed database, set_config does not.
		b.queue.Queue("SET LOCAL lojal.tenants = '" + list[0] + "'")
	} else {
		b.queue.Queue("SELECT set_config('lojal.tenants', $1, true)", strings.Join(list, ","))
	}
	b.names = append(b.names, "begin", "tenants")
}

func (b *pgBatch) Find(set *Set, tenant int64, keys *Rows, got func(int, Row)) {
	if keys.n == 0 {
		return
	}
	b.start()
	b.names = append(b.names, set.Name)
	text := set.pg
	if b.s.looks {
		text = set.look
	}
	b.queue.Queue(text, pgArgs(tenant, keys)...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			raw := rows.RawValues()
			n := Row{pg: raw}.Int(0)
			got(int(n)-1, Row{pg: raw[1:]})
		}
		return rows.Err()
	})
}

func (b *pgBatch) Put(set *Set, tenant int64, rows *Rows) {
	if rows.n == 0 {
		return
	}
	b.start()
	b.names = append(b.names, set.Name)
	if !set.rows {
		b.queue.Queue(set.pg, pgArgs(tenant, rows)...)
		return
	}
	for i := range rows.n {
		b.queue.Queue(set.lite, rowArgs(tenant, rows, i)...)
	}
}

func pgArgs(tenant int64, rows *Rows) []any {
	args := make([]any, 0, len(rows.cols)+1)
	args = append(args, tenant)
	for j := range rows.cols {
		c := &rows.cols[j]
		switch rows.set.cols[j].Type {
		case Int:
			args = append(args, c.ints)
		case Text:
			args = append(args, c.texts)
		default:
			args = append(args, c.bytes)
		}
	}
	return args
}

func rowArgs(tenant int64, rows *Rows, i int) []any {
	args := make([]any, 0, len(rows.cols)+1)
	args = append(args, tenant)
	for j := range rows.cols {
		c := &rows.cols[j]
		switch rows.set.cols[j].Type {
		case Int:
			args = append(args, c.ints[i])
		case Text:
			args = append(args, c.texts[i])
		default:
			args = append(args, c.bytes[i])
		}
	}
	return args
}

func (b *pgBatch) Flush() error {
	if b.queue.Len() == 0 {
		return nil
	}
	b.s.d.trips.n.Add(1)
	err := b.s.conn.SendBatch(b.ctx, &b.queue).Close()
	b.queue = pgx.Batch{}
	names := b.names
	b.names = nil
	if err != nil {
		return fmt.Errorf("batch of %s: %w", strings.Join(names, ", "), err)
	}
	return nil
}

func (b *pgBatch) Commit() error {
	if !b.begun {
		b.ended = true
		return nil
	}
	b.queue.Queue("COMMIT")
	b.names = append(b.names, "commit")
	err := b.Flush()
	if err == nil {
		b.ended = true
		return nil
	}
	return b.afterCommit(err)
}

// afterCommit tells an error of a statement, after which nothing is committed, from one after which
// nobody knows.
func (b *pgBatch) afterCommit(err error) error {
	var pg *pgconn.PgError
	known := errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "08") && !strings.HasPrefix(pg.Code, "57P0") && pg.Code != "XX000"
	if known && !b.s.conn.IsClosed() {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
}

func (b *pgBatch) Rollback() {
	if b.ended {
		return
	}
	b.ended = true
	if !b.begun || b.s.conn.IsClosed() {
		return
	}
	if _, err := b.s.conn.Exec(context.Background(), "ROLLBACK"); err != nil {
		_ = b.s.conn.Close(context.Background())
	}
}

// analyze runs as the owner of the tables, which the lowered role is not.
func analyze(ctx context.Context, url string, tables []string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, t := range tables {
		if _, err := c.Exec(ctx, "ANALYZE "+pgx.Identifier{t}.Sanitize()); err != nil {
			return fmt.Errorf("analyze %s: %w", t, err)
		}
	}
	return nil
}
