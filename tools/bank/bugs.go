package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// bug is a build of the server with one mistake put into it, which a run must find.
type bug struct {
	Name    string `json:"name"`
	Command string `json:"command"`
	Found   bool   `json:"found"`
	Seconds int64  `json:"seconds"`
}

// bugKills is how many kills a seeded bug may survive; at the pace of the nemesis that is under a minute.
const bugKills = 60

// parseBug reads NAME=COMMAND.
func parseBug(text string) (bug, error) {
	name, command, ok := strings.Cut(text, "=")
	if !ok || name == "" || command == "" {
		return bug{}, errors.New("expected NAME=COMMAND")
	}
	return bug{Name: name, Command: command}, nil
}

// hunt attacks each seeded build; a run that does not end in FAIL has not found its bug.
func (o *options) hunt() ([]bug, error) {
	out := make([]bug, 0, len(o.bugs))
	for _, b := range o.bugs {
		part := *o
		part.start, part.kills, part.pgTimes, part.minutes = b.Command, bugKills, 0, 0
		part.report, part.key = filepath.Join(o.report, b.Name), ""
		if o.keyFile == "" {
			part.key = o.key
		}
		if err := os.MkdirAll(part.report, 0o755); err != nil {
			return nil, err
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "looking for %s\n", b.Name)
		h, _, err := part.attack()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name, err)
		}
		s := summarise(h, checkHistory(h))
		b.Found, b.Seconds = s.Outcome == fail, int64(time.Since(began)/time.Second)
		for i, f := range s.Findings[:min(len(s.Findings), 3)] {
			fmt.Fprintf(os.Stderr, "%s %d: %s %s: %s: %s\n", b.Name, i+1, f.Check, f.Counter, f.About, f.What)
		}
		out = append(out, b)
	}
	return out, nil
}
