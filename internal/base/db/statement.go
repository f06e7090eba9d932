package db

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Stmt is a statement of the portable subset, known by name. Declare it as a package variable: a test
// prepares every one of them on both engines.
type Stmt struct {
	Name string
	text string
}

// SQL declares a statement.
func SQL(name, text string) *Stmt {
	s := &Stmt{Name: name, text: text}
	register(name, text, text)
	return s
}

// Type is the type of a column that a set statement carries.
type Type uint8

// The column types of set statements. Nothing in them is NULL: none is 0 or the empty text.
const (
	Int Type = iota + 1
	Text
	Bytes
)

func (t Type) array() string {
	return [...]string{Int: "bigint[]", Text: "text[]", Bytes: "bytea[]"}[t]
}

// Col is a column of a set statement.
type Col struct {
	Name string
	Type Type
}

// Cols reads columns written as "name type, name type" with the types int, text and bytes.
func Cols(list string) []Col {
	var out []Col
	for part := range strings.SplitSeq(list, ",") {
		f := strings.Fields(part)
		if len(f) != 2 {
			panic(fmt.Sprintf("db: column %q is not a name and a type", part))
		}
		t, ok := map[string]Type{"int": Int, "text": Text, "bytes": Bytes}[f[1]]
		if !ok {
			panic(fmt.Sprintf("db: no column type %q", f[1]))
		}
		out = append(out, Col{f[0], t})
	}
	return out
}

// Set is one statement over many rows of one tenant. In its text $1 is the tenant.
type Set struct {
	Name string
	cols []Col
	pg   string // one statement over arrays
	look string // the same without its lock, for sessions that only read
	lite string // one statement a row
	rows bool   // PostgreSQL too gets one statement a row, pipelined
}

// Insert declares an insert of rows. The tail holds ON CONFLICT, where there is one.
func Insert(name, table, columns, tail string) *Set {
	cols := Cols(columns)
	names := colNames(cols)
	s := &Set{Name: name, cols: cols}
	s.pg = fmt.Sprintf("INSERT INTO %s (tenant_id, %s) SELECT t.tenant_id, %s FROM tenant t CROSS JOIN unnest(%s) AS u(%s) WHERE t.tenant_id = $1 %s",
		table, strings.Join(names, ", "), strings.Join(prefixed("u.", names), ", "), arrays(cols), strings.Join(names, ", "), tail)
	s.lite = fmt.Sprintf("INSERT INTO %s (tenant_id, %s) VALUES ($1, %s) %s", table, strings.Join(names, ", "), holes(len(cols)), tail)
	register(name, s.pg, s.lite)
	return s
}

// Update declares an update of rows that are found by the key columns, which come first. On PostgreSQL it
// runs as one statement a row, pipelined: joined with a list, it would read every row of the tenant as long
// as there are no statistics. Rows that every commit touches are better written by an Insert with a tail.
func Update(name, table, keys, columns string) *Set {
	k, c := Cols(keys), Cols(columns)
	s := &Set{Name: name, cols: slices.Concat(k, c), rows: true}
	var set, where []string
	for i, col := range c {
		set = append(set, fmt.Sprintf("%s = $%d", col.Name, len(k)+i+2))
	}
	for i, col := range k {
		where = append(where, fmt.Sprintf("%s = $%d", col.Name, i+2))
	}
	s.lite = fmt.Sprintf("UPDATE %s SET %s WHERE tenant_id = $1 AND %s", table, strings.Join(set, ", "), strings.Join(where, " AND "))
	register(name, s.lite, s.lite)
	return s
}

// Delete declares a deletion of rows by their key columns.
func Delete(name, table, keys string) *Set {
	k := Cols(keys)
	s := &Set{Name: name, cols: k, rows: true}
	var where []string
	for i, col := range k {
		where = append(where, fmt.Sprintf("%s = $%d", col.Name, i+2))
	}
	s.lite = fmt.Sprintf("DELETE FROM %s WHERE tenant_id = $1 AND %s", table, strings.Join(where, " AND "))
	register(name, s.lite, s.lite)
	return s
}

