package api

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/programme"
	"lojal/internal/sale"
)

// NewMember describes a member of a programme with, possibly, a card.
type NewMember struct {
	Programme string      `json:"programme"`
	Display   string      `json:"display"`
	Language  string      `json:"language,omitempty"`
	Birthday  string      `json:"birthday,omitempty" doc:"YYYY-MM-DD, or MM-DD when the year is not told."`
	Phone     string      `json:"phone,omitempty" doc:"With its country code."`
	Card      *MemberCard `json:"card,omitempty"`
}

// MemberCard is the card that is handed out. Without a number one is drawn.
type MemberCard struct {
	Number  string `json:"number,omitempty"`
	Product string `json:"product,omitempty"`
	PIN     string `json:"pin,omitempty" doc:"4 to 8 digits."`
}

// Enrolled is a new member.
type Enrolled struct {
	Seen
	ID         member.ID           `json:"id"`
	Membership member.MembershipID `json:"membership"`
	Programme  string              `json:"programme"`
	Display    string              `json:"display"`
	Card       *IssuedCard         `json:"card,omitempty"`
	Accounts   []Account           `json:"accounts"`
}

// Membership is what ties a member to a programme.
type Membership struct {
	ID        member.MembershipID `json:"id"`
	Programme string              `json:"programme"`
	JoinedAt  time.Time           `json:"joined_at"`
	Cards     []card.ID           `json:"cards"`
}

// Member is a person with all memberships.
type Member struct {
	Seen
	ID          member.ID           `json:"id"`
	Display     string              `json:"display"`
	Language    string              `json:"language,omitempty"`
	Birthday    string              `json:"birthday,omitempty"`
	Phone       string              `json:"phone,omitempty"`
	Membership  member.MembershipID `json:"membership,omitempty" doc:"The first one."`
	Memberships []Membership        `json:"memberships"`
	Accounts    []Account           `json:"accounts"`
	Version     int64               `json:"version"`
	CreatedAt   time.Time           `json:"created_at"`
}

// MemberChange says what of a profile is new; an empty text takes a field away.
type MemberChange struct {
	Display  *string `json:"display,omitempty"`
	Language *string `json:"language,omitempty"`
	Birthday *string `json:"birthday,omitempty"`
	Phone    *string `json:"phone,omitempty"`
	Version  *int64  `json:"version,omitempty" doc:"The version that was read; another one is refused with version_conflict."`
}

func (a *API) memberRoutes() {
	const tag = "members"
	enrol := op{method: http.MethodPost, path: "/v1/members", id: "enrol-member", tag: tag, summary: "Enrol a member, with a card when one is asked for", scope: "members:write", status: http.StatusCreated}
	enrol.about = "A phone that another person has is refused with duplicate_member."
	book[NewMember, Enrolled](a, enrol, a.enrol)
	read(a, op{path: "/v1/members", id: "find-members", tag: tag, summary: "Find a member by phone", scope: "members:read", query: []param{{"phone", "With its country code.", false}}}, a.findMembers)
	read(a, op{path: "/v1/members/{id}", id: "read-member", tag: tag, summary: "Read a member", scope: "members:read"}, a.readMember)
	write(a, op{method: http.MethodPatch, path: "/v1/members/{id}", id: "change-member", tag: tag, summary: "Change a member's profile", scope: "members:write"}, plain, false, a.changeMember)
	a.joinRoutes(tag)
}

// drawTries bounds how often a number is drawn anew because somebody has it.
const drawTries = 5

func (a *API) enrol(c *call, in *NewMember) sale.Answer {
	p, err := a.programme(c, in.Programme)
	if err != nil {
		return sale.Answer{Err: fault.Invalid("programme", "a programme of the tenant")}
	}
	var out sale.Answer
	for range drawTries {
		out = a.enrolOnce(c, in, p)
		if !fault.Is(out.Err, card.ErrNumberTaken) || in.Card == nil || in.Card.Number != "" {
			break
		}
	}
	return out
}

func (a *API) enrolOnce(c *call, in *NewMember, p *programme.Programme) sale.Answer {
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return sale.Answer{Err: err}
	}
	now := a.Clock.Now()
	ask := member.EnrolRequest{
		Operation: c.operation(ledger.ISS), Day: c.today(now), Person: member.ID(a.Mint.Next()), Membership: member.MembershipID(a.Mint.Next()), Programme: p.ID,
		Profile: member.Profile{Display: in.Display, Language: in.Language, Birthday: in.Birthday, Phone: in.Phone},
	}
	if in.Card != nil {
		issue, err := a.prepareCard(c, p, cardWish{in.Card.Number, in.Card.Product, in.Card.PIN, ledger.Active, int64(ask.Membership)})
		if err != nil {
			return sale.Answer{Err: err}
		}
		ask.Parts = append(ask.Parts, issue)
	}
	cmd, err := a.Members.Enrol(keys, ask, now)
	if err != nil {
		return sale.Answer{Err: err}
	}
	act := access.Act{Name: "member.enrol", Entity: ask.Person.String(), Detail: map[string]any{"programme": p.ID}}
	return a.run(c, cmd, act, func(e *ledger.Entry) (any, error) { return a.enrolled(c, in, p, e) })
}

