package sale

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// Session is what identify hands to a till: a signed token of thirty minutes that stands for the card
// until the sale is committed.
type Session struct {
	Terminal int64
	Card     int64
	Ends     clock.Instant
	Entry    string // how the card was read
}

const (
	sessionPrefix = "ses_"
	sessionLife   = 30 * clock.Minute
)

func (s Session) sign(secret []byte) string {
	b := binary.AppendUvarint(nil, uint64(s.Terminal))
	b = binary.AppendUvarint(b, uint64(s.Card))
	b = binary.AppendUvarint(b, uint64(s.Ends))
	b = append(b, s.Entry...)
	return sessionPrefix + base64.RawURLEncoding.EncodeToString(append(tokenMAC(secret, "session", b)[:16], b...))
}

// readSession checks and reads a session. It returns invalid_value for one that is over or not ours.
func (r *Room) readSession(ctx context.Context, tenant int64, text string) (Session, error) {
	keys, err := r.keys.Of(ctx, tenant)
	if err != nil {
		return Session{}, err
	}
	bad := fault.Invalid("session", "a session that identify gave less than 30 minutes ago")
	if len(text) <= len(sessionPrefix) || text[:len(sessionPrefix)] != sessionPrefix {
		return Session{}, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(text[len(sessionPrefix):])
	if err != nil || len(raw) < 20 || !hmac.Equal(raw[:16], tokenMAC(keys.Derive("quote"), "session", raw[16:])[:16]) {
		return Session{}, bad
	}
	b := raw[16:]
	var n [3]uint64
	for i := range n {
		v, size := binary.Uvarint(b)
		if size <= 0 {
			return Session{}, bad
		}
		n[i], b = v, b[size:]
	}
	s := Session{Terminal: int64(n[0]), Card: int64(n[1]), Ends: clock.Instant(n[2]), Entry: string(b)}
	if r.clock.Now() >= s.Ends {
		return Session{}, bad
	}
	return s, nil
}
