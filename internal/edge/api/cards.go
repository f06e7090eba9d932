package api

import (
	"encoding/json"
	"net/http"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/programme"
	"lojal/internal/sale"
)

// NewCard describes a card. Without a number one is drawn; without a status a card of a gift or pass
// product is new and any other active.
type NewCard struct {
	Programme string    `json:"programme"`
	Product   string    `json:"product,omitempty" doc:"A gift or pass product of the programme."`
	Number    string    `json:"number,omitempty"`
	Member    member.ID `json:"member,omitempty"`
	PIN       string    `json:"pin,omitempty" doc:"4 to 8 digits."`
	Status    string    `json:"status,omitempty" enum:"new,sold,active"`
}

// IssuedCard is a card with its number.
type IssuedCard struct {
	Seen
	ID        card.ID             `json:"id"`
	Number    string              `json:"number,omitempty" doc:"Told when the card is made."`
	Masked    string              `json:"masked"`
	Status    string              `json:"status"`
	Programme string              `json:"programme"`
	Product   string              `json:"product,omitempty"`
	Member    member.MembershipID `json:"membership,omitempty"`
	Accounts  []Account           `json:"accounts"`
	CreatedAt time.Time           `json:"created_at,omitzero"`
}

// CardDeed is why something is done to a card.
type CardDeed struct {
	Reason string `json:"reason,omitempty" doc:"A code of small letters, digits and underscores, such as stolen."`
}

// CardState is a card after its state has changed.
type CardState struct {
	Seen
	ID     card.ID `json:"id"`
	Status string  `json:"status"`
	Before string  `json:"before,omitempty"`
}

func (a *API) cardRoutes() {
	const tag = "cards"
	book[NewCard, IssuedCard](a, op{method: http.MethodPost, path: "/v1/cards", id: "issue-card", tag: tag, summary: "Make a card", scope: "cards:write", status: http.StatusCreated}, a.issue)
	read(a, op{path: "/v1/cards", id: "find-cards", tag: tag, summary: "Find a card by its number", scope: "cards:read", query: []param{{"number", "In any of its written forms.", false}}}, a.findCards)
	read(a, op{path: "/v1/cards/{id}", id: "read-card", tag: tag, summary: "Read a card", scope: "cards:read"}, a.readCard)
	deeds := []struct {
		name, summary string
		make          func(card.Act, card.ID) card.Change
	}{
		{"block", "Stop debits of a card", func(x card.Act, id card.ID) card.Change { return a.Cards.Block(x, id) }},
		{"unblock", "Let a blocked card be used again", func(x card.Act, id card.ID) card.Change { return a.Cards.Unblock(x, id) }},
		{"lost", "Stop a card for good: only its replacement takes its value", func(x card.Act, id card.ID) card.Change { return a.Cards.MarkLost(x, id) }},
		{"close", "End a card", func(x card.Act, id card.ID) card.Change { return a.Cards.Close(x, id) }},
	}
	for _, d := range deeds {
		o := op{method: http.MethodPost, path: "/v1/cards/{id}/" + d.name, id: d.name + "-card", tag: tag, summary: d.summary, scope: "cards:write"}
		book[CardDeed, CardState](a, o, func(c *call, in *CardDeed) sale.Answer { return a.changeCard(c, d.name, in.Reason, d.make) })
	}
	a.batchRoutes()
}

// cardWish is a card that is asked for.
type cardWish struct {
	number, product, pin string
	status               ledger.Status
	membership           int64
}

// prepareCard gives the command that makes a card.
func (a *API) prepareCard(c *call, p *programme.Programme, w cardWish) (*card.Issue, error) {
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	kinds, err := kindsOf(p.At(a.Clock.Now()), w.product)
	if err != nil {
		return nil, err
	}
	n := card.Number(w.number)
	if n == "" {
		if n, err = c.draw(); err != nil {
			return nil, err
		}
	}
	now := a.Clock.Now()
	return a.Cards.Issue(keys, card.IssueRequest{
		Act: card.Act{Operation: c.operation(ledger.ISS), Day: c.today(now)}, Card: card.ID(a.Mint.Next()), Programme: p.ID, Product: w.product, Kinds: kinds,
		Number: n, PIN: w.pin, Membership: w.membership, Transferable: true, Status: w.status,
	}, now)
}

// kindsOf gives the presets of a product; a card of none is a bonus card.
func kindsOf(v *programme.Version, product string) (string, error) {
	switch {
	case product == "":
		return "bonus", nil
	case v.GiftProductOf(product) != nil:
		return "gift", nil
	case v.PassProductOf(product) != nil:
		return "pass", nil
	}
	return "", fault.Invalid("product", "a gift or pass product of the programme")
}

func (a *API) issue(c *call, in *NewCard) sale.Answer {
	p, err := a.programme(c, in.Programme)
	if err != nil {
		return sale.Answer{Err: fault.Invalid("programme", "a programme of the tenant")}
	}
	w := cardWish{number: in.Number, product: in.Product, pin: in.PIN, status: ledger.Active}
	if in.Product != "" {
		w.status = ledger.New
	}
	if in.Status != "" {
		var ok bool
		if w.status, ok = ledger.ParseStatus(in.Status); !ok {
			return sale.Answer{Err: fault.Invalid("status", "new, sold or active")}
		}
	}
	if in.Member != 0 {
		if w.membership, err = a.membershipIn(c, in.Member, p.ID); err != nil {
			return sale.Answer{Err: err}
		}
	}
	var out sale.Answer
	for range drawTries {
		out = a.issueOnce(c, p, w)
		if !fault.Is(out.Err, card.ErrNumberTaken) || in.Number != "" {
			break
		}
	}
	return out
}

