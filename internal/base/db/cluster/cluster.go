// Package cluster runs a PostgreSQL server of one's own: for tests, which must not touch anybody's data, and
// for the bench, which measures the product and pgbench on the same server. It refuses to know a schema.
package cluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Cluster is a PostgreSQL server in a folder of its own, on a port of the loopback.
type Cluster struct {
	Bin, Dir string
	Port     int
}

// New makes a cluster in a fresh folder below parent (empty: the system's) and starts it on a free port. A
// watcher process stops it when this process is gone, however it ended.
func New(parent string) (Cluster, error) {
	bin := Binaries()
	if bin == "" {
		return Cluster{}, fmt.Errorf("PostgreSQL is not installed")
	}
	dir, err := os.MkdirTemp(parent, "lojal-pg-")
	if err != nil {
		return Cluster{}, err
	}
	c := Cluster{Bin: bin, Dir: dir, Port: FreePort()}
	if err := c.Init(); err != nil {
		return c, err
	}
	if err := c.Start(); err != nil {
		return c, err
	}
	c.stopWithParent()
	return c, nil
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

// FreePort gives a port of the loopback that nobody listens on.
func FreePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Address gives the server's URL without a database.
func (c Cluster) Address() string { return fmt.Sprintf("postgres://postgres@127.0.0.1:%d", c.Port) }

// URL gives the URL of a database of the server.
func (c Cluster) URL(database string) string {
	return c.Address() + "/" + database + "?sslmode=disable"
}

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

// Process gives the number of the server's first process, the parent of all others.
func (c Cluster) Process() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.Dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return strconv.Atoi(first)
}

// Run runs one of PostgreSQL's programs as the server's own user and gives what it printed.
func (c Cluster) Run(name string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(c.Bin, name), args...)
	cmd.Dir = c.Dir
	lower(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return string(out), nil
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
