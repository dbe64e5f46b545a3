package frontdoor

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is the network: it gives out one piece per Read and keeps what is written.
type wire struct {
	net.Conn
	pieces  [][]byte
	written bytes.Buffer
}

func (w *wire) Read(p []byte) (int, error) {
	if len(w.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(p, w.pieces[0])
	if w.pieces[0] = w.pieces[0][n:]; len(w.pieces[0]) == 0 {
		w.pieces = w.pieces[1:]
	}
	return n, nil
}

func (w *wire) Write(p []byte) (int, error)     { return w.written.Write(p) }
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// A transcript is what a vetted connection made of the bytes that a client sent.
type transcript struct {
	delivered string // handed on, without the stand-in for a refused head
	reads     []int  // and where each Read ended
	exchanges []exchange
	refusal   int // status of a refused head or body; 0: none
	err       error
}

func testPool() *sync.Pool { return &sync.Pool{New: func() any { return new([bufferBytes]byte) }} }

func vet(limit, room int, pieces ...[]byte) transcript {
	w := &wire{pieces: pieces}
	c := &conn{Conn: w, socket: &socket{Conn: w}, in: stream{limit: limit, pool: testPool()}}
	var t transcript
	var b strings.Builder
	p := make([]byte, room)
	for {
		n, err := c.Read(p)
		for c.queued > 0 {
			e := c.next()
			if e.refusal != nil {
				t.refusal = e.refusal.status
				continue
			}
			t.exchanges = append(t.exchanges, e)
		}
		if t.refusal == 0 && n > 0 {
			b.Write(p[:n])
			t.reads = append(t.reads, b.Len())
		}
		if err != nil {
			t.delivered, t.err = b.String(), err
			if errors.Is(err, ErrMalformed) {
				t.refusal = http.StatusBadRequest
			}
			return t
		}
	}
}

const testLimit = 512

// everyCut vets request whole, cut once at every position, and byte by byte.
func everyCut(request string, check func(t transcript)) {
	b := []byte(request)
	check(vet(testLimit, 4096, bytes.Clone(b)))
	for i := 1; i < len(b); i++ {
		check(vet(testLimit, 4096, bytes.Clone(b[:i]), bytes.Clone(b[i:])))
	}
	for _, room := range []int{1, 4096} {
		pieces := [][]byte{}
		for i := range b {
			pieces = append(pieces, bytes.Clone(b[i:i+1]))
		}
		check(vet(testLimit, room, pieces...))
	}
}

func TestRequestsThatPassReachTheHandlerWithTheirOwnTarget(t *testing.T) {
	for _, tt := range accepts {
		t.Run(tt.name, func(t *testing.T) {
			everyCut(tt.request, func(got transcript) {
				if got.refusal != 0 || got.err != io.EOF || len(got.exchanges) != 1 {
					t.Fatalf("got status %d, %v, %d exchanges, want it to pass", got.refusal, got.err, len(got.exchanges))
				}
				r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got.delivered)))
				if err != nil {
					t.Fatalf("net/http refuses what was handed on: %v", err)
				}
				got.exchanges[0].restore(r)
				if Target(r) != tt.target {
					t.Fatalf("got target %q, want %q", Target(r), tt.target)
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					t.Fatalf("body: %v", err)
				}
			})
		})
	}
}

func TestAmbiguousRequestsAreRefusedWhereverTheyAreCut(t *testing.T) {
	for _, tt := range refuses {
		t.Run(tt.name, func(t *testing.T) {
			inBody := strings.HasPrefix(tt.name, "mid: ")
			everyCut(tt.request, func(got transcript) {
				if got.refusal != tt.status {
					t.Fatalf("got status %d, want %d", got.refusal, tt.status)
				}
				if !inBody && got.delivered != "" {
					t.Fatalf("%q was handed on, want nothing", got.delivered)
				}
			})
		})
	}
}

