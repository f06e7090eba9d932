package web

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"lojal/internal/base/fault"
)

// Limits of a JSON document.
const (
	MaxDepth   = 32 // nested objects and arrays
	MaxUnknown = 32 // unknown keys that are remembered; further ones are skipped in silence
	maxName    = 64 // bytes of a key that are shown in a path
	manyKeys   = 24 // from here on a map finds the repeated key of an object
)

// Kind says what a JSON value is, by its first character.
type Kind uint8

// The kinds of JSON values; None is the end of the text or something that begins no value.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Object
	Array
)

var kindNames = [...]string{"nothing", "null", "boolean", "number", "string", "object", "array"}

// String gives the name of the kind as JSON calls it.
func (k Kind) String() string { return kindNames[k] }

// Reader pulls values out of one JSON text. The caller asks for what it expects; the first thing that is
// otherwise becomes the error, and every later call gives zero values. Errors are malformed, with the
// offset, or invalid_value, both with the path of the field.
//
// It is stricter than JSON: invalid UTF-8, lone surrogates, NUL and repeated keys are malformed. Strings
// share one copy of the text: clone what is kept for long.
type Reader struct {
	src     string
	raw     []byte
	pos     int
	depth   int
	err     *fault.Error
	path    []step
	keys    []string // keys of all open objects, one after the other
	unknown []string
}

// step is one element of the path to the value being read: a key, or an index when the key is absent.
type step struct {
	key   string
	index int
	item  bool
}

// NewReader gives a reader of the text. The bytes are not to be changed while what Raw gave is in use.
func NewReader(b []byte) *Reader {
	return &Reader{src: string(b), raw: b, path: make([]step, 0, 8), keys: make([]string, 0, 48)}
}

// Err gives the first error, nil when there is none. Beware of storing the nil in an error interface.
func (r *Reader) Err() *fault.Error { return r.err }

// Unknown gives the paths of the keys for which a callback answered false, in order, each array's
// elements counted as one: lines[].colour.
func (r *Reader) Unknown() []string { return r.unknown }

// Path gives the path of the value being read: lines[2].total. It is empty at the top.
func (r *Reader) Path() string { return r.describe(true) }

// Refuse makes invalid_value of the present field the error, unless there is one already.
func (r *Reader) Refuse(expected string) {
	if r.err == nil {
		r.err = fault.Invalid(r.Path(), expected)
	}
}

// Kind tells what comes next without reading it.
func (r *Reader) Kind() Kind {
	if r.err != nil {
		return None
	}
	r.space()
	if r.pos >= len(r.src) {
		return None
	}
	switch c := r.src[r.pos]; {
	case c == '"':
		return String
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '-' || c >= '0' && c <= '9':
		return Number
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	}
	return None
}

// Object reads an object and calls back for each key. The callback reads the value and gives true, or
// leaves it and gives false: then the value is skipped and its path remembered as unknown.
func (r *Reader) Object(field func(key string) bool) {
	o, ok := r.openObject()
	if !ok {
		return
	}
	for r.nextKey(&o) {
		before := r.pos
		known := field(r.path[len(r.path)-1].key)
		switch {
		case r.err != nil:
			return
		case !known && r.pos == before:
			r.remember()
			r.skip()
		case !known || r.pos == before:
			panic("web: the callback of " + r.Path() + " must read the value and give true, or neither")
		}
		r.pop()
	}
}

// Array reads an array and calls back for each element with its index; the callback reads the element.
func (r *Reader) Array(element func(i int)) {
	if !r.open(Array) {
		return
	}
	for i := 0; r.nextItem(i); i++ {
		before := r.pos
		element(i)
		if r.err != nil {
			return
		}
		if r.pos == before {
			panic("web: the callback of " + r.Path() + " must read the element")
		}
		r.pop()
	}
}

// Null reads null when it comes next and tells whether it did.
func (r *Reader) Null() bool { return r.Kind() == Null && r.word("null") }

// Bool reads true or false.
func (r *Reader) Bool() bool {
	if !r.expect(Bool) {
		return false
	}
	if r.src[r.pos] == 't' {
		return r.word("true")
	}
	r.word("false")
	return false
}

// Int reads a whole number. A fraction, an exponent, -0, a leading zero, a number beyond 63 bits and a
// number in quotes are each invalid_value.
func (r *Reader) Int() int64 {
	if !r.expect(Number) {
		return 0
	}
	start := r.pos
	end := start
	for end < len(r.src) && isNumberByte(r.src[end]) {
		end++
	}
	text := r.src[start:end]
	digits := strings.TrimPrefix(text, "-")
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || digits[0] == '+' || digits[0] == '0' && text != "0" {
		r.Refuse("integer")
		return 0
	}
	r.pos = end
	return v
}

// Raw reads any value, checks it wholly and gives its bytes, which belong to the text.
func (r *Reader) Raw() []byte {
	r.space()
	start := r.pos
	r.skip()
	if r.err != nil {
		return nil
	}
	return r.raw[start:r.pos:r.pos]
}

// End refuses anything but white space after the value.
func (r *Reader) End() {
	r.space()
	if r.err == nil && r.pos < len(r.src) {
		r.fail("trailing data")
	}
}

// object is the state of one object while its keys are read.
type object struct {
	first int // where its keys begin in Reader.keys
	seen  map[string]struct{}
}

func (r *Reader) openObject() (object, bool) {
	return object{first: len(r.keys)}, r.open(Object)
}

