package ledger_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lojal/internal/base/db"
	"lojal/migrations"
)

// Statements that a commit or a return runs must find their rows by an index of their own: read by the
// tenant alone they would grow slower with every sale.
func TestStatements_FindWithoutReadingTheTenant(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan.db")
	d, err := db.Open(t.Context(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context(), migrations.Files); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	indexes := map[string]string{
		"ledger.find_key": "entry_key", "ledger.read_by_key": "entry_key",
		"ledger.find_same_seq": "entry_terminal", "ledger.read_by_terminal": "entry_terminal",
		"ledger.find_same_receipt": "entry_receipt", "ledger.read_by_receipt": "entry_receipt",
	}
	seen := 0
	for _, s := range db.Statements() {
		index, wanted := indexes[s.Name]
		if !wanted {
			continue
		}
		seen++
		if plan := explain(t, raw, s.SQLite); !strings.Contains(plan, "SEARCH e USING INDEX "+index) {
			t.Errorf("%s does not use %s:\n%s", s.Name, index, plan)
		}
	}
	if seen != len(indexes) {
		t.Errorf("%d of %d statements found", seen, len(indexes))
	}
}

func explain(t *testing.T, raw *sql.DB, statement string) string {
	t.Helper()
	var args []any
	for strings.Contains(statement, fmt.Sprintf("$%d", len(args)+1)) {
		args = append(args, 1)
	}
	rows, err := raw.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	return plan.String()
}
