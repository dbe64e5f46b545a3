package proxy

import (
	"errors"
	"net/http"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

func TestATagThatCannotBeSentAsItIsIsNotTaken(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.get("/d")
		for _, tag := range []etag.Tag{` "v2"`, "\"v2\"\t", "\"v2\"\r\nSet-Cookie: s=mallory", `"v2", "v3"`} {
			_, err := r.Supply(ledger.TouchAPI, "/d", coalescer.Representation{Body: []byte("forged"), Tag: tag})
			if why := new(Unsuppliable); !errors.As(err, &why) || why.Status != http.StatusBadRequest {
				t.Errorf("%q: got %v, want that it is refused", tag, err)
			}
		}
		want(t, r.get("/d"), "200 [pollard; hit; ttl=3] hello")
	}, polled("/*", sharing(coalescer.Everything)))
}
