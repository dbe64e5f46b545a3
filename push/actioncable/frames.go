package actioncable

import (
	"encoding/json"
	"strconv"
	"time"
)

// What a server says, apart from the messages of subscriptions. Whatever is not
// a constant is JSON already, or a number.

const welcome = `{"type":"welcome"}`

// welcomeAs greets a client of the extended protocol. The id is good for
// nothing: see the package's comment on sessions.
func welcomeAs(sid string) string { return `{"type":"welcome","sid":"` + sid + `"}` }

func ping(now time.Time) string {
	return `{"type":"ping","message":` + strconv.FormatInt(now.Unix(), 10) + `}`
}

// about returns a frame that says no more than its type about a subscription.
func about(id identifier, kind string) string {
	return `{"identifier":` + string(id) + `,"type":"` + kind + `"}`
}

// Kinds of frames about a subscription.
const (
	confirmed        = "confirm_subscription"
	rejected         = "reject_subscription"
	historyConfirmed = "confirm_history"
	historyRejected  = "reject_history"
)

// message returns the frame of a subscription's message, which is JSON.
func message(id identifier, object []byte) []byte {
	frame := make([]byte, 0, len(id)+len(object)+128) // with room for a position
	frame = append(append(frame, `{"identifier":`...), id...)
	frame = append(append(frame, `,"message":`...), object...)
	return append(frame, '}')
}

// positioned adds to a message at which position of which stream it is.
func positioned(frame []byte, stream string, at position) []byte {
	name, _ := json.Marshal(stream) // a string cannot fail
	frame = append(append(frame[:len(frame)-1], `,"stream_id":`...), name...)
	frame = append(append(frame, `,"epoch":"`...), at.Epoch...)
	frame = strconv.AppendUint(append(frame, `","offset":`...), at.Offset, 10)
	return append(frame, '}')
}
