package doctor_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/doctor"
	"lojal/internal/ledger"
)

// victim is the entry that is edited: it posts, uses two lots and lies within the signed history.
const victim = 5

// edits are changes of one column of the victim, each of which must be found.
var edits = map[string]string{
	"tenant_id":     "tenant_id + 1",
	"seq":           "seq + 1000",
	"epoch":         "epoch + 1",
	"kind":          "'EAR'",
	"booked_at":     "booked_at + 1",
	"till_at":       "till_at + 1",
	"effective_at":  "effective_at + 1",
	"value_date":    "'2026-01-11'",
	"business_date": "'2026-01-11'",
	"outlet":        "outlet + 1",
	"terminal":      "terminal + 1",
	"terminal_seq":  "terminal_seq + 5000",
	"shift":         "shift + 1",
	"batch":         "batch + 1",
	"actor":         "'stf_2'",
	"receipt":       "'A-0'",
	"client":        "client + 1",
	"key":           "'other'",
	"reverses":      "1",
	"flags":         "''",
	"version":       "'v2'",
	"post":          "'{}'",
	"doc":           "'{}'",
}

// both runs a test on sound books of each engine, with the owner's way into them.
func both(t *testing.T, run func(t *testing.T, b *books, owner *sql.DB)) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		b := open(t, dbtest.Open(t, url))
		run(t, b, raw(t, url))
	})
}

// mustName says that the proof names the entry by its seq and its public id.
func (b *books) mustName(t *testing.T, what string, seq int64) {
	t.Helper()
	name := fmt.Sprintf("entry %d (%s)", seq, ledger.FormatEntryID(seq, b.key))
	got := violations(b.run(t, doctor.Options{Proof: true}))
	if !strings.Contains(strings.Join(got, "\n"), name) {
		t.Errorf("%s: %s is not named in %q", what, name, got)
	}
}

