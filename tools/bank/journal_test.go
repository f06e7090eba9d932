package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestJournal_InvocationIsOnDiskWhenInvokeReturns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	j, err := newJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for client := range 16 {
		wait.Go(func() {
			for n := range 20 {
				r := &Record{Client: client, Op: opLoad, Key: fmt.Sprintf("k%d-%d", client, n)}
				if err := j.invoke(r); err != nil {
					t.Error(err)
				}
				text, err := os.ReadFile(path)
				if err != nil || !bytes.Contains(text, []byte(`"key":"`+r.Key+`"`)) {
					t.Errorf("%s is not on disk: %v", r.Key, err)
				}
				r.Status, r.HTTP = statusOK, 200
				j.add(r.completion())
			}
		})
	}
	wait.Wait()
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, err := readHistory(f)
	if err != nil || len(h.Records) != 320 {
		t.Fatalf("%d records, %v", len(h.Records), err)
	}
	for _, r := range h.Records {
		if r.Status != statusOK || r.Key == "" || r.Client < 0 {
			t.Fatalf("record %+v", r)
		}
	}
}
