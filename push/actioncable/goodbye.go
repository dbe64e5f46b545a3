package actioncable

import (
	"strconv"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/push"
)

// goodbye is why a socket ends, as its client reads it: in a frame of type
// disconnect, and then in the close frame.
type goodbye struct {
	reason    string // one of the protocol's words; "" if there is to be no such frame
	reconnect bool
	code      int
	because   string // the reason in the close frame
}

// Goodbyes that are the client's doing, or its session's. They never change.
var (
	unauthorized = goodbye{reason: "unauthorized", code: push.CloseUnauthorized}
	flooding     = goodbye{reason: "invalid_request", code: websocket.ClosePolicyViolation, because: "too many commands"}
	incoherent   = goodbye{reason: "invalid_request", code: websocket.ClosePolicyViolation, because: "too many mistakes"}
	speechless   = goodbye{code: websocket.CloseProtocolError, because: "no subprotocol in common"}
	garbled      = goodbye{code: websocket.CloseInvalidFramePayloadData} // RFC 6455 §8.1
)

// farewell says the hub's goodbye. The clients heed no delay: whoever may
// reconnect draws its own.
func farewell(why push.Farewell) goodbye {
	g := goodbye{reason: "server_restart", reconnect: true, code: why.Code, because: why.Reason()}
	if !why.Reconnect() {
		g.reason, g.reconnect = "remote", false
	}
	return g
}

// frame returns the frame of type disconnect.
func (g goodbye) frame() string {
	return `{"type":"disconnect","reason":"` + g.reason + `","reconnect":` + strconv.FormatBool(g.reconnect) + `}`
}
