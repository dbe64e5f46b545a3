package push

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Subprotocol is the one of ours: JSON objects. Without one, messages are
// bodies.
const Subprotocol = "pollard.v1"

// Why an upgrade is refused: labels.
const (
	reasonMethod    = "method"
	reasonVersion   = "version"
	reasonHandshake = "handshake"
	reasonSignals   = "signals"
)

// ServeWebSocket upgrades the request, whose Origin has been checked, to a
// WebSocket (RFC 6455) on which the client is told of the document. The upgrade
// is refused with upstream's status where upstream does not give the client the
// document. It returns when that is decided; the hub owns what goes on.
func (h *Hub) ServeWebSocket(w http.ResponseWriter, r *http.Request, s Subscription) {
	if refusal := handshakeObjection(r, s); refusal != nil {
		h.refuse(w, s, refusal)
		return
	}
	release, refusal := h.Admit(s.Identity)
	if refusal != nil {
		h.refuse(w, s, refusal)
		return
	}
	watch, err := s.Open(r.Context())
	if err != nil {
		release()
		answerFailure(w, err)
		return
	}
	conn, err := h.upgrade(w, r)
	if err != nil { // answered by the upgrader, as far as it can be
		watch.Close()
		release()
		h.options.Log.Debug("upgrade failed", "route", s.Route, "error", err)
		return
	}
	so := newSocket(h, s, watch, conn)
	so.inbox.deflates = offersDeflate(r)
	h.adopt(r.Context(), so, release)
}

// offersDeflate reports whether the library has agreed to compressed messages, which it
// does wherever they are offered (RFC 7692 §5.1), and tells nobody.
func offersDeflate(r *http.Request) bool {
	return strings.Contains(strings.Join(r.Header["Sec-Websocket-Extensions"], ","), "permessage-deflate")
}

// handshakeObjection says what is wrong with an upgrade request (RFC 6455
// §4.2.1), or why there is nothing for it.
func handshakeObjection(r *http.Request, s Subscription) *Refusal {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key"))
	switch {
	case r.Method != http.MethodGet:
		return &Refusal{http.StatusMethodNotAllowed, reasonMethod}
	case r.Header.Get("Sec-Websocket-Version") != "13":
		return &Refusal{http.StatusUpgradeRequired, reasonVersion}
	case !websocket.IsWebSocketUpgrade(r), err != nil, len(key) != 16:
		return &Refusal{http.StatusBadRequest, reasonHandshake}
	case s.SignalBudget > 0 && !speaksOurs(r):
		return &Refusal{http.StatusBadRequest, reasonSignals} // a bare message has no way to say one
	}
	return nil
}

func speaksOurs(r *http.Request) bool {
	for _, p := range websocket.Subprotocols(r) {
		if p == Subprotocol {
			return true
		}
	}
	return false
}

// refuse answers a request for a subscription that is not to be had, and counts
// it.
func (h *Hub) refuse(w http.ResponseWriter, s Subscription, refusal *Refusal) {
	s.Counts.Refused(refusal.Reason)
	switch refusal.Status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Sec-WebSocket-Version", "13")
	}
	h.Refuse(w, refusal)
}

// answerFailure answers where a watch could not be opened: as upstream did, and
// without its body. Where upstream's answer was fine but is not to be pushed, a
// success would be taken for one.
func answerFailure(w http.ResponseWriter, err error) {
	var refused *coalescer.Refused
	switch {
	case errors.As(err, &refused) && refused.Status >= http.StatusMultipleChoices:
		answerEmpty(w, refused.Status)
	case refused != nil:
		answerEmpty(w, http.StatusNotAcceptable)
	case errors.Is(err, coalescer.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		answerEmpty(w, http.StatusGatewayTimeout)
	default:
		answerEmpty(w, http.StatusBadGateway)
	}
}

// Sizes of buffers, in bytes. Idle connections are many: what a client has to
// say is short, and what it is told is framed for all.
const (
	readBuffer  = 256
	writeBuffer = 1024
)

func (h *Hub) upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	u := websocket.Upgrader{
		HandshakeTimeout: h.options.WriteTimeout,
		WriteBufferSize:  writeBuffer, WriteBufferPool: &h.buffers,
		Subprotocols:      []string{Subprotocol},
		EnableCompression: true,
		CheckOrigin:       func(*http.Request) bool { return true },
		Error: func(w http.ResponseWriter, r *http.Request, status int, _ error) {
			answerEmpty(w, status)
		},
	}
	l := &lean{ResponseWriter: w}
	conn, err := u.Upgrade(l, r, nil)
	if l.reader != nil {
		*l.reader = bufio.Reader{} // the library keeps it, and its buffer of 4 KiB; ours is inbox
	}
	return conn, err
}

// lean has the library take a connection over without what HTTP has needed of it: what
// vetted the request, and a buffer to read by.
type lean struct {
	http.ResponseWriter
	reader *bufio.Reader // that the library was given
}

// Hijack implements [http.Hijacker].
func (l *lean) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil || buffers.Reader.Buffered() > 0 { // the library refuses that
		return conn, buffers, err
	}
	l.reader = buffers.Reader
	if vetted, ok := conn.(interface{ Unvetted() net.Conn }); ok {
		conn = vetted.Unvetted()
	}
	return conn, buffers, nil
}

// adopt lets a socket live by itself, until it has ended and left. One that comes
// when the hub is closing is sent away before adopt returns.
func (h *Hub) adopt(request context.Context, s *socket, release func()) {
	leave, ok := h.Join(request, s)
	if !ok {
		s.gone = release
		s.ears.End() // nobody would wait for them
		s.end(Farewell{Code: CloseRestart, After: h.comeBack()})
		s.start()
		s.attend()
		return
	}
	s.gone = func() {
		release()
		leave()
	}
	s.start()
	s.Review() // whoever joined too late to be sent away with the others
}
