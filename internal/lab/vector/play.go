package vector

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Record is all that came out of one case.
type Record struct {
	Vector, Case string
	Answers      []Recorded // one per step that was done
	Names        Tree       // what names of the file stand for
	Err          string     // why the case could not be played to its end
}

// Recorded is the answer of a step.
type Recorded struct {
	Line          int
	Status        int
	Replayed      bool
	Same          bool // of a repeated request: the bytes are those of the first answer
	Body          any
	Before, After int64  // the ledger's head around a step that is to be declined
	Err           string // the step got no answer
}

// Run plays one vector and gives what did not come out as it says.
func Run(ctx context.Context, s Server, f *File) []Failure {
	return Check(f, Play(ctx, s, f)[0])
}

// Play runs all cases of the vectors at once, each in a tenant of its own, and records their answers, per
// vector in the order of its cases. The server's clock is shared and only moves forward: where cases name
// instants, all of them meet them in the order of time.
func Play(ctx context.Context, s Server, files ...*File) [][]Record {
	out := make([][]Record, len(files))
	line := &timeline{set: s.setClock}
	cases := 0
	for i, f := range files {
		out[i] = make([]Record, len(f.Cases))
		cases += len(f.Cases)
	}
	line.start(&s, files)
	line.enter(cases)
	var all sync.WaitGroup
	for i, f := range files {
		for k := range f.Cases {
			all.Add(1)
			go func() {
				defer all.Done()
				defer line.leave()
				out[i][k] = play(ctx, s, line, f, &f.Cases[k])
			}()
		}
	}
	all.Wait()
	return out
}

// start sets the clock to the earliest instant at which a case begins, if it is not past.
func (t *timeline) start(s *Server, files []*File) {
	for _, f := range files {
		for i := range f.Cases {
			if at := f.Cases[i].Given.At; !at.IsZero() && (t.now.IsZero() || at.Before(t.now)) {
				t.now = at
			}
		}
	}
	if t.now.IsZero() || s.setClock(t.now) != nil {
		t.now, _ = s.clock()
	}
}

// run is a case that is being played.
type run struct {
	ctx    context.Context
	server Server
	line   *timeline
	c      Case
	slug   string
	admin  string
	names  Tree
	outlet map[string]Tree
	till   map[string]*till
	sent   map[string]sent
	keyed  time.Time // when the keys were made
	keys   int
	posts  int
	hold   chan<- request // where requests go instead of to the server, while they are only prepared
}

// sent is a request as it went out, kept for those that repeat or commit it.
type sent struct {
	request
	body Tree
	raw  []byte // of the answer
}

func play(ctx context.Context, s Server, line *timeline, f *File, c *Case) Record {
	r := &run{
		ctx: ctx, server: s, line: line, c: *c, slug: strings.ToLower(f.ID + "-" + rand.Text()[:10]), names: Tree{},
		outlet: map[string]Tree{}, till: map[string]*till{}, sent: map[string]sent{},
	}
	r.c.Given.Programmes = map[string]Tree{}
	for name, t := range c.Given.Programmes {
		r.c.Given.Programmes[name] = t // published versions are laid over in this run alone
	}
	rec := Record{Vector: f.ID, Case: c.Name, Names: r.names}
	if !c.Given.At.IsZero() {
		if err := line.until(c.Given.At); err != nil {
			rec.Err = err.Error()
			return rec
		}
	}
	if err := r.build(); err != nil {
		rec.Err = "given: " + err.Error()
		return rec
	}
	for i := range c.Steps {
		a := r.do(&c.Steps[i])
		rec.Answers = append(rec.Answers, a)
		if a.Err != "" {
			rec.Err = a.Err
			break
		}
	}
	return rec
}

// do does one step.
func (r *run) do(s *Step) Recorded {
	a := Recorded{Line: s.Line}
	_, declined := s.Expect[wantCode]
	if declined {
		a.Before = r.head()
	}
	body, err := fill(s.Body, r.names)
	if err == nil {
		err = verbs[s.Verb](r, s, body, &a)
	}
	if err != nil {
		a.Err = fmt.Sprintf("line %d: %s: %v", s.Line, s.Verb, err)
		return a
	}
	if declined {
		a.After = r.head()
	}
	if s.As != "" {
		r.names[s.As] = a.Body
	}
	return a
}

// head gives the last number of the tenant's books, -1 when it cannot be had.
func (r *run) head() int64 {
	t, err := r.tillOf(Tree{})
	if err != nil {
		return -1
	}
	a, err := r.server.send(r.ctx, request{Method: "GET", Path: "/pos/v1/health", Bearer: t.key})
	if err != nil {
		return -1
	}
	seq := int64(-1)
	if body, ok := a.Body.(Tree); ok {
		fmt.Sscan(fmt.Sprint(body["ledger_seq"]), &seq)
	}
	return seq
}

// Check judges the records of a vector.
func Check(f *File, records []Record) []Failure {
	var out []Failure
	for i := range f.Cases {
		out = append(out, checkCase(f, &f.Cases[i], &records[i])...)
	}
	return out
}

func checkCase(f *File, c *Case, rec *Record) []Failure {
	var out []Failure
	fail := func(line int) func(path string, want, got any) {
		return func(path string, want, got any) {
			out = append(out, Failure{Vector: f.ID, Case: c.Name, Line: line, Path: path, Want: want, Got: got})
		}
	}
	for i := range rec.Answers {
		s := &c.Steps[i]
		want, err := fill(s.Expect, rec.Names)
		if err != nil {
			fail(s.Line)("expect", "names that are known", err.Error())
			continue
		}
		check(want.(Tree), &rec.Answers[i], fail(s.Line))
	}
	if rec.Err != "" && len(out) == 0 {
		fail(0)("", "a case that can be played", rec.Err)
	}
	return out
}

// pauseOf reads a move of the clock: an instant, or a length of time from now.
func (r *run) pauseOf(v any) (time.Time, error) {
	s, _ := v.(string)
	if length, ok := strings.CutPrefix(s, "+"); ok {
		d, err := time.ParseDuration(length)
		return r.line.time().Add(d), err
	}
	return instant(v)
}
