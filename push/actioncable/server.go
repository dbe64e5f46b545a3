package actioncable

import (
	"context"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/push"
)

// Server answers upgrades at the address of the cable. Its sockets are the
// hub's: whoever closes that closes them.
type Server struct {
	Options
	upgrader websocket.Upgrader
	buffers  sync.Pool // gorilla's: one is used while a frame is written, none by a socket that is silent
}

// New returns a server without sockets.
func New(o Options) *Server {
	s := &Server{Options: o.withDefaults()}
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: s.WriteTimeout,
		ReadBufferSize:   256, // commands are short, and every socket has one
		WriteBufferSize:  1024,
		WriteBufferPool:  &s.buffers,
		CheckOrigin:      func(*http.Request) bool { return true }, // the caller has
	}
	return s
}

// ServeHTTP upgrades a request to a WebSocket (RFC 6455), and returns; the hub
// owns what goes on. The request's Origin has been checked; what it may watch is
// decided per subscription, by its credentials. It answers 405 or 426 to what is
// no upgrade, 400 if no subprotocol is known, and 503 with Retry-After beyond the
// hub's limits.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protocol := negotiate(r.Header["Sec-Websocket-Protocol"])
	if status := objection(r, protocol); status != 0 {
		refuse(w, status)
		return
	}
	release, refusal := s.Hub.Admit(s.Identity(r))
	if refusal != nil {
		s.Hub.Refuse(w, refusal)
		return
	}
	conn, err := s.upgrader.Upgrade(w, r, http.Header{"Sec-Websocket-Protocol": {protocol}})
	if err != nil {
		release()
		s.Log.Debug("upgrade failed", "transport", ledger.ActionCable, "error", err) // it has been answered
		return
	}
	if protocol == unsupported {
		release()
		s.disappoint(r.Context(), conn)
		return
	}
	s.adopt(r.Context(), newSocket(s, conn, asker(r), protocol == extended), release)
}

// adopt lets a socket live by itself until it has ended, and left the hub.
func (s *Server) adopt(request context.Context, so *socket, release func()) {
	ctx, stop := context.WithCancel(context.Background())
	so.stop = stop
	leave, ok := s.Hub.Join(request, so)
	if !ok {
		leave = func() {}
		so.bye(farewell(push.Farewell{Code: push.CloseRestart}))
	}
	go func() {
		defer leave()
		defer release()
		so.serve(ctx)
	}()
}

// asker returns what is kept of an upgrade: who asks, and nothing of the server
// that received it.
func asker(r *http.Request) *http.Request {
	return &http.Request{
		Method: r.Method, URL: r.URL, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: r.Header, Host: r.Host, RemoteAddr: r.RemoteAddr, TLS: r.TLS, RequestURI: r.RequestURI,
	}
}

// disappoint closes a socket whose client has read enough in the handshake.
func (s *Server) disappoint(ctx context.Context, conn *websocket.Conn) {
	out := newSender(conn, s.WriteTimeout)
	out.last(ctx, speechless)
	hangUp(conn.NetConn())
}

// objection returns the status that refuses an upgrade, or 0.
func objection(r *http.Request, protocol string) int {
	switch {
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed
	case !websocket.IsWebSocketUpgrade(r), r.Header.Get("Sec-Websocket-Version") != "13":
		return http.StatusUpgradeRequired
	case protocol == "":
		return http.StatusBadRequest
	}
	return 0
}

// refuse answers with what the status demands beside itself.
func refuse(w http.ResponseWriter, status int) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired: // RFC 9110 §15.5.22, RFC 6455 §4.4
		header.Set("Connection", "Upgrade")
		header.Set("Upgrade", "websocket")
		header.Set("Sec-WebSocket-Version", "13")
	}
	http.Error(w, http.StatusText(status), status)
}
