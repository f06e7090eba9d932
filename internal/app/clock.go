package app

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
)

var readNode = db.SQL("app.read_node", `
	SELECT value FROM node WHERE name = $1`)

var writeNode = db.SQL("app.write_node", `
	INSERT INTO node (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`)

const testClock = "test_clock"

// openClock gives the server's clock: the machine's, or with test mode one that stands still until it is
// moved and that a restart keeps.
func openClock(ctx context.Context, d *db.DB, test bool) (clock.Clock, *clock.Manual, error) {
	if !test {
		return clock.System{}, nil, nil
	}
	at := clock.System{}.Now()
	err := d.Read(ctx, 0, func(tx db.Tx) error {
		var text string
		ok, err := tx.One(ctx, readNode, db.Args(testClock), &text)
		if err == nil && ok {
			var v int64
			if v, err = strconv.ParseInt(text, 10, 64); err == nil {
				at = clock.Instant(v)
			}
		}
		return err
	})
	m := clock.NewManual(at)
	return m, m, err
}

// SetClock moves the test clock, remembers it, and does at once all that has come due on the way.
func (a *App) SetClock(ctx context.Context, at clock.Instant) error {
	a.clockTurn.Lock()
	defer a.clockTurn.Unlock()
	if a.manual == nil {
		return fault.New(fault.ErrForbidden)
	}
	if at < a.manual.Now() {
		switch begun, err := a.tenants(ctx); {
		case err != nil:
			return err
		case len(begun) > 0:
			return fault.Invalid("at", "a time that is not before the present one: booked time never goes back")
		}
		a.manual.Set(at) // nobody's books have begun: a replay of past years starts here
	}
	next := a.manual.Now()
	for {
		// Step to each reminder and each end of a batch on the way, so that a long jump expires and
		// closes in the order of days.
		due, err := a.nextDue(ctx)
		if err != nil {
			return err
		}
		if due == 0 || due > at {
			break
		}
		next = max(next, due)
		a.manual.Set(next)
		if err := a.Work(ctx); err != nil {
			return err
		}
	}
	a.manual.Set(at)
	if err := a.Work(ctx); err != nil {
		return err
	}
	return a.db.Write(ctx, 0, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, writeNode, testClock, strconv.FormatInt(int64(at), 10))
		return err
	})
}

// clockRoutes let tests from outside set and move the whole server's time. They exist in test mode alone.
func (a *App) clockRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /test/clock", func(w http.ResponseWriter, r *http.Request) { a.showClock(w) })
	mux.HandleFunc("POST /test/clock", func(w http.ResponseWriter, r *http.Request) {
		at, err := a.readMove(w, r)
		if err == nil {
			err = a.SetClock(r.Context(), at)
		}
		if err != nil {
			web.WriteProblem(w, r, err, web.Meta{})
			return
		}
		a.showClock(w)
	})
}

func (a *App) readMove(w http.ResponseWriter, r *http.Request) (clock.Instant, error) {
	raw, err := web.ReadBody(w, r, web.MaxBody)
	if err != nil {
		return 0, err
	}
	var move struct {
		At      *time.Time `json:"at"`
		Seconds int64      `json:"move_seconds"`
	}
	if err := web.Decode(raw, &move); err != nil {
		return 0, err
	}
	if move.At != nil {
		return clock.Of(*move.At), nil
	}
	return a.manual.Now() + clock.Instant(move.Seconds)*clock.Second, nil
}

func (a *App) showClock(w http.ResponseWriter) {
	b, _ := json.Marshal(map[string]string{"at": a.manual.Now().String()})
	web.WriteJSON(w, http.StatusOK, b)
}
