package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo"
	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/memorystore"
)

// demoFleet is how many instances a demo runs, and the Redis that joins them; in
// the memory that they share where there is none.
type demoFleet struct {
	instances int
	redis     string
}

// mostDemoInstances keeps a demo within one machine.
const mostDemoInstances = 16

func (f *demoFleet) validate(o demo.Options) error {
	switch {
	case f.instances < 1 || f.instances > mostDemoInstances:
		return fmt.Errorf("--instances %d: want 1 to %d", f.instances, mostDemoInstances)
	case o.Tour && f.instances > 1:
		return fmt.Errorf("--tour moves the routes of one instance: it takes no --instances")
	}
	return nil
}

// start is demo.Options.Start.
func (f *demoFleet) start(ctx context.Context, upstream *url.URL, routes []demo.Route) (demo.Proxy, error) {
	c, err := demoConfig(upstream, routes, f.keys())
	if err != nil {
		return demo.Proxy{}, err
	}
	memory := memorystore.New(memorystore.Options{})
	var all []demo.Proxy
	for range f.instances {
		var store coalescer.Store
		if f.instances > 1 && f.redis == "" {
			store = memory.Instance()
		}
		p, err := startDemo(ctx, c, store)
		if err != nil {
			for _, started := range all {
				started.Stop()
			}
			return demo.Proxy{}, err
		}
		all = append(all, p)
	}
	return demo.Together(all)
}

// keys are those of the configuration that make a fleet: one secret, by which all
// call a document the same, and no other demo does.
func (f *demoFleet) keys() string {
	keys := fmt.Sprintf("secret: %q\n", rand.Text())
	if f.redis != "" {
		keys += fmt.Sprintf("redis: %q\n", f.redis)
	}
	return keys
}
