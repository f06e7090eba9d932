package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"lojal/internal/app"
	"lojal/internal/base/db"
	"lojal/internal/base/seal"
	"lojal/internal/doctor"
)

type examine struct {
	Place      `embed:""`
	Proof      bool     `help:"Verify the log alone: every entry, leaf, node and checkpoint."`
	Freeze     bool     `help:"Stop the debits of a tenant whose books are wrong."`
	JSON       bool     `help:"One JSON document at the end." name:"json"`
	Checkpoint []string `help:"A checkpoint that you have kept: the books must continue it." type:"existingfile"`
}

// Run examines every tenant beside a running server; nothing is written unless --freeze asks for it.
func (c *examine) Run(ctx context.Context) error {
	d, err := db.Open(ctx, c.url(), db.Options{ReadOnly: !c.Freeze})
	if err != nil {
		return err
	}
	defer d.Close()
	keys, err := seal.ReadVerifiers(filepath.Join(c.Data, app.CheckpointKeys))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	o := doctor.Options{Proof: c.Proof, Freeze: c.Freeze}
	for _, name := range c.Checkpoint {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		kept, err := keys.Verify(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		o.Kept = append(o.Kept, kept)
	}
	now, err := app.StoredClock(ctx, d)
	if err != nil {
		return err
	}
	checks, err := app.Checks(ctx, d, now, keys)
	if err != nil {
		return err
	}
	report, err := doctor.New(d, now, checks...).Run(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		err = report.JSON(os.Stdout)
	} else {
		err = report.Print(os.Stdout)
	}
	if err == nil && !report.OK() {
		err = errFailed
	}
	return err
}

// verify starts the independent verifier, which shares no code with this binary.
type verify struct {
	Args []string `arg:"" optional:"" passthrough:"" help:"Arguments of the verifier; see tools/verify."`
}

// Run starts tools/verify from the source tree, or the binary lojal-verify beside this one.
func (c *verify) Run(ctx context.Context) error { return outside(ctx, "verify", c.Args) }

// bank starts the black-box crash tester, which shares no code with this binary.
type bank struct {
	Args []string `arg:"" optional:"" passthrough:"" help:"Arguments of the tester; see tools/bank."`
}

// Run starts tools/bank from the source tree, or the binary lojal-bank beside this one.
func (c *bank) Run(ctx context.Context) error { return outside(ctx, "bank", c.Args) }

// outside runs a module of tools/ and hands on its exit code.
func outside(ctx context.Context, tool string, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	built := filepath.Join(filepath.Dir(self), "lojal-"+tool)
	cmd := exec.CommandContext(ctx, built, args...)
	if _, err := os.Stat(built); err != nil {
		folder := filepath.Join("tools", tool)
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err != nil {
			return fmt.Errorf("lojal-%s stands neither beside this program nor in ./%s", tool, folder)
		}
		temporary, err := os.MkdirTemp("", "lojal-"+tool+"-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		program := filepath.Join(temporary, "lojal-"+tool)
		build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
		build.Dir, build.Stdout, build.Stderr = folder, os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build of %s: %w", folder, err)
		}
		cmd = exec.CommandContext(ctx, program, args...)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitCode(exit.ExitCode())
	}
	return err
}

// exitCode is the code of a program that was started from here, to be handed on.
type exitCode int

// Error gives the code as text.
func (c exitCode) Error() string { return "exit code " + strconv.Itoa(int(c)) }
