package hook_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/job"
	"lojal/internal/edge/hook"
)

func TestStep_SendsSignedEventsInTheOrderOfTheirSubject(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.book(1, 3) // before there was an endpoint
		r := newReceiver(t)
		_, secret := w.add(r.URL)
		w.book(20, 3, 4, 5)
		w.room.Step(context.Background())
		got := r.all()
		if len(got) != 60 {
			t.Fatalf("%d events taken, want the 60 since the endpoint was made", len(got))
		}
		last, ids := map[int64]int64{}, map[string]bool{}
		for _, one := range got {
			subject := (one.n - 2) % 3 // the holders take turns
			if one.n <= last[subject] {
				t.Errorf("event %d came after %d of the same subject", one.n, last[subject])
			}
			last[subject], ids[one.id] = one.n, true
			if !hook.Verify(secret, one.head, one.body, w.clock.Now()) {
				t.Fatalf("event %s is not signed", one.id)
			}
		}
		if len(ids) != 60 {
			t.Errorf("%d ids among 60 events", len(ids))
		}
		one := got[0]
		if hook.Verify(secret, one.head, append(one.body, ' '), w.clock.Now()) {
			t.Error("a changed body is taken for signed")
		}
		if hook.Verify(secret, one.head, one.body, w.clock.Now()+10*clock.Minute) {
			t.Error("a signature of ten minutes ago is taken")
		}
	})
}

func TestStep_AFailedEventHoldsUpItsSubjectAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := newReceiver(t)
		endpoint, _ := w.add(r.URL)
		w.book(3, 7, 8) // 7 has 1, 3, 5 and 8 has 2, 4, 6
		r.answers(func(x taken) int {
			if x.n == 1 {
				return http.StatusUnprocessableEntity
			}
			return http.StatusOK
		})
		w.room.Step(context.Background())
		if got := numbers(r.all()); !equal(got, 2, 4, 6) {
			t.Fatalf("taken %v, want those of the other subject", got)
		}
		r.answers(func(taken) int { return http.StatusOK })
		w.room.Step(context.Background())
		if got := len(r.all()); got != 3 {
			t.Fatalf("%d taken before the pause is over, want 3", got)
		}
		w.clock.Move(5 * time.Second)
		w.room.Step(context.Background())
		if got := numbers(r.all()); !equal(got, 2, 4, 6, 1, 3, 5) {
			t.Errorf("taken %v, want the held subject in its order", got)
		}
		if s := w.states(endpoint); s[job.Delivered] != 6 || len(s) != 1 {
			t.Errorf("states %v, want 6 delivered", s)
		}
	})
}

func numbers(list []taken) []int64 {
	var out []int64
	for _, x := range list {
		out = append(out, x.n)
	}
	return out
}

func equal(got []int64, want ...int64) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}

// F26: a receiver that is away for a day loses nothing.
func TestStep_ADayOfSilence(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := newReceiver(t)
		endpoint, _ := w.add(r.URL)
		asked := 0
		r.answers(func(taken) int { asked++; return http.StatusServiceUnavailable })
		for range 24 {
			w.book(5, 11, 12)
			w.room.Step(context.Background())
			w.clock.Move(time.Hour)
		}
		if asked > 24+3*2+12 {
			t.Errorf("%d requests to a receiver that is away", asked)
		}
		r.answers(func(taken) int { return http.StatusOK })
		w.clock.Move(6 * time.Hour)
		w.room.Step(context.Background())
		if s := w.states(endpoint); s[job.Delivered] != 240 || len(s) != 1 {
			t.Errorf("states %v, want 240 delivered", s)
		}
	})
}

func TestStep_GivesUpAfter72Hours_AndReplays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := newReceiver(t)
		endpoint, _ := w.add(r.URL)
		r.answers(func(taken) int { return http.StatusBadGateway })
		w.book(2, 21)
		for range 80 {
			w.room.Step(context.Background())
			w.clock.Move(time.Hour)
		}
		if s := w.states(endpoint); s[job.Dead] != 2 || len(s) != 1 {
			t.Fatalf("states %v, want both dead", s)
		}
		r.answers(func(taken) int { return http.StatusOK })
		must(t, d.Write(context.Background(), w.tenant, func(tx db.Tx) error {
			return w.room.Replay(context.Background(), tx, by, endpoint, job.Cursor{Seq: 1})
		}))
		w.room.Step(context.Background())
		if got := numbers(r.all()); !equal(got, 2) {
			t.Errorf("replayed %v, want what came after the cursor", got)
		}
	})
}

// A crash between the delivery and its note sends the event again, under the same id.
func TestStep_ACrashAfterTheDeliverySendsAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := newReceiver(t)
		endpoint, _ := w.add(r.URL)
		w.book(1, 31)
		ctx, die := context.WithCancel(context.Background())
		r.answers(func(taken) int { die(); return http.StatusOK })
		w.room.Step(ctx)
		if s := w.states(endpoint); s[job.Waiting] != 1 {
			t.Fatalf("states %v, want the delivery not noted", s)
		}
		r.answers(func(taken) int { return http.StatusOK })
		w.clock.Move(time.Minute)
		w.room.Step(context.Background())
		got := r.all()
		if len(got) != 2 || got[0].id != got[1].id {
			t.Fatalf("taken %d times, want twice under one id", len(got))
		}
		if s := w.states(endpoint); s[job.Delivered] != 1 {
			t.Errorf("states %v, want it delivered", s)
		}
	})
}

func TestStep_ASlowReceiverHoldsUpNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		slow, quick := newReceiver(t), newReceiver(t)
		held := make(chan struct{})
		reached := make(chan struct{}, 1)
		slow.answers(func(taken) int {
			select {
			case reached <- struct{}{}:
			default:
			}
			<-held
			return http.StatusOK
		})
		took := make(chan int64, 2)
		quick.answers(func(x taken) int { took <- x.n; return http.StatusOK })
		w.add(slow.URL)
		w.add(quick.URL)
		w.book(1, 41)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { w.room.Run(ctx); close(ended) }()
		<-reached
		<-took
		w.book(1, 41)
		w.room.Wake()
		if n := <-took; n != 2 { // while the other still holds its first
			t.Errorf("the quick receiver took %d, want 2", n)
		}
		close(held)
		stop()
		<-ended
	})
}

func TestRemove_EndsTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := newReceiver(t)
		endpoint, _ := w.add(r.URL)
		w.book(2, 51)
		remove := func() error {
			return d.Write(context.Background(), w.tenant, func(tx db.Tx) error { return w.room.Remove(context.Background(), tx, by, endpoint) })
		}
		must(t, remove())
		w.room.Step(context.Background())
		if len(r.all()) != 0 {
			t.Error("an endpoint that was removed is told something")
		}
		if err := remove(); !fault.Is(err, fault.ErrNotFound) {
			t.Errorf("removed twice: %v, want not_found", err)
		}
	})
}
