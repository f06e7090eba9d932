package access

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
)

type staffPrefix struct{}

// Prefix gives stf.
func (staffPrefix) Prefix() string { return "stf" }

// StaffID identifies a member of staff.
type StaffID = id.Of[staffPrefix]

// Role says how much a member of staff may do.
type Role string

// The roles, the least first.
const (
	Cashier Role = "cashier"
	Senior  Role = "senior"
	Manager Role = "manager"
	Chief   Role = "admin"
)

var ranks = []Role{Cashier, Senior, Manager, Chief}

// Covers tells whether the role may do what another may.
func (r Role) Covers(other Role) bool { return slices.Index(ranks, r) >= slices.Index(ranks, other) }

// Staff is a member of staff.
type Staff struct {
	ID        StaffID
	Code      string // what a till asserts as its cashier: c07
	Display   string
	Role      Role
	Outlets   []int64 // none means all
	Language  string
	Closed    bool
	CreatedAt clock.Instant
}

// At tells whether the member of staff works at an outlet.
func (s *Staff) At(outlet int64) bool {
	return !s.Closed && (len(s.Outlets) == 0 || slices.Contains(s.Outlets, outlet))
}

// NewStaff is what a member of staff is made of.
type NewStaff struct {
	Code     string
	Display  string
	Role     Role
	Outlets  []int64
	Language string
	PIN      StoredPIN // of StorePIN for the same code
}

// StaffChange is what of a member of staff may be changed; nil leaves a field alone.
type StaffChange struct {
	Display  *string
	Role     *Role
	Outlets  *[]int64
	Language *string
	PIN      *StoredPIN
	Closed   *bool
	Unlock   bool // forgives wrong PINs
}

var (
	staffCode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	langForm  = regexp.MustCompile(`^([a-z]{2,3}(-[A-Z]{2})?)?$`)
)

var (
	insertStaff = db.SQL("access.insert_staff", `
		INSERT INTO staff (tenant_id, id, code, display, role, outlets, language, pin_hash, wrong_pins, locks, locked_until, closed, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, $9)`)

	readStaff = db.SQL("access.read_staff", `
		SELECT s.id, s.code, s.display, s.role, s.outlets, s.language, s.closed, s.created_at
		  FROM staff s
		 WHERE s.tenant_id = $1 AND s.id = $2`)

	listStaff = db.SQL("access.list_staff", `
		SELECT s.id, s.code, s.display, s.role, s.outlets, s.language, s.closed, s.created_at
		  FROM staff s
		 WHERE s.tenant_id = $1
		 ORDER BY s.id`)

	updateStaff = db.SQL("access.update_staff", `
		UPDATE staff
		   SET display = $3, role = $4, outlets = $5, language = $6, closed = $7
		 WHERE tenant_id = $1 AND id = $2`)

	setPIN = db.SQL("access.set_pin", `
		UPDATE staff SET pin_hash = $3 WHERE tenant_id = $1 AND id = $2`)
)

// CreateStaff adds a member of staff. It returns ErrExists for a code that is taken.
func (h *House) CreateStaff(ctx context.Context, tx db.Tx, by By, in NewStaff) (Staff, error) {
	s := Staff{ID: StaffID(h.mint.Next()), Code: in.Code, Display: in.Display, Role: in.Role, Outlets: in.Outlets, Language: in.Language, CreatedAt: h.clock.Now()}
	if err := s.check(); err != nil {
		return s, err
	}
	if in.PIN.code != in.Code {
		return s, fault.Invalid("pin", "6 to 8 digits")
	}
	if err := ledger.ConfigChanged(ctx, tx); err != nil {
		return s, err
	}
	_, outlets, err := lists(nil, s.Outlets)
	if err != nil {
		return s, err
	}
	if _, err := tx.Exec(ctx, insertStaff, tx.Tenant(), int64(s.ID), s.Code, s.Display, string(s.Role), outlets, s.Language, in.PIN.hash, int64(s.CreatedAt)); err != nil {
		return s, taken(err, "code")
	}
	return s, h.tell(ctx, tx, by, "staff.create", s.ID.String(), map[string]any{"after": s.facts()})
}

