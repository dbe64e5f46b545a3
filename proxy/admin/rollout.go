package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// maxChange bounds the body of a change, in bytes.
const maxChange = 64 << 10

// wish is the body of a change. Only why is for a kill or a revival.
type wish struct {
	At      *time.Time       `json:"at"`
	Stage   *rollout.Stage   `json:"stage"`
	Percent *rollout.Percent `json:"percent"`
	Why     string           `json:"why"`
}

// MovedRoute is the answer to a move: the route as it stands now.
type MovedRoute struct {
	Route
	Warning string `json:"warning,omitempty"` // it is in force: not after a restart, or not on other instances
}

// KillSwitch is the answer to a kill and to a revival.
type KillSwitch struct {
	Killed  bool    `json:"killed"`
	Warning string  `json:"warning,omitempty"` // as of a move
	Routes  []Route `json:"routes"`
}

func (a *admin) move(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	wish, err := readWish(r)
	if err == nil && wish.Stage == nil && wish.Percent == nil {
		err = errors.New(`want "stage", "percent" or both`)
	}
	change := ladder.Change{Route: name, Stage: wish.Stage, Percent: wish.Percent, Who: a.who(r), Why: wish.Why}
	if err == nil && wish.At != nil {
		change.At, err = *wish.At, toCome(*wish.At)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	warning, ok := a.settled(w, a.Ladder.Move(change))
	if !ok {
		return
	}
	routes := Routes(a.Proxy, a.Ledger, a.Ladder.State())
	i := slices.IndexFunc(routes, func(r Route) bool { return r.Name == name })
	if i < 0 {
		http.Error(w, "a reload has just removed the route", http.StatusNotFound)
		return
	}
	writeJSON(w, MovedRoute{routes[i], warning})
}

func (a *admin) kill(w http.ResponseWriter, r *http.Request) { a.throw(w, r, a.Ladder.Kill) }

func (a *admin) revive(w http.ResponseWriter, r *http.Request) { a.throw(w, r, a.Ladder.Revive) }

// throw puts the kill switch one way or the other.
func (a *admin) throw(w http.ResponseWriter, r *http.Request, which func(who, why string) error) {
	wish, err := readWish(r)
	if err == nil && (wish.Stage != nil || wish.Percent != nil || wish.At != nil) {
		err = errors.New(`want "why" or nothing: the kill switch is for all routes, and at once`)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	warning, ok := a.settled(w, which(a.who(r), wish.Why))
	if !ok {
		return
	}
	state := a.Ladder.State()
	writeJSON(w, KillSwitch{Killed: state.Kill != nil, Warning: warning, Routes: Routes(a.Proxy, a.Ledger, state)})
}

// readWish reads the body of a change; none is an empty wish. The Content-Type is
// not asked for: no page of another site can send a PUT or DELETE unless a
// preflight allows it, which nothing here answers, and curl says form data.
func readWish(r *http.Request) (wish wish, err error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxChange+1))
	if err != nil {
		return wish, fmt.Errorf("reading the change: %w", err)
	}
	if len(data) > maxChange {
		return wish, fmt.Errorf("the change is larger than %d bytes", maxChange)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return wish, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wish); err != nil {
		return wish, fmt.Errorf("the change is no JSON object such as {\"stage\":\"push\",\"percent\":25}: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return wish, errors.New("the change is more than one JSON object")
	}
	wish.Why = plain(wish.Why, maxWhy)
	return wish, nil
}

// toCome wants the time of a move to be one that is still to come: of another, whoever
// named it should hear at once.
func toCome(at time.Time) error {
	if now := time.Now(); !at.After(now) {
		return fmt.Errorf("at: %s has passed, it is %s here", at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// settled answers a change that was refused. Of one that is in force it returns
// the warning that goes with it.
func (a *admin) settled(w http.ResponseWriter, err error) (warning string, ok bool) {
	var unknown *ladder.UnknownRoute
	var file *ladder.KillFileError
	var lost *ladder.NotKept
	switch {
	case err == nil:
		return a.apart(), true
	case errors.As(err, &lost) && a.Apart != nil && a.Apart() == nil && errors.Is(err, ladder.ErrNoFolder):
		return "", true // the fleet keeps it
	case errors.As(err, &lost):
		return strings.TrimPrefix(a.apart()+"; "+lost.Error(), "; "), true
	case errors.As(err, &unknown):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.As(err, &file):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
	return "", false
}

// apart warns of a change of which the fleet cannot be told.
func (a *admin) apart() string {
	if a.Apart == nil {
		return ""
	}
	if err := a.Apart(); err != nil {
		return "in force on this instance alone, and on the others once the fleet's Redis can be used: " + err.Error()
	}
	return ""
}

// defaultAudit is how many entries of the audit log are told where nobody says.
const defaultAudit = 100

func (a *admin) audit(w http.ResponseWriter, r *http.Request) {
	n := defaultAudit
	if text := r.FormValue("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 0 {
			http.Error(w, fmt.Sprintf("n=%q: want how many entries", text), http.StatusBadRequest)
			return
		}
	}
	writeJSON(w, a.Ladder.Log(r.FormValue("route"), n))
}