func columns(t *testing.T, owner *sql.DB) []string {
	t.Helper()
	rows, err := owner.Query("SELECT * FROM entry WHERE seq = 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	list, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestProof_NamesTheEntryOfWhichAnyColumnWasChanged(t *testing.T) {
	both(t, func(t *testing.T, b *books, owner *sql.DB) {
		if _, err := owner.Exec("CREATE TABLE kept AS SELECT * FROM entry WHERE 1 = 0"); err != nil {
			t.Fatal(err)
		}
		for _, column := range columns(t, owner) {
			value, ok := edits[column]
			if column == "fingerprint" || column == "leaf" {
				value, ok = "(SELECT e."+column+" FROM entry e WHERE e.seq = 6)", true
			}
			if !ok {
				t.Errorf("nobody has thought of the column %s", column)
				continue
			}
			if _, err := owner.Exec("DELETE FROM kept"); err != nil {
				t.Fatal(err)
			}
			edit(t, owner, "INSERT INTO kept SELECT * FROM entry WHERE tenant_id = 7 AND seq = 5")
			edit(t, owner, "UPDATE entry SET "+column+" = "+value+" WHERE tenant_id = 7 AND seq = 5")
			b.mustName(t, column, victim)
			edit(t, owner, "DELETE FROM entry WHERE (tenant_id = 7 AND seq IN (5, 1005)) OR (tenant_id = 8 AND seq = 5)")
			edit(t, owner, "INSERT INTO entry SELECT * FROM kept")
		}
		if got := violations(b.run(t, doctor.Options{})); len(got) != 0 {
			t.Errorf("after the repair: %q", got)
		}
	})
}

var number = regexp.MustCompile(`-?\d+`)

// everyNumber gives a text once for each number in it, with that number changed.
func everyNumber(text string) []string {
	var out []string
	for _, at := range number.FindAllStringIndex(text, -1) {
		digit := text[at[1]-1]
		other := byte('0' + (digit-'0'+1)%10)
		out = append(out, text[:at[1]-1]+string(other)+text[at[1]:])
	}
	return out
}

func TestProof_NamesTheEntryInsideWhichAnyFigureWasChanged(t *testing.T) {
	both(t, func(t *testing.T, b *books, owner *sql.DB) {
		for _, seq := range []int64{1, 4, victim} { // a lot, a hold, uses
			for _, column := range []string{"post", "doc"} {
				var text string
				if err := owner.QueryRow(fmt.Sprintf("SELECT %s FROM entry WHERE tenant_id = 7 AND seq = %d", column, seq)).Scan(&text); err != nil {
					t.Fatal(err)
				}
				set := fmt.Sprintf("UPDATE entry SET %s = $1 WHERE tenant_id = 7 AND seq = %d", column, seq)
				for _, other := range append(everyNumber(text), text+" ", strings.Replace(text, "{", "{ ", 1)) {
					edit(t, owner, set, other)
					b.mustName(t, column+" "+other, seq)
				}
				edit(t, owner, set, text)
			}
		}
	})
}

// TestProof_FindsWhatWasEditedTogetherWithItsLeaf covers forgers who know the form: the node above, and where
// they mend the nodes as well the signed root, betrays them.
func TestProof_FindsWhatWasEditedTogetherWithItsLeaf(t *testing.T) {
	both(t, func(t *testing.T, b *books, owner *sql.DB) {
		for seq, want := range map[int64]string{victim: "node 8/0 over 1 to 256 is another", 300: "entries: the root at 305 is not the one that was signed"} {
			var own []byte
			if err := owner.QueryRow("SELECT leaf FROM entry WHERE tenant_id = 7 AND seq = $1", seq).Scan(&own); err != nil {
				t.Fatal(err)
			}
			edit(t, owner, "UPDATE entry SET leaf = $1 WHERE tenant_id = 7 AND seq = $2", append([]byte{own[0] ^ 1}, own[1:]...), seq)
			if got := violations(b.run(t, doctor.Options{Proof: true})); !strings.Contains(strings.Join(got, "\n"), want) {
				t.Errorf("no %q in %q", want, got)
			}
			edit(t, owner, "UPDATE entry SET leaf = $1 WHERE tenant_id = 7 AND seq = $2", own, seq)
		}
	})
}

func TestProof_FindsChangedNodesAndCheckpoints(t *testing.T) {
	both(t, func(t *testing.T, b *books, owner *sql.DB) {
		for _, c := range []struct{ do, undo, want string }{
			{"UPDATE log_node SET hash = (SELECT leaf FROM entry WHERE tenant_id = 7 AND seq = 1)", "", "node 8/0 over 1 to 256 is another"},
			{"DELETE FROM log_node", "", "node 8/0 over 1 to 256 is missing"},
			{"UPDATE checkpoint SET size = 304", "UPDATE checkpoint SET size = 305", "checkpoint 304/0 is stored with a note about others"},
			{"UPDATE checkpoint SET note = REPLACE(note, 'epoch 1', 'epoch 2')", "UPDATE checkpoint SET note = REPLACE(note, 'epoch 2', 'epoch 1')", "checkpoint 305/0: checkpoint_invalid"},
			{"DELETE FROM entry WHERE tenant_id = 7 AND seq = 305", "", "entries: 305 were signed, 304 are there"},
		} {
			edit(t, owner, c.do)
			if got := violations(b.run(t, doctor.Options{Proof: true})); !strings.Contains(strings.Join(got, "\n"), c.want) {
				t.Errorf("%s: no %q in %q", c.do, c.want, got)
			}
			if c.undo != "" {
				edit(t, owner, c.undo)
			}
		}
	})
}

// TestDoctor_FindsEveryChangeOfAHolder changes each figure of a row that its entries determine.
func TestDoctor_FindsEveryChangeOfAHolder(t *testing.T) {
	both(t, func(t *testing.T, b *books, owner *sql.DB) {
		var state string
		if err := owner.QueryRow("SELECT state FROM holder WHERE tenant_id = 7 AND id = 1").Scan(&state); err != nil {
			t.Fatal(err)
		}
		found := func(what string) {
			t.Helper()
			if got := violations(b.run(t, doctor.Options{})); !strings.Contains(strings.Join(got, "\n"), "holder 1: ") {
				t.Errorf("%s: holder 1 is not named in %q", what, got)
			}
		}
		for _, other := range append(everyNumber(state), "{}", state+"x") {
			edit(t, owner, "UPDATE holder SET state = $1 WHERE tenant_id = 7 AND id = 1", other)
			found(other)
		}
		edit(t, owner, "UPDATE holder SET state = $1 WHERE tenant_id = 7 AND id = 1", state)
		for _, c := range []string{"seq", "least"} {
			edit(t, owner, "UPDATE holder SET "+c+" = "+c+" + 1 WHERE tenant_id = 7 AND id = 1")
			found(c)
			edit(t, owner, "UPDATE holder SET "+c+" = "+c+" - 1 WHERE tenant_id = 7 AND id = 1")
		}
		if r := b.run(t, doctor.Options{}); !r.OK() {
			t.Fatal(violations(r))
		}
		edit(t, owner, "DELETE FROM holder WHERE tenant_id = 7 AND id = 1")
		found("deleted row")
	})
}

// TestDoctor_TellsEachInvariantByItsID breaks the books in one way for each invariant, as a wrong program
// could have, and wants to hear its id.
func TestDoctor_TellsEachInvariantByItsID(t *testing.T) {
	const post = "UPDATE entry SET post = REPLACE(post, '%s', '%s') WHERE tenant_id = 7 AND seq = %d"
	day := clock.Date(2026, 1, 10)
	for _, c := range []struct{ id, do string }{
		{"I1", fmt.Sprintf(post, "-70", "-71", 3)},
		{"I2", "UPDATE holder SET state = REPLACE(state, '[4,10000,90,', '[4,10000,91,') WHERE id = 1"},
		{"I3", fmt.Sprintf(post, "-70", "-71", 3)},
		{"I4", fmt.Sprintf(post, "10000,20,", "10000,200,", 4)},
		{"I5", fmt.Sprintf(post, "[5,1,4,", "[5,1,36,", 1)},
		{"I6", fmt.Sprintf(post, ",-60]", ",-600]", victim)},
		{"I7", "UPDATE holder SET state = REPLACE(state, '[4,10000,90,20', '[4,10000,90,19') WHERE id = 1"},
		{"I8", fmt.Sprintf(post, "10000,20,1,", "10000,20,2,", 4)},
		{"I9", "DELETE FROM due WHERE holder = 1"},
		{"I10", "UPDATE entry SET fingerprint = leaf WHERE tenant_id = 7 AND seq = 3"},
		{"I11", "INSERT INTO decline SELECT tenant_id, client, key, fingerprint, 'insufficient_points', '[]', 2, 1, 9, 4, booked_at FROM entry WHERE seq = 3"},
		{"I12", "UPDATE entry SET terminal_seq = 5 WHERE tenant_id = 7 AND seq = 6"},
		{"I12", "UPDATE entry SET receipt = 'A-k6' WHERE tenant_id = 7 AND seq = 7"},
		{"I13", "UPDATE entry SET reverses = 2 WHERE tenant_id = 7 AND seq = 5"},
		{"I14", "UPDATE entry SET reverses = 1, kind = 'REV' WHERE tenant_id = 7 AND seq = 5"},
		{"I15", "UPDATE entry SET terminal_seq = 5, kind = 'TMB' WHERE tenant_id = 7 AND seq = 1"},
		{"I16", fmt.Sprintf(post, "10000,10,", "10000,9,", victim)},
		{"I16", "UPDATE holder SET state = REPLACE(state, '[1025,4,10000,90,', '[1025,4,10000,89,') WHERE id = 1"},
		{"I17", fmt.Sprintf(post, ",10000,50,", ",10000,40,", victim)},
		{"I18", fmt.Sprintf("UPDATE entry SET post = REPLACE(post, ',%d,', ',%d,') WHERE tenant_id = 7 AND seq IN (2, 5)", day+30, day-5)},
		{"I19", fmt.Sprintf(post, "[4,1,4,10000,-60]", "[13,1,4,10000,-60]", victim)},
		{"I19", "DELETE FROM due WHERE holder = 2"},
		{"I22", "UPDATE entry SET kind = CASE seq WHEN 4 THEN 'BLK' ELSE kind END, flags = '' WHERE tenant_id = 7 AND seq IN (4, 5)"},
		{"I22", "UPDATE entry SET kind = 'BLK' WHERE tenant_id = 7 AND seq = 4"}, // the row says active
		{"I24", "DELETE FROM holder WHERE id = 2"},
		{"I24", "INSERT INTO amend VALUES (7, 1, 3, '')"},
		{"I25", fmt.Sprintf(post, "10000", "978", 3)},
		{"I26", "DELETE FROM entry WHERE seq = 6"},
		{"I26", "UPDATE head SET seq = 306"},
		{"I35", "UPDATE entry SET kind = 'ADJ' WHERE tenant_id = 7 AND seq = 6"},
		{"I36", "UPDATE entry SET booked_at = booked_at - 1 WHERE tenant_id = 7 AND seq = 3"},
		{"I36", "UPDATE entry SET effective_at = effective_at + 301000000 WHERE tenant_id = 7 AND seq = 3"},
		{"I36", "UPDATE entry SET effective_at = effective_at - 259201000000 WHERE tenant_id = 7 AND seq = 5"},
		{"chain", fmt.Sprintf(post, "[1,4]", "[1,3]", victim)},
	} {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			url := dbtest.SQLiteURL(t)
			b := open(t, dbtest.Open(t, url))
			r, err := raw(t, url).Exec(c.do)
			if err != nil {
				t.Fatalf("%s: %v", c.do, err)
			}
			if n, _ := r.RowsAffected(); n == 0 {
				t.Fatalf("%s changes nothing", c.do)
			}
			got := violations(b.run(t, doctor.Options{}))
			if !strings.Contains("\n"+strings.Join(got, "\n"), "\n"+c.id+": ") {
				t.Errorf("%s: told as %q", c.do, got)
			}
		})
	}
}

