package push

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// FuzzFramesAreReadAsTheLibraryReadsThem holds the inbox against gorilla's reader: the same
// messages, pings and goodbye come of the same bytes, and where one finds fault so does
// the other. With compression the library is more lenient (it takes RSV1 on any frame, and a
// deflate stream that ends before its message): there the inbox must keep to its limit.
func FuzzFramesAreReadAsTheLibraryReadsThem(f *testing.F) {
	frame := func(first byte, payload string) []byte {
		return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
	}
	for _, seed := range [][]byte{
		nil, {0x81}, frame(0x81, "text"), frame(0x82, "\xff"), frame(0x89, "ping"), frame(0x8a, ""), frame(0x88, ""), frame(0x88, "\x03\xe8bye"),
		frame(0x88, "\x03\xed"), frame(0x88, "\x03\xe8\xff"), frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), frame(0xc1, "\xff\xff"), frame(0x83, ""), frame(0x09, ""), frame(0xa1, ""),
		append(append(frame(0x01, "half "), frame(0x89, "ping")...), frame(0x80, "a message")...),
		append(frame(0x01, "half"), frame(0x81, "another")...),
		append([]byte{0x81, 0xfe, 0, 126, 1, 2, 3, 4}, make([]byte, 126)...),
		{0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, {0x81, 0x01, 'x'}, {0x81, 0xfe, 0, 1, 0, 0, 0, 0, 'x'},
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, said []byte, deflates bool) {
		ours, theirs := &notes{}, &notes{}
		ours.byInbox(said, deflates)
		for _, heard := range ours.heard {
			if len(heard) > 1+fuzzLimit {
				t.Errorf("%x: heard %d bytes", said, len(heard)-1)
			}
		}
		if deflates {
			return
		}
		theirs.byLibrary(t, said)
		if len(ours.heard) != len(theirs.heard) || ours.ends != theirs.ends {
			t.Fatalf("%x: heard %q and then %q, the library %q and %q", said, ours.heard, ours.ends, theirs.heard, theirs.ends)
		}
		for i := range ours.heard {
			if ours.heard[i] != theirs.heard[i] {
				t.Errorf("%x: heard %q, the library %q", said, ours.heard[i], theirs.heard[i])
			}
		}
	})
}

// notes are what a reader made of bytes, and what it made an end.
type notes struct {
	heard []string
	ends  string
}

const fuzzLimit = 200 // bytes of a message

func (n *notes) hear(kind int, payload []byte) {
	n.heard = append(n.heard, string(rune('0'+kind))+string(payload))
}

func (n *notes) end(err error) {
	var goodbye *websocket.CloseError
	var fault closure
	switch {
	case errors.As(err, &fault) && fault == websocket.CloseMessageTooBig, errors.Is(err, websocket.ErrReadLimit):
		n.ends = "too large"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &goodbye) && goodbye.Code == websocket.CloseAbnormalClosure:
		n.ends = "gone"
	case errors.As(err, &goodbye):
		n.ends = goodbye.Error()
	default:
		n.ends = "a fault"
	}
}

func (n *notes) byInbox(said []byte, deflates bool) {
	in, r := inbox{limit: fuzzLimit, deflates: deflates}, bufio.NewReader(bytes.NewReader(said))
	for {
		u, err := in.next(r)
		if err == nil && u.kind == websocket.CloseMessage {
			var goodbye *websocket.CloseError
			if goodbye, err = farewellOf(u.payload); err == nil {
				err = goodbye
			}
		}
		if err != nil {
			n.end(err)
			return
		}
		if u.kind != 0 {
			n.hear(u.kind, u.payload)
		}
	}
}

// byLibrary notes what a message says with its end, as the inbox does.
func (n *notes) byLibrary(t *testing.T, said []byte) {
	conn := upgraded(t, said)
	conn.SetReadLimit(fuzzLimit)
	conn.SetPingHandler(func(p string) error { n.hear(websocket.PingMessage, []byte(p)); return nil })
	conn.SetPongHandler(func(p string) error { n.hear(websocket.PongMessage, []byte(p)); return nil })
	for {
		kind, r, err := conn.NextReader()
		if err != nil {
			n.end(err)
			return
		}
		message, err := io.ReadAll(io.LimitReader(r, fuzzLimit+1))
		if err == nil && len(message) > fuzzLimit {
			err = websocket.ErrReadLimit
		}
		if err == nil && kind == websocket.TextMessage && !utf8.Valid(message) {
			err = closure(websocket.CloseInvalidFramePayloadData) // which the library leaves to its users
		}
		if err != nil {
			n.end(err)
			return
		}
		n.hear(kind, message)
	}
}

// upgraded returns the library's connection, on which a client has said something.
func upgraded(t *testing.T, said []byte) *websocket.Conn {
	t.Helper()
	r := &http.Request{Method: http.MethodGet, Header: http.Header{
		"Connection": {"upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}}
	u := websocket.Upgrader{ReadBufferSize: readBuffer}
	conn, err := u.Upgrade(hijackable{said: said}, r, nil)
	if err != nil {
		t.Fatalf("upgrading: %v", err)
	}
	return conn
}

// hijackable is a response on a connection from which some bytes can be read.
type hijackable struct {
	http.ResponseWriter
	said []byte
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c := &saying{in: bytes.NewReader(h.said)}
	return c, bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c)), nil
}

type saying struct {
	net.TCPConn // for what the library calls besides; it fails
	in          *bytes.Reader
}

func (s *saying) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s *saying) Write(p []byte) (int, error) { return len(p), nil }
