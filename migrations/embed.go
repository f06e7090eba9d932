// Package migrations holds the schema as portable SQL, forward only. A file is never edited after release.
package migrations

import "embed"

// Files are the migrations in goose's form.
//
//go:embed *.sql
var Files embed.FS
