package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lite "modernc.org/sqlite/lib"

	"lojal/internal/base/fault"
)

// Errors of the seam. They are told by code, never by text.
var (
	ErrLocked        = fault.Code{Name: "database_in_use", Kind: fault.Unavailable}    // another writer has the file
	ErrNotDurable    = fault.Code{Name: "not_durable", Kind: fault.Unavailable}        // WAL with FULL is not in force
	ErrCommitUnknown = errors.New("commit outcome unknown")                            // re-read by key before answering
	ErrReadOnly      = fault.Code{Name: "database_read_only", Kind: fault.Unavailable} // a write on a read-only handle
)

// Outcome says what is known of a transaction that ended with an error.
type Outcome uint8

// What an error of a transaction means for the one who ran it.
const (
	Bug       Outcome = iota // never retried
	Retry                    // nothing happened: run the same again at once
	Lost                     // the connection is gone, nothing happened: back off, then 503
	Unknown                  // the commit may or may not have happened
	Duplicate                // a unique constraint refused it: Constraint names it
	Full                     // no room on the disk
)

// Classify tells what an error means. A cancelled context counts as Lost.
func Classify(err error) Outcome {
	if errors.Is(err, ErrCommitUnknown) {
		return Unknown
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyState(pg.Code)
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case lite.SQLITE_BUSY, lite.SQLITE_LOCKED:
			return Retry
		case lite.SQLITE_CONSTRAINT:
			if c := se.Code(); c == lite.SQLITE_CONSTRAINT_UNIQUE || c == lite.SQLITE_CONSTRAINT_PRIMARYKEY {
				return Duplicate
			}
			return Bug
		case lite.SQLITE_FULL:
			return Full
		case lite.SQLITE_IOERR:
			return Unknown
		}
		return Bug
	}
	var net net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return Lost
	}
	if errors.As(err, &net) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Lost
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) {
		return Lost
	}
	return Bug
}

func classifyState(state string) Outcome {
	switch state {
	case "40001", "40P01", "55P03":
		return Retry
	case "23505":
		return Duplicate
	case "53100", "53200":
		return Full
	}
	if strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P0") {
		return Lost
	}
	return Bug
}

var shardSuffix = regexp.MustCompile(`_\d+$`)

// Constraint gives the name of the constraint that refused a row on PostgreSQL, without a shard's suffix;
// on SQLite the columns that it names. It is empty when no constraint did.
func Constraint(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return shardSuffix.ReplaceAllString(pg.ConstraintName, "")
	}
	var se *sqlite.Error
	if errors.As(err, &se) && se.Code()&0xff == lite.SQLITE_CONSTRAINT {
		_, after, _ := strings.Cut(se.Error(), "failed: ")
		name, _, _ := strings.Cut(after, " (")
		return name
	}
	return ""
}

// Fault turns an error of the engine into what a client is told.
func Fault(err error) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	switch Classify(err) {
	case Retry, Lost, Unknown:
		return fault.Wrap(fault.ErrUnavailable, err)
	case Full:
		return fault.Wrap(fault.ErrStorageFull, err)
	}
	return err
}
