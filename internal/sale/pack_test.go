package sale

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"lojal/internal/base/money"
	"lojal/internal/reward"
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
		if err := unpack(text, &out); err != nil {
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

// TestRecord_LeavesOutOnlyWhatFollows draws records as sales make them: each line has a number and a
// quantity, allocations those of their lines, tenders mostly those of the till.
func TestRecord_LeavesOutOnlyWhatFollows(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 8))
	shorter := 0
	for range 2000 {
		var in, out Record
		draw(reflect.ValueOf(&in).Elem(), random)
		settle(&in, random)
		text, err := in.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if in.Sold != nil && in.Sold.Tenders == nil && out.Sold.Tenders != nil && len(out.Sold.Tenders) == 0 {
			out.Sold.Tenders = nil // no tenders are no tenders
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("%s\nreads as\n%s", pack(&in), pack(&out))
		}
		if len(text) < len(pack(&in)) {
			shorter++
		}
	}
	if shorter < 300 {
		t.Errorf("only %d records became shorter", shorter)
	}
}

func settle(r *Record, random *rand.Rand) {
	for i := range r.Masks {
		r.Masks[i] = []string{"", maskStars + "0392", maskStars, "0392", "=x", maskStars + "=x"}[random.IntN(6)]
	}
	if r.Wish != nil {
		for i := range r.Wish.Gift {
			r.Wish.Gift[i].Value = []string{"#0", "=", "crd_x", ""}[random.IntN(4)]
			if i < len(r.Gifts) && random.IntN(2) == 0 {
				r.Wish.Gift[i].Value = cardRef(r.Gifts[i])
			}
		}
	}
	if r.Sold == nil || r.Basket == nil {
		return
	}
	r.Sold.Lines = nil
	for i := range r.Basket.Lines {
		b := &r.Basket.Lines[i]
		b.No, b.Qty = i+1, 1000
		l := reward.SoldLine{No: b.No, Qty: b.Qty, Paid: 7, Weight: []int64{0, 10_000, 15_000, 12_345, 1_234_560_000}[random.IntN(5)]}
		if random.IntN(4) == 0 {
			l.Qty = 500
		}
		r.Sold.Lines = append(r.Sold.Lines, l)
	}
	if len(r.paid()) > 0 && random.IntN(2) == 0 {
		r.Sold.Tenders = r.paid()
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
