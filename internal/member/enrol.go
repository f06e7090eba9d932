package member

import (
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

// Deeds make the commands of the room. There is one for each lane.
type Deeds struct {
	persons     ledger.Ref[ID, sealed]
	contacts    ledger.Ref[contactKey, ID]
	memberships ledger.Ref[joinKey, Membership]
}

// Register gives the tables of the room to a lane, before it starts.
func Register(l *ledger.Lane) *Deeds {
	return &Deeds{
		persons:     ledger.Register(l, "member.person", personSlot),
		contacts:    ledger.Register(l, "member.contact", contactSlot),
		memberships: ledger.Register(l, "member.membership", membershipSlot),
	}
}

// Part is what another room adds to an enrolment in the same entry: the card that is handed out, a welcome
// gift. It is booked after the membership's holder is there.
type Part interface {
	Need(*ledger.Needs)
	Book(*ledger.View, *ledger.Draft) error
	Name() string // the id of what is made, for the entry's document
}

// EnrolRequest describes a new member, or a further membership of a known one.
type EnrolRequest struct {
	Operation  ledger.Operation
	Day        clock.Day // business date
	Person     ID        // minted by the caller; of a further membership the known one
	Membership MembershipID
	Programme  string
	Profile    Profile // of a new person
	Parts      []Part
}

// Enrol is the command that makes a person and a membership with its holder, or the membership alone.
type Enrol struct {
	EnrolRequest
	joins   bool // the person is known
	row     sealed
	contact contactKey // empty for none
	in      *Deeds
}

// Enrol prepares the enrolment of a new person: the profile is sealed under a key of its own before it
// leaves here. It returns invalid_value for a profile that cannot be.
func (s *Deeds) Enrol(keys *secret.Keys, r EnrolRequest, now clock.Instant) (*Enrol, error) {
	p, err := r.Profile.normal(r.Day)
	if err != nil {
		return nil, err
	}
	r.Profile = Profile{} // what waits for the lane knows no name
	data, wrapped, err := keys.NewData(int64(r.Person))
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	c := &Enrol{EnrolRequest: r, row: sealed{wrapped, data.Seal(profilePlace(r.Person), plain), 1, now}, in: s}
	if p.Phone != "" {
		c.contact = contactKey{string(keys.Index(secret.Phone, p.Phone)), phoneContact}
	}
	return c, nil
}

// Join prepares a further membership of a known person.
func (s *Deeds) Join(r EnrolRequest) *Enrol {
	r.Profile = Profile{}
	return &Enrol{EnrolRequest: r, joins: true, in: s}
}

// Op names the operation.
func (c *Enrol) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.ISS
	return op
}

// Need asks for the person's and the membership's places, and for what the parts need.
func (c *Enrol) Need(n *ledger.Needs) {
	c.in.persons.Need(n, c.Person)
	c.in.memberships.Need(n, joinKey{c.Person, c.Programme})
	if c.contact.hash != "" {
		c.in.contacts.Need(n, c.contact)
	}
	n.Holder(int64(c.Membership))
	for _, p := range c.Parts {
		p.Need(n)
	}
}

// enrolNote is the document of the entry. It names nobody.
type enrolNote struct {
	Act        string       `json:"act"`
	Person     ID           `json:"person"`
	Membership MembershipID `json:"membership"`
	Programme  string       `json:"programme"`
	Parts      []string     `json:"parts,omitempty"`
	Actor      string       `json:"actor,omitempty"`
}

// Decide makes the member. It returns duplicate_member with the member when the phone is another person's
// or the person is in the programme already, and what the parts return.
func (c *Enrol) Decide(v *ledger.View) error {
	_, known := c.in.persons.Get(v, c.Person)
	switch {
	case c.joins && !known:
		return fault.New(fault.ErrNotFound)
	case !c.joins && known:
		return fault.New(ErrDuplicateMember, "member", c.Person.String())
	}
	if other, taken := c.taken(v); taken {
		return fault.New(ErrDuplicateMember, "member", other.String())
	}
	if !c.joins {
		c.in.persons.Set(v, c.Person, c.row)
	}
	if c.contact.hash != "" {
		c.in.contacts.Set(v, c.contact, c.Person)
	}
	c.in.memberships.Set(v, joinKey{c.Person, c.Programme}, Membership{c.Membership, c.Person, c.Programme, v.Now()})
	v.Create(int64(c.Membership), ledger.OwnerMembership, ledger.Active)
	d := v.Begin(ledger.ISS)
	d.BusinessDate, d.ValueDate = c.Day, c.Day
	d.Touch(int64(c.Membership))
	n := enrolNote{Act: "enrol", Person: c.Person, Membership: c.Membership, Programme: c.Programme, Actor: c.Operation.Actor}
	if c.joins {
		n.Act = "join"
	}
	for _, p := range c.Parts {
		if err := p.Book(v, d); err != nil {
			return err
		}
		n.Parts = append(n.Parts, p.Name())
	}
	doc, err := json.Marshal(n)
	d.Doc = string(doc)
	return err
}

// taken gives the member that stands in the way.
func (c *Enrol) taken(v *ledger.View) (ID, bool) {
	if c.contact.hash != "" {
		if other, there := c.in.contacts.Get(v, c.contact); there {
			return other, true
		}
	}
	_, there := c.in.memberships.Get(v, joinKey{c.Person, c.Programme})
	return c.Person, there
}
