// Package admin is the listener for operators: metrics, health, what can be
// asked about routes and documents, the rollout, which can be changed, and what
// tells of changes. It is never for the public.
package admin

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// Options for [New].
type Options struct {
	Proxy    *proxy.Handler
	Ledger   *ledger.Ledger
	Ladder   *ladder.Ladder
	History  *History // which the caller runs
	Gatherer prometheus.Gatherer
	Apart    func() error  // why what is changed here is not changed on the other instances now; nil where there are none
	Name     string        // what this instance is called
	Fleet    func() *Fleet // nil where there is none
	Ready    func() error  // why the instance is not ready; nil if it is
	Access   Access        // until Handler.Admit
	Loopback bool          // the listener is on loopback: without any token, whoever reaches it may change things
}

// Handler is that of the admin listener.
type Handler struct {
	http.Handler
	admin *admin
}

// Admit has another access hold from now on. What is streamed to the bearer of a
// token that holds no more ends.
func (h *Handler) Admit(a Access) { h.admin.access.Store(&a) }

// New returns the handler of the admin listener.
func New(o Options) *Handler {
	a := &admin{Options: o, build: buildID(), instance: rand.Text()}
	a.access.Store(&o.Access)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.reading(promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{})))
	mux.Handle("GET /api/v1/routes", a.reading(http.HandlerFunc(a.routes)))
	mux.Handle("GET /api/v1/advice", a.reading(http.HandlerFunc(a.advice)))
	mux.Handle("GET /api/v1/explain", a.reading(http.HandlerFunc(a.explain)))
	mux.Handle("PUT /api/v1/routes/{name}", a.changing(a.move))
	mux.Handle("PUT /api/v1/kill", a.changing(a.kill))
	mux.Handle("DELETE /api/v1/kill", a.changing(a.revive))
	mux.Handle("POST /api/v1/touch", a.changing(a.touch))
	mux.HandleFunc("POST /api/v1/webhook/{name}", a.webhook)
	mux.Handle("GET /api/v1/audit", a.reading(http.HandlerFunc(a.audit)))
	a.profiles(mux)
	mux.Handle("GET /api/v1/history", a.reading(http.HandlerFunc(a.history)))
	mux.Handle("GET /api/v1/stream", a.reading(http.HandlerFunc(a.stream)))
	serveConsole(mux, a.reading(http.HandlerFunc(index)))
	return &Handler{mux, a}
}

type admin struct {
	Options
	build, instance string                 // which build this is, and which of its starts
	access          atomic.Pointer[Access] // that holds now
	streams         atomic.Int32           // open
	newest          newest                 // of the snapshots
}

func (a *admin) ready(w http.ResponseWriter, _ *http.Request) {
	if err := a.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

func (a *admin) routes(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, Routes(a.Proxy, a.Ledger, a.Ladder.State()))
}

func (a *admin) explain(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	header := http.Header{}
	for _, line := range query["header"] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			http.Error(w, fmt.Sprintf("header=%q: want header=Name: value", line), http.StatusBadRequest)
			return
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	e, err := a.Proxy.Explain(query.Get("url"), header)
	if err != nil {
		http.Error(w, "url: "+err.Error(), http.StatusBadRequest)
		return
	}
	if a.Ladder.State().Kill != nil && e.Stage != "" {
		e.Reason = "the kill switch has every route pass through"
		e.Why = []string{"Pollard holds nothing back: " + e.Reason + "."}
	}
	writeJSON(w, e)
}

func index(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, `Pollard

GET /                            the console; with Accept: text/plain, this
GET /api/v1/routes               per route: stage, polls in, calls out, reduction
GET /api/v1/advice               what observing has learnt: what can be shared, and what it would save
GET /api/v1/explain?url=URL      what becomes of polls of URL, and why; &header=Name:+value adds request fields
PUT /api/v1/routes/NAME          move a route: {"stage":"push","percent":25,"why":"…"}, or a part of that;
                                 with "at":"2026-11-20T15:00:00Z", then
PUT /api/v1/kill                 pass everything through; DELETE ends it
POST /api/v1/touch               tell of changes: {"paths":["/…"]}, {"patterns":["/…"]}, {"heartbeat":true}
POST /api/v1/webhook/NAME        the same in another application's words, as configured
GET /api/v1/audit                who moved what; ?route=NAME, ?n=100
GET /api/v1/history?route=NAME   the last hour in slots of ten seconds; without a route the pace of all
GET /api/v1/stream               server-sent events: all of it, once a second; what the console shows
GET /metrics                     for Prometheus
GET /livez, GET /readyz          health
`)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.Encode(v) // an error is the client's going away
}
