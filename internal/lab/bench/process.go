package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db/cluster"
)

// process is a child of the bench: a server of the product or the bare endpoint.
type process struct {
	cmd     *exec.Cmd
	address string
	done    chan error
}

const (
	startWithin = 60 * time.Second
	stopWithin  = 30 * time.Second
	clockTick   = 10 * time.Millisecond // USER_HZ of Linux is 100 on every machine that Go runs on
)

// spawn starts this binary with another command; what it logs goes to a file in dir.
func spawn(dir, name string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(self, args...), done: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p, nil
}

// serve starts the product's server on an installation and waits until it accepts connections.
func serve(dir, name, url string) (*process, error) {
	address := fmt.Sprintf("127.0.0.1:%d", cluster.FreePort())
	p, err := spawn(dir, name, "serve", "--listen", address, "--database", url, "--data", filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	p.address = address
	return p, p.await()
}

func (p *process) await() error {
	began := clock.Mono()
	for clock.Mono()-began < startWithin {
		select {
		case err := <-p.done:
			return fmt.Errorf("%s ended: %v", strings.Join(p.cmd.Args[1:2], " "), err)
		default:
		}
		if c, err := net.Dial("tcp", p.address); err == nil {
			return c.Close()
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("no server at %s", p.address)
}

// stop asks the process to end and waits.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("the server did not stop in %s", stopWithin)
	}
}

// residentMB gives the memory that a process holds.
func residentMB(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d tells no memory", pid)
}

// processorTime gives what a process and its children, living and gone, have used.
func processorTime(pid int) (time.Duration, error) {
	own, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	sum := own.used + own.children
	list, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, path := range list {
		child, _ := strconv.Atoi(filepath.Base(path))
		s, err := readStat(child)
		if err == nil && s.parent == pid { // one that is just gone counts at its parent
			sum += s.used
		}
	}
	return sum, nil
}

type stat struct {
	parent         int
	used, children time.Duration
}

// readStat reads fields of proc(5) /proc/pid/stat.
func readStat(pid int) (stat, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // from the state, field 3, on
	if len(f) < 15 {
		return stat{}, fmt.Errorf("process %d: stat has %d fields", pid, len(f))
	}
	n := func(field int) time.Duration {
		v, _ := strconv.ParseInt(string(f[field-3]), 10, 64)
		return time.Duration(v)
	}
	return stat{int(n(4)), (n(14) + n(15)) * clockTick, (n(16) + n(17)) * clockTick}, nil
}

// order gives an order to a load process and waits for what it saw.
func order(o Load) (*Done, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ask, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "bench-load", string(ask))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("load: %w: %s", err, problem.String())
	}
	d := &Done{}
	return d, json.Unmarshal(out.Bytes(), d)
}
