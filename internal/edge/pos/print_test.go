package pos

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"lojal/internal/sale"
)

// outside names what the fingerprint leaves out (A3), itself, and the words for the receipt that nobody
// understood.
var outside = []string{"Quote", "Session", "Verify", "Unknown", "Fingerprint"}

// derived are parts of a currency that follow from its code.
var derived = []string{"Num", "Exponent", "Quantum", "CashRounding"}

// TestSeal_ForgetsNoField changes one field after another, however deep, and looks for another fingerprint.
func TestSeal_ForgetsNoField(t *testing.T) {
	t.Parallel()
	var q sale.Request
	v := reflect.ValueOf(&q).Elem()
	fill(v)
	seal(&q, "transactions")
	first := q.Fingerprint
	if len(first) != fingerprintSize {
		t.Fatalf("%d bytes", len(first))
	}
	changed := 0
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		leaves(v.Field(i), name, func(path string, leaf reflect.Value) {
			old := reflect.New(leaf.Type()).Elem()
			old.Set(leaf)
			change(leaf)
			seal(&q, "transactions")
			same := bytes.Equal(q.Fingerprint, first)
			leaf.Set(old)
			if same != slices.Contains(outside, name) {
				t.Errorf("with another %s the fingerprint is the same: %v", path, same)
			}
			changed++
		})
	}
	if changed < 70 {
		t.Errorf("only %d fields were changed", changed)
	}
	if seal(&q, "returns"); bytes.Equal(q.Fingerprint, first) {
		t.Error("another route gives the same fingerprint")
	}
}

// TestSeal_KeepsListsApart moves a value from one list to the next.
func TestSeal_KeepsListsApart(t *testing.T) {
	t.Parallel()
	var a, b sale.Request
	a.Wish.Rewards = []string{"x", ""}
	b.Wish.Rewards = []string{"", "x"}
	seal(&a, "r")
	seal(&b, "r")
	if bytes.Equal(a.Fingerprint, b.Fingerprint) {
		t.Error("two requests have one fingerprint")
	}
}

// fill makes one element of every list and pointer.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	}
}

func leaves(v reflect.Value, path string, do func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		do(path+" there", v)
		leaves(v.Elem(), path, do)
	case reflect.Slice:
		do(path+" there", v)
		leaves(v.Index(0), path, do)
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; !slices.Contains(derived, name) {
				leaves(v.Field(i), path+"."+name, do)
			}
		}
	default:
		do(path, v)
	}
}

func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Uint8:
		v.SetUint(v.Uint() + 1)
	case reflect.Pointer, reflect.Slice:
		v.SetZero()
	default:
		v.SetInt(v.Int() + 1)
	}
}
