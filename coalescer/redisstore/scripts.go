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
)

// scripts are what Redis does in one step.
type scripts struct{ begin, publish, release *redis.Script }

func newScripts() scripts {
	return scripts{
		begin:   redis.NewScript(beginSource),
		publish: redis.NewScript(publishSource),
		release: redis.NewScript(releaseSource),
	}
}

// The keys of a name, behind its tag.
const (
	stateKey   = ":s"
	leaseKey   = ":l"
	probeKey   = ":p"
	newsSuffix = ":n"
)

// key returns a key of name. The braces make all of them one slot of a Cluster.
func (s *Store) key(name coalescer.Name, kind string) string {
	return s.options.Prefix + "{" + hex.EncodeToString(name[:]) + "}" + kind
}
