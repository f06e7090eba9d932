package member

import (
	"context"
	"encoding/json"
	"sync"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

// Shown is what a till may see of a member.
type Shown struct {
	Person        ID
	Display       string // first name and initial (PRV-25)
	Language      string
	BirthdayToday bool
}

// Person is a member with the whole profile, for staff who may see it.
type Person struct {
	ID          ID
	Profile     Profile
	Memberships []Membership
	Version     int64
	CreatedAt   clock.Instant
}

const (
	rememberFor  = clock.Minute // another process may change or erase a profile meanwhile
	maxRemember  = 10_000
	maxProgramme = 500 // memberships of a person
)

// Desk reads and changes profiles.
type Desk struct {
	db    *db.DB
	keys  *secret.Ring
	clock clock.Clock
	mu    sync.Mutex
	known map[known]remembered
}

type known struct {
	tenant     int64
	membership MembershipID
}

type remembered struct {
	person  ID
	profile Profile
	until   clock.Instant
}

// NewDesk gives the desk.
func NewDesk(d *db.DB, keys *secret.Ring, c clock.Clock) *Desk {
	return &Desk{db: d, keys: keys, clock: c, known: map[known]remembered{}}
}

var readByMembership = db.SQL("member.read_by_membership", `
	SELECT p.id, p.dek_wrapped, p.profile_enc
	  FROM membership m
	  JOIN person p ON p.tenant_id = m.tenant_id AND p.id = m.person
	 WHERE m.tenant_id = $1 AND m.id = $2`)

var readPerson = db.SQL("member.read_person", `
	SELECT p.dek_wrapped, p.profile_enc, p.version, p.created_at
	  FROM person p
	 WHERE p.tenant_id = $1 AND p.id = $2`)

var readMemberships = db.SQL("member.read_memberships", `
	SELECT m.id, m.programme, m.joined_at
	  FROM membership m
	 WHERE m.tenant_id = $1 AND m.person = $2
	 ORDER BY m.programme
	 LIMIT $3`)

var readContact = db.SQL("member.read_contact", `
	SELECT c.person
	  FROM person_contact c
	 WHERE c.tenant_id = $1 AND c.hash = $2 AND c.kind = $3`)

// Shown gives what a till may see of the member on a local day. It is remembered for a minute. It returns
// not_found.
func (k *Desk) Shown(ctx context.Context, tenant int64, m MembershipID, today clock.Day) (Shown, error) {
	r, err := k.remembered(ctx, tenant, m)
	if err != nil {
		return Shown{}, err
	}
	return Shown{r.person, Short(r.profile.Display), r.profile.Language, BirthdayOn(r.profile.Birthday, today)}, nil
}

func (k *Desk) remembered(ctx context.Context, tenant int64, m MembershipID) (remembered, error) {
	now := k.clock.Now()
	k.mu.Lock()
	r, ok := k.known[known{tenant, m}]
	k.mu.Unlock()
	if ok && now < r.until {
		return r, nil
	}
	var s sealed
	r = remembered{until: now + rememberFor}
	err := k.db.Read(ctx, tenant, func(tx db.Tx) (err error) {
		ok, err = tx.One(ctx, readByMembership, db.Args(tenant, int64(m)), &r.person, &s.key, &s.profile)
		return err
	})
	switch {
	case err != nil:
		return r, db.Fault(err)
	case !ok:
		return r, fault.New(fault.ErrNotFound)
	}
	if r.profile, err = k.open(ctx, tenant, r.person, s); err != nil {
		return r, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= maxRemember {
		clear(k.known)
	}
	k.known[known{tenant, m}] = r
	return r, nil
}

func (k *Desk) open(ctx context.Context, tenant int64, person ID, s sealed) (Profile, error) {
	var p Profile
	keys, err := k.keys.Of(ctx, tenant)
	if err != nil {
		return p, err
	}
	data, err := keys.Data(int64(person), s.key)
	if err != nil {
		return p, err
	}
	plain, err := data.Open(profilePlace(person), s.profile)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(plain, &p)
}

// Person gives a member with the whole profile. It returns not_found.
func (k *Desk) Person(ctx context.Context, tenant int64, person ID) (Person, error) {
	out := Person{ID: person}
	var s sealed
	var there bool
	err := k.db.Read(ctx, tenant, func(tx db.Tx) (err error) {
		out.Memberships = nil
		if there, err = tx.One(ctx, readPerson, db.Args(tenant, int64(person)), &s.key, &s.profile, &out.Version, &out.CreatedAt); err != nil {
			return err
		}
		out.Memberships, err = memberships(ctx, tx, person)
		return err
	})
	switch {
	case err != nil:
		return out, db.Fault(err)
	case !there:
		return out, fault.New(fault.ErrNotFound)
	}
	out.Profile, err = k.open(ctx, tenant, person, s)
	return out, err
}

func memberships(ctx context.Context, tx db.Tx, person ID) ([]Membership, error) {
	var out []Membership
	err := tx.Each(ctx, readMemberships, db.Args(tx.Tenant(), int64(person), maxProgramme), func(scan func(...any) error) error {
		m := Membership{Person: person}
		err := scan(&m.ID, &m.Programme, &m.JoinedAt)
		out = append(out, m)
		return err
	})
	return out, err
}

// ByPhone gives the person who has a phone. It returns invalid_value and not_found.
func (k *Desk) ByPhone(ctx context.Context, tenant int64, phone string) (ID, error) {
	n, err := parsePhone(phone)
	if err != nil {
		return 0, err
	}
	keys, err := k.keys.Of(ctx, tenant)
	if err != nil {
		return 0, err
	}
	var person ID
	var there bool
	err = k.db.Read(ctx, tenant, func(tx db.Tx) (err error) {
		there, err = tx.One(ctx, readContact, db.Args(tenant, keys.Index(secret.Phone, n), phoneContact), &person)
		return err
	})
	if err == nil && !there {
		return 0, fault.New(fault.ErrNotFound)
	}
	return person, db.Fault(err)
}
