package web

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Str reads a string. Without escapes it costs no allocation.
func (r *Reader) Str() string {
	if !r.expect(String) {
		return ""
	}
	return r.text()
}

// text reads the string that begins at the present quote.
func (r *Reader) text() string {
	start := r.pos + 1
	ascii := true
	for p := start; p < len(r.src); p++ {
		switch c := r.src[p]; {
		case c == '"':
			s := r.src[start:p]
			if !ascii && !utf8.ValidString(s) {
				r.fail("invalid UTF-8")
				return ""
			}
			r.pos = p + 1
			return s
		case c == '\\':
			return r.escaped(start, p)
		case c < ' ':
			r.pos = p
			r.fail("control character in a string")
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.pos = len(r.src)
	r.fail("unexpected end")
	return ""
}

// escaped reads the rest of a string whose first backslash is at p.
func (r *Reader) escaped(start, p int) string {
	out := make([]byte, 0, p-start+32)
	out = append(out, r.src[start:p]...)
	for p < len(r.src) {
		c := r.src[p]
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				r.fail("invalid UTF-8")
				return ""
			}
			r.pos = p + 1
			return string(out)
		case c < ' ':
			r.pos = p
			r.fail("control character in a string")
			return ""
		case c != '\\':
			out = append(out, c)
			p++
			continue
		}
		char, size, reason := unescape(r.src[p:])
		if reason != "" {
			r.pos = p
			r.fail(reason)
			return ""
		}
		out = utf8.AppendRune(out, char)
		p += size
	}
	r.pos = len(r.src)
	r.fail("unexpected end")
	return ""
}

// unescape gives the character of the escape at the beginning of s and the bytes that it takes, or the
// reason why it is none.
func unescape(s string) (char rune, size int, reason string) {
	if len(s) < 2 {
		return 0, 0, "unexpected end"
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2, ""
	case 'b':
		return '\b', 2, ""
	case 'f':
		return '\f', 2, ""
	case 'n':
		return '\n', 2, ""
	case 'r':
		return '\r', 2, ""
	case 't':
		return '\t', 2, ""
	case 'u':
	default:
		return 0, 0, "unknown escape"
	}
	first, ok := hex4(s)
	switch {
	case !ok:
		return 0, 0, "unknown escape"
	case first == 0:
		return 0, 0, "NUL in a string"
	case !utf16.IsSurrogate(first):
		return first, 6, ""
	}
	second, ok := hex4(s[6:])
	if pair := utf16.DecodeRune(first, second); ok && pair != utf8.RuneError {
		return pair, 12, ""
	}
	return 0, 0, "lone surrogate"
}

// hex4 reads \uXXXX at the beginning of s.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var v rune
	for i := 2; i < 6; i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | rune(c)
	}
	return v, true
}
