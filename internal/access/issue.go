package access

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

const (
	// MaxLife is the longest life of a key, and its usual one.
	MaxLife = 365 * 24 * time.Hour
	// Overlap is how long the old key of an integration lives beside the one that replaces it.
	Overlap = 7 * 24 * time.Hour
	// RelinkGrace is how long a terminal's old key lives after it has been linked again.
	RelinkGrace = 10 * time.Minute

	maxScopes  = 100
	maxOutlets = 1000
	maxText    = 200
)

var scopeForm = regexp.MustCompile(`^[a-z][a-z0-9_.:]{0,63}$`)

var (
	insertKey = db.SQL("access.insert_key", `
		INSERT INTO api_key (tenant_id, id, kind, name, hash, last4, scopes, outlets, terminal, client, device, created_at, ends_at, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)`)

	endKey = db.SQL("access.end_key", `
		UPDATE api_key SET ends_at = $3 WHERE tenant_id = $1 AND id = $2 AND ends_at > $3`)

	endTerminalKeys = db.SQL("access.end_terminal_keys", `
		UPDATE api_key SET ends_at = $3 WHERE tenant_id = $1 AND terminal = $2 AND terminal <> 0 AND ends_at > $3`)

	otherDevice = db.SQL("access.other_device", `
		SELECT k.device
		  FROM api_key k
		 WHERE k.tenant_id = $1 AND k.terminal = $2 AND k.terminal <> 0 AND k.ends_at > $3 AND k.device <> '' AND k.device <> $4
		 LIMIT 1`)

	readKey = db.SQL("access.read_key", `
		SELECT k.id, k.kind, k.name, k.last4, k.scopes, k.outlets, k.terminal, k.client, k.device, k.created_at, k.ends_at, k.used_at
		  FROM api_key k
		 WHERE k.tenant_id = $1 AND k.id = $2`)

	listKeys = db.SQL("access.list_keys", `
		SELECT k.id, k.kind, k.name, k.last4, k.scopes, k.outlets, k.terminal, k.client, k.device, k.created_at, k.ends_at, k.used_at
		  FROM api_key k
		 WHERE k.tenant_id = $1 AND k.id > $2
		 ORDER BY k.id
		 LIMIT $3`)
)

// NewKey is what a key is made of. Terminals get theirs by Link.
type NewKey struct {
	Kind    Kind
	Name    string
	Scopes  []string
	Outlets []int64       // none means all
	Life    time.Duration // 0 is a year, which is also the most
}

// Issue makes a key and gives it, for the only time. In a transaction of tenant 0 it is the operator's.
func (h *House) Issue(ctx context.Context, tx db.Tx, by By, in NewKey) (APIKey, secret.Secret, error) {
	if in.Life == 0 {
		in.Life = MaxLife
	}
	if err := in.check(tx.Tenant()); err != nil {
		return APIKey{}, "", err
	}
	k := APIKey{ID: KeyID(h.mint.Next()), Kind: in.Kind, Name: in.Name, Scopes: in.Scopes, Outlets: in.Outlets, CreatedAt: h.clock.Now()}
	k.Client, k.EndsAt = int64(k.ID), k.CreatedAt.Add(in.Life)
	text, err := h.store(ctx, tx, &k)
	if err != nil {
		return k, "", err
	}
	return k, text, h.tell(ctx, tx, by, "key.issue", k.ID.String(), k.facts())
}

func (in NewKey) check(tenant int64) error {
	switch {
	case !slices.Contains(kinds, in.Kind) || in.Kind == Terminal || (in.Kind == Operator) != (tenant == 0):
		return fault.Invalid("kind", "admin, integration or middleware")
	case in.Name == "" || len(in.Name) > maxText:
		return fault.Invalid("name", "1 to 200 bytes")
	case len(in.Scopes) > maxScopes || slices.ContainsFunc(in.Scopes, func(s string) bool { return !scopeForm.MatchString(s) }):
		return fault.Invalid("scopes", "at most 100 scopes")
	case len(in.Outlets) > maxOutlets:
		return fault.Invalid("outlets", "at most 1000 outlets")
	case in.Life < 0 || in.Life > MaxLife:
		return fault.Invalid("expires_at", "at most 365 days ahead")
	}
	return nil
}

// store writes the row of a key and gives its text.
func (h *House) store(ctx context.Context, tx db.Tx, k *APIKey) (secret.Secret, error) {
	keys, err := h.ring.Of(ctx, tx.Tenant())
	if err != nil {
		return "", err
	}
	text := newKey(tx.Tenant(), h.test)
	k.Last4 = text.Reveal()[len(text.Reveal())-last:]
	scopes, outlets, err := lists(k.Scopes, k.Outlets)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, insertKey, tx.Tenant(), int64(k.ID), string(k.Kind), k.Name, keys.Index(secret.Key, text.Reveal()), k.Last4,
		scopes, outlets, k.Terminal, k.Client, k.Device, int64(k.CreatedAt), int64(k.EndsAt))
	return text, err
}

// lists gives scopes and outlets as the JSON that is stored.
func lists(scopes []string, outlets []int64) (string, string, error) {
	a, err := json.Marshal(append([]string{}, scopes...))
	if err != nil {
		return "", "", err
	}
	b, err := json.Marshal(append([]int64{}, outlets...))
	return string(a), string(b), err
}

func (k *APIKey) facts() map[string]any {
	return map[string]any{"kind": k.Kind, "name": k.Name, "last4": k.Last4, "scopes": k.Scopes, "outlets": k.Outlets, "ends_at": k.EndsAt.String()}
}

