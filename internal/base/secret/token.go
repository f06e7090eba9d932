package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that does not show itself: printed, logged or encoded it is "[secret]".
type Secret string

const redacted = "[secret]"

// Reveal gives the text. It is called where the text is used, and nowhere else.
func (s Secret) Reveal() string { return string(s) }

// String gives no secret.
func (Secret) String() string { return redacted }

// Format gives no secret, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue gives no secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON gives no secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText gives no secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Base32 writes bytes in lower case without padding, in the alphabet of our identifiers.
var Base32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Random gives n bytes that nobody can guess.
func Random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the process ends when the system has no randomness
	return b
}

// Token gives 256 random bits as 52 characters.
func Token() Secret { return Secret(Base32.EncodeToString(Random(32))) }

// Equal compares in a time that depends on the lengths alone.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
