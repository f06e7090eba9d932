package db_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"lojal/internal/base/db"
)

// TestSQLite_NewFileHasLargePages holds the layout that keeps a sale's entry within a fifth of a page.
func TestSQLite_NewFileHasLargePages(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lojal.db")
	d, err := db.Open(context.Background(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	look, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	var size int
	if err := look.QueryRow("PRAGMA page_size").Scan(&size); err != nil || size != 8192 {
		t.Errorf("pages of %d bytes, %v", size, err)
	}
}
