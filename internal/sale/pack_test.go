package sale

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"lojal/internal/base/money"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestPack_FormIsKept holds the stored form of every field: documents are read for ever.
func TestPack_FormIsKept(t *testing.T) {
	t.Parallel()
	var r Record
	n := 0
	count(reflect.ValueOf(&r).Elem(), &n)
	got := append(pack(&r), '\n')
	const file = "testdata/record.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("a record is stored as\n%s\nand was as\n%s\nfields are only added at the ends of their structures", got, want)
	}
	if !json.Valid(want) {
		t.Error("the form is no JSON")
	}
}

// count gives every field another value.
func count(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == currencyType {
			v.Set(reflect.ValueOf(money.EUR))
			return
		}
		for i := range v.NumField() {
			count(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		count(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		count(v.Index(0), n)
	case reflect.String:
		v.SetString("t" + string(rune('a'+*n%26)) + string(rune('a'+*n/26%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 200))
	default:
		v.SetInt(int64(*n))
	}
}

func TestPack_ReadsWhatItWrote(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		var in, out Record
		draw(reflect.ValueOf(&in).Elem(), random)
		text := pack(&in)
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("%s\nreads as\n%s", text, pack(&out))
		}
	}
}

var words = []string{"", "", "milk", "Šokolāde \"<70 %>\"", "line\nbreak\\", "goods", "goods", "\u2028"}

func draw(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == currencyType {
			v.Set(reflect.ValueOf(money.EUR))
			return
		}
		for i := range v.NumField() {
			if r.IntN(3) > 0 {
				draw(v.Field(i), r)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		draw(v.Elem(), r)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 4))
		for i := range v.Len() {
			draw(v.Index(i), r)
		}
	case reflect.String:
		v.SetString(words[r.IntN(len(words))])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Uint8:
		v.SetUint(r.Uint64N(256))
	case reflect.Int16:
		v.SetInt(int64(int16(r.Uint32())))
	case reflect.Int32:
		v.SetInt(int64(int32(r.Uint32())))
	default:
		v.SetInt(int64(r.Uint64()))
	}
}

// TestUnpack_RefusesWhatIsCutOrChanged never panics and never takes a part for the whole.
func TestUnpack_RefusesWhatIsCutOrChanged(t *testing.T) {
	t.Parallel()
	var r Record
	n := 0
	count(reflect.ValueOf(&r).Elem(), &n)
	text := pack(&r)
	for i := range text {
		var out Record
		if err := unpack(text[:i], &out); err == nil {
			t.Fatalf("%s is taken for whole", text[:i])
		}
		changed := append([]byte(nil), text...)
		changed[i] ^= 0x15
		_ = unpack(changed, &out) // may be read as another document, must not panic
	}
	for _, bad := range []string{`{"nobody":1}`, `{"k":9}`, `{"gc":[1,`, `{"b":[["XXX"]]}`, `{}x`, `{"k":"a" ,"p":"b"}`} {
		var out Record
		if err := unpack([]byte(bad), &out); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
