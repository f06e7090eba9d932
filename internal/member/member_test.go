package member_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/member"
)

const tenant = int64(7)

var today = clock.Date(2026, 1, 10)

var insertTenant = db.SQL("test.member_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, $2, 'Shop', 'Europe/Riga', 'EUR', '{}', $3, 0)`)

type riga struct{}

func (riga) Zone(ledger.Unit) *time.Location { return time.UTC }

type world struct {
	*member.Deeds
	*member.Desk
	cards  *card.Deeds
	finder *card.Finder
	lane   *ledger.Lane
	ring   *secret.Ring
	mint   *id.Mint
	clock  *clock.Manual
	mu     sync.Mutex
	n      int
}

func open(t *testing.T, d *db.DB) *world {
	t.Helper()
	ctx := context.Background()
	m, err := secret.OpenMaster(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{ring: secret.NewRing(d, m), clock: clock.NewManual(clock.Of(time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)))}
	for _, one := range []int64{tenant, tenant + 1} {
		wrapped, err := w.ring.New(one)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, one, func(tx db.Tx) error {
			if _, err := tx.Exec(ctx, insertTenant, one, fmt.Sprint("shop", one), wrapped); err != nil {
				return err
			}
			return ledger.Open(ctx, tx)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if w.lane, err = ledger.NewLane(ctx, d, w.clock, func(int64) ledger.Zones { return riga{} }); err != nil {
		t.Fatal(err)
	}
	w.Deeds, w.Desk = member.Register(w.lane), member.NewDesk(d, w.ring, w.clock)
	w.cards, w.finder, w.mint = card.Register(w.lane), card.NewFinder(d, w.ring, w.clock), id.NewMint(w.clock, 1)
	w.lane.Start()
	t.Cleanup(w.lane.Stop)
	return w
}

func (w *world) request(of int64, p member.Profile) member.EnrolRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	key := fmt.Sprint("k", w.n)
	return member.EnrolRequest{
		Operation: ledger.Operation{Tenant: of, Client: 1, Key: key, Fingerprint: []byte(key + "0123456789abcdef")[:16], Origin: ledger.Origin{Actor: "c07"}},
		Day:       today, Person: member.ID(w.mint.Next()), Membership: member.MembershipID(w.mint.Next()), Programme: "main", Profile: p,
	}
}

func (w *world) enrol(t testing.TB, r member.EnrolRequest) ledger.Result {
	t.Helper()
	keys, err := w.ring.Of(context.Background(), r.Operation.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Enrol(keys, r, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return w.lane.Do(context.Background(), c)
}

// handOut adds a card with the phone of the member to an enrolment.
func (w *world) handOut(t testing.TB, r *member.EnrolRequest, number, phone string) card.ID {
	t.Helper()
	keys, err := w.ring.Of(context.Background(), r.Operation.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.cards.Issue(keys, card.IssueRequest{
		Card: card.ID(w.mint.Next()), Programme: r.Programme, Product: "bonus", Number: card.Number(number), Membership: int64(r.Membership),
		Status: ledger.Active, Aliases: []card.Presented{{Kind: "phone", Value: phone}},
	}, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Parts = append(r.Parts, c)
	return c.Card
}

func TestEnrol_PersonMembershipAndCardInOneEntry(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d := dbtest.Open(t, url)
		w, ctx := open(t, d), context.Background()
		r := w.request(tenant, member.Profile{Display: "Anna Kalniņa", Language: "lv", Birthday: "1990-01-10", Phone: "+371 2654-3210"})
		c := w.handOut(t, &r, "9428010000000012", "+37126543210")
		got := w.enrol(t, r)
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		want := fmt.Sprintf(`{"act":"enrol","person":"%s","membership":"%s","programme":"main","parts":["%s"],"actor":"c07"}`, r.Person, r.Membership, c)
		if got.Entry.Doc != want || got.Entry.Seq != 1 || len(got.Entry.Post.Touched) != 2 {
			t.Fatalf("entry %d: %s", got.Entry.Seq, got.Entry.Doc)
		}
		for range 2 {
			shown, err := w.Shown(ctx, tenant, r.Membership, today)
			if err != nil || shown != (member.Shown{Person: r.Person, Display: "Anna K.", Language: "lv", BirthdayToday: true}) {
				t.Fatalf("%+v, %v", shown, err)
			}
		}
		f, err := w.finder.Find(ctx, tenant, card.Presented{Kind: "phone", Value: "0037126543210"})
		if err != nil || card.ID(f.Card) != c || f.Owner("main") != int64(r.Membership) {
			t.Fatalf("the phone finds %+v, %v", f, err)
		}
		if p, err := w.ByPhone(ctx, tenant, "+37126543210"); err != nil || p != r.Person {
			t.Fatal(p, err)
		}
		// Nothing personal may stand readable in the file.
		if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
			for _, name := range []string{path, path + "-wal"} {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				for _, secret := range []string{"Anna", "Kalni", "26543210", "1990-01-10", "9428010000000012"} {
					if strings.Contains(string(b), secret) {
						t.Errorf("%s stands in the file", secret)
					}
				}
			}
		}
	})
}

func TestEnrol_DuplicatesAndTenants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		profile := member.Profile{Display: "Anna Kalniņa", Phone: "+37126543210"}
		requests := make([]member.EnrolRequest, 16)
		results := make([]ledger.Result, len(requests))
		var wg sync.WaitGroup
		for i := range requests {
			requests[i] = w.request(tenant, profile)
			wg.Add(1)
			go func() {
				defer wg.Done()
				results[i] = w.enrol(t, requests[i])
			}()
		}
		wg.Wait()
		winner := -1
		for i, r := range results {
			if r.Err == nil {
				if winner >= 0 {
					t.Fatal("two persons have one phone")
				}
				winner = i
			}
		}
		if winner < 0 {
			t.Fatal("nobody was enrolled")
		}
		first := requests[winner]
		for i, r := range results {
			if i != winner && (!fault.Is(r.Err, member.ErrDuplicateMember) || fault.Of(r.Err).Params.Get("member") != first.Person.String()) {
				t.Fatal(r.Err)
			}
		}
		if r := w.enrol(t, w.request(tenant+1, profile)); r.Err != nil {
			t.Fatalf("another tenant's member: %v", r.Err)
		}
		again := w.request(tenant, member.Profile{})
		again.Person = first.Person
		if r := w.lane.Do(ctx, w.Join(again)); !fault.Is(r.Err, member.ErrDuplicateMember) {
			t.Fatal(r.Err)
		}
		again = w.request(tenant, member.Profile{})
		again.Person, again.Programme = first.Person, "club"
		if r := w.lane.Do(ctx, w.Join(again)); r.Err != nil {
			t.Fatal(r.Err)
		}
		stranger := w.request(tenant, member.Profile{})
		if r := w.lane.Do(ctx, w.Join(stranger)); !fault.Is(r.Err, fault.ErrNotFound) {
			t.Fatal(r.Err)
		}
		p, err := w.Person(ctx, tenant, first.Person)
		if err != nil || len(p.Memberships) != 2 || p.Memberships[0].Programme != "club" || p.Profile.Display != "Anna Kalniņa" {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, err := w.Person(ctx, tenant+1, first.Person); !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("another tenant reads the person: %v", err)
		}
	})
}

