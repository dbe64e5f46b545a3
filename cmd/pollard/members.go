package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout/ladder"
	"github.com/pollard-proxy/pollard/rollout/ladder/redisladder"
)

// self is what this instance says of itself to its fleet.
func (in *instance) self() redisladder.Member {
	mode, _ := in.shared.Mode()
	return redisladder.Member{
		Name: instanceName(in.config), Build: version(), Routes: fingerprint(in.proxy.Routes(), in.ladder.State().Configured), Mode: string(mode),
	}
}

// fleet is what tells the console of the fleet; nil where there is none.
func (in *instance) fleet() func() *admin.Fleet {
	if in.joint == nil {
		return nil
	}
	apart := in.apart()
	return func() *admin.Fleet {
		mode, why := in.shared.Mode()
		f := &admin.Fleet{
			Name: in.config.Fleet, Self: member(in.self()), Up: mode != redisstore.Alone,
			Why: text(why), Apart: text(apart()), Others: []admin.Member{},
		}
		for _, m := range in.joint.Others() {
			f.Others = append(f.Others, member(m))
		}
		return f
	}
}

func member(m redisladder.Member) admin.Member {
	return admin.Member{Name: m.Name, Build: m.Build, Routes: m.Routes, Mode: m.Mode, Heard: m.Heard}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// fingerprint tells apart what files say of routes, as far as an instance that says
// something else would act differently: what they are, what is shared, how often
// upstream is asked, and where they stand unless they are moved.
func fingerprint(routes []proxy.RouteOptions, configured map[string]ladder.Position) string {
	h := sha256.New()
	for _, r := range slices.SortedFunc(slices.Values(routes), func(a, b proxy.RouteOptions) int { return cmp.Compare(a.Name, b.Name) }) {
		fmt.Fprintln(h, r.Name, r.Path, r.Policy.Share, r.Policy.Interval, configured[r.Name])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6])
}
