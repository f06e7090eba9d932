package sale

import (
	"reflect"
	"strconv"
	"strings"

	"lojal/internal/base/money"
	"lojal/internal/base/web"
)

// A stored document is JSON whose outer fields have names and whose inner ones have places, because a sale
// of five lines with names takes 1.9 KB and half of that without them. Places are those of the Go structs:
// fields are only ever added at their ends, which a golden file holds.
//
//	a structure      its fields in order, zeros at the end left out: [1,"milk",0,250]
//	a text           the text, or where it has stood before its number among the texts of the document, from 1; 0 for none
//	a list           its elements; 0 for none
//	an optional part [part]; 0 for none
//	true, false      1, 0

// packer writes one document.
type packer struct {
	out   []byte
	texts []string
}

// packRoom is the room of a document of five lines, in bytes.
const packRoom = 1500

// pack writes the fields of a document that are not zero under their names.
func pack(document any) []byte {
	v := reflect.ValueOf(document).Elem()
	p := packer{out: make([]byte, 0, packRoom), texts: make([]string, 0, 48)}
	p.out = append(p.out, '{')
	for i, name := range namesOf(v.Type()) {
		f := v.Field(i)
		if f.IsZero() {
			continue
		}
		if len(p.out) > 1 {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, '"')
		p.out = append(p.out, name...)
		p.out = append(p.out, '"', ':')
		p.value(f)
	}
	return append(p.out, '}')
}

func namesOf(t reflect.Type) []string {
	out := make([]string, t.NumField())
	for i := range out {
		out[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return out
}

var currencyType = reflect.TypeFor[money.Currency]()

func (p *packer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == currencyType {
			p.text(v.Field(0).String())
			return
		}
		p.structure(v)
	case reflect.Pointer:
		if v.IsNil() {
			p.out = append(p.out, '0')
			return
		}
		p.out = append(p.out, '[')
		p.value(v.Elem())
		p.out = append(p.out, ']')
	case reflect.Slice:
		p.list(v)
	case reflect.String:
		p.text(v.String())
	case reflect.Bool:
		if v.Bool() {
			p.out = append(p.out, '1')
			return
		}
		p.out = append(p.out, '0')
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		p.out = strconv.AppendUint(p.out, v.Uint(), 10)
	default:
		p.out = strconv.AppendInt(p.out, v.Int(), 10)
	}
}

func (p *packer) structure(v reflect.Value) {
	n := v.NumField()
	for n > 0 && v.Field(n-1).IsZero() {
		n--
	}
	p.out = append(p.out, '[')
	for i := range n {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.value(v.Field(i))
	}
	p.out = append(p.out, ']')
}

func (p *packer) list(v reflect.Value) {
	if v.IsNil() {
		p.out = append(p.out, '0')
		return
	}
	p.out = append(p.out, '[')
	for i := range v.Len() {
		if i > 0 {
			p.out = append(p.out, ',')
		}
		p.value(v.Index(i))
	}
	p.out = append(p.out, ']')
}

func (p *packer) text(s string) {
	if s == "" {
		p.out = append(p.out, '0')
		return
	}
	for i, known := range p.texts {
		if known == s {
			p.out = strconv.AppendInt(p.out, int64(i+1), 10)
			return
		}
	}
	p.texts = append(p.texts, s)
	p.out = web.AppendString(p.out, s)
}
