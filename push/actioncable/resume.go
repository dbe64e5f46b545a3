package actioncable

import (
	"encoding/json"
	"strconv"

	"github.com/pollard-proxy/pollard/coalescer"
)

// history is what a client of the extended protocol says that it has: its
// position in each stream. A time since which it wants to know ("since") needs
// no reading: the newest state is all that there is to know.
type history struct {
	Streams map[string]position `json:"streams"`
}

// position is where a client is in a stream. The epoch is that of the feed, in
// which the offset counts the states.
type position struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// positionOf returns the position that a moment is at.
func positionOf(m coalescer.Moment) position {
	return position{Epoch: strconv.FormatUint(m.Epoch, 36), Offset: m.Offset}
}

// standing is how what a client has stands to the newest state.
type standing int

const (
	current standing = iota // it has that
	behind                  // it has an older one, or does not say which
	lost                    // what it has is of another life of the feed, or of another document
)

// standingOf compares what a client says, in JSON, with the newest position in a
// stream. What cannot be understood is lost.
func standingOf(says json.RawMessage, stream string, newest position) standing {
	var h history
	if json.Unmarshal(says, &h) != nil {
		return lost
	}
	if len(h.Streams) == 0 {
		return behind
	}
	has, ok := h.Streams[stream]
	switch {
	case !ok || has.Epoch != newest.Epoch || has.Offset > newest.Offset:
		return lost
	case has.Offset < newest.Offset:
		return behind
	}
	return current
}
