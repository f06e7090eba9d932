package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Limits of a server's start.
const (
	startTimeout = 60 * time.Second
	pollEvery    = 5 * time.Millisecond
)

// server is the process under attack, or a server that somebody else keeps when it has no command.
type server struct {
	command string
	base    string
	log     *os.File
	process *exec.Cmd
	probe   *http.Client
}

func newServer(command, base, logFile string) (*server, error) {
	s := &server{command: command, base: base, probe: &http.Client{Timeout: time.Second}}
	if command == "" {
		return s, nil
	}
	var err error
	s.log, err = os.Create(logFile)
	return s, err
}

// start runs the command and waits until the server answers.
func (s *server) start() error {
	if s.command == "" {
		return s.ready()
	}
	s.process = exec.Command("sh", "-c", "exec "+s.command)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.process.Start(); err != nil {
		return err
	}
	return s.ready()
}

// ready waits until the server says that it is.
func (s *server) ready() error {
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(pollEvery) {
		res, err := s.probe.Get(s.base + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return fmt.Errorf("the server at %s is not ready after %s", s.base, startTimeout)
}

// signal sends a signal to the process and all that it started.
func (s *server) signal(sig syscall.Signal) error {
	if s.process == nil {
		return errors.New("there is no process to signal: give --start-cmd")
	}
	return syscall.Kill(-s.process.Process.Pid, sig)
}

// end stops the process and waits for it.
func (s *server) end(sig syscall.Signal) error {
	if err := s.signal(sig); err != nil {
		return err
	}
	s.process.Wait() //nolint:errcheck // it was killed: the error says so
	return nil
}

// nemesis does harm: kills of the server, or restarts of its database.
type nemesis struct {
	*attack
	server    *server
	rng       *rand.Rand
	kills     int
	minutes   int
	pgRestart string
	pgTimes   int
	pgEvery   time.Duration
	say       func(string, ...any)
	faults    []Fault
}

// rage goes on until the faults are done, or the minutes are over.
func (n *nemesis) rage() error {
	end, told := time.Now().Add(time.Duration(n.minutes)*time.Minute), 0
	for i := 0; ; i++ {
		if err := n.failed.Load(); err != nil {
			return *err
		}
		over := n.minutes > 0 && time.Now().After(end)
		switch {
		case over || n.kills == 0 && n.pgTimes == 0 && n.minutes == 0:
			return nil
		case i < n.kills:
			time.Sleep(time.Duration(20+n.rng.IntN(381)) * time.Millisecond)
			if err := n.kill(i); err != nil {
				return err
			}
		case n.pgRestart != "" && i < n.kills+n.pgTimes:
			time.Sleep(n.pgEvery)
			if err := n.restart(); err != nil {
				return err
			}
		case n.minutes == 0:
			return nil
		default:
			time.Sleep(100 * time.Millisecond)
		}
		if done := len(n.faults); done/100 > told {
			told = done / 100
			n.say("%d faults, %d requests", done, len(n.records.taken()))
		}
	}
}

// kill ends the server without warning; each fiftieth is asked to stop, each other fiftieth only sleeps.
func (n *nemesis) kill(i int) error {
	f := Fault{Kind: "kill", At: n.now(), InFlight: n.inFlight.Load()}
	sig := syscall.SIGKILL
	switch i % 50 {
	case 24:
		f.Kind, sig = "term", syscall.SIGTERM
	case 49:
		f.Kind = "stop"
		return n.pause(f)
	}
	n.up.shut()
	if err := n.server.end(sig); err != nil {
		return err
	}
	return n.back(f)
}

// pause lets the server sleep and wake.
func (n *nemesis) pause(f Fault) error {
	if err := n.server.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(time.Duration(100+n.rng.IntN(1000)) * time.Millisecond)
	if err := n.server.signal(syscall.SIGCONT); err != nil {
		return err
	}
	f.Back = n.now()
	n.note(f)
	return nil
}

func (n *nemesis) back(f Fault) error {
	if err := n.server.start(); err != nil {
		return err
	}
	f.Back = n.now()
	n.up.set(f.Back)
	n.note(f)
	return nil
}

// restart restarts the database under the running server.
func (n *nemesis) restart() error {
	f := Fault{Kind: "pgrestart", At: n.now(), InFlight: n.inFlight.Load()}
	if out, err := exec.Command("sh", "-c", n.pgRestart).CombinedOutput(); err != nil {
		return fmt.Errorf("restart the database: %w: %s", err, clip(string(out)))
	}
	f.Back = n.now()
	n.note(f)
	return nil
}

func (n *nemesis) note(f Fault) {
	n.faults = append(n.faults, f)
	n.journal.add(line{Fault: &f})
}
