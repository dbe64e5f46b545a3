//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// news is a state of the document on its way to everybody.
type news struct {
	version int
	missing int
	written []time.Time // when each frame lay in its reader's socket, by the kernel's clock
	had     []time.Time // when it had been read
}

// newsFor makes ready to note when so many have been told of a state.
func newsFor(watchers, version int) *news {
	return &news{
		version: version, missing: watchers,
		written: make([]time.Time, 0, watchers), had: make([]time.Time, 0, watchers),
	}
}

// arrives notes that one more has it, and when it came, by what the kernel said with it.
func (n *news) arrives(control []byte) error {
	written, err := arrival(control)
	n.written, n.had = append(n.written, written), append(n.had, time.Now())
	n.missing--
	return err
}

// arrival is the time at which the last of the bytes came in, as the kernel has noted it; on loopback that
// is within the sender's write. socket(7), SO_TIMESTAMPNS.
func arrival(control []byte) (time.Time, error) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return time.Time{}, fmt.Errorf("time of arrival: %w", err)
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(syscall.Timespec{})) {
			at := (*syscall.Timespec)(unsafe.Pointer(&m.Data[0]))
			return time.Unix(at.Unix()), nil
		}
	}
	return time.Time{}, errors.New("the kernel tells no time of arrival")
}
