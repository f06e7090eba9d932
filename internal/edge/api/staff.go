package api

import (
	"net/http"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/merchant"
)

// Staff is a member of staff.
type Staff struct {
	Seen
	ID        access.StaffID      `json:"id"`
	Code      string              `json:"code" doc:"What a till asserts as its cashier."`
	Name      string              `json:"name,omitempty"`
	Role      string              `json:"role" enum:"cashier,senior,manager,admin"`
	Outlets   []merchant.OutletID `json:"outlets" doc:"None means all."`
	Language  string              `json:"language,omitempty"`
	Closed    bool                `json:"closed"`
	CreatedAt time.Time           `json:"created_at"`
}

// NewStaff is what a member of staff is made of.
type NewStaff struct {
	Code     string              `json:"code"`
	Name     string              `json:"name,omitempty"`
	Role     string              `json:"role" enum:"cashier,senior,manager,admin"`
	Outlets  []merchant.OutletID `json:"outlets,omitempty"`
	PIN      string              `json:"pin" doc:"6 to 8 digits."`
	Language string              `json:"language,omitempty"`
}

// StaffChange is what of a member of staff may be changed.
type StaffChange struct {
	Name     *string              `json:"name,omitempty"`
	Role     *string              `json:"role,omitempty"`
	Outlets  *[]merchant.OutletID `json:"outlets,omitempty"`
	Language *string              `json:"language,omitempty"`
	PIN      *string              `json:"pin,omitempty"`
	Closed   *bool                `json:"closed,omitempty"`
	Unlock   bool                 `json:"unlock,omitempty" doc:"Forgives wrong PINs."`
}

// AskApproval is a request for an approval, signed by a PIN.
type AskApproval struct {
	Staff    string              `json:"staff" doc:"The code of the member of staff."`
	PIN      string              `json:"pin"`
	Act      string              `json:"act" doc:"The act that is allowed: adjust, clear, cashout, return, void …"`
	Terminal merchant.TerminalID `json:"terminal,omitempty" doc:"Of an act at a till."`
	MaxMinor int64               `json:"max,omitempty" doc:"The greatest amount in minor units, or points; 0 where the act has none."`
}

// Approval is a token for one act, to be spent within five minutes.
type Approval struct {
	Seen
	ID        access.ApprovalID `json:"id"`
	Token     string            `json:"token"`
	Act       string            `json:"act"`
	ExpiresAt time.Time         `json:"expires_at"`
}

// Key is an API key. Its text is told only when it is made.
type Key struct {
	Seen
	ID        access.KeyID        `json:"id"`
	Kind      string              `json:"kind" enum:"admin,integration,middleware,terminal"`
	Name      string              `json:"name"`
	Last4     string              `json:"last4"`
	Scopes    []string            `json:"scopes"`
	Outlets   []merchant.OutletID `json:"outlets" doc:"None means all."`
	CreatedAt time.Time           `json:"created_at"`
	EndsAt    time.Time           `json:"ends_at"`
	UsedAt    time.Time           `json:"used_at,omitzero"`
	Key       string              `json:"key,omitempty"`
}

// NewKey is what a key is made of.
type NewKey struct {
	Name    string              `json:"name"`
	Kind    string              `json:"kind,omitempty" enum:"integration,middleware,admin" doc:"integration when it is absent."`
	Scopes  []string            `json:"scopes,omitempty"`
	Outlets []merchant.OutletID `json:"outlets,omitempty"`
	Days    int64               `json:"days,omitempty" doc:"How many days it lives; 365 at most, and when it is absent."`
}

