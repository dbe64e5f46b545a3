package certificates

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const day = 24 * time.Hour

// listen runs a calendar, and returns what it has said since it was asked last.
func listen(t *testing.T) (*Calendar, func() string) {
	t.Helper()
	said := &transcript{}
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	c := NewCalendar(slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{ReplaceAttr: drop})))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	synctest.Wait() // it has had its first look
	return c, func() string {
		synctest.Wait()
		return said.take()
	}
}

// A transcript is what was written since it was taken last.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *transcript) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.buf.Reset()
	return s.buf.String()
}

func TestACertificateIsSpokenOfFromThirtyDaysBeforeOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, said := listen(t)
		end := time.Now().Add(32*day + time.Hour)
		c.Enter(map[string]time.Time{"server": end, "client_ca": end.Add(365 * day)}, time.Time{})
		for range 36 {
			before := time.Now()
			time.Sleep(day)
			lines := said()
			switch n, left := strings.Count(lines, "\n"), end.Sub(before); {
			case left > 31*day && n != 0:
				t.Errorf("%v before the end: got %q", left, lines)
			case left <= 30*day && n != 1, strings.Contains(lines, "client_ca"):
				t.Errorf("%v before the end: got %q, want one line", left, lines)
			case left < 0 && !strings.Contains(lines, "a certificate has ended"):
				t.Errorf("%v before the end: got %q, want that it has ended", left, lines)
			}
		}
		c.Enter(map[string]time.Time{"server": time.Now().Add(90 * day)}, time.Time{})
		time.Sleep(2 * day)
		if lines := said(); lines != "" {
			t.Errorf("once renewed: got %q", lines)
		}
	})
}

func TestAnUnverifiedUpstreamIsSpokenOfEachMinuteUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, said := listen(t)
		c.Enter(nil, time.Now().Add(10*time.Minute))
		if !c.Unverified() {
			t.Error("verified at once")
		}
		time.Sleep(time.Hour)
		if got := strings.Count(said(), "upstream is not verified"); got != 9 {
			t.Errorf("got %d lines, want 9", got)
		}
		if c.Unverified() {
			t.Error("not verified after the end")
		}
	})
}

func TestTheFirstEndInUseIsThatOfAnOpenConnection(t *testing.T) {
	var u InUse
	early, late := time.Unix(1_000, 0), time.Unix(2_000, 0)
	removeEarly, again, removeLate := u.Add(early), u.Add(early), u.Add(late)
	u.Add(time.Time{})
	removeEarly()
	removeEarly()
	if got := u.First(); !got.Equal(early) {
		t.Errorf("while one is open: got %v, want %v", got, early)
	}
	again()
	if got := u.First(); !got.Equal(late) {
		t.Errorf("got %v, want %v", got, late)
	}
	removeLate()
	if got := u.First(); !got.IsZero() {
		t.Errorf("without connections: got %v", got)
	}
}
