package access

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
)

type keyPrefix struct{}

// Prefix gives key.
func (keyPrefix) Prefix() string { return "key" }

// KeyID identifies an API key. It is no secret.
type KeyID = id.Of[keyPrefix]

// Kind says what kind of machine a key is for.
type Kind string

// The kinds of keys.
const (
	Operator    Kind = "operator"    // of the server; stands above the tenants
	Admin       Kind = "admin"       // of a tenant, for everything in it
	Integration Kind = "integration" // a shop, an ERP
	Terminal    Kind = "terminal"    // one till
	Middleware  Kind = "middleware"  // speaks for any terminal of its outlets
)

var kinds = []Kind{Operator, Admin, Integration, Terminal, Middleware}

// APIKey is what is known of a key once it has been shown.
type APIKey struct {
	ID        KeyID
	Kind      Kind
	Name      string
	Last4     string
	Scopes    []string
	Outlets   []int64 // none means all
	Terminal  int64
	Client    int64 // the key space of idempotency: the terminal, or the first key of an integration
	Device    string
	CreatedAt clock.Instant
	EndsAt    clock.Instant
	UsedAt    clock.Instant // to a minute; 0 for never
}

// Caller is who asks, as their key says.
type Caller struct {
	Tenant   int64 // 0 for the operator
	Client   int64 // the key space of idempotency
	Kind     Kind
	Key      KeyID
	Terminal int64 // of a terminal's key; 0 for others
	Outlets  []int64
	Scopes   []string
	Profile  string // the tenant's limits profile; empty for the operator
}

// May tells whether the caller holds a scope. The operator and a tenant's admin hold every one.
func (c *Caller) May(scope string) bool {
	return c.Kind == Operator || c.Kind == Admin || slices.Contains(c.Scopes, scope)
}

// At tells whether the caller may act at an outlet.
func (c *Caller) At(outlet int64) bool {
	return len(c.Outlets) == 0 || slices.Contains(c.Outlets, outlet)
}

// Actor gives the caller as the trail and the ledger name it.
func (c *Caller) Actor() string {
	switch c.Kind {
	case Operator:
		return string(Operator)
	case Terminal:
		return id.Format("trm", c.Terminal)
	}
	return c.Key.String()
}

// A key is ljk_live_ or ljk_test_ and, in base 32, eight bytes of the tenant, 32 random bytes and four of a
// check sum (CRC-32, IEEE) over all before it: a scanner of secrets tells a key from its look-alikes, and a
// mistyped one costs no look-up.
const (
	livePrefix = "ljk_live_"
	testPrefix = "ljk_test_"
	randomSize = 32
	bodySize   = 8 + randomSize + 4
	last       = 4
)

func newKey(tenant int64, test bool) secret.Secret {
	prefix := livePrefix
	if test {
		prefix = testPrefix
	}
	body := binary.BigEndian.AppendUint64(nil, uint64(tenant))
	body = append(body, secret.Random(randomSize)...)
	body = binary.BigEndian.AppendUint32(body, keySum(prefix, body))
	return secret.Secret(prefix + secret.Base32.EncodeToString(body))
}

func keySum(prefix string, body []byte) uint32 {
	return crc32.ChecksumIEEE(append([]byte(prefix), body...))
}

// tenantOf reads the tenant out of a key, when it is one.
func tenantOf(key string) (int64, bool) {
	prefix := livePrefix
	if strings.HasPrefix(key, testPrefix) {
		prefix = testPrefix
	}
	text, ok := strings.CutPrefix(key, prefix)
	if !ok || len(text) != secret.Base32.EncodedLen(bodySize) {
		return 0, false
	}
	body, err := secret.Base32.DecodeString(text)
	if err != nil || len(body) != bodySize {
		return 0, false
	}
	sum := binary.BigEndian.Uint32(body[bodySize-4:])
	tenant := int64(binary.BigEndian.Uint64(body))
	return tenant, sum == keySum(prefix, body[:bodySize-4]) && tenant >= 0
}
