package api

import (
	"encoding/base64"
	"encoding/json"

	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

// List is a page of a list.
type List[T any] struct {
	Seen
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"The cursor of the page that follows; absent at the end."`
}

const cursorMAC = 16

// cursor signs where a list goes on. It is of one list of one tenant.
func (a *API) cursor(c *call, list string, at any) (string, error) {
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(at)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(signed(keys, list, text), text...)), nil
}

func signed(keys *secret.Keys, list string, text []byte) []byte {
	return keys.Sign("cursor", append([]byte(list+"\x00"), text...))[:cursorMAC]
}

// goOn reads a cursor of a list into at, which keeps its value when there is none.
func (a *API) goOn(c *call, list, cursor string, at any) error {
	if cursor == "" {
		return nil
	}
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	bad := fault.Invalid("after", "a cursor that this list gave")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= cursorMAC || !secret.Equal(raw[:cursorMAC], signed(keys, list, raw[cursorMAC:])) {
		return bad
	}
	if json.Unmarshal(raw[cursorMAC:], at) != nil {
		return bad
	}
	return nil
}

// paged reads limit and cursor of a list whose place is a number.
func (a *API) paged(c *call, list string) (after int64, limit int, err error) {
	if limit, err = c.limit(); err == nil {
		err = a.goOn(c, list, c.query("after"), &after)
	}
	return after, limit, err
}

// page gives a page of what was read, one more than fits telling that there is another.
func page[T any](a *API, c *call, list string, items []T, limit int, place func(*T) any) (*List[T], error) {
	out := &List[T]{Items: items}
	if out.Items == nil {
		out.Items = []T{}
	}
	if len(items) <= limit {
		return out, nil
	}
	out.Items = items[:limit]
	var err error
	out.Next, err = a.cursor(c, list, place(&out.Items[limit-1]))
	return out, err
}
