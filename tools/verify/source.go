package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"
)

// visitor takes what a source holds. A nil function skips its kind.
type visitor struct {
	entry func(*entry)
	act   func(*act)
	note  func(tenant int64, text string)
}

// source gives the books to a visitor; it may be asked more than once.
type source func(visitor) error

// open tells an SQLite file from an export by its first bytes.
func open(path string) (source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	if string(head[:n]) == "SQLite format 3\x00" {
		return func(v visitor) error { return readSQLite(path, v) }, nil
	}
	return func(v visitor) error { return readLines(path, v) }, nil
}

// maxLine bounds a line of an export in bytes.
const maxLine = 64 << 20

func readLines(path string, v visitor) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; in.Scan(); n++ {
		if err := readLine(in.Bytes(), v); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
	}
	return in.Err()
}

func readLine(line []byte, v visitor) error {
	var t struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &t); err != nil {
		return err
	}
	strict := json.NewDecoder(bytes.NewReader(line))
	strict.DisallowUnknownFields()
	switch t.Type {
	case "entry":
		var e struct {
			Type string `json:"type"`
			entry
		}
		if err := strict.Decode(&e); err != nil || v.entry == nil {
			return err
		}
		v.entry(&e.entry)
	case "audit":
		var a struct {
			Type string `json:"type"`
			act
		}
		if err := strict.Decode(&a); err != nil || v.act == nil {
			return err
		}
		v.act(&a.act)
	case "checkpoint":
		var c struct {
			Type   string `json:"type"`
			Tenant int64  `json:"tenant_id"`
			Note   string `json:"note"`
		}
		if err := strict.Decode(&c); err != nil || v.note == nil {
			return err
		}
		v.note(c.Tenant, c.Note)
	default:
		return fmt.Errorf("type %q is none of an export", t.Type)
	}
	return nil
}

// readSQLite reads a database file on one snapshot, without the right to write.
func readSQLite(path string, v visitor) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	d, err := sql.Open("sqlite", "file:"+(&url.URL{Path: abs}).EscapedPath()+"?mode=ro&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	defer d.Close()
	tx, err := d.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if v.entry != nil {
		if err := readEntries(tx, v); err != nil {
			return err
		}
	}
	if v.act != nil {
		if err := readActs(tx, v); err != nil {
			return err
		}
	}
	if v.note == nil {
		return nil
	}
	return each(tx, `SELECT tenant_id, note FROM checkpoint ORDER BY tenant_id, size, audit_size`, func(scan func(...any) error) error {
		var tenant int64
		var text string
		err := scan(&tenant, &text)
		v.note(tenant, text)
		return err
	})
}

func readEntries(tx *sql.Tx, v visitor) error {
	return each(tx, `
		SELECT tenant_id, seq, epoch, kind, booked_at, till_at, effective_at, value_date, business_date, outlet, terminal, terminal_seq,
		       shift, batch, actor, receipt, client, key, fingerprint, reverses, flags, version, post, doc, leaf
		  FROM entry
		 ORDER BY tenant_id, seq`, func(scan func(...any) error) error {
		var e entry
		err := scan(&e.Tenant, &e.Seq, &e.Epoch, &e.Kind, &e.BookedAt, &e.TillAt, &e.EffectiveAt, &e.ValueDate, &e.BusinessDate, &e.Outlet,
			&e.Terminal, &e.TerminalSeq, &e.Shift, &e.Batch, &e.Actor, &e.Receipt, &e.Client, &e.Key, &e.Fingerprint, &e.Reverses, &e.Flags,
			&e.Version, &e.Post, &e.Doc, &e.Leaf)
		v.entry(&e)
		return err
	})
}

func readActs(tx *sql.Tx, v visitor) error {
	return each(tx, `
		SELECT tenant_id, n, at, actor, act, entity, detail, request, ledger_seq, leaf
		  FROM audit
		 ORDER BY tenant_id, n`, func(scan func(...any) error) error {
		var a act
		err := scan(&a.Tenant, &a.N, &a.At, &a.Actor, &a.Act, &a.Entity, &a.Detail, &a.Request, &a.LedgerSeq, &a.Leaf)
		v.act(&a)
		return err
	})
}

func each(tx *sql.Tx, query string, row func(scan func(...any) error) error) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
