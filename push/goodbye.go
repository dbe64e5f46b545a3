package push

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
)

// maxLinger bounds the time that a client has to answer a close frame. Who
// closes at once, with something unread, may take the frame back: TCP resets.
const maxLinger = time.Second

// sayGoodbye says why the connection ends, where the client still hears, and has
// the reading end.
func (s *socket) sayGoodbye(why error) {
	code, reason := s.closing(why)
	if code == 0 {
		s.conn.Close()
		return
	}
	s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), s.deadline())
	s.conn.SetReadDeadline(time.Now().Add(maxLinger))
}

// closing returns the code and reason to close with, after what else is to be
// said; 0 where there is nobody to hear it.
func (s *socket) closing(why error) (code int, reason string) {
	var ended *coalescer.Ended
	var farewell Farewell
	var own closure
	switch {
	case errors.As(why, &ended):
		return s.endedWith(ended)
	case errors.As(why, &farewell):
		return farewell.Code, farewell.Reason()
	case errors.As(why, &own):
		return int(own), ""
	case errors.Is(why, ErrUnpushable):
		return ClosePoll, ""
	}
	return 0, ""
}

func (s *socket) endedWith(e *coalescer.Ended) (code int, reason string) {
	if !s.bare {
		s.write(EncodeEnd(e.Status, e.Reconnect)) // if it fails, so does the close frame
	}
	if e.Reconnect {
		back := Farewell{Code: CloseTryLater, After: s.hub.comeBack()}
		return back.Code, back.Reason()
	}
	return CloseCode(e.Status), ""
}
