package member

import (
	"context"
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

// Change says what of a profile is new; nil leaves a field as it is, an empty text takes it away.
type Change struct {
	Display, Language, Birthday, Phone *string
}

func (c Change) apply(p Profile) Profile {
	for _, f := range []struct {
		from *string
		to   *string
	}{{c.Display, &p.Display}, {c.Language, &p.Language}, {c.Birthday, &p.Birthday}, {c.Phone, &p.Phone}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return p
}

var updateProfile = db.SQL("member.update_profile", `
	UPDATE person
	   SET profile_enc = $3, version = version + 1
	 WHERE tenant_id = $1 AND id = $2 AND version = $4`)

var deleteContact = db.SQL("member.delete_contact", `
	DELETE FROM person_contact
	 WHERE tenant_id = $1 AND hash = $2 AND kind = $3 AND person = $4`)

var addContact = db.SQL("member.add_contact", `
	INSERT INTO person_contact (tenant_id, hash, kind, person)
	VALUES ($1, $2, $3, $4)
	ON CONFLICT (tenant_id, hash, kind) DO NOTHING`)

// Update changes a profile. It returns not_found, invalid_value, version_conflict when somebody else changed
// it since the version was read, and duplicate_member when the phone is another person's.
func (k *Desk) Update(ctx context.Context, tenant int64, person ID, version int64, c Change, today clock.Day) error {
	err := k.db.Write(ctx, tenant, func(tx db.Tx) error { return k.UpdateIn(ctx, tx, person, version, c, today) })
	if err == nil {
		k.Forget(tenant, person)
	}
	return db.Fault(err)
}

// UpdateIn does what Update does inside the caller's transaction; the caller calls Forget after its commit.
func (k *Desk) UpdateIn(ctx context.Context, tx db.Tx, person ID, version int64, c Change, today clock.Day) error {
	keys, err := k.keys.Of(ctx, tx.Tenant())
	if err != nil {
		return err
	}
	var s sealed
	there, err := tx.One(ctx, readPerson, db.Args(tx.Tenant(), int64(person)), &s.key, &s.profile, &s.version, &s.createdAt)
	switch {
	case err != nil:
		return err
	case !there:
		return fault.New(fault.ErrNotFound)
	case s.version != version:
		return fault.New(fault.ErrVersionConflict)
	}
	before, err := k.open(ctx, tx.Tenant(), person, s)
	if err != nil {
		return err
	}
	after, err := c.apply(before).normal(today)
	if err != nil {
		return err
	}
	if err := writeProfile(ctx, tx, keys, person, s, after); err != nil {
		return err
	}
	return movePhone(ctx, tx, keys, person, before.Phone, after.Phone)
}

func writeProfile(ctx context.Context, tx db.Tx, keys *secret.Keys, person ID, s sealed, p Profile) error {
	data, err := keys.Data(int64(person), s.key)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, updateProfile, tx.Tenant(), int64(person), data.Seal(profilePlace(person), plain), s.version)
	if err == nil && n == 0 {
		err = fault.New(fault.ErrVersionConflict)
	}
	return err
}

// movePhone keeps the blind index of the phone in step with the profile.
func movePhone(ctx context.Context, tx db.Tx, keys *secret.Keys, person ID, before, after string) error {
	if before == after {
		return nil
	}
	if before != "" {
		if _, err := tx.Exec(ctx, deleteContact, tx.Tenant(), keys.Index(secret.Phone, before), phoneContact, int64(person)); err != nil {
			return err
		}
	}
	if after == "" {
		return nil
	}
	n, err := tx.Exec(ctx, addContact, tx.Tenant(), keys.Index(secret.Phone, after), phoneContact, int64(person))
	if err == nil && n == 0 {
		err = fault.New(ErrDuplicateMember)
	}
	return err
}

// Forget drops what is remembered of a person.
func (k *Desk) Forget(tenant int64, person ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, r := range k.known {
		if key.tenant == tenant && r.person == person {
			delete(k.known, key)
		}
	}
}
