package legacy

import (
	"context"
	"net/http"
)

// scriptKey is the context key of what WithScript adds.
type scriptKey struct{}

// WithScript returns a door behind which every page that polls carries one more script tag, ahead of its own: the one line that a team
// would change in its layout. While src returns "" there is none.
func WithScript(src func() string, door http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		door.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), scriptKey{}, src())))
	})
}

func scriptOf(r *http.Request) string {
	src, _ := r.Context().Value(scriptKey{}).(string)
	return src
}
