package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/job"
)

// result is what an endpoint did with a parcel. Without a problem it was taken.
type result struct {
	status  int64
	problem string
	sick    bool          // the endpoint failed, not this parcel alone
	wait    clock.Instant // for which the endpoint asked
}

// message is the body of a delivery.
type message struct {
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"`
	ID        string          `json:"id"`
	Seq       int64           `json:"ledger_seq,omitempty"`
	Data      json.RawMessage `json:"data"`
}

func (r *Room) send(ctx context.Context, e *row, key []byte, p *parcel) {
	if p.lost {
		return
	}
	body, err := json.Marshal(message{p.event.Type, p.event.At.String(), p.event.ID, p.event.Seq, p.event.Data})
	if err != nil {
		p.lost = true
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		p.result = result{problem: "url"}
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "lojal-webhooks/1")
	sign(req.Header, key, p.event.ID, r.Clock.Now(), body)
	answer, err := r.client.Do(req)
	if err != nil {
		p.result = result{problem: problemOf(err), sick: true}
		return
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)); err != nil {
		p.result = result{status: int64(answer.StatusCode), problem: problemOf(err), sick: true}
		return
	}
	p.result = resultOf(answer)
}

func resultOf(a *http.Response) result {
	out := result{status: int64(a.StatusCode)}
	if a.StatusCode >= 200 && a.StatusCode < 300 {
		return out
	}
	out.problem = "status"
	out.sick = a.StatusCode >= 500 || a.StatusCode == http.StatusTooManyRequests
	if n, err := strconv.ParseInt(a.Header.Get("Retry-After"), 10, 32); err == nil && n > 0 {
		out.wait = min(clock.Instant(n)*clock.Second, lastRetry)
	}
	return out
}

// problemOf names why there was no answer. The text of an error may hold addresses, so it is not kept.
func problemOf(err error) string {
	var slow interface{ Timeout() bool }
	switch {
	case fault.Is(err, ErrURL):
		return "address_refused"
	case errors.As(err, &slow) && slow.Timeout():
		return "timeout"
	}
	return "connection"
}

// pass does one round for an endpoint: queue what is new, send what is due, note what came of it. It tells
// whether there may be more to do at once.
func (r *Room) pass(ctx context.Context, tenant, endpoint int64) (bool, error) {
	idle, e, list, moved, err := r.begin(ctx, tenant, endpoint)
	if err != nil || idle {
		return false, err
	}
	if len(list) == 0 {
		return moved, nil
	}
	key, err := r.open(ctx, tenant, &e)
	if err != nil {
		return false, err
	}
	job.Each(len(list), concurrent, func(i int) { r.send(ctx, &e, key, &list[i]) })
	if ctx.Err() != nil {
		return false, nil // cut short by the end of the process: what was not answered is sent again
	}
	return true, r.end(ctx, tenant, &e, list)
}
