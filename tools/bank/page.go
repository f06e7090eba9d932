package main

import (
	"html/template"
	"os"
)

// page is the result for people: one file without anything beside it.
var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>bank: {{.Outcome}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { border: 1px solid #999; padding: .2rem .6rem; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } code { word-break: break-all; }
</style>
<h1>bank: {{.Outcome}}</h1>
{{with .Why}}<p>{{.}}</p>{{end}}
<p><code>{{.Line}}</code></p>
<h2>Operations</h2>
<table>
<tr><th>all<th>applied<th>declined<th>unknown, applied in the end<th>unknown, refused or closed<th>still unknown
<tr><td class="n">{{.Ops}}<td class="n">{{.OK}}<td class="n">{{.Fail}}<td class="n">{{.InfoOK}}<td class="n">{{.InfoFail}}<td class="n">{{.Unresolved}}
</table>
<h2>Faults</h2>
<table><tr><th>kind<th>times{{range $kind, $n := .Faults}}<tr><td>{{$kind}}<td class="n">{{$n}}{{end}}
<tr><td>met requests in flight<td class="n">{{.Met}}</table>
<h2>Checks</h2>
<table><tr><th>check<th>things examined{{range $check, $n := .Examined}}<tr><td>{{$check}}<td class="n">{{$n}}{{end}}</table>
{{with .Missing}}<p>Not attacked, because the server does not offer it: {{.}}</p>{{end}}
{{with .Bugs}}<h2>Seeded bugs</h2>
<table><tr><th>bug<th>found<th>seconds{{range .}}<tr><td>{{.Name}}<td>{{if .Found}}yes{{else}}no{{end}}<td class="n">{{.Seconds}}{{end}}</table>{{end}}
{{with .Findings}}<h2>Findings</h2>
<table><tr><th>check<th>counter<th>about<th>what{{range .}}<tr><td>{{.Check}}<td>{{.Counter}}<td>{{.About}}<td>{{.What}}{{end}}</table>{{end}}
</html>
`))

// writePage writes the result as a page.
func writePage(path string, s *Summary) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pageTemplate.Execute(f, s); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
