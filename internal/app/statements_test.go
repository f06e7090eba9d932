package app_test

import (
	"context"
	"strings"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
)

// Every statement of every room is prepared on both engines: a misspelt column fails here.
func TestStatements_PrepareOnBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		all := db.Statements()
		if len(all) < 100 {
			t.Fatalf("only %d statements are declared", len(all))
		}
		for _, s := range all {
			if err := d.Prepare(context.Background(), s); err != nil {
				t.Error(err)
			}
		}
		if err := d.Prepare(context.Background(), db.Registered{Name: "wrong", Postgres: "SELECT nothing FROM head", SQLite: "SELECT nothing FROM head"}); err == nil {
			t.Error("a wrong statement prepares")
		}
	})
}

// The ledger's rows are inserted, never updated or deleted (I27).
func TestStatements_NeverChangeTheLedger(t *testing.T) {
	for _, s := range db.Statements() {
		for _, text := range []string{s.Postgres, s.SQLite} {
			u := strings.Join(strings.Fields(strings.ToUpper(text)), " ")
			for _, table := range []string{"ENTRY", "DECLINE", "AUDIT", "CHECKPOINT", "LOG_NODE"} {
				if strings.HasPrefix(u, "UPDATE "+table+" ") || strings.HasPrefix(u, "DELETE FROM "+table+" ") || strings.Contains(u, "INTO "+table+" ") && strings.Contains(u, "DO UPDATE") {
					t.Errorf("%s changes %s", s.Name, table)
				}
			}
		}
	}
}
