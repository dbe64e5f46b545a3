package push

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var touches = flag.Int("touches", 20, "how many touches to take the time of")

// touch tells the program that the document changed.
func (p *pollard) touch(c *http.Client) {
	p.t.Helper()
	resp, err := c.Post(p.admin+"/api/v1/touch", "application/json", strings.NewReader(`{"paths":["/doc"]}`))
	if err != nil {
		p.t.Fatal(err)
	}
	said, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusAccepted {
		p.t.Fatalf("touch: %s %s, %v", resp.Status, said, err)
	}
}

// write has the application's document changed through the front door.
func (p *pollard) write(c *http.Client) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPut, "http://"+p.front+"/things/1", strings.NewReader(""))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Cookie", "user=bob")
	resp, err := c.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	resp.Body.Close()
}

// covered are the lines of a route whose interval is a minute as long as news
// are alive, which writes are.
func covered() []string {
	return []string{" news: [writes]", " safety_interval: 60s", ` touched_by: ["PUT /things/{id}"]`}
}

// What is logged is from before the change is told until its frame has come, over
// loopback; the upstream takes no time.
func TestATouchIsAFrameAtOnce(t *testing.T) {
	for name, tell := range map[string]func(*pollard, *http.Client){"touched": (*pollard).touch, "written by another": (*pollard).write} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, "push", covered()...)
			conn, _, err := websocket.DefaultDialer.Dial("ws://"+p.front+"/doc", http.Header{"Origin": {"http://" + p.front}, "Cookie": {"user=alice"}})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, _, err := conn.ReadMessage(); err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Timeout: patience}
			var took []time.Duration
			for range *touches {
				<-time.After(60 * time.Millisecond) // min_interval, and some
				want := bodyOf("alice", p.app.change())
				began := time.Now()
				tell(p, client)
				conn.SetReadDeadline(began.Add(patience))
				_, got, err := conn.ReadMessage()
				if err != nil || string(got) != want {
					t.Fatalf("got %s, %v, want %s", got, err, want)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			t.Logf("%d times: p50 %v, p99 %v, most %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		})
	}
}

func TestAStormOfTouchesReachesUpstreamOncePerLeastInterval(t *testing.T) {
	p := serve(t, "push", covered()...)
	w := p.watch("bare", "alice")
	p.eventually(w.hasHeard("alice"))
	client := &http.Client{Timeout: patience}
	before, began := p.app.called(), time.Now()
	last := 0
	for range 1000 {
		last = p.app.change()
		p.touch(client)
	}
	stormed := time.Since(began)
	p.eventually(w.hasHeard(fmt.Sprintf(`"version":%d`, last)))
	calls := p.app.called() - before
	t.Logf("1,000 touches in %v: %d calls", stormed, calls)
	if most := int(time.Since(began)/(50*time.Millisecond)) + 2; calls > most {
		t.Errorf("got %d calls upstream, want at most %d", calls, most)
	}
}
