//go:build !linux

package readiness

import (
	"errors"
	"net"

	"github.com/pollard-proxy/pollard/push"
)

// Poller is not to be had here.
type Poller struct{}

// New returns [errors.ErrUnsupported].
func New() (*Poller, error) { return nil, errors.ErrUnsupported }

// Of returns nil.
func (*Poller) Of(net.Conn) push.Readiness { return nil }

// Close does nothing.
func (*Poller) Close() {}