func (a *API) membershipIn(c *call, who member.ID, programme string) (int64, error) {
	x, err := a.Desk.Person(c.r.Context(), c.tenant, who)
	if err != nil {
		return 0, err
	}
	for _, m := range x.Memberships {
		if m.Programme == programme {
			return int64(m.ID), nil
		}
	}
	return 0, fault.Invalid("member", "a member of the programme")
}

func (a *API) issueOnce(c *call, p *programme.Programme, w cardWish) sale.Answer {
	cmd, err := a.prepareCard(c, p, w)
	if err != nil {
		return sale.Answer{Err: err}
	}
	act := access.Act{Name: "card.issue", Entity: cmd.Card.String(), Detail: map[string]any{"programme": p.ID, "product": w.product, "status": w.status.String()}}
	return a.run(c, cmd, act, func(e *ledger.Entry) (any, error) {
		var note struct {
			Card card.ID `json:"card"`
			To   string  `json:"to"`
		}
		if err := json.Unmarshal([]byte(e.Doc), &note); err != nil {
			return nil, err
		}
		status, _ := ledger.ParseStatus(note.To)
		return a.issuedCard(c, note.Card, p, w.membership, status)
	})
}

// issuedCard gives a card as it was made, with its number.
func (a *API) issuedCard(c *call, key card.ID, p *programme.Programme, membership int64, status ledger.Status) (*IssuedCard, error) {
	row, err := a.cardRow(c, key)
	if err != nil {
		return nil, err
	}
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	n, err := card.OpenNumber(keys, key, row.Number)
	return &IssuedCard{
		ID: key, Number: string(n), Masked: n.Masked(), Status: status.String(), Programme: p.ID, Product: row.Product, Member: member.MembershipID(membership),
		Accounts: a.accounts(p, int64(key), membership, nil), CreatedAt: c.at(row.CreatedAt),
	}, err
}

func (a *API) cardRow(c *call, key card.ID) (card.Row, error) {
	var row card.Row
	var there bool
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		row, there, err = card.Read(c.r.Context(), tx, key)
		return err
	})
	if err == nil && !there {
		err = fault.New(fault.ErrNotFound)
	}
	return row, err
}

func (a *API) findCards(c *call) (*IssuedCard, error) {
	f, err := a.Finder.Find(c.r.Context(), c.tenant, card.Presented{Kind: "keyed", Value: c.query("number"), Entry: "keyed"})
	if fault.Is(err, ledger.ErrCardNotActive) {
		err = fault.New(fault.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return a.card(c, card.ID(f.Card))
}

func (a *API) readCard(c *call) (*IssuedCard, error) {
	n, err := c.path("crd")
	if err != nil {
		return nil, err
	}
	return a.card(c, card.ID(n))
}

func (a *API) card(c *call, key card.ID) (*IssuedCard, error) {
	row, err := a.cardRow(c, key)
	if err != nil {
		return nil, err
	}
	p, err := a.programme(c, row.Programme)
	if err != nil {
		return nil, err
	}
	st, err := a.Sales.Stand(c.r.Context(), c.tenant, int64(key), owner(int64(key), row.Membership))
	if err != nil {
		return nil, err
	}
	status := ledger.New
	if h := st.Holders[int64(key)]; h != nil {
		status = h.Status
	}
	return &IssuedCard{
		ID: key, Masked: card.Masked(row.Last4), Status: status.String(), Programme: row.Programme, Product: row.Product, Member: member.MembershipID(row.Membership),
		Accounts: a.accounts(p, int64(key), row.Membership, &st), CreatedAt: c.at(row.CreatedAt),
	}, nil
}

// owner gives the holder of points, credit and visits that go with a card.
func owner(card, membership int64) int64 {
	if membership != 0 {
		return membership
	}
	return card
}

func (a *API) changeCard(c *call, deed, reason string, make func(card.Act, card.ID) card.Change) sale.Answer {
	n, err := c.path("crd")
	if err != nil {
		return sale.Answer{Err: err}
	}
	key := card.ID(n)
	if _, err := a.cardRow(c, key); err != nil {
		return sale.Answer{Err: err}
	}
	act := card.Act{Operation: c.operation(ledger.BLK), Day: c.today(a.Clock.Now()), Reason: reason}
	if err := act.Validate(); err != nil {
		return sale.Answer{Err: err}
	}
	told := access.Act{Name: "card." + deed, Entity: key.String(), Detail: map[string]any{"reason": reason}}
	return a.run(c, make(act, key), told, func(e *ledger.Entry) (any, error) {
		var note struct {
			Card     card.ID `json:"card"`
			From, To string
		}
		err := json.Unmarshal([]byte(e.Doc), &note)
		return &CardState{ID: note.Card, Status: note.To, Before: note.From}, err
	})
}
