package upstreams

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pace is between two requests of one client.
const pace = 5 * time.Millisecond

// Traffic is clients that poll, read and write on connections that they keep.
type traffic struct {
	t     *testing.T
	front string

	answered atomic.Int64

	mu      sync.Mutex
	made    []string       // writes that were answered with 201; guarded by mu
	refused int            // writes that were answered with 502; guarded by mu
	wrong   map[string]int // what no client should have seen; guarded by mu
}

// drive has clients ask until stop, which waits for them.
func drive(t *testing.T, front string) (tr *traffic, stop func()) {
	tr = &traffic{t: t, front: "http://" + front, wrong: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			tr.each(ctx, func(c *http.Client, n int) { tr.read(c, fmt.Sprint("/doc?client=", i%2)) })
		})
		clients.Go(func() { tr.each(ctx, func(c *http.Client, n int) { tr.read(c, "/page") }) })
	}
	for i := range 2 {
		clients.Go(func() {
			tr.each(ctx, func(c *http.Client, n int) { tr.write(c, fmt.Sprintf("write %d of client %d", n, i)) })
		})
	}
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); clients.Wait() }) }
	t.Cleanup(stop)
	return tr, stop
}

func (tr *traffic) each(ctx context.Context, ask func(c *http.Client, n int)) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			ask(&http.Client{Transport: transport}, n)
			tr.answered.Add(1)
		}
	}
}

func (tr *traffic) read(c *http.Client, path string) {
	resp, err := c.Get(tr.front + path)
	if got := said(resp, err); got != "200 a page" {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.wrong["GET "+path+": "+got]++
	}
}

func (tr *traffic) write(c *http.Client, id string) {
	resp, err := c.Post(tr.front+"/write", "text/plain", strings.NewReader(id))
	got := said(resp, err)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	switch {
	case got == "201 ":
		tr.made = append(tr.made, id)
	case strings.HasPrefix(got, "502 "):
		tr.refused++
	default:
		tr.wrong["POST: "+got]++
	}
}

// said is an answer in words.
func said(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}

// goesOn waits for so many more answers.
func (tr *traffic) goesOn(answers int64) {
	tr.t.Helper()
	want := tr.answered.Load() + answers
	err := program.Until(60*time.Second, func() error {
		if got := tr.answered.Load(); got < want {
			return fmt.Errorf("got %d answers, want %d", got, want)
		}
		return nil
	})
	if err != nil {
		tr.t.Fatal(err)
	}
}