// TestEnrol_ARefusedCardLeavesNobody holds that an enrolment is one commit.
func TestEnrol_ARefusedCardLeavesNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		one := w.request(tenant, member.Profile{Display: "Anna"})
		w.handOut(t, &one, "10001", "+37126543210")
		if r := w.enrol(t, one); r.Err != nil {
			t.Fatal(r.Err)
		}
		two := w.request(tenant, member.Profile{Display: "Boriss", Phone: "+37120000002"})
		w.handOut(t, &two, "10001", "+37120000002")
		if r := w.enrol(t, two); !fault.Is(r.Err, card.ErrNumberTaken) {
			t.Fatal(r.Err)
		}
		if _, err := w.Person(ctx, tenant, two.Person); !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("half a member: %v", err)
		}
		if _, err := w.ByPhone(ctx, tenant, "+37120000002"); !fault.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestUpdate_ProfileAndPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		anna := w.request(tenant, member.Profile{Display: "Anna Kalniņa", Phone: "+37126543210", Birthday: "02-29"})
		boris := w.request(tenant, member.Profile{Display: "Boriss Ozols", Phone: "+37120000002"})
		for _, r := range []member.EnrolRequest{anna, boris} {
			if got := w.enrol(t, r); got.Err != nil {
				t.Fatal(got.Err)
			}
		}
		if _, err := w.Shown(ctx, tenant, anna.Membership, today); err != nil {
			t.Fatal(err)
		}
		text := func(s string) *string { return &s }
		if err := w.Update(ctx, tenant, anna.Person, 1, member.Change{Display: text("Anna Bērziņa"), Phone: text("+37126543211")}, today); err != nil {
			t.Fatal(err)
		}
		if shown, err := w.Shown(ctx, tenant, anna.Membership, clock.Date(2026, 2, 28)); err != nil || shown.Display != "Anna B." || !shown.BirthdayToday {
			t.Fatalf("%+v, %v", shown, err)
		}
		if _, err := w.ByPhone(ctx, tenant, "+37126543210"); !fault.Is(err, fault.ErrNotFound) {
			t.Fatalf("the old phone: %v", err)
		}
		if p, err := w.ByPhone(ctx, tenant, "+37126543211"); err != nil || p != anna.Person {
			t.Fatal(p, err)
		}
		for _, c := range []struct {
			version int64
			change  member.Change
			code    fault.Code
		}{
			{1, member.Change{Display: text("X")}, fault.ErrVersionConflict},
			{2, member.Change{Phone: text("+37120000002")}, member.ErrDuplicateMember},
			{2, member.Change{Birthday: text("1800-01-01")}, fault.ErrInvalidValue},
			{2, member.Change{Birthday: text("2026-01-11")}, fault.ErrInvalidValue},
			{2, member.Change{Birthday: text("2026-02-30")}, fault.ErrInvalidValue},
			{2, member.Change{Language: text("../../etc")}, fault.ErrInvalidValue},
			{2, member.Change{Display: text("A" + strings.Repeat("\u0301", 10_000))}, fault.ErrInvalidValue},
			{2, member.Change{Display: text("A\x00B")}, fault.ErrInvalidValue},
			{2, member.Change{Phone: text("+")}, fault.ErrInvalidValue},
		} {
			if err := w.Update(ctx, tenant, anna.Person, c.version, c.change, today); !fault.Is(err, c.code) {
				t.Errorf("%v, want %s", err, c.code.Name)
			}
		}
		if p, err := w.Person(ctx, tenant, anna.Person); err != nil || p.Version != 2 || p.Profile.Phone != "+37126543211" {
			t.Fatalf("a refused change left its mark: %+v, %v", p, err)
		}
	})
}

func TestShort_FirstNameAndInitial(t *testing.T) {
	t.Parallel()
	for display, want := range map[string]string{"Anna Kalniņa": "Anna K.", "A. K.": "A. K.", "Anna": "Anna", "Ērika Marija ābele": "Ērika Ā.", "=cmd|'/c calc'!A1": "=cmd|'/c C."} {
		if got := member.Short(display); got != want {
			t.Errorf("%s is shown as %s, want %s", display, got, want)
		}
	}
}

func TestBirthdayOn_LeapDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		birthday string
		day      clock.Day
		want     bool
	}{
		{"1990-05-01", clock.Date(2026, 5, 1), true}, {"05-01", clock.Date(2026, 5, 1), true}, {"05-01", clock.Date(2026, 5, 2), false},
		{"02-29", clock.Date(2028, 2, 29), true}, {"02-29", clock.Date(2028, 2, 28), false}, {"02-29", clock.Date(2026, 2, 28), true},
		{"02-28", clock.Date(2028, 2, 29), false}, {"", clock.Date(2026, 1, 1), false},
	} {
		if got := member.BirthdayOn(c.birthday, c.day); got != c.want {
			t.Errorf("%s on %s: %v", c.birthday, c.day, got)
		}
	}
}
