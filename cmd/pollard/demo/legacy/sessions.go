package legacy

import (
	"net/http"
	"slices"
	"sync"
)

// SessionCookie is the name of the cookie that carries a session.
const SessionCookie = "_legacy_session"

// People lists who can sign in. The even ones are members of the project and see confidential text, the others do not.
func People() []string {
	return []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj"}
}

// member reports whether person may read what is confidential.
func member(person string) bool { return slices.Index(People(), person)%2 == 0 }

// sessions are who is signed in. They live until they are closed.
type sessions struct {
	mu   sync.Mutex
	byID map[string]string
}

func newSessions() *sessions { return &sessions{byID: map[string]string{}} }

func (s *sessions) open(person string) string {
	id := randomHex()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = person
	return id
}

func (s *sessions) close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// person returns who sent r, "" when nobody is signed in.
func (s *sessions) person(r *http.Request) string {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[cookie.Value]
}

// known returns the identifier of the open session that r names, else "".
func (s *sessions) known(r *http.Request) string {
	if s.person(r) == "" {
		return ""
	}
	cookie, _ := r.Cookie(SessionCookie) // person has just found it
	return cookie.Value
}

// SignIn opens a session for person, without the sign-in page, and returns its cookie. It is for people that People lists.
func (a *App) SignIn(person string) *http.Cookie {
	return &http.Cookie{Name: SessionCookie, Value: a.session.open(person), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// Person returns who is signed in on r, "" for nobody.
func (a *App) Person(r *http.Request) string { return a.session.person(r) }

func (a *App) signIn(w http.ResponseWriter, r *http.Request) {
	person := r.FormValue("user")
	if !slices.Contains(People(), person) {
		a.page(w, r, http.StatusUnprocessableEntity, "sign_in", nil)
		return
	}
	http.SetCookie(w, a.SignIn(person))
	redirect(w, r, "/")
}

func (a *App) signOut(w http.ResponseWriter, r *http.Request) {
	a.session.close(a.session.known(r))
	http.SetCookie(w, &http.Cookie{Name: SessionCookie, Path: "/", HttpOnly: true, MaxAge: -1})
	redirect(w, r, "/")
}

// redirect sends the browser on after a form, with 302 as applications of that age do.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusFound)
}
