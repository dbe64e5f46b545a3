package certificates

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An upstream speaks TLS and wants a certificate of whoever connects. It notes the
// serial number of each.
type upstream struct {
	*httptest.Server
	state atomic.Int64

	mu      sync.Mutex
	serials map[string]bool // since last forgotten; guarded by mu
}

func newUpstream(t *testing.T, a *authority) *upstream {
	u := &upstream{serials: map[string]bool{}}
	u.Server = httptest.NewUnstartedServer(u)
	u.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who hang up in the handshake
	u.TLS = &tls.Config{Certificates: []tls.Certificate{a.issue(300 * 24 * time.Hour).tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool()}
	u.StartTLS()
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.serials[r.TLS.PeerCertificates[0].SerialNumber.String()] = true
	u.mu.Unlock()
	tag := fmt.Sprintf(`"%d"`, u.state.Load())
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprintf(w, `{"state":%s}`, strings.Trim(tag, `"`))
}

// seen returns the certificates that were presented since it was asked last.
func (u *upstream) seen() map[string]bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.serials
	u.serials = map[string]bool{}
	return seen
}
