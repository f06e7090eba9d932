package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// verify runs the command over an export and gives its exit code with all that it said.
func verify(t *testing.T, export string, more ...string) (int, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "books")
	if err := os.WriteFile(path, []byte(export), 0o600); err != nil {
		t.Fatal(err)
	}
	return command(append(append([]string{"-keys", "testdata/checkpoint-keys.txt"}, more...), path)...)
}

func command(args ...string) (int, string) {
	var out bytes.Buffer
	code := run(args, &out, &out)
	return code, out.String()
}

func TestVerify_FindsSoundBooksSound(t *testing.T) {
	t.Parallel()
	code, said := verify(t, read(t, "books.jsonl"), "-checkpoint", "testdata/kept.txt")
	if code != allIsWell {
		t.Fatalf("exit %d: %s", code, said)
	}
	for _, want := range []string{"305 entries, epoch 1", "3 acts, 3 checkpoints", "entries 301 to 305 are signed by no checkpoint yet", "unit 10000: customers 460, debts 0, system -460, in all 0", "the books are what was signed"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

// change edits the first line that holds a mark.
func change(t *testing.T, text, mark, old, new string) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.Contains(l, mark) && strings.Contains(l, old) {
			lines[i] = strings.Replace(l, old, new, 1)
			return strings.Join(lines, "")
		}
	}
	t.Fatalf("no line with %s holds %s", mark, old)
	return ""
}

func drop(t *testing.T, text, mark string) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.Contains(l, mark) {
			return strings.Join(append(lines[:i:i], lines[i+1:]...), "")
		}
	}
	t.Fatalf("no line with %s", mark)
	return ""
}

// TestVerify_NamesTheEntryOfWhichAnyMemberWasChanged changes every member of an entry and of an act in turn.
func TestVerify_NamesTheEntryOfWhichAnyMemberWasChanged(t *testing.T) {
	t.Parallel()
	books := read(t, "books.jsonl")
	for _, c := range []struct {
		mark, name string
		of         any
	}{{`"seq":5,`, "entry 5 ", entry{}}, {`"n":2,`, "act 2 ", act{}}} {
		line := regexp.MustCompile(`(?m)^.*` + c.mark + `.*$`).FindString(books)
		for i := range reflect.TypeOf(c.of).NumField() {
			member := strings.Split(reflect.TypeOf(c.of).Field(i).Tag.Get("json"), ",")[0]
			if member == "tenant_id" || member == "seq" || member == "n" {
				continue // another number is another entry: below
			}
			value := regexp.MustCompile(`"` + member + `":("(?:[^"\\]|\\.)*"|-?\d+)`).FindString(line)
			if value == "" {
				t.Fatalf("no %s in %s", member, line)
			}
			other := value[:len(value)-1] + string('0'+(value[len(value)-1]-'0'+1)%10)
			if strings.HasSuffix(value, `"`) {
				other = strings.Replace(value, `":"`, `":"A`, 1)
				if member == "fingerprint" || member == "leaf" {
					other = strings.Replace(value, `":"`, `":"AAAA`, 1)
				}
			}
			code, said := verify(t, strings.Replace(books, line, strings.Replace(line, value, other, 1), 1))
			if code != wrong || !strings.Contains(said, c.name) {
				t.Errorf("%s: exit %d: %s", member, code, said)
			}
		}
	}
}

func TestVerify_RefusesWhatWasNotSigned(t *testing.T) {
	t.Parallel()
	books := read(t, "books.jsonl")
	for _, c := range []struct{ name, books, want string }{
		{"an entry is gone", drop(t, books, `"seq":7,`), "entry 8 follows entry 6"},
		{"the end is gone", strings.Join(regexp.MustCompile(`(?m)^.*"type":"(?:audit|checkpoint).*\n`).FindAllString(books, -1), ""), "were signed, 0 are there"},
		{"an act is gone", drop(t, books, `"n":3,`), "3 acts were signed, 2 are there"},
		{"another number", change(t, books, `"seq":5,`, `"seq":5,`, `"seq":6,`), "entry 6 follows entry 4"},
		{"another tenant", change(t, books, `"seq":5,`, `"tenant_id":7`, `"tenant_id":8`), "tenant 8: nobody has signed these books"},
		{"another root", change(t, books, `"checkpoint"`, `\n300\n`, `\n299\n`), "the signature is wrong"},
		{"nothing signed", regexp.MustCompile(`(?m)^.*"type":"checkpoint.*\n`).ReplaceAllString(books, ""), "nobody has signed"},
	} {
		if code, said := verify(t, c.books); code != wrong || !strings.Contains(said, c.want) {
			t.Errorf("%s: exit %d, no %q in %s", c.name, code, c.want, said)
		}
	}
}

