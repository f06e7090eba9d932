package api

import (
	"encoding/json"
	"net/http"
	"slices"

	"lojal/internal/access"
	"lojal/internal/base/fault"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/sale"
)

// Join is a further membership of a member.
type Join struct {
	Programme string  `json:"programme"`
	Card      card.ID `json:"card,omitempty" doc:"A card of the member that stands for this membership too: a multicard."`
}

// Joined is the new membership.
type Joined struct {
	Seen
	ID         member.ID           `json:"id"`
	Membership member.MembershipID `json:"membership"`
	Programme  string              `json:"programme"`
	Accounts   []Account           `json:"accounts"`
}

func (a *API) joinRoutes(tag string) {
	join := op{method: http.MethodPost, path: "/v1/members/{id}/memberships", id: "join-programme", tag: tag, summary: "Give a member a further membership", scope: "members:write", status: http.StatusCreated}
	join.about = "A programme in which the member is already is refused with duplicate_member, a card that has another member there with card_linked."
	book[Join, Joined](a, join, a.join)
}

func (a *API) join(c *call, in *Join) sale.Answer {
	n, err := c.path("mem")
	if err != nil {
		return sale.Answer{Err: err}
	}
	p, err := a.programme(c, in.Programme)
	if err != nil {
		return sale.Answer{Err: fault.Invalid("programme", "a programme of the tenant")}
	}
	ask := member.EnrolRequest{
		Operation: c.operation(ledger.ISS), Day: c.today(a.Clock.Now()), Person: member.ID(n), Membership: member.MembershipID(a.Mint.Next()), Programme: p.ID,
	}
	if in.Card != 0 {
		if err := a.ownCard(c, member.ID(n), in.Card); err != nil {
			return sale.Answer{Err: err}
		}
		act := card.Act{Operation: ask.Operation, Day: ask.Day}
		ask.Parts = append(ask.Parts, a.Cards.Link(act, in.Card, p.ID, int64(ask.Membership)))
	}
	told := access.Act{Name: "member.join", Entity: member.ID(n).String(), Detail: map[string]any{"programme": p.ID, "card": in.Card}}
	return a.run(c, a.Members.Join(ask), told, func(e *ledger.Entry) (any, error) {
		out := &Joined{ID: member.ID(n), Programme: p.ID}
		var note struct{ Membership member.MembershipID }
		err := json.Unmarshal([]byte(e.Doc), &note)
		out.Membership, out.Accounts = note.Membership, a.accounts(p, 0, int64(note.Membership), nil)
		return out, err
	})
}

// ownCard refuses a card that is not the member's.
func (a *API) ownCard(c *call, who member.ID, key card.ID) error {
	row, err := a.cardRow(c, key)
	if err != nil {
		return err
	}
	person, err := a.Desk.Person(c.r.Context(), c.tenant, who)
	if err == nil && !slices.ContainsFunc(person.Memberships, func(m member.Membership) bool { return int64(m.ID) == row.Membership }) {
		err = fault.New(fault.ErrNotFound)
	}
	return err
}
