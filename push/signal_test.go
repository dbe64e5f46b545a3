package push_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

// changed is what a client is told instead of a document.
type changed struct {
	Type    string `json:"type"`
	ETag    string `json:"etag"`
	AfterMS int64  `json:"after_ms"`
}

func (c *client) nextChanged() changed {
	c.t.Helper()
	var got changed
	if message := c.next(); json.Unmarshal([]byte(message), &got) != nil || got.Type != "changed" {
		c.t.Fatalf("got %s, want a signal", message)
	}
	return got
}

func TestARouteThatDeliversSignalsTellsNoBody(t *testing.T) {
	play(t, push.Options{WriteTimeout: time.Hour}, func(s *scene) {
		s.signals = 10
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","etag":%q}`, tagOf(`{"state":0}`))
		e := s.events("ann", "Last-Event-ID: "+string(tagOf(`{"state":0}`)))
		time.Sleep(10 * interval)
		s.up.set(`{"state":1}`)
		one := c.nextChanged()
		two := e.next()
		if tag := string(tagOf(`{"state":1}`)); one.ETag != tag || two.id != tag || two.name != "changed" {
			t.Errorf("got %v and %v, want %s", one, two, tag)
		}
		var second changed
		if err := json.Unmarshal([]byte(two.data), &second); err != nil || one.AfterMS+second.AfterMS != 100 {
			t.Errorf("told to come after %d and %d ms, want 100 ms apart", one.AfterMS, second.AfterMS)
		}
		c.Close()
		e.body.Close()
	})
}

func TestABareSocketHasNoWordForASignal(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		s.signals = 10
		if _, resp, err := s.tryConnect("ann", ""); err == nil || resp.StatusCode != http.StatusBadRequest {
			t.Errorf("got %v, want 400", resp)
		}
	})
}

// Fetches are counted as clients would make them: when they were told to.
func TestRefetchesStayUnderTheBudgetWhateverChanges(t *testing.T) {
	play(t, push.Options{HandshakesPerSecond: 1e6}, func(s *scene) {
		const watchers, budget = 60, 20
		s.signals = budget
		fetches := make(chan time.Time, 10_000)
		for i := range watchers {
			c := s.connect(fmt.Sprint("user", i), push.Subprotocol) // of documents of their own
			go func() {
				for {
					_, message, err := c.ReadMessage()
					if err != nil {
						return
					}
					var told changed
					if json.Unmarshal(message, &told) == nil {
						fetches <- time.Now().Add(time.Duration(told.AfterMS) * time.Millisecond)
					}
				}
			}()
			defer c.Close()
		}
		for i := range 30 {
			s.up.set(fmt.Sprint(i))
			time.Sleep(interval)
		}
		s.up.set("last")
		last := time.Now()
		time.Sleep(2*interval + watchers*time.Second/budget)

		var at []time.Time
		for len(fetches) > 0 {
			at = append(at, <-fetches)
		}
		slices.SortFunc(at, time.Time.Compare)
		for i := budget; i < len(at); i++ {
			if apart := at[i].Sub(at[i-budget]); apart < time.Second-2*time.Millisecond*budget {
				t.Fatalf("%d fetches within %v", budget+1, apart)
			}
		}
		late := 0
		for _, fetch := range at {
			if fetch.After(last) {
				late++
			}
		}
		if late < watchers {
			t.Errorf("%d fetch after the last change, want all %d", late, watchers)
		}
		if skipped := s.counted("pollard_deliveries_total", "skipped", "scene", "websocket"); skipped == 0 {
			t.Error("no signals were merged")
		}
	})
}
