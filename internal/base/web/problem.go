package web

import (
	"net/http"
	"strconv"
	"sync"

	"lojal/internal/base/fault"
	"lojal/internal/base/i18n"
)

// Meta is what an answer says of the ledger: the seq and the epoch that it saw. Zero means not known.
type Meta struct {
	LedgerSeq int64
	Epoch     int64
}

// ErrInternal is the code of a fault of our own: a bug or an error that nobody foresaw.
var ErrInternal = fault.Code{Name: "internal"}

// ProblemType is the media type of an error.
const ProblemType = "application/problem+json"

// RetryAfter is the name of the parameter by which a fault says after how many seconds to try again.
const RetryAfter = "retry_after_seconds"

const (
	retryNever   = "never"
	retrySameKey = "same_key"
	retryAfter   = "after"

	retrySecondsDefault = 1
	retrySecondsPerson  = 30 // for what a person has to mend: a full disk, frozen debits
)

// statuses is the one map from a fault's kind to a status code.
var statuses = map[fault.Kind]int{
	fault.Malformed:       http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Declined:        http.StatusUnprocessableEntity,
	fault.Mismatch:        http.StatusUnprocessableEntity,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// Status gives the status code of an error: that of its fault's kind, 500 when there is none.
func Status(err error) int {
	if e := fault.Of(err); e != nil {
		if status := statuses[e.Code.Kind]; status != 0 {
			return status
		}
	}
	return http.StatusInternalServerError
}

// WriteProblem answers with the error as RFC 9457 problem+json, its members in a fixed order, so that the
// same error is the same bytes. An error that is no fault is 500 internal and shows nothing of its text.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error, meta Meta) {
	status := Status(err)
	e := fault.Of(err)
	if e == nil || status == http.StatusInternalServerError {
		e = fault.New(ErrInternal)
	}
	noteFault(r, e.Code.Name)
	h := w.Header()
	h.Set("Content-Type", ProblemType)
	h.Set("Cache-Control", "no-store")
	if seconds := retrySeconds(e); seconds > 0 {
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	body := AppendProblem(make([]byte, 0, 1024), e, meta)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}

// AppendProblem appends the problem document of a fault.
func AppendProblem(b []byte, e *fault.Error, meta Meta) []byte {
	texts := textsOf(e.Code.Name)
	b = append(b, `{"type":"about:blank","title":`...)
	b = AppendString(b, texts.EN)
	b = AppendInt(append(b, `,"status":`...), int64(Status(e)))
	b = AppendString(append(b, `,"code":`...), e.Code.Name)
	b = AppendString(append(b, `,"retry":`...), retry(e.Code))
	b = append(b, `,"params":{`...)
	for _, p := range e.Params {
		b = AppendValue(AppendKey(b, p.Name), p.Value)
	}
	b = append(b, '}')
	if meta.LedgerSeq > 0 {
		b = AppendInt(append(b, `,"ledger_seq":`...), meta.LedgerSeq)
	}
	if meta.Epoch > 0 {
		b = AppendInt(append(b, `,"epoch":`...), meta.Epoch)
	}
	b = AppendString(append(b, `,"display":{"lv":`...), texts.LV)
	b = AppendString(append(b, `,"ru":`...), texts.RU)
	b = AppendString(append(b, `,"en":`...), texts.EN)
	b = AppendString(append(b, `,"et":`...), texts.ET)
	b = AppendString(append(b, `,"hu":`...), texts.HU)
	return append(b, '}', '}')
}

// displays remembers the texts of a code: declines are answered at the pace of sales.
var displays sync.Map

func textsOf(code string) i18n.Texts {
	if known, ok := displays.Load(code); ok {
		return known.(i18n.Texts)
	}
	texts := i18n.Display(code, nil)
	displays.Store(code, texts) // codes are declared in the source: few
	return texts
}

func retry(code fault.Code) string {
	switch {
	case code.Kind == fault.Unavailable, code.Name == fault.ErrInProgress.Name, code.Name == ErrInternal.Name:
		return retrySameKey
	case code.Kind == fault.Limited:
		return retryAfter
	}
	return retryNever
}

// retrySeconds gives the seconds of Retry-After, zero for an error that has none.
func retrySeconds(e *fault.Error) int64 {
	limited := e.Code.Kind == fault.Limited || e.Code.Kind == fault.Unavailable
	if !limited && e.Code.Name != fault.ErrInProgress.Name {
		return 0
	}
	switch seconds := e.Params.Get(RetryAfter).(type) {
	case int:
		return max(int64(seconds), 1)
	case int64:
		return max(seconds, 1)
	}
	if e.Code.Name == fault.ErrStorageFull.Name || e.Code.Name == "debits_frozen" {
		return retrySecondsPerson
	}
	return retrySecondsDefault
}

// WriteJSON answers with a JSON document that is written already.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
