package forward

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// The upstream and the client are part of what is measured, and the same in both: the
// difference is that between the proxies.
func BenchmarkPass(b *testing.B) {
	kilobyte := make([]byte, 1<<10)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(kilobyte)
	}))
	defer origin.Close()
	u, err := url.Parse(origin.URL)
	if err != nil {
		b.Fatal(err)
	}
	f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
	defer f.Close()
	b.Run("forward", func(b *testing.B) {
		drive(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.Pass(w, r, Exchange{Target: r.RequestURI, Failed: failed})
		}))
	})
	b.Run("httputil", func(b *testing.B) {
		p := httputil.NewSingleHostReverseProxy(u)
		p.Transport = &http.Transport{MaxIdleConnsPerHost: defaultMaxIdle, DisableCompression: true}
		p.ErrorLog = log.New(io.Discard, "", 0)
		drive(b, p)
	})
	b.Run("direct", func(b *testing.B) { drive(b, origin.Config.Handler) })
}

func drive(b *testing.B, h http.Handler) {
	s := httptest.NewServer(h)
	defer s.Close()
	s.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = defaultMaxIdle
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := s.Client().Get(s.URL)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
}
