// Package dbtest gives tests both real engines: a SQLite file with full synchronisation and a PostgreSQL
// server of their own. Where PostgreSQL is not installed its half of a test says SKIP.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lojal/internal/base/db"
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
	address string
	problem error
	number  atomic.Int64
)

// PostgresURL gives the address of an empty database on a server that is started once a test binary.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server.Do(func() { address, problem = start() })
	if problem != nil {
		t.Skip(problem)
	}
	name := fmt.Sprintf("t%d_%d", os.Getpid(), number.Add(1))
	ctx := context.Background()
	c, err := pgx.Connect(ctx, address+"/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return address + "/" + name + "?sslmode=disable"
}

// Binaries finds the folder of PostgreSQL's programs; empty when it is not installed.
func Binaries() string {
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(real)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// start makes a cluster in a folder of its own and starts it on a free port of the loopback. A watcher
// process stops it when this test binary is gone, however it ended.
func start() (string, error) {
	bin := Binaries()
	if bin == "" {
		return "", fmt.Errorf("PostgreSQL is not installed")
	}
	dir, err := os.MkdirTemp("", "lojal-pg-")
	if err != nil {
		return "", err
	}
	c := Cluster{Bin: bin, Dir: dir, Port: FreePort()}
	if err := c.Init(); err != nil {
		return "", err
	}
	if err := c.Start(); err != nil {
		return "", err
	}
	c.stopWithParent()
	return c.Address(), nil
}

// Cluster is a PostgreSQL server of a test's own.
type Cluster struct {
	Bin, Dir string
	Port     int
}

// Address gives the server's URL without a database.
func (c Cluster) Address() string { return fmt.Sprintf("postgres://postgres@127.0.0.1:%d", c.Port) }

// Init makes the cluster with checksums; fsync stays on.
func (c Cluster) Init() error {
	if os.Geteuid() == 0 {
		uid, gid, err := ownUser()
		if err != nil {
			return err
		}
		if err := os.Chown(c.Dir, uid, gid); err != nil {
			return err
		}
	}
	return c.run("initdb", "-k", "-U", "postgres", "-A", "trust", "--no-instructions", "-E", "UTF8", "--locale=C", "-D", filepath.Join(c.Dir, "data"))
}

// Start starts the server and waits until it answers.
func (c Cluster) Start() error {
	opts := fmt.Sprintf("-c port=%d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 -c shared_buffers=256MB -c max_wal_size=2GB -c jit=off -c log_min_messages=fatal", c.Port)
	return c.run("pg_ctl", "-w", "-s", "-D", filepath.Join(c.Dir, "data"), "-l", filepath.Join(c.Dir, "log"), "-o", opts, "start")
}

// Restart stops the server as a crash would and starts it again.
func (c Cluster) Restart() error {
	return c.run("pg_ctl", "-w", "-s", "-D", filepath.Join(c.Dir, "data"), "-m", "immediate", "-l", filepath.Join(c.Dir, "log"), "restart")
}

// Stop stops the server and removes its folder.
func (c Cluster) Stop() {
	_ = c.run("pg_ctl", "-w", "-s", "-D", filepath.Join(c.Dir, "data"), "-m", "fast", "stop")
	_ = os.RemoveAll(c.Dir)
}

func (c Cluster) stopWithParent() {
	script := fmt.Sprintf("while [ -d /proc/%d ]; do sleep 1; done; '%s/pg_ctl' -s -D '%s/data' -m immediate stop; rm -rf '%s'", os.Getpid(), c.Bin, c.Dir, c.Dir)
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	lower(cmd)
	_ = cmd.Start()
}

func (c Cluster) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(c.Bin, name), args...)
	cmd.Dir = c.Dir
	lower(cmd)
	// pg_ctl hands its output to the server that it leaves behind: a pipe would never end.
	out, err := os.CreateTemp("", "lojal-pg-out-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return nil
}

// lower runs a command as the user postgres when we are root, since the server refuses root.
func lower(cmd *exec.Cmd) {
	if os.Geteuid() != 0 {
		return
	}
	uid, gid, err := ownUser()
	if err != nil {
		return
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func ownUser() (int, int, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return uid, gid, nil
	}
	return 0, 0, fmt.Errorf("no user to run PostgreSQL as")
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
