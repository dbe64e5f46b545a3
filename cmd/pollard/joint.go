package main

import (
	"fmt"
	"net"
	"os"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/rollout/ladder/redisladder"
)

// joinLadder has an instance stand on the ladder of its fleet, where Redis is
// configured.
func (in *instance) joinLadder(c *config.Config) error {
	if len(c.Redis) == 0 {
		return nil
	}
	client, err := redisstore.Connect(in.redisAt(c.Redis))
	if err != nil {
		return err
	}
	in.hangUp(client.Close)
	hasJoined := false
	in.joint = redisladder.New(redisladder.Options{
		Client: client, Key: "pollard:rollout:" + c.Fleet, Ladder: in.ladder,
		Roll: "pollard:instances:" + c.Fleet, Self: in.self,
		OnJoin: func(err error) {
			if err != nil {
				in.log.Warn("the rollout is this instance's alone: what is moved here holds here", "error", redisstore.Explain(c.Redis, err, hasJoined))
				return
			}
			hasJoined = true
			in.log.Info("the rollout is the fleet's", "fleet", c.Fleet)
		},
	})
	return nil
}

// apart is what says why what is moved here is not moved elsewhere; nil where there
// is no elsewhere.
func (in *instance) apart() func() error {
	if in.joint == nil {
		return nil
	}
	return func() error { return redisstore.Explain(in.config.Redis, in.joint.Apart(), true) }
}

// instanceName is what this instance is called in the audit log: by its machine,
// and the port that no other has there.
func instanceName(c *config.Config) string {
	host, err := os.Hostname()
	if err != nil {
		host = fmt.Sprintf("process %d", os.Getpid())
	}
	if _, port, err := net.SplitHostPort(c.Listen); err == nil && port != "0" {
		return net.JoinHostPort(host, port)
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// isJoined reports whether the rollout is the fleet's. It is asked by scrapes, once the
// instance is built.
func (in *instance) isJoined() bool { return in.joint != nil && in.joint.Apart() == nil }
