package upstreams

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// slow is how long a page takes: some are always under way when an instance stops.
const slow = 10 * time.Millisecond

// An application is what all its instances serve.
type application struct {
	mu     sync.Mutex
	reads  int            // guarded by mu
	writes map[string]int // how often each was made; guarded by mu
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		a.mu.Lock()
		a.reads++
		a.mu.Unlock()
		<-time.After(slow)
		w.Header().Set("ETag", `"constant"`)
		fmt.Fprint(w, "a page")
		return
	}
	id, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever wrote half of it is not told that it was made
	}
	a.mu.Lock()
	a.writes[string(id)]++
	a.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
}

// requests returns how many have come.
func (a *application) requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.reads
	for _, times := range a.writes {
		n += times
	}
	return n
}

// An instance is one process of the application.
type instance struct {
	address string
	server  *http.Server
	ended   chan struct{}
	once    sync.Once
	served  chan struct{} // closed once it has been asked for something
}

// start has an instance listen on an address.
func (a *application) start(t *testing.T, address string) *instance {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{address: l.Addr().String(), ended: make(chan struct{}), served: make(chan struct{})}
	i.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.once.Do(func() { close(i.served) })
		a.ServeHTTP(w, r)
	})}
	go func() {
		defer close(i.ended)
		_ = i.server.Serve(l) // until it is stopped
	}()
	t.Cleanup(func() { i.server.Close(); <-i.ended })
	return i
}

// stop has an instance leave as they do: it takes no more connections, closes the idle
// ones, and finishes what it has begun.
func (i *instance) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := i.server.Shutdown(ctx); err != nil {
		t.Errorf("stopping %s: %v", i.address, err)
	}
}

// kill ends an instance in the midst of what it does.
func (i *instance) kill(t *testing.T) {
	t.Helper()
	if err := i.server.Close(); err != nil {
		t.Errorf("killing %s: %v", i.address, err)
	}
	<-i.ended
}

// serves waits until it has been asked for something.
func (i *instance) serves(t *testing.T) {
	t.Helper()
	err := program.Until(60*time.Second, func() error {
		select {
		case <-i.served:
			return nil
		default:
			return fmt.Errorf("%s is asked for nothing", i.address)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
