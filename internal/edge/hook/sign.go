package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/secret"
)

// Headers of the Standard Webhooks specification, version 1.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"

	secretMark   = "whsec_"
	secretSize   = 32
	signatureV1  = "v1,"
	maxSigned    = 5                // signatures of one header that are read (BI-107)
	maxSignedAge = 5 * clock.Minute // between the timestamp and now
)

// newSecret makes the secret that an endpoint shares with us.
func newSecret() secret.Secret {
	return secret.Secret(secretMark + base64.StdEncoding.EncodeToString(secret.Random(secretSize)))
}

func secretKey(s secret.Secret) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), secretMark))
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("hook: the secret of an endpoint is damaged")
	}
	return key, nil
}

// sign sets the three headers of a message: HMAC-SHA256 over id.timestamp.body, the timestamp in seconds.
func sign(h http.Header, key []byte, id string, at clock.Instant, body []byte) {
	stamp := strconv.FormatInt(int64(at/clock.Second), 10)
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, stamp)
	h.Set(HeaderSignature, signatureV1+base64.StdEncoding.EncodeToString(mac(key, id, stamp, body)))
}

func mac(key []byte, id, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	return m.Sum(nil)
}

// Verify tells whether headers and body carry a signature of the secret that is not older, nor younger, than
// five minutes. Receivers written in Go may use it; of many signatures it reads the first five.
func Verify(s secret.Secret, h http.Header, body []byte, now clock.Instant) bool {
	key, err := secretKey(s)
	if err != nil {
		return false
	}
	stamp := h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	at := clock.Instant(seconds) * clock.Second
	if err != nil || seconds < 0 || at > now+maxSignedAge || at < now-maxSignedAge {
		return false
	}
	want := mac(key, h.Get(HeaderID), stamp, body)
	for i, one := range strings.Fields(h.Get(HeaderSignature)) {
		if i == maxSigned {
			break
		}
		text, ok := strings.CutPrefix(one, signatureV1)
		have, err := base64.StdEncoding.DecodeString(text)
		if ok && err == nil && hmac.Equal(have, want) {
			return true
		}
	}
	return false
}
