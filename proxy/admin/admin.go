// Package admin is the listener for operators: metrics, health, and what can
// be asked about routes and documents. It is never for the public.
package admin

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
)

// Options for [New].
type Options struct {
	Proxy     *proxy.Handler
	Ledger    *ledger.Ledger
	Gatherer  prometheus.Gatherer
	Ready     func() error // why the instance is not ready; nil if it is
	ReadToken string       // where set, asked for by everything but the health checks
}

// New returns the handler of the admin listener.
func New(o Options) http.Handler {
	a := &admin{o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.reading(promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{})))
	mux.Handle("GET /api/v1/routes", a.reading(http.HandlerFunc(a.routes)))
	mux.Handle("GET /api/v1/explain", a.reading(http.HandlerFunc(a.explain)))
	mux.Handle("GET /{$}", a.reading(http.HandlerFunc(index)))
	return mux
}

type admin struct{ Options }

// reading asks for the token, where one is set.
func (a *admin) reading(next http.Handler) http.Handler {
	if a.ReadToken == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !isBearer || subtle.ConstantTimeCompare([]byte(token), []byte(a.ReadToken)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="pollard"`)
			http.Error(w, "this needs Authorization: Bearer <admin_read_token>", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *admin) ready(w http.ResponseWriter, _ *http.Request) {
	if err := a.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

func (a *admin) routes(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, Routes(a.Proxy, a.Ledger))
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
	writeJSON(w, e)
}

func index(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, `Pollard

GET /api/v1/routes               per route: stage, polls in, calls out, reduction
GET /api/v1/explain?url=URL      what becomes of polls of URL, and why; &header=Name:+value adds request fields
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