func TestDoctor_HearsFromOtherRooms(t *testing.T) {
	b := open(t, dbtest.Open(t, dbtest.SQLiteURL(t)))
	var sum int
	o := ledger.Options{Zones: zones, Verifiers: b.keys.Verifiers,
		Most: func(_ int64, a ledger.Account, version string) (int64, bool) {
			return 120, a.Holder == 1 && version == "v1"
		},
		Cursors: func(context.Context, db.Tx) ([]ledger.Cursor, error) {
			return []ledger.Cursor{{Consumer: "hooks", Seq: 305}, {Consumer: "reports", Seq: 306}}, nil
		},
		Watch: []ledger.Watch{{ID: "I31", Title: "points follow", New: func(int64) ledger.Watcher {
			return ledger.Watcher{
				Entry: func(e *ledger.Entry) string {
					if sum++; e.Seq == 9 {
						return "earns too much"
					}
					return ""
				},
				End: func(context.Context, db.Tx) ([]check.Violation, error) {
					return []check.Violation{{What: fmt.Sprint("saw ", sum)}}, nil
				},
			}
		}}},
	}
	r, err := doctor.New(b.d, clock.NewManual(noon.Add(2*time.Hour)), ledger.Checks(o)...).Run(ctx, doctor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(violations(r), "\n")
	for _, want := range []string{
		"I5: entry 2 ", "points/10000 rises to 150, 120 is the most", "I29: consumer reports stands at 306 of 305 entries",
		"I31: entry 9 (" + ledger.FormatEntryID(9, b.key) + "): earns too much", "I31: saw 305", "I9: entry 4 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestAppendOnly_TheRoleMayNotEdit holds I27 by grants: the role in which the server works on PostgreSQL.
func TestAppendOnly_TheRoleMayNotEdit(t *testing.T) {
	url := dbtest.PostgresURL(t)
	open(t, dbtest.Open(t, url))
	owner := raw(t, url)
	for _, table := range []string{"entry", "decline", "audit", "log_node", "audit_node", "checkpoint"} {
		for _, q := range []string{"UPDATE " + table + " SET tenant_id = tenant_id", "DELETE FROM " + table, "TRUNCATE " + table} {
			tx, err := owner.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err = tx.Exec("SET LOCAL ROLE lojal_app"); err == nil {
				_, err = tx.Exec(q)
			}
			_ = tx.Rollback()
			var denied *pgconn.PgError
			if !errors.As(err, &denied) || denied.Code != "42501" {
				t.Errorf("%s: %v", q, err)
			}
		}
	}
}
