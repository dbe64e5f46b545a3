package advice

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// origin answers as the upstream of a history, which counts what it is asked.
type origin struct {
	*history
	began time.Time
	calls int
}

func (o *origin) RoundTrip(r *http.Request) (*http.Response, error) {
	o.calls++
	document, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.URL, err)
	}
	tag := fmt.Sprintf(`W/"%d"`, o.version(document, time.Since(o.began)))
	resp := &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Etag": {tag}}, Request: r}
	if r.Header.Get("If-None-Match") == tag {
		resp.StatusCode = 304
		resp.Body = http.NoBody
		return resp, nil
	}
	resp.Header.Set("Poll-Interval", strconv.FormatInt(o.period.Milliseconds(), 10))
	resp.Body = io.NopCloser(strings.NewReader(tag + r.Header.Get("Cookie")))
	return resp, nil
}

// asked is what a tab that has this tag asks of the coalescer.
func (p *poll) asked(route *coalescer.Route, has etag.Tag) *coalescer.Poll {
	header := http.Header{}
	if has != "" && p.Conditional {
		header.Set("If-None-Match", string(has))
	}
	key := coalescer.Key{Target: bytesOf(uint64(p.document) + 1)}
	if route.Share != coalescer.Everything {
		key.Identity = bytesOf(p.Who)
	}
	return &coalescer.Poll{
		Key: key, Place: key.Target, URL: p.Path, Route: route, Writer: bytesOf(p.Who), Header: header, Condition: etag.ParseCondition(header),
		Call: func(ctx context.Context, reason ledger.Reason) *http.Request {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://app.test/%d", p.document), nil)
			if err != nil {
				panic(err) // the URL is ours
			}
			if reason != ledger.Probe {
				r.Header.Set("Cookie", strconv.FormatUint(p.Who, 10))
			}
			return r
		},
	}
}

func bytesOf(n uint64) (b [16]byte) {
	binary.LittleEndian.PutUint64(b[:], n)
	return b
}

// play has the coalescer itself answer the polls of a history, and returns the
// reduction that upstream sees.
func play(t *testing.T, h *history, share coalescer.Share) float64 {
	up := &origin{history: h, began: time.Now()}
	c := coalescer.New(coalescer.Options{Transport: up})
	defer c.Close()
	route := &coalescer.Route{Name: h.route, Keyed: func(string) bool { return true }, SaysWho: func(string) bool { return false }, Policy: coalescer.Policy{
		Share: share, Interval: h.period, MinInterval: time.Second, MaxInterval: time.Minute,
		Timeout: 30 * time.Second, MaxBody: 1 << 20, Audit: time.Minute, Lease: time.Minute,
	}}
	has := map[int]etag.Tag{}
	for i := range h.polls {
		p := &h.polls[i]
		time.Sleep(p.at - time.Since(up.began))
		a, err := c.Next(t.Context(), p.asked(route, has[p.tab]))
		if err != nil {
			t.Fatalf("poll %d: %v", i, err)
		}
		has[p.tab] = a.Snapshot.Tag
	}
	return 1 - float64(up.calls)/float64(len(h.polls))
}

func TestPredictionsAgreeWithTheCoalescerItself(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 12))
	kind := pages{route: "issue_changes", path: "/%d", documents: 8, people: 60, arrivals: 2 * time.Minute, stay: 8 * time.Minute, tabs: 2, period: 3 * time.Second, changes: 4 * time.Minute}
	for _, always := range []bool{false, true} {
		kind.always = always
		h := kind.live(rng, day())
		a := advise(h)[0]
		for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified, coalescer.Everything} {
			synctest.Test(t, func(t *testing.T) {
				got, truth := a.saves("coalesce", share.String()).Point, play(t, h, share)
				t.Logf("share %s, always unconditional %t: predicted %.3f, the coalescer saved %.3f", share, always, got, truth)
				if math.Abs(got-truth) > 0.05 {
					t.Errorf("share %s, always unconditional %t: predicted %.3f, the coalescer saved %.3f", share, always, got, truth)
				}
			})
		}
	}
}
