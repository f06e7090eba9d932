package web

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"lojal/internal/base/fault"
)

// Decode reads a whole JSON body into what v points to, strictly: keys are those of the json tags to the
// letter, an unknown one is unknown_field with its path, null stands only for pointers, slices, maps and
// types that read JSON themselves. It returns malformed, unknown_field or invalid_value, and then v is in
// no useful state. Numbers are whole; a float in the type is a bug and panics.
func Decode(body []byte, v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic("web: Decode needs a pointer")
	}
	d := decoder{Reader: NewReader(body)}
	d.value(target.Elem())
	d.End()
	if d.err != nil {
		return d.err
	}
	return nil
}

type decoder struct{ *Reader }

func (d decoder) value(v reflect.Value) {
	if d.custom(v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if d.Null() {
			v.SetZero()
			return
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(v.Elem())
	case reflect.Struct:
		d.structure(v)
	case reflect.Map:
		d.mapping(v)
	case reflect.Slice:
		d.slice(v)
	case reflect.String:
		v.SetString(strings.Clone(d.Str()))
	case reflect.Bool:
		v.SetBool(d.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := d.Int()
		if v.OverflowInt(n) {
			d.Refuse("smaller integer")
			return
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n := d.Int()
		if n < 0 || v.OverflowUint(uint64(n)) {
			d.Refuse("smaller integer, not negative")
			return
		}
		v.SetUint(uint64(n))
	case reflect.Interface:
		d.foreign(v.Addr().Interface())
	default:
		panic("web: Decode cannot read a " + v.Type().String())
	}
}

// custom lets a type read itself: from its JSON, or from the text of a string.
func (d decoder) custom(v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	switch own := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		d.foreign(own)
		return true
	case encoding.TextUnmarshaler:
		if text := d.Str(); d.err == nil {
			d.judge(own.UnmarshalText([]byte(text)), v.Type())
		}
		return true
	}
	return false
}

// foreign reads the value by encoding/json, after every check of the reader.
func (d decoder) foreign(into any) {
	if raw := d.Raw(); d.err == nil {
		d.judge(json.Unmarshal(raw, into), reflect.TypeOf(into).Elem())
	}
}

// judge makes a type's own refusal the error. A fault keeps its words; of other errors nothing is shown,
// since they may repeat what the client sent.
func (d decoder) judge(err error, t reflect.Type) {
	if err == nil || d.err != nil {
		return
	}
	expected := strings.ToLower(t.Name())
	if expected == "" || strings.Contains(expected, "[") {
		expected = "value of this field's form"
	}
	if e := fault.Of(err); e != nil && e.Code == fault.ErrInvalidValue {
		if own, ok := e.Params.Get("expected").(string); ok {
			expected = own
		}
	}
	d.Refuse(expected)
}

func (d decoder) structure(v reflect.Value) {
	fields := fieldsOf(v.Type())
	d.Object(func(key string) bool {
		index, ok := fields[key]
		if !ok {
			d.err = fault.New(fault.ErrUnknownField, "field", d.Path())
			return false
		}
		d.value(v.FieldByIndex(index))
		return true
	})
}

func (d decoder) mapping(v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		panic("web: Decode cannot read a " + v.Type().String())
	}
	if d.Null() {
		v.SetZero()
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	d.Object(func(key string) bool {
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(one)
		v.SetMapIndex(reflect.ValueOf(strings.Clone(key)).Convert(v.Type().Key()), one)
		return true
	})
}

func (d decoder) slice(v reflect.Value) {
	if d.Null() {
		v.SetZero()
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, 0)
	d.Array(func(int) {
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(one)
		list = reflect.Append(list, one)
	})
	v.Set(list)
}

var fieldCache sync.Map // of reflect.Type to map[string][]int

// fieldsOf gives the keys of a struct with the way to each field. Fields of an embedded struct without a
// tag count as the struct's own; a field without a tag is named as in Go.
func fieldsOf(t reflect.Type) map[string][]int {
	if known, ok := fieldCache.Load(t); ok {
		return known.(map[string][]int)
	}
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct
		if !f.IsExported() || f.Tag.Get("json") == "-" || embedded {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if other, twice := fields[name]; !twice || len(f.Index) < len(other) {
			fields[name] = f.Index
		}
	}
	fieldCache.Store(t, fields)
	return fields
}
