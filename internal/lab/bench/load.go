package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"lojal/internal/base/clock"
)

// Load is an order to the load process.
type Load struct {
	Plan    string        `json:"plan"`
	Address string        `json:"address"`
	Path    string        `json:"path"`  // /pos/v1/transactions or /pos/v1/quotes
	Who     string        `json:"who"`   // spread, hot, few or many
	For     time.Duration `json:"for"`   // how long, when Count is 0
	Count   int64         `json:"count"` // how many operations
	First   int64         `json:"first"` // the first sequence number of each terminal
}

// Done is what the load process saw.
type Done struct {
	Operations int64    `json:"operations"`
	Failures   int64    `json:"failures"`
	Failure    string   `json:"failure,omitempty"` // the first one
	Seconds    float64  `json:"seconds"`
	P50        float64  `json:"p50_ms"`
	P99        float64  `json:"p99_ms"`
	Most       float64  `json:"max_ms"`
	Samples    []Sample `json:"samples"`
}

// Sample is one answer in sampleEvery.
type Sample struct {
	Basket int    `json:"basket"`
	Answer string `json:"answer"`
}

const (
	sampleEvery = 100
	maxSamples  = 2_000 // that are kept of one order, over all connections
	answerRoom  = 64 << 10
)

// Send carries out an order over one connection for each terminal and tells what came back.
func Send(ctx context.Context, o Load) (*Done, error) {
	p, err := readPlan(o.Plan)
	if err != nil {
		return nil, err
	}
	s := &sender{Load: o, plan: p}
	s.stamp(time.UnixMicro(int64(clock.System{}.Now())))
	began := clock.Mono()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.until = began + o.For
	go s.tick(ctx)
	var wg sync.WaitGroup
	links := make([]*link, len(p.Tills))
	for i := range links {
		links[i] = &link{s: s, till: i, random: rand.New(rand.NewPCG(seed+uint64(o.First), uint64(i)))}
		wg.Add(1)
		go func() {
			defer wg.Done()
			links[i].run()
		}()
	}
	wg.Wait()
	return gather(links, clock.Mono()-began), nil
}

// sender is what the connections share.
type sender struct {
	Load
	plan  *plan
	until time.Duration
	sent  atomic.Int64
	now   atomic.Pointer[string]
}

func (s *sender) stamp(t time.Time) {
	text := t.UTC().Format(time.RFC3339)
	s.now.Store(&text)
}

func (s *sender) tick(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-every.C:
			s.stamp(t)
		}
	}
}

// more tells whether another operation is to be sent.
func (s *sender) more() bool {
	if s.Count > 0 {
		return s.sent.Add(1) <= s.Count
	}
	return clock.Mono() < s.until
}

// link is one connection: a terminal that sends its next sale as soon as the last is answered.
type link struct {
	s        *sender
	till     int
	random   *rand.Rand
	conn     net.Conn
	in       *bufio.Reader
	out      []byte
	answer   []byte
	took     []uint32 // microseconds
	failures int64
	failure  string
	samples  []Sample
}

func (l *link) run() {
	defer func() {
		if l.conn != nil {
			_ = l.conn.Close()
		}
	}()
	bodies := l.s.plan.Bodies[l.till%outlets]
	for n := int64(0); l.s.more(); n++ {
		b := &bodies[l.random.IntN(len(bodies))]
		began := clock.Mono()
		status, err := l.exchange(b, l.s.First+n)
		took := clock.Mono() - began
		if err != nil || status != 200 {
			l.fail(status, err)
			continue
		}
		l.took = append(l.took, uint32(took.Microseconds()))
		if len(l.took)%sampleEvery == 0 && len(l.samples) < maxSamples/tills {
			l.samples = append(l.samples, Sample{b.Basket, string(l.answer)})
		}
	}
}

func (l *link) fail(status int, err error) {
	if l.failures++; l.failures == 1 {
		l.failure = fmt.Sprintf("%d %s %v", status, l.answer, err)
	}
	if err != nil && l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
	if l.failures > 1000 {
		time.Sleep(10 * time.Millisecond) // a server that is gone is not asked in a tight loop
	}
}

func (l *link) exchange(b *body, seq int64) (int, error) {
	if l.conn == nil {
		c, err := net.Dial("tcp", l.s.Address)
		if err != nil {
			return 0, err
		}
		l.conn, l.in = c, bufio.NewReaderSize(c, answerRoom)
	}
	l.write(b, seq)
	if _, err := l.conn.Write(l.out); err != nil {
		return 0, err
	}
	return l.read()
}

func (l *link) write(b *body, seq int64) {
	o := l.out[:0]
	o = append(o, "POST "...)
	o = append(o, l.s.Path...)
	o = append(o, " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "...)
	o = append(o, l.s.plan.Tills[l.till].Key...)
	o = append(o, "\r\nContent-Length: "...)
	o = strconv.AppendInt(o, int64(len(b.Text)), 10)
	o = append(o, "\r\n\r\n"...)
	start := len(o)
	o = append(o, b.Text...)
	text := o[start:]
	digits := strconv.AppendInt(nil, seq, 10)
	copy(text[b.ID:], "01KB") // a ULID begins with its time: keys arrive in order, as clients are told
	copy(text[b.ID+4:b.ID+len(markID)], "0000000000000000000000")
	copy(text[b.ID+6:], digits)
	copy(text[b.ID+len(markID)-2:], strconv.Itoa(100 + l.till)[1:])
	copy(text[b.Receipt:b.Receipt+len(markReceipt)], "A00-0000000000")
	copy(text[b.Receipt+1:], strconv.Itoa(100 + l.till)[1:])
	copy(text[b.Receipt+len(markReceipt)-len(digits):], digits)
	copy(text[b.At:], *l.s.now.Load())
	copy(text[b.Seq:], digits)
	copy(text[b.Card:], l.card())
	gift := l.s.plan.Gifts[l.random.IntN(len(l.s.plan.Gifts))]
	copy(text[b.GiftWish:], gift)
	copy(text[b.GiftTender:], gift)
	l.out = o
}

func (l *link) card() string {
	p := l.s.plan
	switch l.s.Who {
	case "hot":
		return p.Members[0]
	case "few":
		return p.Few
	case "many":
		return p.Many
	}
	return p.Members[l.random.IntN(len(p.Members))]
}

var lengthHeader = []byte("content-length:")

// read takes one answer of HTTP/1.1 with a length, which is all that the servers here send.
func (l *link) read() (int, error) {
	line, err := l.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("status line %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length := -1
	for {
		if line, err = l.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if len(line) > len(lengthHeader) && bytes.EqualFold(line[:len(lengthHeader)], lengthHeader) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthHeader):]))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("an answer without a length")
	}
	l.answer = slices.Grow(l.answer[:0], length)[:length]
	_, err = io.ReadFull(l.in, l.answer)
	return status, err
}

func gather(links []*link, took time.Duration) *Done {
	d := &Done{Seconds: took.Seconds()}
	var all []uint32
	for _, l := range links {
		all = append(all, l.took...)
		d.Failures += l.failures
		if d.Failure == "" {
			d.Failure = l.failure
		}
		d.Samples = append(d.Samples, l.samples...)
	}
	d.Operations = int64(len(all))
	if len(all) == 0 {
		return d
	}
	slices.Sort(all)
	ms := func(i int) float64 { return float64(all[min(i, len(all)-1)]) / 1000 }
	d.P50, d.P99, d.Most = ms(len(all)/2), ms(len(all)*99/100), ms(len(all)-1)
	return d
}