func (a *API) staffRoutes() {
	page := []param{paramAfter, paramLimit, paramUpdated}
	write(a, op{method: http.MethodPost, path: "/v1/staff", id: "create-staff", tag: "staff", summary: "Add a member of staff", scope: "staff:write", who: ofAdmins, status: http.StatusCreated},
		ofAccess, false, a.createStaff)
	read(a, op{path: "/v1/staff", id: "list-staff", tag: "staff", summary: "List the staff", scope: "staff:read", query: page}, a.listStaff)
	write(a, op{method: http.MethodPatch, path: "/v1/staff/{id}", id: "change-staff", tag: "staff", summary: "Change a member of staff", scope: "staff:write", who: ofAdmins},
		ofAccess, false, a.changeStaff)
	approve := op{method: http.MethodPost, path: "/v1/approvals", id: "approve", tag: "staff", summary: "Let a member of staff allow one act, by PIN", scope: "approvals:write", who: ofTills, status: http.StatusCreated}
	approve.about = "The token is spent by the act within five minutes."
	write(a, approve, plain, true, a.approve)
	write(a, op{method: http.MethodPost, path: "/v1/keys", id: "create-key", tag: "keys", summary: "Make an API key", scope: "keys:write", who: ofAdmins, status: http.StatusCreated},
		ofAccess, true, a.createKey)
	read(a, op{path: "/v1/keys", id: "list-keys", tag: "keys", summary: "List the API keys", scope: "keys:read", who: ofAdmins, query: page}, a.listKeys)
	write(a, op{method: http.MethodPost, path: "/v1/keys/{id}/rotate", id: "rotate-key", tag: "keys", summary: "Replace an API key", scope: "keys:write", who: ofAdmins, status: http.StatusCreated,
		about: "The old key lives beside the new one for seven days."}, ofAccess, true, a.rotateKey)
	write(a, op{method: http.MethodDelete, path: "/v1/keys/{id}", id: "delete-key", tag: "keys", summary: "End an API key", scope: "keys:write", who: ofAdmins}, ofAccess, false, a.deleteKey)
}

// outlets refuses outlets that are not the tenant's.
func (c *call) outlets(list []merchant.OutletID) ([]int64, error) {
	var out []int64
	for _, o := range list {
		if c.snap.Outlet(o) == nil {
			return nil, fault.Invalid("outlets", "outlets of the tenant")
		}
		out = append(out, int64(o))
	}
	return out, nil
}

func outletIDs(list []int64) []merchant.OutletID {
	out := make([]merchant.OutletID, len(list))
	for i, o := range list {
		out[i] = merchant.OutletID(o)
	}
	return out
}

func (a *API) createStaff(c *call, in *NewStaff) (deed[Staff], error) {
	outlets, err := c.outlets(in.Outlets)
	if err != nil {
		return nil, err
	}
	pin, err := a.Access.StorePIN(c.r.Context(), c.tenant, in.Code, secret.Secret(in.PIN))
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Staff, error) {
		s, err := a.Access.CreateStaff(c.r.Context(), tx, c.by(), access.NewStaff{
			Code: in.Code, Display: in.Name, Role: access.Role(in.Role), Outlets: outlets, Language: in.Language, PIN: pin,
		})
		return staffOf(c, &s), err
	}, nil
}

func staffOf(c *call, s *access.Staff) *Staff {
	return &Staff{ID: s.ID, Code: s.Code, Name: s.Display, Role: string(s.Role), Outlets: outletIDs(s.Outlets), Language: s.Language, Closed: s.Closed, CreatedAt: c.at(s.CreatedAt)}
}

