package proxy

import (
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// What passes is looked at on its way, so that it can be learnt what coalescing
// would have made of it. Nothing of an answer is kept but hashes, under a key of
// this process; nothing is held back or changed.

// sight is what is seen of one GET that passes.
type sight struct {
	observe.Sighting
	body maphash.Hash
	x    *exchange
}

// look begins to look at a request, unless it is not a GET, or is for something
// that cannot be polled or belongs to Pollard. It returns nil then, which sees nothing.
func (h *Handler) look(x *exchange) *sight {
	if h.Observer == nil || x.in.Method != http.MethodGet || len(x.in.Header["Upgrade"]) > 0 || isEvents(x.in) {
		return nil
	}
	if strings.HasPrefix(x.path, own) {
		return nil // ours, as soon as anything is pushed
	}
	if x.route != nil && x.route.Rollout.Stage == rollout.Off {
		return nil
	}
	s := &sight{x: x, Sighting: observe.Sighting{
		Time: x.began, Host: x.in.Host, Path: x.path, Query: x.query,
		Conditional: len(x.in.Header["If-None-Match"]) > 0 || len(x.in.Header["If-Modified-Since"]) > 0,
	}}
	s.body.SetSeed(h.seed)
	if x.route == nil {
		s.Who, s.Variant = h.stranger(x), h.fold(x.in.Header, variantFields)
		return s
	}
	h.lookOnRoute(s)
	return s
}

// lookOnRoute adds what the route says of the request: under which key it would
// be coalesced, or why it could not be.
func (h *Handler) lookOnRoute(s *sight) {
	x := s.x
	s.Route, s.Query = x.route.Name, x.route.query(x.query)
	if x.stage < rollout.Coalesce {
		x.vary = x.route.live.Vary()
		x.condition = etag.ParseCondition(x.in.Header)
		x.bypass = x.ineligible()
	}
	id, key := h.writer(x.identity, x.who), h.keys.key(x.route, x)
	s.Who, s.Variant = first(id), first(key.Target)
	if s.Bypass = x.bypass; s.Bypass == "" {
		s.Document = first(key.Target) ^ first(key.Identity)
	}
}

func first(sum [16]byte) uint64 { return binary.LittleEndian.Uint64(sum[:]) }

// stranger tells clients apart on no route: by what most fleets know a session
// by, else by address.
func (h *Handler) stranger(x *exchange) uint64 {
	if who := h.fold(x.in.Header, credentialFields); who != 0 {
		return who
	}
	return maphash.String(h.seed, forward.ClientAddr(x.in, h.Trusted).String())
}

// fold hashes some of the fields; 0 if there is none of them.
func (h *Handler) fold(fields http.Header, names []string) (sum uint64) {
	const spread = 0x9e3779b97f4a7c15 // odd, so that nothing is lost: 2^64 ÷ the golden ratio
	for i, name := range names {
		for _, v := range fields[name] {
			sum = (sum^maphash.String(h.seed, v))*spread + uint64(i) + 1
		}
	}
	return sum
}

// answered notes the head of the answer.
func (s *sight) answered(resp *http.Response) {
	if s == nil {
		return
	}
	h := resp.Header
	s.Status, s.Tag = resp.StatusCode, etag.Of(h)
	s.PollInterval = coalescer.PollInterval(h)
	s.SetsCookie = len(h["Set-Cookie"]) > 0
	s.NoStore = slices.ContainsFunc(h["Cache-Control"], func(v string) bool { return strings.Contains(strings.ToLower(v), "no-store") })
	if rt := s.x.route; rt != nil {
		s.Interval = rt.Policy.Pace(s.PollInterval)
		s.Vary = rt.live.Uncovered(h)
	}
}

// shown returns what each piece of the body is shown to; nil where nobody looks.
func (s *sight) shown() func([]byte) {
	if s == nil {
		return nil
	}
	return func(p []byte) { s.body.Write(p) }
}

// seen ends the look. What broke off says nothing.
func (h *Handler) seen(s *sight, res forward.Result) {
	if s == nil || s.Status == 0 || res.Err != nil {
		return
	}
	s.Took, s.Bytes = time.Since(s.Time), res.Sent
	if s.Status == http.StatusOK {
		s.Body = max(1, s.body.Sum64())
	}
	h.Observer.Saw(&s.Sighting)
}
