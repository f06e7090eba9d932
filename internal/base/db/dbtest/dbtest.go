// Package dbtest gives tests both real engines: a SQLite file with full synchronisation and a PostgreSQL
// server of their own. Where PostgreSQL is not installed its half of a test says SKIP.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lojal/internal/base/db"
	"lojal/internal/base/db/cluster"
	"lojal/migrations"
)

// Each runs a test on a fresh, migrated database of each engine, as subtests sqlite and postgres.
func Each(t *testing.T, run func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { run(t, Open(t, url)) })
}

// EachURL runs a test with the address of an empty database of each engine.
func EachURL(t *testing.T, run func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, SQLiteURL(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, PostgresURL(t))
	})
}

// Open opens and migrates a database for the length of the test.
func Open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), url, db.Options{})
	if err == nil {
		err = d.Migrate(context.Background(), migrations.Files)
	}
	if err == nil && strings.HasPrefix(url, "postgres") {
		_ = d.Close()
		d, err = db.Open(context.Background(), url, db.Options{}) // now in the lowered role
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// SQLiteURL gives the address of a file that is not there yet.
func SQLiteURL(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "lojal.db")
}

var (
	server  sync.Once
	shared  cluster.Cluster
	problem error
	number  atomic.Int64
)

// PostgresURL gives the address of an empty database on a server that is started once a test binary.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server.Do(func() { shared, problem = cluster.New("") })
	if problem != nil {
		t.Skip(problem)
	}
	name := fmt.Sprintf("t%d_%d", os.Getpid(), number.Add(1))
	ctx := context.Background()
	c, err := pgx.Connect(ctx, shared.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return shared.URL(name)
}

// Wait asks again until the condition holds or ten seconds have passed.
func Wait(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
