package push

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// inbox takes in what a client says, one frame at a time (RFC 6455 §5). Between two
// frames it needs neither its reader nor a goroutine: the library's own reader waits
// for a whole message, and can be left nowhere before that.
type inbox struct {
	// Set before the first frame.
	limit    int64 // of a message, in bytes, inflated
	deflates bool  // messages may be compressed (RFC 7692)

	lost     error  // why nothing can be made of what follows
	kind     int    // of the message under way; 0 between messages
	deflated bool   // it is
	message  []byte // what has come of it
}

// utterance is what a frame has brought: itself, if it is a control frame, or the message
// that it ends. Of kind 0 it says nothing yet.
type utterance struct {
	kind    int // websocket.TextMessage, …
	payload []byte
}

// header is the start of a frame, as far as it is needed (§5.2).
type header struct {
	final, reserved, deflated, masked bool
	opcode                            int
	length                            int64 // of the payload; at first 126 or 127 where more bytes say it
}

const continuation = 0 // the opcode

// maxControl bounds the payload of a control frame, in bytes (§5.5).
const maxControl = 125

// next waits for a frame. It fails with the [closure] that a bad one calls for, or as r
// does, and from then on.
func (in *inbox) next(r *bufio.Reader) (said utterance, err error) {
	if in.lost == nil {
		said, in.lost = in.take(r)
	}
	return said, in.lost
}

// take objects to a frame as soon as it can: a client that makes no sense may say no more.
func (in *inbox) take(r *bufio.Reader) (utterance, error) {
	h, err := readHeader(r)
	if err != nil {
		return utterance{}, err
	}
	if !in.makesSense(h) {
		return utterance{}, closure(websocket.CloseProtocolError)
	}
	if h.length, err = readLength(r, h.length); err != nil {
		return utterance{}, err
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return utterance{}, unexpected(err)
	}
	if isControl(h.opcode) {
		payload, err := readPayload(r, nil, h.length, mask)
		return utterance{h.opcode, payload}, err
	}
	if h.length > in.limit-int64(len(in.message)) {
		return utterance{}, closure(websocket.CloseMessageTooBig)
	}
	return in.fragment(r, h, mask)
}

func isControl(opcode int) bool { return opcode&0x8 != 0 }

func readHeader(r *bufio.Reader) (header, error) {
	first, err := r.ReadByte()
	if err != nil {
		return header{}, err
	}
	second, err := r.ReadByte()
	return header{
		final: first&0x80 != 0, deflated: first&0x40 != 0, reserved: first&0x30 != 0, opcode: int(first & 0xf),
		masked: second&0x80 != 0, length: int64(second & 0x7f),
	}, unexpected(err)
}

// readLength returns the length of a payload, of which short is what the header says.
func readLength(r *bufio.Reader, short int64) (int64, error) {
	var long [8]byte
	var err error
	switch short {
	case 126:
		_, err = io.ReadFull(r, long[6:])
	case 127:
		_, err = io.ReadFull(r, long[:])
	default:
		return short, nil
	}
	length := binary.BigEndian.Uint64(long[:])
	if err == nil && length > math.MaxInt64 {
		err = closure(websocket.CloseMessageTooBig)
	}
	return int64(length), unexpected(err)
}

// makesSense reports whether such a frame may come now.
func (in *inbox) makesSense(h header) bool {
	if h.reserved || !h.masked || h.deflated && (!in.deflates || isControl(h.opcode) || h.opcode == continuation) {
		return false
	}
	switch h.opcode {
	case continuation:
		return in.kind != 0
	case websocket.TextMessage, websocket.BinaryMessage:
		return in.kind == 0
	case websocket.CloseMessage, websocket.PingMessage, websocket.PongMessage:
		return h.final && h.length <= maxControl
	}
	return false
}

// fragment takes in a part of a message, and returns the message with its last.
func (in *inbox) fragment(r *bufio.Reader, h header, mask [4]byte) (utterance, error) {
	if h.opcode != continuation {
		in.kind, in.deflated = h.opcode, h.deflated
	}
	var err error
	if in.message, err = readPayload(r, in.message, h.length, mask); err != nil || !h.final {
		return utterance{}, err
	}
	said := utterance{in.kind, in.message}
	deflated := in.deflated
	in.kind, in.deflated, in.message = 0, false, nil
	if deflated {
		said.payload, err = inflateMessage(said.payload, in.limit)
	}
	if err == nil && said.kind == websocket.TextMessage && !utf8.Valid(said.payload) {
		err = closure(websocket.CloseInvalidFramePayloadData)
	}
	return said, err
}

// readPayload appends n unmasked bytes to b (§5.3). Room is made before they come: the
// caller has bounded n.
func readPayload(r *bufio.Reader, b []byte, n int64, mask [4]byte) ([]byte, error) {
	if n == 0 {
		return b, nil
	}
	from := len(b)
	b = append(b, make([]byte, n)...)
	if _, err := io.ReadFull(r, b[from:]); err != nil {
		return nil, unexpected(err)
	}
	for i := range b[from:] {
		b[from+i] ^= mask[i%4]
	}
	return b, nil
}

// deflateEnd is what the sender of a compressed message has left out (RFC 7692 §7.2.2),
// and a last, empty block, so that the stream has an end.
const deflateEnd = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

func inflateMessage(message []byte, limit int64) ([]byte, error) {
	r := flate.NewReader(io.MultiReader(bytes.NewReader(message), strings.NewReader(deflateEnd)))
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(plain)) > limit:
		return nil, closure(websocket.CloseMessageTooBig)
	case err != nil:
		return nil, fmt.Errorf("%w: inflating: %w", closure(websocket.CloseProtocolError), err)
	}
	return plain, nil
}

// unexpected is an end within a frame.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// farewellOf returns the code of a client's close frame (§5.5.1), and the reason.
func farewellOf(payload []byte) (*websocket.CloseError, error) {
	if len(payload) < 2 {
		return &websocket.CloseError{Code: websocket.CloseNoStatusReceived}, nil
	}
	if !utf8.Valid(payload[2:]) || !mayBeSent(int(binary.BigEndian.Uint16(payload))) {
		return nil, closure(websocket.CloseProtocolError)
	}
	return &websocket.CloseError{Code: int(binary.BigEndian.Uint16(payload)), Text: string(payload[2:])}, nil
}

// mayBeSent reports whether a close code may stand in a frame (§7.4).
func mayBeSent(code int) bool {
	switch code {
	case 1004, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure:
		return false
	}
	return code >= 1000 && code <= 1013 || code >= 3000 && code < 5000
}
