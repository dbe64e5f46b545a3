package push_test

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/push"
)

const (
	offersDeflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	offersObjects = "Sec-WebSocket-Protocol: " + push.Subprotocol + "\r\n"
)

func TestBadFramesCloseTheirSocketWithTheRightCode(t *testing.T) {
	text := func(payload string) []byte { return clientFrame(0x81, []byte(payload)) }
	tests := []struct {
		name   string
		fields string
		send   []byte
		want   int
	}{
		{"an unmasked frame", "", []byte("\x81\x02hi"), websocket.CloseProtocolError},
		{"a reserved bit", "", clientFrame(0xc1, []byte("hi")), websocket.CloseProtocolError},
		{"a reserved opcode", "", clientFrame(0x83, nil), websocket.CloseProtocolError},
		{"a fragmented ping", "", clientFrame(0x09, nil), websocket.CloseProtocolError},
		{"a ping of 126 bytes", "", clientFrame(0x89, make([]byte, 126)), websocket.CloseProtocolError},
		{"a continuation of nothing", "", clientFrame(0x80, nil), websocket.CloseProtocolError},
		{"text within fragments", "", append(clientFrame(0x01, nil), text("hi")...), websocket.CloseProtocolError},
		{"a close code that may not be sent", "", clientFrame(0x88, []byte{1005 >> 8, 1005 & 0xff}), websocket.CloseProtocolError},
		{"invalid UTF-8", "", text("\xff"), websocket.CloseInvalidFramePayloadData},
		{"half a character", "", text("\xc3"), websocket.CloseInvalidFramePayloadData},
		{"no JSON", offersObjects, text("{"), websocket.CloseInvalidFramePayloadData},
		{"nothing where JSON is due", offersObjects, text(""), websocket.CloseInvalidFramePayloadData},
		{"JSON without end", offersObjects, text(strings.Repeat("[", 1000)), websocket.CloseInvalidFramePayloadData},
		{"too large", "", text(strings.Repeat("x", 1025)), websocket.CloseMessageTooBig},
		{"too large in fragments", "", append(clientFrame(0x01, make([]byte, 600)), clientFrame(0x80, make([]byte, 600))...), websocket.CloseMessageTooBig},
		{"a bomb", offersDeflate, clientFrame(0xc1, deflated(make([]byte, 1<<18))), websocket.CloseMessageTooBig},
		{"no deflate stream", offersDeflate, clientFrame(0xc1, []byte("\xff\xff\xff")), websocket.CloseProtocolError},
		{"a flood of messages", "", bytes.Repeat(text("hi"), 100), websocket.ClosePolicyViolation},
		{"a flood of pings", "", bytes.Repeat(clientFrame(0x89, nil), 100), websocket.ClosePolicyViolation},
		{"a proper goodbye", "", clientFrame(0x88, []byte{1000 >> 8, 1000 & 0xff}), websocket.CloseNormalClosure},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, push.Options{MessageBytes: 1024}, func(s *scene) {
				other := s.connect("ann", "")
				other.next()
				raw := s.rawSocket(test.fields)
				go raw.Write(test.send)
				if got := raw.closeCode(); got != test.want {
					t.Errorf("got close code %d, want %d", got, test.want)
				}
				raw.drain() // until the server gives up
				raw.Close()
				synctest.Wait()
				if got := s.hub.Count(); got != 1 {
					t.Errorf("%d connections, want the other one alone", got)
				}
				s.up.set("still there")
				other.want("still there")
				other.Close()
			})
		})
	}
}

func deflated(message []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is right
	}
	w.Write(message)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

func TestWhatAClientSaysBesideHaveIsIgnored(t *testing.T) {
	for _, message := range []string{
		"null", "[]", `"have"`, `{"type":"had"}`, `{"type":["have"]}`, `{"type":"have","etag":7}`,
		strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), `{"type":"have","etag":"\u0000\r\n"}`,
	} {
		t.Run(fmt.Sprintf("%.20q", message), func(t *testing.T) {
			play(t, push.Options{}, func(s *scene) {
				c := s.connect("ann", push.Subprotocol)
				c.say("%s", message)
				c.want(document(`{"state":0}`))
				c.say("%s", message)
				s.up.set(`{"state":1}`)
				c.want(document(`{"state":1}`))
				c.Close()
			})
		})
	}
}

func TestASlowReaderIsToldTheNewestStateAndDelaysNobody(t *testing.T) {
	play(t, push.Options{WriteTimeout: time.Minute, PingInterval: time.Hour}, func(s *scene) {
		slow, quick := s.connect("ann", ""), s.connect("ann", "")
		slow.want(`{"state":0}`)
		quick.want(`{"state":0}`)
		for i := range 20 {
			began := time.Now()
			state := fmt.Sprintf(`{"state":%d}`, i+1)
			s.up.set(state)
			quick.want(state)
			if got := time.Since(began); got > 2*interval {
				t.Errorf("state %d took %v", i+1, got)
			}
		}
		slow.want(`{"state":1}`) // was being written
		slow.want(`{"state":20}`)
		if got := s.counted("pollard_deliveries_total", "skipped", "scene", "websocket"); got != 18 {
			t.Errorf("%v states counted as skipped, want 18", got)
		}
		slow.Close()
		quick.Close()
	})
}

func TestWhoTakesNothingInIsDropped(t *testing.T) {
	play(t, push.Options{WriteTimeout: 10 * time.Second, PingInterval: time.Hour}, func(s *scene) {
		c := s.connect("ann", "")
		c.want(`{"state":0}`)
		s.up.set("another")
		time.Sleep(10*time.Second + 2*interval)
		synctest.Wait()
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d connections, want 0", got)
		}
		if got := s.counted("pollard_deliveries_total", "failed", "scene", "websocket"); got != 1 {
			t.Errorf("%v deliveries counted as failed, want 1", got)
		}
		c.Close()
	})
}

func TestLargeMessagesAreCompressed(t *testing.T) {
	play(t, push.Options{PingInterval: time.Hour}, func(s *scene) {
		taken := &tally{}
		dial := s.dial
		s.dial = s.counting(dial, taken)
		c := s.connect("ann", "")
		c.next()

		body := `"` + strings.Repeat("the same again, ", 4096) + `"`
		before := taken.taken()
		s.up.set(body)
		c.want(body)
		if got := taken.taken() - before; got > len(body)/20 {
			t.Errorf("%d bytes took %d on the wire", len(body), got)
		}
		body = strings.Repeat("x", 1000)
		before = taken.taken()
		s.up.set(body)
		c.want(body)
		if got := taken.taken() - before; got != len(body)+4 {
			t.Errorf("a small message of %d bytes took %d on the wire, want it as it is", len(body), got)
		}
		c.Close()
	})
}

func (s *scene) counting(dial func(context.Context) (net.Conn, error), in *tally) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		in.Conn = conn
		return in, err
	}
}
