package front

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
)

const (
	feedEvery  = time.Second
	feedLonger = 10 * time.Minute // then the browser connects anew, and its session is looked at again
)

// feed sends operations as they are booked, as server-sent events. A browser that lost the connection says
// by Last-Event-ID where it stood.
func (f *Front) feed(w http.ResponseWriter, r *http.Request) {
	v := visitorOf(r.Context())
	tenant, err := f.tenantOf(r, v.caller, &todayPage{})
	if err == nil && tenant == 0 {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		web.WriteProblem(w, r, db.Fault(err), web.Meta{})
		return
	}
	web.Stream(w)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	last := stoodAt(r)
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	for range int(feedLonger / feedEvery) {
		if last, err = f.send(w, r, v, tenant, last); err != nil {
			return // the browser went away, or asks again
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// stoodAt gives the last entry that the browser has: of its last event, or else of the page.
func stoodAt(r *http.Request) int64 {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	last, err := strconv.ParseInt(text, 10, 64)
	if err != nil || last < 0 {
		return 0
	}
	return last
}

// send writes the events after the last one that the browser has; a new browser begins with those to come.
func (f *Front) send(w http.ResponseWriter, r *http.Request, v visitor, tenant, last int64) (int64, error) {
	places, err := f.House.Directory().Snapshot(r.Context(), merchant.TenantID(tenant))
	if err != nil {
		return last, err
	}
	y, err := f.diaries.of(r.Context(), tenant)
	if err != nil {
		return last, err
	}
	var fresh []event
	for _, e := range y.feed {
		if last != 0 && e.Seq > last {
			fresh = append(fresh, e)
		}
	}
	last = max(last, y.seq)
	y.mu.Unlock()
	for _, e := range fresh {
		row, err := json.Marshal(v.text.row(e, places))
		if err != nil {
			return last, err
		}
		if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", e.Seq, row); err != nil {
			return last, err
		}
	}
	if len(fresh) == 0 {
		if _, err := fmt.Fprintf(w, ": %d\n\n", last); err != nil {
			return last, err
		}
	}
	return last, http.NewResponseController(w).Flush()
}