func (s *Staff) check() error {
	switch {
	case !staffCode.MatchString(s.Code):
		return fault.Invalid("code", "1 to 32 of letters, digits, dot, hyphen and underscore")
	case len(s.Display) > maxText:
		return fault.Invalid("name", "at most 200 bytes")
	case !slices.Contains(ranks, s.Role):
		return fault.Invalid("role", "cashier, senior, manager or admin")
	case len(s.Outlets) > maxOutlets:
		return fault.Invalid("outlets", "at most 1000 outlets")
	case !langForm.MatchString(s.Language):
		return fault.Invalid("language", "a language such as lv")
	}
	return nil
}

// facts are what the trail says of a member of staff. The name stays out of it: the trail outlives its
// erasure.
func (s *Staff) facts() map[string]any {
	return map[string]any{"code": s.Code, "role": s.Role, "outlets": s.Outlets, "language": s.Language, "closed": s.Closed}
}

// ChangeStaff changes a member of staff and gives it as it is now. It returns ErrNotFound.
func (h *House) ChangeStaff(ctx context.Context, tx db.Tx, by By, key StaffID, c StaffChange) (Staff, error) {
	if err := ledger.ConfigChanged(ctx, tx); err != nil {
		return Staff{}, err
	}
	var found []Staff
	if err := tx.Each(ctx, readStaff, db.Args(tx.Tenant(), int64(key)), collectStaff(&found)); err != nil {
		return Staff{}, err
	}
	if len(found) == 0 {
		return Staff{}, fault.New(fault.ErrNotFound)
	}
	s := found[0]
	before := s.facts()
	set(&s.Display, c.Display)
	set(&s.Role, c.Role)
	set(&s.Outlets, c.Outlets)
	set(&s.Language, c.Language)
	set(&s.Closed, c.Closed)
	if err := s.check(); err != nil {
		return s, err
	}
	if err := h.saveStaff(ctx, tx, &s, c); err != nil {
		return s, err
	}
	detail := map[string]any{"before": before, "after": s.facts(), "pin": c.PIN != nil, "unlock": c.Unlock}
	return s, h.tell(ctx, tx, by, "staff.change", s.ID.String(), detail)
}

func (h *House) saveStaff(ctx context.Context, tx db.Tx, s *Staff, c StaffChange) error {
	_, outlets, err := lists(nil, s.Outlets)
	if err != nil {
		return err
	}
	closed := 0
	if s.Closed {
		closed = 1
	}
	if _, err := tx.Exec(ctx, updateStaff, tx.Tenant(), int64(s.ID), s.Display, string(s.Role), outlets, s.Language, closed); err != nil {
		return err
	}
	if c.PIN != nil {
		if c.PIN.code != s.Code {
			return fault.Invalid("pin", "6 to 8 digits")
		}
		if _, err := tx.Exec(ctx, setPIN, tx.Tenant(), int64(s.ID), c.PIN.hash); err != nil {
			return err
		}
	}
	if c.Unlock || c.PIN != nil {
		_, err = tx.Exec(ctx, forgivePINs, tx.Tenant(), int64(s.ID))
	}
	return err
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

func collectStaff(out *[]Staff) func(func(...any) error) error {
	return func(scan func(...any) error) error {
		var s Staff
		var outlets string
		var closed int64
		err := scan(&s.ID, &s.Code, &s.Display, &s.Role, &outlets, &s.Language, &closed, &s.CreatedAt)
		if err == nil {
			err = json.Unmarshal([]byte(outlets), &s.Outlets)
		}
		s.Closed = closed != 0
		*out = append(*out, s)
		return err
	}
}
