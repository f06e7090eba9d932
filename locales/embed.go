// Package locales holds the texts of the house in five languages: one catalogue for the server and for
// the web pages. Keys are flat and dotted; a plural key ends in _zero, _one, _few, _many or _other, with
// the forms that CLDR has for the language; {{name}} stands for a parameter.
package locales

import "embed"

// Files are en.json, lv.json, ru.json, et.json and hu.json.
//
//go:embed *.json
var Files embed.FS
