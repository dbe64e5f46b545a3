package forward

import (
	"context"
	"net/http"
)

// hooks are what the one who asked has to say of the way, and is told of it. Either function
// may be nil.
type hooks struct {
	// upstream is by Upstream.String; "" is the first.
	upstream string
	// sent is called on each attempt once its first byte has been written.
	sent func()
	// interim is called for each interim response (RFC 9110 §15.2) except 101.
	interim func(status int, h http.Header)
}

type hooksKey struct{}

// WithAttempt returns a context for requests of which sent is to be told: it is called once
// for each attempt, when its first byte has been written to the upstream, so twice when a
// request had to be repeated and never when no connection could be made. The call is made by
// the goroutine that writes, which waits for it. The requests go to the one of Terms.Others
// whose String is upstream; "" is Terms.Upstream.
func WithAttempt(ctx context.Context, upstream string, sent func()) context.Context {
	return withHooks(ctx, &hooks{upstream: upstream, sent: sent})
}

func withHooks(ctx context.Context, h *hooks) context.Context {
	return context.WithValue(ctx, hooksKey{}, h)
}

func hooksOf(ctx context.Context) *hooks {
	if h, ok := ctx.Value(hooksKey{}).(*hooks); ok {
		return h
	}
	return new(hooks)
}

func (h *hooks) wrote() {
	if h.sent != nil {
		h.sent()
	}
}

func (h *hooks) inform(status int, fields http.Header) {
	if h.interim != nil {
		h.interim(status, fields)
	}
}
