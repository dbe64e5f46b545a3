package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// ErrDown is wrapped by the errors of Begin while Redis cannot be used.
var ErrDown = errors.New("redis is not used")

// errLate is returned by Begin at the end of the patience.
var errLate = errors.New("another instance is asking and has not been told in time")

// errStarting is why Redis is not used until it was reached first.
var errStarting = errors.New("not reached yet")

// Rights are what a user of Pollard's own needs, as ACL SETUSER has it, with the
// default prefix: in a Cluster +spublish, +ssubscribe, +sunsubscribe and +cluster
// beside them, and without +info the memory is not known.
const Rights = "~pollard:* &pollard:* +client|setname +eval +evalsha +get +getrange +set +del +time +publish +subscribe +unsubscribe +ping +info"

// A refusal is an answer that will be the same for a while, and the way out.
var refusals = []struct{ prefix, advice string }{
	{"WRONGPASS", "refuses the user or the password of its URL"},
	{"NOAUTH", "wants a password: write it into its URL"},
	{"ERR AUTH", "has no password: take it out of its URL"},
	{"NOPERM", "does not permit its user what is needed: ACL SETUSER … " + Rights},
	{"OOM", "is full: raise its maxmemory, or let its maxmemory-policy evict"},
	{"READONLY", "is a replica: name the primary, or the Sentinels that know it"},
	{"LOADING", "is loading its data; it is used as soon as it has"},
	{"MASTERDOWN", "is a replica that has lost its primary"},
	{"MISCONF", "cannot save its data and refuses writes: see its own log"},
	{"NOREPLICAS", "has fewer replicas than its min-replicas-to-write"},
	{"CLUSTERDOWN", "is a Cluster of which a part is down"},
	{"MOVED", "is a Cluster: add ?cluster=true to its URL"},
	{"ERR This instance has cluster support disabled", "is no Cluster: name one URL, without ?cluster=true"},
	{"ERR max number of clients reached", "has no connection left: raise its maxclients"},
	{"ERR unknown command 'sentinel'", "is no Sentinel: write redis:// or rediss://, without the name of a primary"},
	{"ERR unknown command", "does not know a command that is needed: Redis 7 or newer does"},
	{"BUSY", "is busy with somebody's script"},
}

// refusal returns what to do about an answer that will last, and whether err is
// one.
func refusal(err error) (advice string, ok bool) {
	var answer redis.Error
	if !errors.As(err, &answer) || errors.Is(err, redis.Nil) {
		return "", false
	}
	for _, r := range refusals {
		if strings.HasPrefix(answer.Error(), r.prefix) {
			return r.advice, true
		}
	}
	return "", false
}

// explain returns what err means, in one line that names who is meant and never
// a password.
func (s *Store) explain(err error) error { return s.endpoints.explain(err, s.health.hasWorked()) }

// explain is the same of the hints.
func (h *hints) explain(err error) error { return h.endpoints.explain(err, h.worked.Load()) }

// Explain returns what an error of a client of these URLs means and what to do about
// it, in one line that is the same each time and holds no password. Of a deployment
// that has never worked it also asks whether TLS is meant. Nil is explained by nil.
func Explain(urls []*url.URL, err error, hasWorked bool) error {
	e, invalid := parseURLs(urls)
	if err == nil || invalid != nil {
		return err
	}
	return e.explain(err, hasWorked)
}

// explain returns what err means at a deployment that has worked before, or not.
func (e endpoints) explain(err error, hasWorked bool) error {
	err = steady{err}
	if advice, ok := refusal(err); ok {
		return fmt.Errorf("%v %s (%w)", e, advice, err)
	}
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return fmt.Errorf("%v does not speak TLS: write redis:// instead of rediss:// (%w)", e, err)
	case e.primary != "" && errors.Is(err, redis.Nil):
		return fmt.Errorf("%v: the Sentinels know no primary called %q: the path of the URL names it (%w)", e, e.primary, err)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("%v: nobody listens there (%w)", e, err)
	case isTimeout(err):
		return fmt.Errorf("%v did not answer in time (%w)%s", e, err, e.perhapsTLS(hasWorked))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%v hung up (%w)%s", e, err, e.perhapsTLS(hasWorked))
	}
	return fmt.Errorf("%v: %w", e, err)
}

// perhapsTLS is a question that is worth asking as long as nothing has ever
// worked.
func (e endpoints) perhapsTLS(hasWorked bool) string {
	switch {
	case hasWorked:
		return ""
	case e.tls():
		return "; does it speak TLS? If not, write redis:// instead of rediss://"
	}
	return "; does it want TLS? Then write rediss://"
}

// steady is an error whose text is one line, and the same each time that the same
// goes wrong: without the port that this end of a connection happens to have, and with
// what several Sentinels said in an order of its own.
type steady struct{ error }

func (s steady) Error() string {
	text := s.error.Error()
	var op *net.OpError
	if errors.As(s.error, &op) && op.Source != nil {
		text = strings.ReplaceAll(text, op.Source.String()+"->", "")
	}
	var several interface{ Unwrap() []error }
	if errors.As(s.error, &several) {
		each := several.(error).Error()
		text = strings.ReplaceAll(text, each, strings.Join(slices.Sorted(strings.SplitSeq(each, "\n")), "; "))
	}
	return text
}

func (s steady) Unwrap() error { return s.error }

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
