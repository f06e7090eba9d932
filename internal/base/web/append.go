package web

import (
	"encoding"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends the string in JSON, byte for byte as encoding/json writes it: what a browser could
// take for markup is escaped, and bytes that are no UTF-8 become U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			b = append(b, s[from:i]...)
			b = appendEscape(b, c)
			i++
			from = i
			continue
		}
		char, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case char == utf8.RuneError && size == 1:
			b = append(b, s[from:i]...)
			b = append(b, `\ufffd`...)
			from = i + size
		case char == '\u2028' || char == '\u2029':
			b = append(b, s[from:i]...)
			b = append(b, `\u202`...)
			b = append(b, hexDigits[char&15])
			from = i + size
		}
		i += size
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// AppendInt appends a whole number.
func AppendInt(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }

// AppendBool appends true or false.
func AppendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// AppendKey appends the key and its colon, after a comma unless an object was just opened.
func AppendKey(b []byte, key string) []byte {
	b = AppendComma(b)
	b = AppendString(b, key)
	return append(b, ':')
}

// AppendComma appends a comma unless an object or an array was just opened.
func AppendComma(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' {
		b = append(b, ',')
	}
	return b
}

// AppendMoney appends an amount that stands alone: {"amount":1250,"currency":"EUR"}.
func AppendMoney(b []byte, amount int64, currency string) []byte {
	b = append(b, `{"amount":`...)
	b = AppendInt(b, amount)
	b = append(b, `,"currency":`...)
	b = AppendString(b, currency)
	return append(b, '}')
}

// AppendValue appends any value: the common kinds directly, others as they marshal themselves, and null
// for what cannot be marshalled.
func AppendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return AppendString(b, v)
	case bool:
		return AppendBool(b, v)
	case int:
		return AppendInt(b, int64(v))
	case int32:
		return AppendInt(b, int64(v))
	case int64:
		return AppendInt(b, v)
	case json.Marshaler:
	case encoding.TextMarshaler:
		if text, err := v.MarshalText(); err == nil {
			return AppendString(b, string(text))
		}
		return append(b, "null"...)
	}
	out, err := json.Marshal(value)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, out...)
}