// TestVerify_RefusesAForkByAKeptCheckpoint rewrites an entry with its leaf and drops the old checkpoints, as
// somebody with the whole machine could.
func TestVerify_RefusesAForkByAKeptCheckpoint(t *testing.T) {
	t.Parallel()
	books := regexp.MustCompile(`(?m)^.*"type":"checkpoint.*\n`).ReplaceAllString(read(t, "books.jsonl"), "")
	line := regexp.MustCompile(`(?m)^.*"seq":5,.*$`).FindString(books)
	var e entry
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		t.Fatal(err)
	}
	e.Actor = "stf_9"
	leaf := e.leaf()
	e.Leaf = leaf[:]
	forged, err := json.Marshal(struct {
		Type string `json:"type"`
		entry
	}{"entry", e})
	if err != nil {
		t.Fatal(err)
	}
	code, said := verify(t, strings.Replace(books, line, string(forged), 1), "-checkpoint", "testdata/kept.txt")
	if code != wrong || !strings.Contains(said, "kept.txt: the root of 100 entries is not the one that was signed") || strings.Contains(said, "its leaf") {
		t.Errorf("exit %d: %s", code, said)
	}
}

func TestVerify_RefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"-x"}, {"a", "b"}, {"no such file"}, {"-keys", "no such file", empty}, {"-keys", empty, empty}, {empty}} {
		if code, said := command(args...); code != unusable || said == "" {
			t.Errorf("%v: exit %d: %s", args, code, said)
		}
	}
	if code, said := command("testdata/books.jsonl"); code != wrong || !strings.Contains(said, "no key that we know has signed it") {
		t.Errorf("without keys: exit %d: %s", code, said)
	}
}

// TestVerify_ReadsADatabaseFile puts the export into tables as the server has them.
func TestVerify_ReadsADatabaseFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lojal.db")
	d, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec("CREATE TABLE checkpoint (tenant_id INTEGER, size INTEGER, audit_size INTEGER, note TEXT)"); err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	insert := func(table string, row any) {
		t.Helper()
		v := reflect.ValueOf(row).Elem()
		var names, holes []string
		var args []any
		for i := range v.NumField() {
			names = append(names, v.Type().Field(i).Tag.Get("json"))
			holes = append(holes, "?")
			args = append(args, v.Field(i).Interface())
		}
		if !made[table] {
			made[table] = true
			if _, err := d.Exec("CREATE TABLE " + table + " (" + strings.Join(names, ", ") + ")"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Exec("INSERT INTO "+table+" VALUES ("+strings.Join(holes, ", ")+")", args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := readLines("testdata/books.jsonl", visitor{
		entry: func(e *entry) { insert("entry", e) },
		act:   func(a *act) { insert("audit", a) },
		note: func(id int64, text string) {
			if _, err := d.Exec("INSERT INTO checkpoint VALUES (?, 1, 1, ?)", id, text); err != nil {
				t.Fatal(err)
			}
		},
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if code, said := command("-keys", "testdata/checkpoint-keys.txt", "-checkpoint", "testdata/kept.txt", path); code != allIsWell {
		t.Errorf("exit %d: %s", code, said)
	}
}

func FuzzOpenNote(f *testing.F) {
	text, err := os.ReadFile("testdata/kept.txt")
	if err != nil {
		f.Fatal(err)
	}
	keys, err := os.ReadFile("testdata/checkpoint-keys.txt")
	if err != nil {
		f.Fatal(err)
	}
	k, err := parseKey(string(keys))
	if err != nil {
		f.Fatal(err)
	}
	body, _, _ := strings.Cut(string(text), "\n\n")
	f.Add(string(text))
	f.Fuzz(func(t *testing.T, other string) {
		if _, err := openNote(other, []publicKey{k}); err == nil && !strings.HasPrefix(other, body+"\n\n") {
			t.Fatalf("accepts %q", other)
		}
	})
}
