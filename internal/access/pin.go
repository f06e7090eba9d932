package access

import (
	"context"
	"encoding/hex"
	"regexp"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/base/web"
)

// maxWrong is how many wrong PINs in a row lock a member of staff.
const maxWrong = 5

// The lock grows with each time that it falls shut before a right PIN has been given; a manager's unlock
// ends it (SEC-03).
const (
	firstLock  = clock.Minute
	secondLock = 15 * clock.Minute
	longLock   = 24 * clock.Hour
)

var pinForm = regexp.MustCompile(`^[0-9]{6,8}$`)

// StoredPIN is a PIN as it is stored, for one code of staff.
type StoredPIN struct{ code, hash string }

var (
	// A try is counted before it is judged, and the one that fills the count locks at once: guesses at the
	// same time get five tries together, and a crash between counting and judging forgives none.
	countTry = db.SQL("access.count_try", `
		UPDATE staff
		   SET wrong_pins = CASE WHEN wrong_pins >= $4 THEN 1 ELSE wrong_pins + 1 END,
		       locked_until = CASE WHEN wrong_pins + 1 = $4
		                           THEN $3 + CASE locks WHEN 0 THEN CAST($5 AS BIGINT) WHEN 1 THEN CAST($6 AS BIGINT) ELSE CAST($7 AS BIGINT) END
		                           ELSE locked_until END,
		       locks = CASE WHEN wrong_pins + 1 = $4 THEN locks + 1 ELSE locks END
		 WHERE tenant_id = $1 AND code = $2 AND closed = 0 AND locked_until <= $3
		RETURNING id, code, display, role, outlets, language, closed, created_at, pin_hash, wrong_pins`)

	findLock = db.SQL("access.find_lock", `
		SELECT s.locked_until FROM staff s WHERE s.tenant_id = $1 AND s.code = $2 AND s.closed = 0`)

	forgivePINs = db.SQL("access.forgive_pins", `
		UPDATE staff SET wrong_pins = 0, locks = 0, locked_until = 0 WHERE tenant_id = $1 AND id = $2`)
)

// StorePIN gives the stored form of a PIN of 6 to 8 digits. It takes some tens of milliseconds, so it is
// called before a transaction is opened.
func (h *House) StorePIN(ctx context.Context, tenant int64, code string, pin secret.Secret) (StoredPIN, error) {
	if !pinForm.MatchString(pin.Reveal()) {
		return StoredPIN{}, fault.Invalid("pin", "6 to 8 digits")
	}
	p, err := h.peppered(ctx, tenant, code, pin)
	if err != nil {
		return StoredPIN{}, err
	}
	hash, err := secret.HashPassword(ctx, secret.StaffCost, p)
	return StoredPIN{code, hash}, err
}

// peppered binds a PIN to its owner and to the tenant's secret: a million PINs are soon tried against a
// stolen table, but not without that secret.
func (h *House) peppered(ctx context.Context, tenant int64, code string, pin secret.Secret) (secret.Secret, error) {
	keys, err := h.ring.Of(ctx, tenant)
	if err != nil {
		return "", err
	}
	return secret.Secret(hex.EncodeToString(keys.Index(secret.PIN, code+"\x00"+pin.Reveal()))), nil
}

// attempt is a counted try.
type attempt struct {
	staff Staff
	hash  string
	tries int64
	there bool
	until clock.Instant // of the lock that keeps the try from being judged
}

// CheckPIN gives the member of staff whose code and PIN these are. It returns ErrWrongPIN, or ErrStaffLocked
// after five wrong ones in a row, with the seconds until the lock ends.
func (h *House) CheckPIN(ctx context.Context, tenant int64, code string, pin secret.Secret) (Staff, error) {
	a, err := h.try(ctx, tenant, code)
	if err != nil {
		return Staff{}, db.Fault(err)
	}
	now := h.clock.Now()
	if a.until > now {
		return Staff{}, fault.New(ErrStaffLocked, web.RetryAfter, int64((a.until-now+clock.Second-1)/clock.Second))
	}
	p, err := h.peppered(ctx, tenant, code, pin)
	if err != nil {
		return Staff{}, err
	}
	if !a.there {
		_, err := secret.HashPassword(ctx, secret.StaffCost, p) // as long as for a code that exists
		if err == nil {
			err = fault.New(ErrWrongPIN)
		}
		return Staff{}, err
	}
	right, err := secret.CheckPassword(ctx, a.hash, p)
	if err != nil {
		return Staff{}, err
	}
	return a.staff, db.Fault(h.judged(ctx, tenant, a, right))
}

func (h *House) try(ctx context.Context, tenant int64, code string) (attempt, error) {
	var a attempt
	err := h.d.Write(ctx, tenant, func(tx db.Tx) error {
		a = attempt{}
		var found []Staff
		err := tx.Each(ctx, countTry, db.Args(tenant, code, int64(h.clock.Now()), maxWrong, int64(firstLock), int64(secondLock), int64(longLock)),
			func(scan func(...any) error) error {
				return collectStaff(&found)(func(dest ...any) error { return scan(append(dest, &a.hash, &a.tries)...) })
			})
		if err != nil {
			return err
		}
		if len(found) == 1 {
			a.staff, a.there = found[0], true
			return nil
		}
		_, err = tx.One(ctx, findLock, db.Args(tenant, code), &a.until)
		return err
	})
	return a, err
}

// judged forgives after a right PIN, and leaves a row in the trail when a wrong one has locked.
func (h *House) judged(ctx context.Context, tenant int64, a attempt, right bool) error {
	if right {
		return h.d.Write(ctx, tenant, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, forgivePINs, tenant, int64(a.staff.ID))
			return err
		})
	}
	if a.tries >= maxWrong {
		by := By{Actor: a.staff.ID.String()}
		err := h.d.Write(ctx, tenant, func(tx db.Tx) error {
			return h.tell(ctx, tx, by, "staff.lock", a.staff.ID.String(), map[string]any{"wrong_pins": a.tries})
		})
		if err != nil {
			return err
		}
	}
	return fault.New(ErrWrongPIN)
}
