package forward

import (
	"context"
	"errors"
	"fmt"
)

// What can go wrong, as far as callers tell it apart. Every error of this package is or
// wraps exactly one of these.
var (
	// ErrUnreachable: no connection to the upstream could be made, or it was closed
	// without one byte of an answer. For clients a 502.
	ErrUnreachable = errors.New("upstream unreachable")
	// ErrGarbage: what the upstream sent is no HTTP/1 response, has a head of more than
	// 256 KiB or ambiguous framing (RFC 9112 §6.3), or switches to a protocol that nobody
	// asked for. For clients a 502.
	ErrGarbage = errors.New("upstream sent garbage")
	// ErrTimeout: connecting took longer than Options.DialTimeout, or the deadline of the
	// request's context passed. For clients a 504.
	ErrTimeout = errors.New("upstream timed out")
	// ErrBusy: as many requests as Options.InFlight allows were with the upstream for the whole
	// of Options.DialTimeout; this one was not sent. For clients a 503.
	ErrBusy = errors.New("upstream busy")
	// ErrTruncated: the response broke off after its head. Clients that were given a part
	// of it must see it break off, too.
	ErrTruncated = errors.New("response truncated")
	// ErrGone: the one who asked has gone or cancelled the context. Nothing can be
	// answered; logs say 499.
	ErrGone = errors.New("client gone")
	// ErrRequest: the request cannot be sent as it is (a method that is no token, a target
	// with spaces or control bytes, one that is not in origin-form), or its body is
	// malformed. For clients a 400.
	ErrRequest = errors.New("request cannot be forwarded")
)

// interrupted says why ctx ended: ErrTimeout if by a deadline, or by a cancellation whose
// cause is context.DeadlineExceeded; else ErrGone. It is nil while ctx lives.
func interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, cause)
	}
	return fmt.Errorf("%w: %w", ErrGone, cause)
}
