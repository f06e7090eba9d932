package programme

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"lojal/internal/base/money"
)

// YAML writes the definition canonically: every setting with its value, keys in the order of the fields,
// empty parts left out. Parse of it gives the same definition.
func (d *Definition) YAML() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(d.tree()); err != nil {
		return nil, fmt.Errorf("write programme: %w", err)
	}
	return b.Bytes(), nil
}

// MarshalJSON writes the same tree as YAML does.
func (d *Definition) MarshalJSON() ([]byte, error) { return appendJSON(nil, d.tree()), nil }

// UnmarshalJSON reads what MarshalJSON wrote, with the checks of Parse.
func (d *Definition) UnmarshalJSON(b []byte) error {
	read, problems := Parse(b)
	if len(problems) > 0 {
		return fmt.Errorf("programme: %s", problems[0])
	}
	*d = *read
	return nil
}

func (d *Definition) tree() *yaml.Node {
	w := &writer{currency: d.Currency, scale: int(d.PointsScale)}
	return w.structure(reflect.ValueOf(d).Elem(), true)
}

type writer struct {
	currency money.Currency
	scale    int
}

// structure writes the fields; below the top, those that have their default are left out.
func (w *writer) structure(v reflect.Value, whole bool) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	w.fields(n, v, whole)
	return n
}

func (w *writer) fields(n *yaml.Node, v reflect.Value, whole bool) {
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag
		name, options, _ := strings.Cut(tag.Get("yaml"), ",")
		if options == "inline" {
			w.fields(n, f, whole)
			continue
		}
		standard, has := tag.Lookup("default")
		child := w.value(f)
		if child == nil || (!whole && has && (child.Value == standard || w.isDefault(f, standard))) {
			if has && f.Kind() == reflect.Slice { // an emptied list differs from an absent one
				child = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
			} else {
				continue
			}
		}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, child)
	}
}

func (w *writer) isDefault(f reflect.Value, standard string) bool {
	fresh := reflect.New(f.Type()).Elem()
	if f.Kind() == reflect.Slice || scalar(fresh, standard, &reader{currency: w.currency, scale: w.scale}) != nil {
		return false
	}
	return fresh.Equal(f)
}

func (w *writer) value(v reflect.Value) *yaml.Node {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := m.MarshalText()
		if len(b) == 0 {
			return nil
		}
		return text(string(b))
	}
	switch x := v.Interface().(type) {
	case money.Amount:
		return number(w.currency.Format(x))
	case Points:
		return number(money.TrimDecimal(int64(x), w.scale))
	case Text:
		return w.text(x)
	}
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" {
			return nil
		}
		return text(v.String())
	case reflect.Struct:
		if n := w.structure(v, false); len(n.Content) > 0 {
			return n
		}
		return nil
	case reflect.Slice:
		if v.Len() == 0 {
			return nil
		}
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			child := w.value(v.Index(i))
			if child == nil {
				child = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
			}
			n.Content = append(n.Content, child)
		}
		if n.Content[0].Kind == yaml.ScalarNode {
			n.Style = yaml.FlowStyle
		}
		return n
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
	}
}

// text makes a string node; the encoder quotes it where another reader would take it for something else.
func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// number makes a plain number; JSON quotes one with places, so that no reader makes it a float.
func number(s string) *yaml.Node {
	tag := "!!int"
	if strings.Contains(s, ".") {
		tag = "!!float"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s}
}

func (w *writer) text(t Text) *yaml.Node {
	if len(t) == 0 {
		return nil
	}
	codes := make([]string, 0, len(t))
	for code := range t {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, code := range codes {
		n.Content = append(n.Content, text(code), text(t[code]))
	}
	return n
}

func appendJSON(b []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		b = append(b, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, n.Content[i]), ':')
			b = appendJSON(b, n.Content[i+1])
		}
		return append(b, '}')
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, one := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, one)
		}
		return append(b, ']')
	}
	if n.Tag == "!!int" {
		return append(b, n.Value...)
	}
	quoted, _ := json.Marshal(n.Value) // a string always marshals
	return append(b, quoted...)
}
