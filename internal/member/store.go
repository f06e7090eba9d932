package member

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

type personPrefix struct{}

func (personPrefix) Prefix() string { return "mem" }

// ID is the id of a person: a member of the tenant, whatever the programmes.
type ID = id.Of[personPrefix]

type membershipPrefix struct{}

func (membershipPrefix) Prefix() string { return "mbs" }

// MembershipID is the id of a membership, and of its holder in the ledger.
type MembershipID = id.Of[membershipPrefix]

// sealed is a person as it is stored.
type sealed struct {
	key, profile []byte
	version      int64
	createdAt    clock.Instant
}

// Membership is what ties a person to a programme.
type Membership struct {
	ID        MembershipID
	Person    ID
	Programme string
	JoinedAt  clock.Instant
}

type contactKey struct{ hash, kind string }

type joinKey struct {
	person    ID
	programme string
}

const phoneContact = "phone"

func profilePlace(person ID) secret.Place {
	return secret.Place{Table: "person", Column: "profile_enc", Row: int64(person)}
}

var findPerson = db.Find("member.find_person", "id int", `
	SELECT p.dek_wrapped, p.profile_enc, p.version, p.created_at
	  FROM person p
	 WHERE p.tenant_id = $1 AND p.id = k.id
	 LIMIT 1`)

var insertPerson = db.Insert("member.insert_person", "person", "id int, dek_wrapped bytes, profile_enc bytes, version int, created_at int", "")

var findContact = db.Find("member.find_contact", "hash bytes, kind text", `
	SELECT c.person
	  FROM person_contact c
	 WHERE c.tenant_id = $1 AND c.hash = k.hash AND c.kind = k.kind
	 LIMIT 1`)

var insertContact = db.Insert("member.insert_contact", "person_contact", "hash bytes, kind text, person int", "")

var findMembership = db.Find("member.find_membership", "person int, programme text", `
	SELECT m.id, m.joined_at
	  FROM membership m
	 WHERE m.tenant_id = $1 AND m.person = k.person AND m.programme = k.programme
	 LIMIT 1`)

var insertMembership = db.Insert("member.insert_membership", "membership", "id int, person int, programme text, joined_at int", "")

var personSlot = ledger.Slot[ID, sealed]{
	Load: func(b db.Batch, tenant int64, keys []ID, got func(ID, sealed)) {
		rows := findPerson.Rows()
		for _, k := range keys {
			rows.Int(int64(k))
		}
		b.Find(findPerson, tenant, rows, func(i int, r db.Row) {
			got(keys[i], sealed{r.Bytes(0), r.Bytes(1), r.Int(2), clock.Instant(r.Int(3))})
		})
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[ID, sealed]) {
		rows := insertPerson.Rows()
		for _, c := range changes {
			rows.Int(int64(c.Key)).Bytes(c.Row.key).Bytes(c.Row.profile).Int(c.Row.version).Int(int64(c.Row.createdAt))
		}
		b.Put(insertPerson, tenant, rows)
	},
}

var contactSlot = ledger.Slot[contactKey, ID]{
	Load: func(b db.Batch, tenant int64, keys []contactKey, got func(contactKey, ID)) {
		rows := findContact.Rows()
		for _, k := range keys {
			rows.Bytes([]byte(k.hash)).Text(k.kind)
		}
		b.Find(findContact, tenant, rows, func(i int, r db.Row) { got(keys[i], ID(r.Int(0))) })
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[contactKey, ID]) {
		rows := insertContact.Rows()
		for _, c := range changes {
			rows.Bytes([]byte(c.Key.hash)).Text(c.Key.kind).Int(int64(c.Row))
		}
		b.Put(insertContact, tenant, rows)
	},
}

var membershipSlot = ledger.Slot[joinKey, Membership]{
	Load: func(b db.Batch, tenant int64, keys []joinKey, got func(joinKey, Membership)) {
		rows := findMembership.Rows()
		for _, k := range keys {
			rows.Int(int64(k.person)).Text(k.programme)
		}
		b.Find(findMembership, tenant, rows, func(i int, r db.Row) {
			got(keys[i], Membership{MembershipID(r.Int(0)), keys[i].person, keys[i].programme, clock.Instant(r.Int(1))})
		})
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[joinKey, Membership]) {
		rows := insertMembership.Rows()
		for _, c := range changes {
			rows.Int(int64(c.Row.ID)).Int(int64(c.Row.Person)).Text(c.Row.Programme).Int(int64(c.Row.JoinedAt))
		}
		b.Put(insertMembership, tenant, rows)
	},
}
