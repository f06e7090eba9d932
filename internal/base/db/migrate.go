package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Migrate brings the schema to the newest version. Files are portable SQL in goose's form; a line
// "-- place TABLE: by tenant" or "-- place TABLE: everywhere" after a CREATE TABLE says where a
// distributed database keeps it, "-- only ENGINE" up to "-- end only" stands for one engine alone.
func (d *DB) Migrate(ctx context.Context, files fs.FS) error {
	translated, placed, err := d.translate(files)
	if err != nil {
		return err
	}
	dialect, pool := goose.DialectSQLite3, d.write
	if d.engine == pgEngine {
		dialect = goose.DialectPostgres
		cfg, err := pgx.ParseConfig(d.url)
		if err != nil {
			return err
		}
		pool = stdlib.OpenDB(*cfg) // as the owner, not in the lowered role
		defer pool.Close()
	} else {
		d.turn.Lock()
		defer d.turn.Unlock()
	}
	p, err := goose.NewProvider(dialect, pool, translated)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if d.engine == pgEngine {
		return secure(ctx, pool, placed)
	}
	return nil
}

// Version gives the newest migration that the database has seen; 0 for an empty one.
func (d *DB) Version(ctx context.Context) (int64, error) {
	var v int64
	err := d.read.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version").Scan(&v)
	if err != nil && strings.Contains(err.Error(), "goose_db_version") {
		return 0, nil
	}
	return v, err
}

var (
	placeLine = regexp.MustCompile(`(?m)^-- place (\w+): (by tenant|everywhere)(, without rowid)?$`)
	onlyBlock = regexp.MustCompile(`(?ms)^-- only (\w+)\n(.*?)^-- end only\n`)
	createEnd = regexp.MustCompile(`(?ms)^\)( WITH \([^)]*\))?;\n-- place (\w+): (by tenant|everywhere)(, without rowid)?$`)
)

// placement says where a table lives in a distributed database.
type placement struct {
	table    string
	byTenant bool
}

func (d *DB) translate(files fs.FS) (fs.FS, []placement, error) {
	out := fstest.MapFS{}
	var placed []placement
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, nil, err
		}
		text := string(b)
		for _, m := range placeLine.FindAllStringSubmatch(text, -1) {
			placed = append(placed, placement{m[1], m[2] == "by tenant"})
		}
		engine := d.Kind()
		text = onlyBlock.ReplaceAllStringFunc(text, func(block string) string {
			m := onlyBlock.FindStringSubmatch(block)
			if m[1] == engine {
				return m[2]
			}
			return ""
		})
		if d.engine == liteEngine {
			text = liteTypes(text)
		}
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out, placed, nil
}

// liteTypes writes the portable types as SQLite's strict tables want them.
func liteTypes(text string) string {
	text = createEnd.ReplaceAllStringFunc(text, func(s string) string {
		m := createEnd.FindStringSubmatch(s)
		if m[4] != "" {
			return ") STRICT, WITHOUT ROWID;"
		}
		return ") STRICT;"
	})
	for _, r := range [][2]string{{`\bBIGINT\b`, "INTEGER"}, {`\bBOOLEAN\b`, "INTEGER"}, {`\bBYTEA\b`, "BLOB"}, {`\bFALSE\b`, "0"}, {`\bTRUE\b`, "1"}} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	return text
}

// appendOnly are the tables whose rows the application may add and read, never change (I27).
var appendOnly = map[string]bool{"entry": true, "decline": true, "audit": true, "checkpoint": true, "log_node": true, "audit_node": true}

// secure gives the application's role just the rights that it needs, and each table of tenants its
// row-level policy. It can be run any number of times. Policies are enabled, not forced.
func secure(ctx context.Context, pool *sql.DB, placed []placement) error {
	var may bool
	if err := pool.QueryRowContext(ctx, "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&may); err != nil {
		return err
	}
	var there bool
	if err := pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)", appRole).Scan(&there); err != nil {
		return err
	}
	if !there && !may {
		return nil // the operator makes the role; doctor says that it is missing
	}
	var do []string
	if !there {
		do = append(do, "CREATE ROLE "+appRole+" NOLOGIN")
	}
	do = append(do, "GRANT "+appRole+" TO CURRENT_USER", "GRANT USAGE ON SCHEMA public TO "+appRole, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+appRole)
	for _, p := range placed {
		rights := "SELECT, INSERT, UPDATE, DELETE"
		if appendOnly[p.table] {
			rights = "SELECT, INSERT"
		}
		do = append(do, fmt.Sprintf("GRANT %s ON %s TO %s", rights, p.table, appRole))
		if p.byTenant {
			do = append(do, "ALTER TABLE "+p.table+" ENABLE ROW LEVEL SECURITY",
				"DROP POLICY IF EXISTS tenant_rows ON "+p.table,
				"CREATE POLICY tenant_rows ON "+p.table+" USING (tenant_id = ANY (string_to_array(NULLIF(current_setting('lojal.tenants', true), ''), ',')::bigint[]))")
		}
	}
	for _, q := range do {
		if _, err := pool.ExecContext(ctx, q); err != nil && !strings.Contains(err.Error(), "23505") && !strings.Contains(err.Error(), "tuple concurrently updated") {
			return fmt.Errorf("secure: %s: %w", q, err)
		}
	}
	return distribute(ctx, pool, placed)
}

// distribute hands the tables to Citus where its extension is there.
func distribute(ctx context.Context, pool *sql.DB, placed []placement) error {
	var there bool
	if err := pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')").Scan(&there); err != nil || !there {
		return err
	}
	for _, p := range placed {
		call := "SELECT create_reference_table($1) WHERE NOT EXISTS (SELECT 1 FROM citus_tables WHERE table_name = $1::regclass)"
		if p.byTenant {
			call = "SELECT create_distributed_table($1, 'tenant_id') WHERE NOT EXISTS (SELECT 1 FROM citus_tables WHERE table_name = $1::regclass)"
		}
		if _, err := pool.ExecContext(ctx, call, p.table); err != nil {
			return fmt.Errorf("place %s: %w", p.table, err)
		}
	}
	return nil
}
