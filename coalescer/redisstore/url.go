package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Wanted says which URLs there are, for messages about one that is not.
const Wanted = `want redis://, rediss://, unix:///path, or redis+sentinel:// with the name of the primary as path; several are the nodes of one Cluster (of one, with ?cluster=true), or the Sentinels`

// endpoints are URLs, understood.
type endpoints struct {
	addresses []string
	scheme    string
	user, pw  string
	database  int
	primary   string // as the Sentinels call it
	cluster   bool
}

// Check reports what is wrong with URLs, without a word of them that could be a
// password. It connects to nothing.
func Check(urls []*url.URL) error {
	_, err := parseURLs(urls)
	return err
}

// parseURLs reads the URLs of one deployment, which differ in their hosts alone:
//
//	redis://user:password@host:6379/0      one server, in plain text
//	rediss://host:6379                     the same over TLS
//	unix://user:password@/path?db=0        the same through a socket
//	redis+sentinel://user:password@host:26379/primary/0
//	redis+sentinels://…                    the same, Sentinels and servers over TLS
//
// Several redis or rediss URLs are nodes of a Cluster, and so is one with
// ?cluster=true.
func parseURLs(urls []*url.URL) (endpoints, error) {
	if len(urls) == 0 {
		return endpoints{}, errors.New("no URL of a Redis; " + Wanted)
	}
	all, err := parseURL(urls[0])
	if err != nil {
		return endpoints{}, err
	}
	for _, u := range urls[1:] {
		e, err := parseURL(u)
		if err != nil {
			return endpoints{}, err
		}
		if !e.sameButAddress(all) {
			return endpoints{}, fmt.Errorf("%s and %s differ in more than the host: they must be of one deployment", all.addresses[0], e.addresses[0])
		}
		all.addresses = append(all.addresses, e.addresses...)
	}
	if len(urls) > 1 && all.primary == "" {
		all.cluster = true
	}
	switch {
	case all.cluster && all.scheme == "unix":
		return endpoints{}, errors.New("several sockets: a Cluster is reached over the network")
	case all.cluster && all.database != 0:
		return endpoints{}, errors.New("a Cluster has no database but 0")
	}
	return all, nil
}

func (e endpoints) sameButAddress(other endpoints) bool {
	return e.scheme == other.scheme && e.user == other.user && e.pw == other.pw &&
		e.database == other.database && e.primary == other.primary && e.cluster == other.cluster
}

func parseURL(u *url.URL) (endpoints, error) {
	e := endpoints{scheme: u.Scheme, user: u.User.Username()}
	e.pw, _ = u.User.Password()
	path := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	query := u.Query()
	switch u.Scheme {
	case "redis", "rediss":
		e.addresses = []string{address(u, "6379")}
		e.cluster = query.Get("cluster") == "true"
	case "redis+sentinel", "redis+sentinels":
		e.addresses = []string{address(u, "26379")}
		if e.primary, path = path[0], path[1:]; e.primary == "" {
			return e, fmt.Errorf("%s has no name of a primary; %s", e.addresses[0], Wanted)
		}
	case "unix":
		e.addresses, path = []string{u.Path}, []string{query.Get("db")}
	default:
		return e, errors.New("not the URL of a Redis; " + Wanted)
	}
	if u.Scheme != "unix" && u.Hostname() == "" || e.addresses[0] == "" {
		return e, errors.New("the URL of a Redis has no host; " + Wanted)
	}
	return e, e.parseDatabase(path)
}

func (e *endpoints) parseDatabase(path []string) (err error) {
	if len(path) == 0 || len(path) == 1 && path[0] == "" {
		return nil
	}
	if e.database, err = strconv.Atoi(path[0]); err != nil || e.database < 0 || len(path) > 1 {
		return fmt.Errorf("%s is followed by something that is no number of a database; %s", e.addresses[0], Wanted)
	}
	return nil
}

func address(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + ":" + port
}

func (e endpoints) tls() bool { return e.scheme == "rediss" || e.scheme == "redis+sentinels" }

// String names the deployment in messages, without a password.
func (e endpoints) String() string { return "redis " + strings.Join(e.addresses, ",") }

// client returns a client that has connected to nothing yet.
func (e endpoints) client(o Options) redis.UniversalClient {
	u := &redis.UniversalOptions{
		Addrs: e.addresses, DB: e.database, Username: e.user, Password: e.pw,
		MasterName: e.primary, IsClusterMode: e.cluster,
		ClientName: "pollard", Protocol: 2, // hints need no RESP3, and proxies know 2
		ContextTimeoutEnabled: true,
		MaxRetries:            1, MinRetryBackoff: -1, // once, for a connection that has died unnoticed
		DialTimeout: dialTimeout, DialerRetries: 1, ReadTimeout: dialTimeout, PoolTimeout: o.Budget,
		MinIdleConns: 1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if e.tls() {
		u.Dialer, u.ConnMaxLifetime = dialTLS(o.TLS), renewTLS
	}
	return redis.NewUniversalClient(u)
}

// Connect returns a client of the deployment that o names, for what is said
// through Redis beside documents. It has connected to nothing yet; a command is
// answered within a second, or has failed. Whoever asks for it closes it.
func Connect(o Options) (redis.UniversalClient, error) {
	e, err := parseURLs(o.URLs)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	logging.Disable() // as New does
	o = o.withDefaults()
	o.Budget = dialTimeout
	return e.client(o), nil
}

// Reach connects once, and fails with what Explain says where that does. What a user
// is permitted it does not try.
func Reach(ctx context.Context, o Options) error {
	client, err := Connect(o)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Ping(ctx).Err(); err != nil && !redis.HasErrorPrefix(err, "NOPERM") {
		return Explain(o.URLs, err, false)
	}
	return nil
}