// nextKey reads up to the value of the next key and puts the key on the path. At the end of the object,
// and on an error, it gives false.
func (r *Reader) nextKey(o *object) bool {
	if r.closed('}', len(r.keys) == o.first) {
		r.keys = r.keys[:o.first]
		return false
	}
	if r.err != nil {
		return false
	}
	if r.pos >= len(r.src) || r.src[r.pos] != '"' {
		r.fail("a key is expected")
		return false
	}
	key := r.text()
	if r.err != nil {
		return false
	}
	r.path = append(r.path, step{key: key})
	if r.repeated(o, key) {
		r.fail("duplicate key")
		return false
	}
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != ':' {
		r.fail("a colon is expected")
		return false
	}
	r.pos++
	r.space()
	return true
}

func (r *Reader) nextItem(i int) bool {
	if r.closed(']', i == 0) || r.err != nil {
		return false
	}
	r.path = append(r.path, step{index: i, item: true})
	return true
}

// repeated tells whether the object had the key already, and notes it. Few keys are compared one by one;
// many go into a map, so that a large object cannot cost the square of its size.
func (r *Reader) repeated(o *object, key string) bool {
	if o.seen == nil {
		for _, k := range r.keys[o.first:] {
			if k == key {
				return true
			}
		}
		r.keys = append(r.keys, key)
		if len(r.keys)-o.first > manyKeys {
			o.seen = make(map[string]struct{}, 2*manyKeys)
			for _, k := range r.keys[o.first:] {
				o.seen[k] = struct{}{}
			}
		}
		return false
	}
	if _, twice := o.seen[key]; twice {
		return true
	}
	o.seen[key] = struct{}{}
	return false
}

// open reads the opening bracket of an object or an array.
func (r *Reader) open(want Kind) bool {
	if !r.expect(want) {
		return false
	}
	if r.depth == MaxDepth {
		r.fail("nested deeper than " + strconv.Itoa(MaxDepth))
		return false
	}
	r.depth++
	r.pos++
	return true
}

// closed reads the closing bracket when it comes next; else, but before the first element, the comma.
func (r *Reader) closed(bracket byte, first bool) bool {
	if r.err != nil {
		return false
	}
	r.space()
	if r.pos >= len(r.src) {
		r.fail("unexpected end")
		return false
	}
	if r.src[r.pos] == bracket {
		r.pos++
		r.depth--
		return true
	}
	if first {
		return false
	}
	if r.src[r.pos] != ',' {
		r.fail("a comma is expected")
		return false
	}
	r.pos++
	r.space()
	return false
}

func (r *Reader) pop() { r.path = r.path[:len(r.path)-1] }

// expect tells whether a value of the kind comes next. Another kind is invalid_value; no value, malformed.
func (r *Reader) expect(want Kind) bool {
	got := r.Kind()
	switch {
	case r.err != nil:
		return false
	case got == want:
		return true
	case got == None && r.pos >= len(r.src):
		r.fail("unexpected end")
	case got == None:
		r.fail("a value is expected")
	default:
		r.Refuse(want.String())
	}
	return false
}

// skip reads one value of any kind, with every check but that of the caller's expectation.
func (r *Reader) skip() {
	switch kind := r.Kind(); kind {
	case Null:
		r.word("null")
	case Bool:
		r.Bool()
	case String:
		r.text()
	case Number:
		r.number()
	case Object:
		o, ok := r.openObject()
		for ok && r.nextKey(&o) {
			r.skip()
			if r.err != nil {
				return
			}
			r.pop()
		}
	case Array:
		ok := r.open(Array)
		for i := 0; ok && r.nextItem(i); i++ {
			r.skip()
			if r.err != nil {
				return
			}
			r.pop()
		}
	default:
		r.expect(Object)
	}
}

func (r *Reader) word(w string) bool {
	if !strings.HasPrefix(r.src[r.pos:], w) {
		r.fail("a value is expected")
		return false
	}
	r.pos += len(w)
	return true
}

// number reads a number of any form by the grammar of JSON.
func (r *Reader) number() {
	p, s := r.pos, r.src
	digits := func() bool {
		start := p
		for p < len(s) && s[p] >= '0' && s[p] <= '9' {
			p++
		}
		return p > start
	}
	if s[p] == '-' {
		p++
	}
	whole := p
	ok := digits() && (s[whole] != '0' || p == whole+1)
	if ok && p < len(s) && s[p] == '.' {
		p++
		ok = digits()
	}
	if ok && p < len(s) && (s[p] == 'e' || s[p] == 'E') {
		p++
		if p < len(s) && (s[p] == '+' || s[p] == '-') {
			p++
		}
		ok = digits()
	}
	if !ok {
		r.fail("not a number")
		return
	}
	r.pos = p
}

func (r *Reader) space() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *Reader) fail(reason string) {
	if r.err == nil {
		r.err = fault.New(fault.ErrMalformed, "reason", reason, "offset", r.pos, "field", r.Path())
	}
}

func (r *Reader) remember() {
	if len(r.unknown) == MaxUnknown {
		return
	}
	name := r.describe(false)
	for _, u := range r.unknown {
		if u == name {
			return
		}
	}
	r.unknown = append(r.unknown, name)
}

func (r *Reader) describe(indices bool) string {
	var b strings.Builder
	for i, s := range r.path {
		switch {
		case s.item && indices:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case s.item:
			b.WriteString("[]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(clip(s.key))
		}
	}
	return b.String()
}

// clip shortens a key that a client chose, at the beginning of a character.
func clip(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
