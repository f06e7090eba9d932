package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
)

const pageSize = 500

// page is a page of a list.
type page struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
}

// pages reads a list to its end.
func (w *world) pages(path string, each func(json.RawMessage) error) error {
	for after := ""; ; {
		at := path + "?limit=" + strconv.Itoa(pageSize)
		if after != "" {
			at += "&after=" + url.QueryEscape(after)
		}
		status, _, raw, err := w.raw(http.MethodGet, at, w.admin, "", nil)
		if err != nil {
			return fmt.Errorf("GET %s: %w", at, err)
		}
		if status != http.StatusOK {
			return fmt.Errorf("GET %s answered %d: %s", at, status, clip(string(raw)))
		}
		var p page
		if err := json.Unmarshal(raw, &p); err != nil {
			return fmt.Errorf("GET %s: %w", at, err)
		}
		for _, item := range p.Items {
			if err := each(item); err != nil {
				return fmt.Errorf("GET %s: %w", at, err)
			}
		}
		if p.Next == "" || p.Next == after || len(p.Items) == 0 {
			return nil
		}
		after = p.Next
	}
}

// readBack reads everything after the last operation is resolved.
func (w *world) readBack(seed uint64) (*Final, error) {
	f := &Final{Flaws: w.flaws, Balances: map[string]Balance{}, Statements: map[string][]string{}}
	if err := w.ledger(f); err != nil {
		return nil, err
	}
	if err := w.feed(f); err != nil {
		return nil, err
	}
	if err := w.prove(f, seed); err != nil {
		return nil, err
	}
	if err := w.balancesOf(f); err != nil {
		return nil, err
	}
	if err := w.statementsOf(f); err != nil {
		return nil, err
	}
	return f, nil
}

// ledger reads every entry with the sums of its postings.
func (w *world) ledger(f *Final) error {
	return w.pages("/v1/entries", func(raw json.RawMessage) error {
		var e struct {
			ID       string `json:"id"`
			Seq      int64  `json:"seq"`
			Epoch    int64  `json:"epoch"`
			Kind     string `json:"kind"`
			Key      string `json:"key"`
			Postings []struct {
				Unit   string `json:"unit"`
				Amount int64  `json:"amount"`
			} `json:"postings"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		sums := Sums{}
		for _, p := range e.Postings {
			sums[p.Unit] += p.Amount
			f.Snapshots = true
		}
		w.ids = append(w.ids, e.ID)
		f.Entries = append(f.Entries, Entry{Seq: e.Seq, Epoch: e.Epoch, Kind: e.Kind, Key: e.Key, Sums: sums})
		return nil
	})
}

// feed reads the events, and marks the entries that are told of.
func (w *world) feed(f *Final) error {
	told := map[int64]bool{}
	for after := ""; ; {
		var p struct {
			Events []struct {
				Seq int64 `json:"seq"`
			} `json:"events"`
			Next string `json:"next"`
		}
		if err := w.get("/v1/events?limit="+strconv.Itoa(pageSize)+"&after="+url.QueryEscape(after), &p); err != nil {
			return err
		}
		for _, e := range p.Events {
			told[e.Seq] = true
		}
		if p.Next == after || p.Next == "" {
			break
		}
		after = p.Next
	}
	f.Events = true
	for i := range f.Entries {
		f.Entries[i].Event = told[f.Entries[i].Seq]
	}
	return nil
}

// balancesOf reads every account at a till.
func (w *world) balancesOf(f *Final) error {
	var all []card
	for _, list := range [][]card{w.gifts, w.members} {
		all = append(all, list...)
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	var failure error
	slots := make(chan struct{}, 8)
	for i, c := range all {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			r, a, err := w.send(0, w.balance(i%terminals, c), sendFirst, 0)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failure = err
			case r.Status != statusOK:
				failure = fmt.Errorf("the balance of %s is answered %d %s", c.name, r.HTTP, clip(string(a.raw)))
			default:
				f.Balances[c.name] = r.Balances[c.name]
			}
		})
	}
	wait.Wait()
	return failure
}

// statementsOf pages through the statements of the hot cards.
func (w *world) statementsOf(f *Final) error {
	if !w.accounts {
		return nil
	}
	for _, c := range w.gifts[:w.hot] {
		keys := []string{}
		err := w.pages("/v1/accounts/"+c.account+"/statement", func(raw json.RawMessage) error {
			var s struct {
				Key string `json:"key"`
			}
			err := json.Unmarshal(raw, &s)
			keys = append(keys, s.Key)
			return err
		})
		if err != nil {
			return err
		}
		f.Statements[c.name] = keys
	}
	return nil
}