// enrolled renders the answer from the entry and the request that the key stands for.
func (a *API) enrolled(c *call, in *NewMember, p *programme.Programme, e *ledger.Entry) (any, error) {
	var note struct {
		Person     member.ID           `json:"person"`
		Membership member.MembershipID `json:"membership"`
		Parts      []string            `json:"parts"`
	}
	if err := json.Unmarshal([]byte(e.Doc), &note); err != nil {
		return nil, err
	}
	out := &Enrolled{ID: note.Person, Membership: note.Membership, Programme: p.ID, Display: strings.TrimSpace(in.Display)}
	out.Accounts = a.accounts(p, 0, int64(note.Membership), nil)
	if len(note.Parts) == 0 {
		return out, nil
	}
	var one card.ID
	if err := one.UnmarshalText([]byte(note.Parts[0])); err != nil {
		return nil, err
	}
	issued, err := a.issuedCard(c, one, p, int64(note.Membership), ledger.Active)
	out.Card, out.Accounts = issued, a.accounts(p, int64(one), int64(note.Membership), nil)
	return out, err
}

// draw gives a number that nobody can guess.
func (c *call) draw() (card.Number, error) {
	return card.StoredValueRule(c.snap.Tenant.Settings.CountryPack).Random(bufio.NewReader(rand.Reader))
}

func (a *API) findMembers(c *call) (*List[Member], error) {
	out := &List[Member]{Items: []Member{}}
	found, err := a.Desk.ByPhone(c.r.Context(), c.tenant, c.query("phone"))
	if fault.Is(err, fault.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := a.member(c, found)
	if err == nil {
		out.Items = append(out.Items, *m)
	}
	return out, err
}

func (a *API) readMember(c *call) (*Member, error) {
	n, err := c.path("mem")
	if err != nil {
		return nil, err
	}
	return a.member(c, member.ID(n))
}

func (a *API) member(c *call, key member.ID) (*Member, error) {
	x, err := a.Desk.Person(c.r.Context(), c.tenant, key)
	if err != nil {
		return nil, err
	}
	out := &Member{
		ID: x.ID, Display: x.Profile.Display, Language: x.Profile.Language, Birthday: x.Profile.Birthday, Phone: x.Profile.Phone,
		Memberships: []Membership{}, Accounts: []Account{}, Version: x.Version, CreatedAt: c.at(x.CreatedAt),
	}
	shelf, err := a.shelf(c)
	if err != nil {
		return nil, err
	}
	for _, m := range x.Memberships {
		one := Membership{ID: m.ID, Programme: m.Programme, JoinedAt: c.at(m.JoinedAt)}
		if one.Cards, err = a.cardsOf(c, int64(m.ID)); err != nil {
			return nil, err
		}
		out.Memberships = append(out.Memberships, one)
		if p := shelf.Find(m.Programme); p != nil {
			list, err := a.standing(c, p, first(one.Cards), int64(m.ID))
			if err != nil {
				return nil, err
			}
			out.Accounts = append(out.Accounts, list...)
		}
	}
	if len(out.Memberships) > 0 {
		out.Membership = out.Memberships[0].ID
	}
	return out, nil
}

func first(cards []card.ID) int64 {
	if len(cards) == 0 {
		return 0
	}
	return int64(cards[0])
}

func (a *API) cardsOf(c *call, membership int64) ([]card.ID, error) {
	var out []card.ID
	err := a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		out, err = card.OfMember(c.r.Context(), tx, membership)
		return err
	})
	if out == nil {
		out = []card.ID{}
	}
	return out, err
}

func (a *API) changeMember(c *call, in *MemberChange) (deed[Member], error) {
	n, err := c.path("mem")
	if err != nil {
		return nil, err
	}
	key := member.ID(n)
	before, err := a.Desk.Person(c.r.Context(), c.tenant, key)
	if err != nil {
		return nil, err
	}
	version := before.Version
	if in.Version != nil {
		version = *in.Version
	}
	today := clock.DayOf(a.Clock.Now(), c.snap.Tenant.Zone)
	return func(tx db.Tx) (*Member, error) {
		ctx := c.r.Context()
		change := member.Change{Display: in.Display, Language: in.Language, Birthday: in.Birthday, Phone: in.Phone}
		if err := a.Desk.UpdateIn(ctx, tx, key, version, change, today); err != nil {
			return nil, err
		}
		c.after = func() { a.Desk.Forget(c.tenant, key) }
		changed := map[string]any{"display": in.Display != nil, "language": in.Language != nil, "birthday": in.Birthday != nil, "phone": in.Phone != nil}
		err := access.Audit(ctx, tx, a.Clock.Now(), c.caller.Actor(), "member.update", key.String(), changed, c.by().Request)
		out := &Member{ID: key, Memberships: []Membership{}, Accounts: []Account{}, Version: version + 1, CreatedAt: c.at(before.CreatedAt)}
		fill(out, &before.Profile, in)
		for _, m := range before.Memberships {
			out.Memberships = append(out.Memberships, Membership{ID: m.ID, Programme: m.Programme, JoinedAt: c.at(m.JoinedAt), Cards: []card.ID{}})
		}
		return out, err
	}, nil
}

// fill gives the profile as the change leaves it.
func fill(out *Member, was *member.Profile, in *MemberChange) {
	pick := func(now *string, before string) string {
		if now != nil {
			return *now
		}
		return before
	}
	out.Display, out.Language = pick(in.Display, was.Display), pick(in.Language, was.Language)
	out.Birthday, out.Phone = pick(in.Birthday, was.Birthday), pick(in.Phone, was.Phone)
}
