package viewer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

func (t *tab) byWebSocket(ctx context.Context, page Page, _ string) error {
	conn, err := t.browser.dial(ctx, page.Poll)
	if err != nil {
		return err
	}
	return receive(ctx, conn, t.shown)
}

func (t *tab) byPollardV1(ctx context.Context, page Page, tag string) error {
	conn, err := t.browser.dial(ctx, page.Poll, "pollard.v1")
	if err != nil {
		return err
	}
	conn.WriteJSON(map[string]string{"type": "have", "etag": tag}) // a connection that is broken is found by reading
	return receive(ctx, conn, func(message []byte) error { return t.told(message) })
}

// told takes a pollard.v1 object.
func (t *tab) told(message []byte) error {
	var said struct {
		Type string
		Body json.RawMessage
	}
	if err := json.Unmarshal(message, &said); err != nil {
		return fmt.Errorf("a frame that is no pollard.v1 object: %w", err)
	}
	switch said.Type {
	case "document":
		return t.shown(said.Body)
	case "end":
		return errOver
	}
	return nil
}

// dial opens a WebSocket as a page's script does. A server that refuses is no error of the page's: it polls on.
func (b *browser) dial(ctx context.Context, path string, protocols ...string) (*websocket.Conn, error) {
	d := websocket.Dialer{Jar: b.client.Jar, Subprotocols: protocols, HandshakeTimeout: patience}
	at := *b.base.JoinPath(path)
	at.Scheme = "ws"
	conn, response, err := d.DialContext(ctx, at.String(), http.Header{
		"Origin": {b.base.Scheme + "://" + b.base.Host}, "User-Agent": {userAgent},
	})
	if response != nil {
		response.Body.Close()
	}
	if errors.Is(err, websocket.ErrBadHandshake) {
		return nil, errOver
	}
	if deadline, ok := ctx.Deadline(); ok && err != nil && !time.Now().Before(deadline) {
		<-ctx.Done() // the connection was given the same deadline, and may know first
	}
	if err != nil {
		return nil, fmt.Errorf("opening a WebSocket on %s: %w", path, err)
	}
	return conn, nil
}

// receive hands each message to hear, until that fails, the server closes, or ctx ends and the server has been told so.
func receive(ctx context.Context, conn *websocket.Conn, hear func([]byte) error) error {
	conn.SetReadLimit(maxAnswer)
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		until := time.Now().Add(lastPatient)
		conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), until)
		conn.SetReadDeadline(until)
	})
	defer func() {
		if !stop() {
			<-told
		}
		conn.Close()
	}()
	for {
		_, message, err := conn.ReadMessage()
		if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
			return errOver
		}
		if err != nil {
			return fmt.Errorf("receiving a frame: %w", err)
		}
		if err := hear(message); err != nil {
			return err
		}
	}
}