// Rotate makes the successor of a key, with its rights and its key space, and ends the old one after the
// overlap. It returns ErrNotFound for a key that has ended.
func (h *House) Rotate(ctx context.Context, tx db.Tx, by By, key KeyID) (APIKey, secret.Secret, error) {
	old, err := h.Key(ctx, tx, key)
	if err != nil {
		return old, "", err
	}
	now := h.clock.Now()
	if old.EndsAt <= now || old.Kind == Terminal {
		return old, "", fault.New(fault.ErrNotFound)
	}
	k := old
	k.ID, k.CreatedAt, k.EndsAt, k.UsedAt = KeyID(h.mint.Next()), now, now.Add(MaxLife), 0
	text, err := h.store(ctx, tx, &k)
	if err != nil {
		return k, "", err
	}
	if _, err := tx.Exec(ctx, endKey, tx.Tenant(), int64(key), int64(now.Add(Overlap))); err != nil {
		return k, "", err
	}
	return k, text, h.tell(ctx, tx, by, "key.rotate", key.String(), map[string]any{"successor": k.ID, "last4": k.Last4})
}

// Link gives a terminal a new key and ends its old one after ten minutes. It returns ErrTerminalInUse when
// a device of another name has a key that lives; Unlink frees the terminal of it. That the terminal is the
// tenant's own is the caller's to know.
func (h *House) Link(ctx context.Context, tx db.Tx, by By, terminal, outlet int64, device string) (APIKey, secret.Secret, error) {
	if len(device) > maxText {
		return APIKey{}, "", fault.Invalid("device", "at most 200 bytes")
	}
	// The tenant's lock: of two devices that link at once, the second sees the first.
	if err := ledger.ConfigChanged(ctx, tx); err != nil {
		return APIKey{}, "", err
	}
	now := h.clock.Now()
	if device != "" {
		var other string
		inUse, err := tx.One(ctx, otherDevice, db.Args(tx.Tenant(), terminal, int64(now.Add(RelinkGrace)), device), &other)
		if err != nil {
			return APIKey{}, "", err
		}
		if inUse {
			return APIKey{}, "", fault.New(ErrTerminalInUse, "device", other)
		}
	}
	if _, err := tx.Exec(ctx, endTerminalKeys, tx.Tenant(), terminal, int64(now.Add(RelinkGrace))); err != nil {
		return APIKey{}, "", err
	}
	k := APIKey{ID: KeyID(h.mint.Next()), Kind: Terminal, Name: device, Outlets: []int64{outlet}, Terminal: terminal, Client: terminal, Device: device,
		CreatedAt: now, EndsAt: now.Add(MaxLife)}
	text, err := h.store(ctx, tx, &k)
	if err != nil {
		return k, "", err
	}
	return k, text, h.tell(ctx, tx, by, "terminal.link", (&Caller{Kind: Terminal, Terminal: terminal}).Actor(), k.facts())
}

// Unlink ends every key of a terminal now, for a device that is lost or changed.
func (h *House) Unlink(ctx context.Context, tx db.Tx, by By, terminal int64) error {
	if _, err := tx.Exec(ctx, endTerminalKeys, tx.Tenant(), terminal, int64(h.clock.Now())); err != nil {
		return err
	}
	return h.tell(ctx, tx, by, "terminal.unlink", (&Caller{Kind: Terminal, Terminal: terminal}).Actor(), nil)
}

// Revoke ends a key now. One that has ended stays as it is. It returns ErrNotFound.
func (h *House) Revoke(ctx context.Context, tx db.Tx, by By, key KeyID) error {
	k, err := h.Key(ctx, tx, key)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, endKey, tx.Tenant(), int64(key), int64(h.clock.Now())); err != nil {
		return err
	}
	return h.tell(ctx, tx, by, "key.revoke", key.String(), map[string]any{"name": k.Name, "last4": k.Last4})
}

// Key gives a key of the transaction's tenant. It returns ErrNotFound.
func (h *House) Key(ctx context.Context, tx db.Tx, key KeyID) (APIKey, error) {
	var out []APIKey
	err := tx.Each(ctx, readKey, db.Args(tx.Tenant(), int64(key)), collectKeys(&out))
	if err != nil {
		return APIKey{}, err
	}
	if len(out) == 0 {
		return APIKey{}, fault.New(fault.ErrNotFound)
	}
	return out[0], nil
}

// Keys gives keys of the transaction's tenant after an identifier, at most limit of them.
func (h *House) Keys(ctx context.Context, tx db.Tx, after KeyID, limit int) ([]APIKey, error) {
	var out []APIKey
	return out, tx.Each(ctx, listKeys, db.Args(tx.Tenant(), int64(after), limit), collectKeys(&out))
}

func collectKeys(out *[]APIKey) func(func(...any) error) error {
	return func(scan func(...any) error) error {
		var k APIKey
		var scopes, outlets string
		err := scan(&k.ID, &k.Kind, &k.Name, &k.Last4, &scopes, &outlets, &k.Terminal, &k.Client, &k.Device, &k.CreatedAt, &k.EndsAt, &k.UsedAt)
		if err == nil {
			k.Scopes, k.Outlets, err = readLists(scopes, outlets)
		}
		*out = append(*out, k)
		return err
	}
}

func readLists(scopes, outlets string) (a []string, b []int64, err error) {
	if err = json.Unmarshal([]byte(scopes), &a); err == nil {
		err = json.Unmarshal([]byte(outlets), &b)
	}
	return a, b, err
}

// Alive tells whether the key lets anybody in at an instant.
func (k *APIKey) Alive(at clock.Instant) bool { return at < k.EndsAt }
