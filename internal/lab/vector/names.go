package vector

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// fill puts what names stand for into a value: "{m.number}" alone becomes the value itself, inside a text
// it becomes text.
func fill(v any, names Tree) (any, error) {
	switch v := v.(type) {
	case Tree:
		out := Tree{}
		for k, one := range v {
			x, err := fill(one, names)
			if err != nil {
				return nil, err
			}
			key, err := fillText(k, names)
			if err != nil {
				return nil, err
			}
			out[fmt.Sprint(key)] = x
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			x, err := fill(one, names)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case string:
		return fillText(v, names)
	}
	return v, nil
}

func fillText(s string, names Tree) (any, error) {
	var out strings.Builder
	rest := s
	for {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q: no closing brace", s)
		}
		v, err := find(names, name)
		if err != nil {
			return nil, err
		}
		if before == "" && tail == "" && out.Len() == 0 {
			return v, nil
		}
		fmt.Fprint(&out, v)
		rest = tail
	}
}

// find follows a path such as sale.lines.0.payable.
func find(names Tree, path string) (any, error) {
	var at any = names
	for _, part := range strings.Split(path, ".") {
		var ok bool
		switch x := at.(type) {
		case Tree:
			at, ok = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if ok = err == nil && i >= 0 && i < len(x); ok {
				at = x[i]
			}
		}
		if !ok {
			return nil, fmt.Errorf("nothing is called %s", path)
		}
	}
	return at, nil
}

// encode gives a value as JSON.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // values are made of trees, lists, texts and numbers
	}
	return b
}
