package cli

import (
	"fmt"
	"os"

	"github.com/google/go-cmp/cmp"

	rules "lojal/internal/programme"
)

type programme struct {
	Validate validate `cmd:"" help:"Check programme files: every mistake with its line and what to write instead."`
	Diff     diff     `cmd:"" help:"Show what differs between two programme files, defaults included."`
}

type validate struct {
	Files []string `arg:"" type:"existingfile"`
}

// Run checks every file and fails when one has a mistake.
func (c *validate) Run() error {
	bad := 0
	for _, name := range c.Files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		_, problems := rules.Parse(text)
		for _, p := range problems {
			fmt.Printf("%s:%d:%d: %s: %s. %s\n", name, p.Line, p.Column, p.Code, p.Message, p.Remedy)
		}
		bad += len(problems)
	}
	if bad > 0 {
		fmt.Printf("%d mistakes\n", bad)
		return errFailed
	}
	fmt.Printf("%d files, no mistakes\n", len(c.Files))
	return nil
}

type diff struct {
	Old string `arg:"" type:"existingfile"`
	New string `arg:"" type:"existingfile"`
}

// Run prints the difference of the two programmes in their canonical form.
func (c *diff) Run() error {
	var texts [2]string
	for i, name := range [2]string{c.Old, c.New} {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		d, problems := rules.Parse(raw)
		if len(problems) > 0 {
			return fmt.Errorf("%s:%d: %s", name, problems[0].Line, problems[0].Message)
		}
		text, err := d.YAML()
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	if texts[0] == texts[1] {
		fmt.Println("the programmes are equal")
		return nil
	}
	fmt.Println(cmp.Diff(texts[0], texts[1]))
	return nil
}