// Find declares a look-up by a list of keys. The text is a SELECT for one key with $1 as the tenant and
// k.NAME for each key column; it carries its own LIMIT, which keeps PostgreSQL on the index whatever its
// statistics say. Integers must be bigint, everything else text or bytes.
func Find(name, keys, text string) *Set {
	k := Cols(keys)
	s := &Set{Name: name, cols: k}
	names := colNames(k)
	s.pg = fmt.Sprintf("SELECT k.key_no, x.* FROM unnest(%s) WITH ORDINALITY AS k(%s, key_no) CROSS JOIN LATERAL (%s) AS x",
		arrays(k), strings.Join(names, ", "), text)
	s.look = strings.ReplaceAll(s.pg, "FOR UPDATE", "")
	s.lite = strings.ReplaceAll(text, "FOR UPDATE", "") // SQLite has one writer at a time anyway
	for i, n := range names {
		s.lite = replaceWord(s.lite, "k."+n, fmt.Sprintf("$%d", i+2))
	}
	register(name, s.pg, s.lite)
	return s
}

// Rows gives an empty list of rows for this set.
func (s *Set) Rows() *Rows { return &Rows{set: s, cols: make([]column, len(s.cols))} }

// Rows are the rows of one run of a set statement. Fill a row column by column in the declared order.
type Rows struct {
	set  *Set
	cols []column
	at   int
	n    int
}

type column struct {
	ints  []int64
	texts []string
	bytes [][]byte
}

// Len gives the number of complete rows.
func (r *Rows) Len() int { return r.n }

// Reset empties the rows and keeps their room.
func (r *Rows) Reset() {
	for i := range r.cols {
		c := &r.cols[i]
		c.ints, c.texts, c.bytes = c.ints[:0], c.texts[:0], c.bytes[:0]
	}
	r.at, r.n = 0, 0
}

// Int adds the next column, an integer.
func (r *Rows) Int(v int64) *Rows {
	r.want(Int)
	c := &r.cols[r.at]
	c.ints = append(c.ints, v)
	return r.next()
}

// Text adds the next column, a text.
func (r *Rows) Text(v string) *Rows {
	r.want(Text)
	c := &r.cols[r.at]
	c.texts = append(c.texts, v)
	return r.next()
}

// Bytes adds the next column, bytes that must not change until the batch has run.
func (r *Rows) Bytes(v []byte) *Rows {
	r.want(Bytes)
	c := &r.cols[r.at]
	c.bytes = append(c.bytes, v)
	return r.next()
}

func (r *Rows) want(t Type) {
	if got := r.set.cols[r.at].Type; got != t {
		panic(fmt.Sprintf("db: %s: column %s has another type", r.set.Name, r.set.cols[r.at].Name))
	}
}

func (r *Rows) next() *Rows {
	if r.at++; r.at == len(r.cols) {
		r.at = 0
		r.n++
	}
	return r
}

var registry struct {
	sync.Mutex
	names map[string]bool
	all   []Registered
}

// Registered is a statement as each engine gets it.
type Registered struct{ Name, Postgres, SQLite string }

func register(name, pg, lite string) {
	registry.Lock()
	defer registry.Unlock()
	if registry.names == nil {
		registry.names = map[string]bool{}
	}
	if registry.names[name] {
		panic("db: statement " + name + " is declared twice")
	}
	registry.names[name] = true
	registry.all = append(registry.all, Registered{name, pg, lite})
}

// Statements gives every declared statement, for the test that prepares them all.
func Statements() []Registered {
	registry.Lock()
	defer registry.Unlock()
	return slices.Clone(registry.all)
}

func colNames(cols []Col) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name
	}
	return out
}

func prefixed(p string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = p + n
	}
	return out
}

func arrays(cols []Col) string {
	var parts []string
	for i, c := range cols {
		parts = append(parts, fmt.Sprintf("$%d::%s", i+2, c.Type.array()))
	}
	return strings.Join(parts, ", ")
}

func holes(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf("$%d", i+2))
	}
	return strings.Join(parts, ", ")
}

// replaceWord replaces whole words only, so that k.key leaves k.keyring alone.
func replaceWord(s, word, with string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, word)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(word)
		whole := end == len(s) || !isWord(s[end])
		b.WriteString(s[:i])
		if whole {
			b.WriteString(with)
		} else {
			b.WriteString(word)
		}
		s = s[end:]
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
