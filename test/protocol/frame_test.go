package protocol

import (
	"encoding/binary"
	"io"
	"strconv"
)

// Frames of RFC 6455 §5.2, as few as the examples need and independent of the library that the program uses: whole
// messages, without extensions.

// Opcodes.
const (
	text    = 1
	closing = 8
	pinging = 9
)

// frameOf returns a text message of a client, of less than 64 KiB. Its mask is zero, which leaves the bytes as they are.
func frameOf(message string) []byte {
	frame := binary.BigEndian.AppendUint16([]byte{0x80 | text, 0x80 | 126}, uint16(len(message)))
	return append(append(frame, 0, 0, 0, 0), message...)
}

// readFrame returns a frame of the server.
func readFrame(r io.Reader) (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	switch size {
	case 126:
		var extended uint16
		err = binary.Read(r, binary.BigEndian, &extended)
		size = uint64(extended)
	case 127:
		err = binary.Read(r, binary.BigEndian, &size)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return head[0] & 0x0f, payload, err
}

// closed returns what a close frame says.
func closed(payload []byte) string {
	if len(payload) < 2 {
		return "close"
	}
	said := "close " + strconv.Itoa(int(binary.BigEndian.Uint16(payload)))
	if len(payload) > 2 {
		said += " " + string(payload[2:])
	}
	return said
}
