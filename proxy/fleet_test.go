package proxy

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// everyone owns what is public.
const everyone = "everyone"

// A fleet is the upstream of the simulation: pages of many users, whose bodies
// differ while their entity tags are equal per path, and that do not all behave.
// Every body names its owner, and so does every field that is for one user.
type fleet struct {
	mu       sync.Mutex
	rnd      *rand.Rand
	sessions map[string]string // who a credential is, while it is valid
	versions map[string]int    // by path
	requests map[string]int    // by the first segment of the path; what is no GET or HEAD as "other"
	probes   map[string]int    // of the requests, those that say so
	leaks    []string          // credentials on probes
}

func newFleet(seed uint64) *fleet {
	return &fleet{
		rnd:      rand.New(rand.NewPCG(seed, 1)),
		sessions: map[string]string{}, versions: map[string]int{}, requests: map[string]int{}, probes: map[string]int{},
	}
}

// signIn makes a credential valid.
func (f *fleet) signIn(credential, user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions[credential] = user
}

// expel ends a session without telling anybody.
func (f *fleet) expel(credential string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, credential)
}

func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, _, _ := strings.Cut(r.URL.Path[1:], "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		f.requests["other"]++
		f.write(w, r)
		return
	}
	f.requests[kind]++
	if r.UserAgent() == "Pollard (probe)" {
		f.probes[kind]++
		f.inspect(r)
	}
	p := &page{fleet: f, w: w, r: r, user: f.userOf(r), version: f.versions[r.URL.Path]}
	p.tag = fmt.Sprintf(`W/"%x"`, sum(r.URL.Path, p.version))
	switch kind {
	case "stamped", "signal":
		p.stamped()
	case "digest", "news":
		p.digest()
	case "naughty", "rough":
		p.naughty()
	case "public":
		p.public()
	case "mixed":
		p.mixed()
	}
}

// inspect looks for credentials where there must be none.
func (f *fleet) inspect(r *http.Request) {
	for _, name := range []string{"Cookie", "Authorization", "Private-Token", "X-Forwarded-User", "X-Csrf-Token"} {
		if v := r.Header[name]; v != nil {
			f.leaks = append(f.leaks, fmt.Sprintf("%s with %s: %q", r.RequestURI, name, v))
		}
	}
}

// write changes a path, or ends a session.
func (f *fleet) write(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/sign_out":
		delete(f.sessions, credentialOf(r))
	default:
		f.versions[r.URL.Path]++
		w.Header().Set("X-Version", fmt.Sprint(f.versions[r.URL.Path]))
	}
	w.WriteHeader(http.StatusNoContent)
}

// userOf returns who asks, "" if nobody knows.
func (f *fleet) userOf(r *http.Request) string { return f.sessions[credentialOf(r)] }

func credentialOf(r *http.Request) string {
	for _, name := range carriers() {
		v := r.Header.Get(name)
		if name == "Cookie" {
			v = ""
			if c, err := r.Cookie("_session"); err == nil {
				v = c.Value
			}
		}
		if v != "" {
			return v
		}
	}
	return ""
}

// carriers are the fields that carry a credential, the first of them wins.
func carriers() []string {
	return []string{"Private-Token", "Authorization", "X-Forwarded-User", "Cookie"}
}

// A page is one answer of a fleet.
type page struct {
	*fleet
	w       http.ResponseWriter
	r       *http.Request
	user    string
	version int
	tag     string
}

// stamped is how GitLab does it: the tag is the path's, and the 304 comes before
// anybody asks who it is for.
func (p *page) stamped() {
	p.w.Header().Set("ETag", p.tag)
	switch {
	case p.r.Header.Get("If-None-Match") == p.tag:
		p.w.WriteHeader(http.StatusNotModified)
	case p.user == "":
		p.refuse()
	default:
		p.w.Header().Set("Poll-Interval", "3000")
		p.ownedBy(p.user)
	}
}

// digest has a tag per representation, and knows who asks before it answers.
func (p *page) digest() {
	if p.user == "" {
		p.refuse()
		return
	}
	tag := fmt.Sprintf(`"%x"`, sum(p.r.RequestURI+" "+p.user+" ", p.version))
	p.w.Header().Set("ETag", tag)
	if p.r.Header.Get("If-None-Match") == tag {
		p.w.WriteHeader(http.StatusNotModified)
		return
	}
	p.ownedBy(p.user)
}

// naughty is stamped, and says now and then what must not be shared.
func (p *page) naughty() {
	h := p.w.Header()
	switch p.rnd.IntN(24) {
	case 0, 1:
		p.greet()
	case 2:
		h.Set("Cache-Control", "private, no-store")
		p.greet()
	case 3:
		h.Set("Vary", "Cookie, X-Theme")
	case 4:
		h.Set("Vary", "*")
	case 5:
		http.Error(p.w, "down", http.StatusServiceUnavailable)
		return
	case 6:
		if p.user != "" {
			p.ownedBy(p.user) // without a tag
			return
		}
	case 7:
		h.Set("Content-Length", "1000")
		p.ownedBy(p.user)
		panic(http.ErrAbortHandler)
	case 8:
		h.Set("Poll-Interval", "1")
	}
	p.stamped()
}

// public is the same for all, but for what only one may see: that comes with
// Set-Cookie or no-store.
func (p *page) public() {
	h := p.w.Header()
	h.Set("ETag", p.tag)
	owner := everyone
	switch p.rnd.IntN(16) {
	case 0:
		p.greet()
		owner = p.user
	case 1:
		h.Set("Cache-Control", "no-store")
		owner = p.user
	case 2:
		http.Error(p.w, "down", http.StatusInternalServerError)
		return
	}
	if owner == everyone && p.r.Header.Get("If-None-Match") == p.tag {
		p.w.WriteHeader(http.StatusNotModified)
		return
	}
	p.ownedBy(owner)
}

// mixed is public until it says that it varies on who asks.
func (p *page) mixed() {
	p.w.Header().Set("ETag", p.tag)
	if p.rnd.IntN(8) > 0 {
		p.ownedBy(everyone)
		return
	}
	p.w.Header().Set("Vary", strings.Join(carriers(), ", "))
	p.ownedBy(p.user)
}

// greet says something to this user alone.
func (p *page) greet() {
	p.w.Header().Set("Set-Cookie", "seen="+p.user)
	p.w.Header().Set("X-Owner", p.user)
}

func (p *page) refuse() {
	p.w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(p.w, "who are you?")
}

func (p *page) ownedBy(owner string) {
	fmt.Fprintf(p.w, "owner=%s version=%d target=%s", owner, p.version, p.r.RequestURI)
}

func sum(s string, n int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, s, n)
	return h.Sum64()
}
