package vector

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// prepared makes a request of its own key now and gives the call that sends it: what is counted up for
// requests is counted before any of them is under way.
func (r *run) prepared(s *Step, a *Recorded) func() error {
	one := *r
	one.sent = map[string]sent{}
	held := make(chan request, 1)
	one.hold = held
	if err := verbs[s.Verb](&one, s, s.Body, a); err != nil {
		return func() error { return err }
	}
	r.keys, r.posts = one.keys, one.posts
	q := <-held
	return func() error {
		got, err := r.server.send(r.ctx, q)
		if err == nil {
			a.Status, a.Replayed, a.Body = got.Status, got.Replayed, got.Body
		}
		return err
	}
}

// tallied counts answers.
func tallied(answers []Recorded, paths []any) Tree {
	outcomes, tally := map[string]int{}, map[string]int{}
	for _, a := range answers {
		body, _ := a.Body.(Tree)
		if a.Status >= 300 {
			outcomes[fmt.Sprint(body[wantCode])]++
			continue
		}
		outcomes["applied"]++
		for _, p := range paths {
			if v, err := find(body, fmt.Sprint(p)); err == nil {
				tally[fmt.Sprintf("%v=%v", p, v)]++
			}
		}
	}
	return Tree{"outcomes": counts(outcomes), "tally": counts(tally)}
}

func counts(of map[string]int) Tree {
	out := Tree{}
	for k, n := range of {
		out[k] = json.Number(strconv.Itoa(n))
	}
	return out
}