func (a *API) listStaff(c *call) (*List[Staff], error) {
	all, err := a.Access.Roster().Staffing(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	return listed(a, c, "staff", all.All, func(s *access.Staff) int64 { return int64(s.ID) }, func(s *access.Staff) clock.Instant { return s.CreatedAt },
		func(s *access.Staff) bool { return c.shares(s.Outlets) }, func(s *access.Staff) *Staff { return staffOf(c, s) })
}

// shares tells whether the key may see something of these outlets; none means all.
func (c *call) shares(outlets []int64) bool {
	if len(outlets) == 0 {
		return true
	}
	for _, o := range outlets {
		if c.caller.At(o) {
			return true
		}
	}
	return false
}

func (a *API) changeStaff(c *call, in *StaffChange) (deed[Staff], error) {
	key, err := c.path("stf")
	if err != nil {
		return nil, err
	}
	change := access.StaffChange{Display: in.Name, Language: in.Language, Closed: in.Closed, Unlock: in.Unlock}
	if in.Role != nil {
		role := access.Role(*in.Role)
		change.Role = &role
	}
	if in.Outlets != nil {
		outlets, err := c.outlets(*in.Outlets)
		if err != nil {
			return nil, err
		}
		change.Outlets = &outlets
	}
	if in.PIN != nil {
		pin, err := a.newPIN(c, access.StaffID(key), *in.PIN)
		if err != nil {
			return nil, err
		}
		change.PIN = pin
	}
	return func(tx db.Tx) (*Staff, error) {
		s, err := a.Access.ChangeStaff(c.r.Context(), tx, c.by(), access.StaffID(key), change)
		return staffOf(c, &s), err
	}, nil
}

func (a *API) newPIN(c *call, key access.StaffID, pin string) (*access.StoredPIN, error) {
	all, err := a.Access.Roster().Staffing(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	s := all.Staff(key)
	if s == nil {
		return nil, fault.New(fault.ErrNotFound)
	}
	stored, err := a.Access.StorePIN(c.r.Context(), c.tenant, s.Code, secret.Secret(pin))
	return &stored, err
}

func (a *API) approve(c *call, in *AskApproval) (deed[Approval], error) {
	ask := access.Ask{Code: in.Staff, PIN: secret.Secret(in.PIN), Act: in.Act, Terminal: int64(in.Terminal), MaxMinor: in.MaxMinor, Request: c.by().Request}
	if in.Terminal != 0 {
		t := c.snap.Terminal(in.Terminal)
		if t == nil || !c.caller.At(int64(t.Outlet)) {
			return nil, fault.Invalid("terminal", "a terminal of the tenant")
		}
		ask.Outlet = int64(t.Outlet)
	}
	token, p, err := a.Access.Approve(c.r.Context(), c.tenant, ask)
	if err != nil {
		return nil, err
	}
	return func(db.Tx) (*Approval, error) {
		return &Approval{ID: p.ID, Token: token.Reveal(), Act: p.Act, ExpiresAt: c.at(p.ExpiresAt)}, nil
	}, nil
}

func (a *API) createKey(c *call, in *NewKey) (deed[Key], error) {
	outlets, err := c.outlets(in.Outlets)
	if err != nil {
		return nil, err
	}
	kind := access.Kind(in.Kind)
	if kind == "" {
		kind = access.Integration
	}
	if in.Days < 0 || in.Days > 365 {
		return nil, fault.Invalid("days", "1 to 365")
	}
	ask := access.NewKey{Kind: kind, Name: in.Name, Scopes: in.Scopes, Outlets: outlets, Life: time.Duration(in.Days) * 24 * time.Hour}
	return func(tx db.Tx) (*Key, error) {
		k, text, err := a.Access.Issue(c.r.Context(), tx, c.by(), ask)
		out := keyOf(c, &k)
		out.Key = text.Reveal()
		return out, err
	}, nil
}

func keyOf(c *call, k *access.APIKey) *Key {
	return &Key{
		ID: k.ID, Kind: string(k.Kind), Name: k.Name, Last4: k.Last4, Scopes: append([]string{}, k.Scopes...), Outlets: outletIDs(k.Outlets),
		CreatedAt: c.at(k.CreatedAt), EndsAt: c.at(k.EndsAt), UsedAt: c.at(k.UsedAt),
	}
}

func (a *API) listKeys(c *call) (*List[Key], error) {
	after, limit, err := a.paged(c, "keys")
	if err != nil {
		return nil, err
	}
	since, err := c.since()
	if err != nil {
		return nil, err
	}
	items := []Key{}
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) error {
		list, err := a.Access.Keys(c.r.Context(), tx, access.KeyID(after), limit+1)
		items = items[:0]
		for i := range list {
			items = append(items, *keyOf(c, &list[i]))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := page(a, c, "keys", items, limit, func(k *Key) any { return int64(k.ID) })
	if err == nil {
		out.Items = kept(out.Items, func(k *Key) bool { return !k.CreatedAt.Before(since.Time()) })
	}
	return out, err
}

func (a *API) rotateKey(c *call, _ *none) (deed[Key], error) {
	key, err := c.path("key")
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Key, error) {
		k, text, err := a.Access.Rotate(c.r.Context(), tx, c.by(), access.KeyID(key))
		out := keyOf(c, &k)
		out.Key = text.Reveal()
		return out, err
	}, nil
}

func (a *API) deleteKey(c *call, _ *none) (deed[Done], error) {
	key, err := c.path("key")
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Done, error) {
		return &Done{Status: "ended"}, a.Access.Revoke(c.r.Context(), tx, c.by(), access.KeyID(key))
	}, nil
}
