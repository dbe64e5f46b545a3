package admin

import (
	"net/http"
	"net/http/pprof"
)

// profiles serves what go tool pprof reads: names of functions and figures, no
// data of clients. Taking one costs, so they are for who may read. The command
// line is not among them. That net/http/pprof registers itself with
// http.DefaultServeMux does not matter, as nothing serves that.
func (a *admin) profiles(mux *http.ServeMux) {
	for path, profile := range map[string]http.HandlerFunc{
		"/debug/pprof/":        pprof.Index, // and the profiles that the runtime names
		"/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol":  pprof.Symbol,
		"/debug/pprof/trace":   pprof.Trace,
	} {
		mux.Handle("GET "+path, a.reading(profile))
	}
}
