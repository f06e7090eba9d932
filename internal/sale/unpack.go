package sale

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"lojal/internal/base/money"
)

// unpacker reads what packer wrote. It refuses everything else: another form means that somebody has edited
// the database.
type unpacker struct {
	in    []byte
	at    int
	texts []string
}

// damage says where a document is not as it was written.
type damage int

func (d damage) Error() string { return fmt.Sprintf("the document is damaged at byte %d", int(d)) }

// unpack reads a document into the structure that it was written from.
func unpack(in []byte, document any) (err error) {
	defer func() {
		if d, ok := recover().(damage); ok {
			err = d
		}
	}()
	v := reflect.ValueOf(document).Elem()
	v.SetZero()
	u := unpacker{in: in}
	names := namesOf(v.Type())
	u.want('{')
	for first := true; !u.next('}'); first = false {
		if !first {
			u.want(',')
		}
		i := slices.Index(names, u.quoted())
		if i < 0 {
			panic(damage(u.at))
		}
		u.want(':')
		u.value(v.Field(i))
	}
	if u.at != len(in) {
		panic(damage(u.at))
	}
	return nil
}

func (u *unpacker) next(c byte) bool {
	if u.at < len(u.in) && u.in[u.at] == c {
		u.at++
		return true
	}
	return false
}

func (u *unpacker) want(c byte) {
	if !u.next(c) {
		panic(damage(u.at))
	}
}

func (u *unpacker) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == currencyType {
			u.currency(v)
			return
		}
		u.structure(v)
	case reflect.Pointer:
		if u.next('0') {
			return
		}
		u.want('[')
		v.Set(reflect.New(v.Type().Elem()))
		u.value(v.Elem())
		u.want(']')
	case reflect.Slice:
		u.list(v)
	case reflect.String:
		v.SetString(u.text())
	case reflect.Bool:
		v.SetBool(u.number() != 0)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(u.number()))
	default:
		v.SetInt(u.number())
	}
}

func (u *unpacker) structure(v reflect.Value) {
	u.want('[')
	for i := 0; !u.next(']'); i++ {
		if i > 0 {
			u.want(',')
		}
		if i == v.NumField() {
			panic(damage(u.at))
		}
		u.value(v.Field(i))
	}
}

func (u *unpacker) list(v reflect.Value) {
	if u.next('0') {
		return
	}
	u.want('[')
	v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	for i := 0; !u.next(']'); i++ {
		if i > 0 {
			u.want(',')
		}
		v.Grow(1)
		v.SetLen(i + 1)
		v.Index(i).SetZero()
		u.value(v.Index(i))
	}
}

func (u *unpacker) currency(v reflect.Value) {
	code := u.text()
	if code == "" {
		return
	}
	c, ok := money.Find(code)
	if !ok {
		panic(damage(u.at))
	}
	v.Set(reflect.ValueOf(c))
}

func (u *unpacker) number() int64 {
	from := u.at
	for u.at < len(u.in) && (u.in[u.at] == '-' || u.in[u.at] >= '0' && u.in[u.at] <= '9') {
		u.at++
	}
	n, err := strconv.ParseInt(string(u.in[from:u.at]), 10, 64)
	if err != nil {
		panic(damage(from))
	}
	return n
}

func (u *unpacker) text() string {
	if u.at < len(u.in) && u.in[u.at] == '"' {
		s := u.quoted()
		u.texts = append(u.texts, s)
		return s
	}
	n := u.number()
	if n == 0 {
		return ""
	}
	if n < 0 || n > int64(len(u.texts)) {
		panic(damage(u.at))
	}
	return u.texts[n-1]
}

func (u *unpacker) quoted() string {
	from := u.at
	u.want('"')
	plain := true
	for u.at < len(u.in) && u.in[u.at] != '"' {
		if u.in[u.at] == '\\' {
			plain = false
			u.at++
		}
		u.at++
	}
	u.want('"')
	if plain {
		return string(u.in[from+1 : u.at-1])
	}
	var s string
	if err := json.Unmarshal(u.in[from:u.at], &s); err != nil {
		panic(damage(from))
	}
	return s
}
