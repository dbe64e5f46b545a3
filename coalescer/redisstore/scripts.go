package redisstore

import (
	_ "embed" // the scripts
	"encoding/hex"

	"github.com/redis/go-redis/v9"

	"github.com/pollard-proxy/pollard/coalescer"
)

var (
	//go:embed scripts/begin.lua
	beginSource string
	//go:embed scripts/publish.lua
	publishSource string
	//go:embed scripts/release.lua
	releaseSource string
	//go:embed scripts/void.lua
	voidSource string
)

// scripts are what Redis does in one step.
type scripts struct{ begin, publish, release, void *redis.Script }

func newScripts() scripts {
	return scripts{
		begin:   redis.NewScript(beginSource),
		publish: redis.NewScript(publishSource),
		release: redis.NewScript(releaseSource),
		void:    redis.NewScript(voidSource),
	}
}

// The keys of a name, behind its tag.
const (
	stateKey   = ":s"
	leaseKey   = ":l"
	probeKey   = ":p"
	voidKey    = ":v" // of an identity
	newsSuffix = ":n"
)

// key returns a key of name. The braces make all of them one slot of a Cluster, and
// all of one identity.
func (s *Store) key(name coalescer.Name, kind string) string {
	who, isPrivate := name.Owner()
	if !isPrivate {
		return s.slot(name[:16]) + kind
	}
	return s.slot(who[:]) + ":" + hex.EncodeToString(name[16:]) + kind
}

func (s *Store) slot(of []byte) string { return s.options.Prefix + "{" + hex.EncodeToString(of) + "}" }
