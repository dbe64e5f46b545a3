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

const ok = "Host: example.org\r\n\r\n"

// accepts are requests that pass, and the target that the handler is given.
var accepts = []struct{ name, request, target string }{
	{"plain", "GET / HTTP/1.1\r\n" + ok, "/"},
	{"encoded slash", "GET /a%2Fb HTTP/1.1\r\n" + ok, "/a%2Fb"},
	{"semicolons", "GET /a;b?c;d=%zz HTTP/1.1\r\n" + ok, "/a;b?c;d=%zz"},
	{"bad percent in path", "GET /100%/%zz?x HTTP/1.1\r\n" + ok, "/100%/%zz?x"},
	{"percent at the end", "GET /a%2 HTTP/1.1\r\n" + ok, "/a%2"},
	{"doubled slash", "GET //evil/..//x HTTP/1.1\r\n" + ok, "//evil/..//x"},
	{"trailing question mark", "GET /a? HTTP/1.1\r\n" + ok, "/a?"},
	{"number sign", "GET /a#b?c HTTP/1.1\r\n" + ok, "/a#b?c"},
	{"bytes over 0x7f", "GET /\xc3\xa9\xff HTTP/1.1\r\n" + ok, "/\xc3\xa9\xff"},
	{"what URLs exclude", "GET /|{}^\"<>\\`[]: HTTP/1.1\r\n" + ok, "/|{}^\"<>\\`[]:"},
	{"absolute form", "GET http://other.example:81/a%2F?b HTTP/1.1\r\n" + ok, "/a%2F?b"},
	{"absolute form, bad percent", "GET HTTP://other.example/%% HTTP/1.1\r\n" + ok, "/%%"},
	{"absolute form without path", "GET https://other.example HTTP/1.1\r\n" + ok, "/"},
	{"absolute form, query alone", "GET http://other.example?q HTTP/1.1\r\n" + ok, "/?q"},
	{"asterisk", "OPTIONS * HTTP/1.1\r\n" + ok, "*"},
	{"absolute form of asterisk", "OPTIONS http://other.example HTTP/1.1\r\n" + ok, "*"},
	{"odd method", "M-SEARCH_!~ / HTTP/1.1\r\n" + ok, "/"},
	{"empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n" + ok, "/"},
	{"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", "/"},
	{"Host with port", "GET / HTTP/1.1\r\nHost: a_b.example:8080\r\n\r\n", "/"},
	{"Host with empty port", "GET / HTTP/1.1\r\nHost: example.org:\r\n\r\n", "/"},
	{"IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "/"},
	{"tabs around a value", "GET / HTTP/1.1\r\nX:\t a\tb \t\r\n" + ok, "/"},
	{"empty value", "GET / HTTP/1.1\r\nX:\r\n" + ok, "/"},
	{"bytes over 0x7f in a value", "GET / HTTP/1.1\r\nX: \x80\xff\r\n" + ok, "/"},
	{"body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n" + ok + "hello", "/"},
	{"body of nothing", "POST / HTTP/1.1\r\nContent-Length: 0\r\n" + ok, "/"},
	{"chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ok + "5\r\nhello\r\n0\r\n\r\n", "/"},
	{"tab before chunked", "POST / HTTP/1.1\r\nTransfer-Encoding:\tCHUNKED\t\r\n" + ok + "0A;x=\"y\"\r\n0123456789\r\n00\r\n\r\n", "/"},
	{"trailers", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ok + "1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", "/"},
	{"chunk data that looks like framing", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ok + "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "/"},
}

// refuses are requests that go no further. What is marked with mid breaks in its body, after the head passed.
var refuses = []struct {
	name, request string
	status        int
}{
	{"CL.TE", "POST / HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n" + ok + "0\r\n\r\nG", 400},
	{"TE.CL", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n" + ok + "8\r\nSMUGGLED\r\n0\r\n\r\n", 400},
	{"TE.TE", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n" + ok, 400},
	{"TE twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: chunked\r\n" + ok, 400},
	{"CL twice", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n" + ok + "hello", 400},
	{"CL list", "POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n" + ok + "hello", 400},
	{"CL signed", "POST / HTTP/1.1\r\nContent-Length: +5\r\n" + ok + "hello", 400},
	{"CL negative", "POST / HTTP/1.1\r\nContent-Length: -1\r\n" + ok, 400},
	{"CL hexadecimal", "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n" + ok, 400},
	{"CL empty", "POST / HTTP/1.1\r\nContent-Length:\r\n" + ok, 400},
	{"CL of 2^63", "POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n" + ok, 400},
	{"CL with inner space", "POST / HTTP/1.1\r\nContent-Length: 1 2\r\n" + ok, 400},
	{"xchunked", "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n" + ok, 400},
	{"chunked, identity", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n" + ok, 400},
	{"chunked, chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n" + ok, 400},
	{"empty element", "POST / HTTP/1.1\r\nTransfer-Encoding: ,chunked\r\n" + ok, 400},
	{"quoted chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n" + ok, 400},
	{"vertical tab", "POST / HTTP/1.1\r\nTransfer-Encoding: \vchunked\r\n" + ok, 400},
	{"identity", "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n" + ok, 400},
	{"empty TE", "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n" + ok, 400},
	{"gzip then chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + ok, 501},
	{"TE in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"space before colon", "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n" + ok, 400},
	{"tab before colon", "POST / HTTP/1.1\r\nContent-Length\t: 5\r\n" + ok, 400},
	{"space before first field", "GET / HTTP/1.1\r\n X: y\r\n" + ok, 400},
	{"folded line", "GET / HTTP/1.1\r\nX: y\r\n z\r\n" + ok, 400},
	{"folded with tab", "GET / HTTP/1.1\r\nTransfer-Encoding:\r\n\tchunked\r\n" + ok, 400},
	{"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
	{"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
	{"bare LF in a value", "GET / HTTP/1.1\r\nX: a\nContent-Length: 5\r\n" + ok, 400},
	{"bare CR in a value", "GET / HTTP/1.1\r\nX: a\rContent-Length: 5\r\n" + ok, 400},
	{"CR CR LF", "GET / HTTP/1.1\r\nX: a\r\r\n" + ok, 400},
	{"NUL", "GET / HTTP/1.1\r\nX: a\x00b\r\n" + ok, 400},
	{"control", "GET / HTTP/1.1\r\nX: long enough to be a word \x01\r\n" + ok, 400},
	{"DEL", "GET / HTTP/1.1\r\nX: long enough \x7f to be a word\r\n" + ok, 400},
	{"no colon", "GET / HTTP/1.1\r\nX\r\n" + ok, 400},
	{"empty name", "GET / HTTP/1.1\r\n: x\r\n" + ok, 400},
	{"name with a slash", "GET / HTTP/1.1\r\nX/Y: x\r\n" + ok, 400},
	{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
	{"two Hosts", "GET / HTTP/1.1\r\nHost: example.org\r\n" + ok, 400},
	{"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: example.org\r\n" + ok, 400},
	{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"Host with userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
	{"Host with a word for a port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
	{"Host list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	{"unclosed IPv6", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
	{"two spaces", "GET  / HTTP/1.1\r\n" + ok, 400},
	{"space in target", "GET /a b HTTP/1.1\r\n" + ok, 400},
	{"space at the end", "GET / HTTP/1.1 \r\n" + ok, 400},
	{"tab in request line", "GET\t/ HTTP/1.1\r\n" + ok, 400},
	{"control in target", "GET /\x01 HTTP/1.1\r\n" + ok, 400},
	{"method", "GE(T / HTTP/1.1\r\n" + ok, 400},
	{"relative target", "GET a HTTP/1.1\r\n" + ok, 400},
	{"asterisk of GET", "GET * HTTP/1.1\r\n" + ok, 400},
	{"foreign scheme", "GET ftp://a/ HTTP/1.1\r\n" + ok, 400},
	{"userinfo in target", "GET http://u:p@a/ HTTP/1.1\r\n" + ok, 400},
	{"HTTP/0.9", "GET /\r\n", 400},
	{"lower-case version", "GET / http/1.1\r\n" + ok, 400},
	{"HTTP/1.2", "GET / HTTP/1.2\r\n" + ok, 505},
	{"HTTP/2.0", "GET / HTTP/2.0\r\n" + ok, 505},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"CONNECT", "CONNECT a:1 HTTP/1.1\r\n" + ok, 405},
	{"TLS handshake", "\x16\x03\x01\x02\x00\x01", 400},
	{"empty lines without end", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" + ok, 400},
	{"long request line", "GET /" + strings.Repeat("a", 600) + " HTTP/1.1\r\n" + ok, 414},
	{"long request line without end", strings.Repeat("a", 600), 414},
	{"long field", "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 600) + "\r\n" + ok, 431},
	{"many fields", "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 100) + ok, 431},
	{"mid: chunk size of nothing", chunked + "\r\n", 400},
	{"mid: chunk size in words", chunked + "five\r\n", 400},
	{"mid: chunk size signed", chunked + "+5\r\n", 400},
	{"mid: chunk size prefixed", chunked + "0x5\r\n", 400},
	{"mid: chunk size with space", chunked + "5 \r\nhello\r\n", 400},
	{"mid: chunk size after space", chunked + " 5\r\nhello\r\n", 400},
	{"mid: chunk size of 2^63", chunked + "8000000000000000\r\n", 400},
	{"mid: chunk size of 2^64", chunked + "10000000000000005\r\n", 400},
	{"mid: chunk size with 17 digits", chunked + "00000000000000005\r\n", 400},
	{"mid: chunk size ends in LF", chunked + "5\nhello\r\n", 400},
	{"mid: bare CR in extension", chunked + "5;a\rb\r\nhello\r\n", 400},
	{"mid: bare LF in extension", chunked + "5;a\n0\r\n\r\n", 400},
	{"mid: long extension", chunked + "5;" + strings.Repeat("a", chunkLineBytes) + "\r\n", 400},
	{"mid: chunk too long", chunked + "1\r\nab\r\n", 400},
	{"mid: chunk ends in LF", chunked + "1\r\na\n0\r\n\r\n", 400},
	{"mid: folded trailer", chunked + "0\r\nX: a\r\n b\r\n\r\n", 400},
	{"mid: trailer without colon", chunked + "0\r\nX\r\n\r\n", 400},
	{"mid: framing in trailer", chunked + "0\r\nContent-Length: 5\r\n\r\n", 400},
	{"mid: trailer ends in LF", chunked + "0\r\nX: a\r\n\n", 400},
	{"mid: long trailer section", chunked + "0\r\n" + strings.Repeat("X: y\r\n", 700) + "\r\n", 400},
}

const chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ok

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

func BenchmarkVet(b *testing.B) {
	request := []byte("GET /group/project/-/issues/1/realtime_changes HTTP/1.1\r\nHost: gitlab.example.org\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: application/json, text/plain, */*\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nX-Requested-With: XMLHttpRequest\r\nConnection: keep-alive\r\n" +
		"Cookie: _session=0123456789abcdef0123456789abcdef; theme=dark\r\nIf-None-Match: W/\"0123456789abcdef\"\r\nSec-Fetch-Mode: cors\r\n\r\n")
	s := stream{limit: 64 << 10, pool: testPool()}
	p := make([]byte, 4096)
	b.ReportAllocs()
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		s.push(request)
		if complete, f := s.advance(); !complete || f != nil {
			b.Fatal("not complete")
		}
		s.deliver(p)
	}
}
