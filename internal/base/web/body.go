package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"lojal/internal/base/fault"
)

// Limits of a request (L14).
const (
	MaxBody   = 1 << 20
	MaxHeader = 16 << 10
	MaxURL    = 8 << 10
	MaxKey    = 255 // characters of an idempotency key

	roomAhead = 64 << 10 // bytes for which room is made before they arrive
)

// ReadBody reads a JSON body of at most limit bytes. It returns unsupported_media_type for another type or
// an encoded body, too_large before reading a body that is announced larger, and malformed for one that
// breaks off.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, fault.New(fault.ErrUnsupportedType, "expected", "application/json")
	}
	if len(r.Header.Values("Content-Encoding")) > 0 {
		return nil, fault.New(fault.ErrUnsupportedType, "expected", "no Content-Encoding")
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // rather than read the rest
		return nil, fault.New(fault.ErrTooLarge, "bytes_max", limit)
	}
	// A large body grows as it arrives: an announced megabyte that never comes must cost none.
	if r.ContentLength >= 0 && r.ContentLength <= roomAhead {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, brokenOff(err)
		}
		return body, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, fault.New(fault.ErrTooLarge, "bytes_max", limit)
	}
	if err != nil {
		return nil, brokenOff(err)
	}
	return body, nil
}

func brokenOff(err error) error {
	return fault.Wrap(fault.ErrMalformed, err, "reason", "the body broke off")
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// IdempotencyKey gives the request's Idempotency-Key. It returns invalid_value when there is none, more
// than one, or one that is not 1–255 visible ASCII characters.
func IdempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) != 1 || !ValidKey(keys[0]) {
		return "", fault.Invalid("Idempotency-Key", "1–255 visible ASCII characters")
	}
	return keys[0], nil
}

// ValidKey tells whether the text may serve as an idempotency key.
func ValidKey(key string) bool {
	if key == "" || len(key) > MaxKey {
		return false
	}
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return true
}