func TestAbsoluteFormNamesTheHost(t *testing.T) {
	got := vet(testLimit, 4096, []byte("GET http://other.example:81/ HTTP/1.1\r\n"+ok))
	r := &http.Request{Host: "example.org"}
	got.exchanges[0].restore(r)
	if r.Host != "other.example:81" {
		t.Errorf("got host %q, want that of the target", r.Host)
	}
}

func TestNoReadGivesOutBytesOfTwoMessages(t *testing.T) {
	var all string
	ends := map[int]bool{}
	for _, tt := range accepts {
		if tt.name != "empty lines first" && !strings.HasPrefix(tt.name, "absolute form") && !strings.Contains(tt.name, "percent") {
			all += tt.request
			ends[len(all)] = true
		}
	}
	got := vet(testLimit, 1<<16, []byte(all))
	if got.delivered != all {
		t.Fatalf("got %d bytes, %v, want all %d", len(got.delivered), got.err, len(all))
	}
	for _, at := range got.reads {
		delete(ends, at)
	}
	if len(ends) > 0 {
		t.Errorf("some Reads ran over the end of a message: %v", ends)
	}
}

func TestBytesAfterAnUpgradeAreNotVetted(t *testing.T) {
	const request = "POST /chat HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n" + ok + "hi"
	everyCut(request+"\x81\x00\nraw\r\n", func(got transcript) {
		if got.delivered != request+"\x81\x00\nraw\r\n" || got.refusal != 0 || !got.exchanges[0].upgrade {
			t.Fatalf("got %q, status %d, want everything untouched", got.delivered, got.refusal)
		}
	})
}

func TestUpgradeToH2CAndOf10AreNotTakenUp(t *testing.T) {
	for _, head := range []string{
		"GET / HTTP/1.1\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" + ok,
		"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + ok,
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\n" + ok,
	} {
		if got := vet(testLimit, 4096, []byte(head+"\x81raw")); got.refusal != 400 {
			t.Errorf("%q: got status %d for the bytes behind, want 400", head, got.refusal)
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, tt := range accepts {
		f.Add([]byte(tt.request), uint16(7))
	}
	for _, tt := range refuses {
		f.Add([]byte(accepts[0].request+tt.request), uint16(40))
	}
	f.Fuzz(func(t *testing.T, sent []byte, cut uint16) {
		at := int(cut) % (len(sent) + 1)
		got := vet(1<<10, 512, bytes.Clone(sent[:at]), bytes.Clone(sent[at:]))
		whole := vet(1<<10, 512, bytes.Clone(sent))
		// Of a body that is refused, more or less may have been handed on before.
		same := got.delivered == whole.delivered || got.refusal == http.StatusBadRequest && len(got.exchanges) > 0
		if !same || got.refusal != whole.refusal || len(got.exchanges) != len(whole.exchanges) {
			t.Fatalf("cut at %d: got %q, status %d, uncut %q, status %d", at, got.delivered, got.refusal, whole.delivered, whole.refusal)
		}
		compareWithReadRequest(t, got)
	})
}

// compareWithReadRequest fails if net/http finds other messages in what was handed on than we did.
func compareWithReadRequest(t *testing.T, got transcript) {
	in := bufio.NewReader(strings.NewReader(got.delivered))
	for i, e := range got.exchanges {
		raw, _ := in.Peek(1 << 10)
		raw = bytes.Clone(raw)
		r, err := http.ReadRequest(in)
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") {
				return
			}
			t.Fatalf("message %d: net/http refuses %q: %v", i, raw, err)
		}
		if head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n")); bytes.Contains(head, []byte("\r\n ")) || bytes.Contains(head, []byte("\r\n\t")) {
			t.Fatalf("message %d was handed on with a folded line: %q", i, head)
		}
		if e.upgrade {
			return
		}
		_, err = io.Copy(io.Discard, r.Body)
		if last := i == len(got.exchanges)-1; err != nil && !last {
			t.Fatalf("message %d: body: %v", i, err)
		}
		if err != nil {
			return
		}
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 && got.refusal == 0 {
		t.Fatalf("net/http has %q left after %d messages", rest, len(got.exchanges))
	}
}
