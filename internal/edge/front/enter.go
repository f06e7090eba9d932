package front

import (
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/secret"
)

// Limits of a session (section 9.2 of the security numbers) and of a link that logs in.
const (
	sessionIdle = 30 * time.Minute
	sessionLife = 12 * time.Hour
	linkLife    = 12 * time.Hour
	maxSessions = 1000
	maxKeyBytes = 4 << 10
)

// digest stands for a token in memory, so that a dump of it opens nothing.
type digest [sha256.Size]byte

// doors keeps who has logged in. A restart logs everybody out.
type doors struct {
	mono func() time.Duration

	mu       sync.Mutex
	sessions map[digest]*session
	links    map[digest]link
}

type session struct {
	caller *access.Caller
	began  time.Duration
	seen   time.Duration
}

type link struct {
	caller *access.Caller
	made   time.Duration
}

func newDoors(mono func() time.Duration) *doors {
	return &doors{mono: mono, sessions: map[digest]*session{}, links: map[digest]link{}}
}

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// Link gives the path of a page that logs the operator in, once.
func (f *Front) Link() string {
	token := secret.Token().Reveal()
	f.doors.mu.Lock()
	defer f.doors.mu.Unlock()
	f.doors.links[digestOf(token)] = link{&access.Caller{Kind: access.Operator}, f.doors.mono()}
	return "/enter?token=" + token
}

// cookieName keeps to the prefix that browsers hold to TLS and this host, where there is TLS.
func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-s"
	}
	return "lojal_s"
}

// who gives the caller of a session, nil for none.
func (d *doors) who(r *http.Request) *access.Caller {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now, key := d.mono(), digestOf(c.Value)
	s := d.sessions[key]
	if s == nil {
		return nil
	}
	if now-s.seen > sessionIdle || now-s.began > sessionLife {
		delete(d.sessions, key)
		return nil
	}
	s.seen = now
	return s.caller
}

// begin starts a session.
func (d *doors) begin(w http.ResponseWriter, r *http.Request, caller *access.Caller) {
	token := secret.Token().Reveal()
	d.mu.Lock()
	now := d.mono()
	d.sweep(now)
	d.sessions[digestOf(token)] = &session{caller, now, now}
	d.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: token, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode, MaxAge: int(sessionLife.Seconds()),
	})
}

// sweep forgets sessions that ended, and the one that is idle longest when there are too many.
func (d *doors) sweep(now time.Duration) {
	var oldest digest
	var idle time.Duration = -1
	for key, s := range d.sessions {
		if now-s.seen > sessionIdle || now-s.began > sessionLife {
			delete(d.sessions, key)
			continue
		}
		if now-s.seen > idle {
			oldest, idle = key, now-s.seen
		}
	}
	if len(d.sessions) >= maxSessions {
		delete(d.sessions, oldest)
	}
}

// open spends a link and gives whom it lets in, nil for none.
func (d *doors) open(token string) *access.Caller {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := digestOf(token)
	l, ok := d.links[key]
	delete(d.links, key)
	if !ok || d.mono()-l.made > linkLife {
		return nil
	}
	return l.caller
}

// doorPage is the page that asks for a key.
type doorPage struct {
	T       text
	To      string // where a change of language leads back to
	Problem string // key of a text; empty for none
}

// door asks for a key, or lets in by a link.
func (f *Front) door(w http.ResponseWriter, r *http.Request) {
	page := doorPage{T: textOf(r)}
	if token := r.URL.Query().Get("token"); token != "" {
		if caller := f.doors.open(token); caller != nil {
			f.doors.begin(w, r, caller)
			forward(w)
			return
		}
		page.Problem = "front.enter_link_used"
	}
	if page.Problem == "" && f.doors.who(r) != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	status := http.StatusOK
	if page.Problem != "" {
		status = http.StatusForbidden
	}
	render(w, status, "enter.html", page)
}

// enter checks the key of the form.
func (f *Front) enter(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxKeyBytes)
	caller, err := f.Gate.Authenticate(r.Context(), trimmed(r.PostFormValue("key")))
	if err != nil || caller.Kind != access.Operator && caller.Kind != access.Admin {
		render(w, http.StatusForbidden, "enter.html", doorPage{T: textOf(r), Problem: "front.enter_wrong"})
		return
	}
	f.doors.begin(w, r, caller)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// leave ends the session.
func (f *Front) leave(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName(r)); err == nil {
		f.doors.mu.Lock()
		delete(f.doors.sessions, digestOf(c.Value))
		f.doors.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode, MaxAge: -1})
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/enter", http.StatusSeeOther)
}

// forward sends a browser on by a page of its own. A link from a terminal or a message begins a navigation
// that is not same-site, and a redirect inside it would not carry the strict cookie that was just set.
func forward(w http.ResponseWriter) {
	render(w, http.StatusOK, "forward.html", nil)
}
