package conversations

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/pollard-proxy/pollard/test/freeport"
)

// An origin is the upstream of a script. It answers what the script tells it to.
type origin struct {
	addr string // the same for its whole life

	mu       sync.Mutex
	listener net.Listener          // nil while it refuses
	tls      *tls.Config           // nil: cleartext
	conns    map[net.Conn]struct{} // open ones
	calls    []*call               // those that no rule answered
	rules    map[string]rule       // by method and target
	count    int                   // of all calls
	closed   chan struct{}
	group    sync.WaitGroup
}

// A rule answers calls without a step.
type rule struct {
	status string
	answer message
}

func newOrigin() (*origin, error) {
	addr, err := freeport.Address() // for it may refuse, and return
	if err != nil {
		return nil, err
	}
	o := &origin{addr: addr, conns: make(map[net.Conn]struct{}), rules: make(map[string]rule), closed: make(chan struct{})}
	return o, o.listen()
}

func (o *origin) listen() error {
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.listener = l
	o.group.Go(func() { o.accept(l) })
	return nil
}

func (o *origin) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		if o.listener != l {
			conn.Close()
		} else {
			if o.tls != nil {
				conn = tls.Server(conn, o.tls)
			}
			o.conns[conn] = struct{}{}
			o.group.Go(func() { o.serve(conn) })
		}
		o.mu.Unlock()
	}
}

// refuse closes the port and every connection.
func (o *origin) refuse() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.listener != nil {
		o.listener.Close()
		o.listener = nil
	}
	for conn := range o.conns {
		conn.Close()
	}
}

func (o *origin) close() {
	close(o.closed)
	o.refuse()
	o.group.Wait()
}

// serve takes the calls of a connection, one after the other.
func (o *origin) serve(conn net.Conn) {
	defer func() {
		o.mu.Lock()
		delete(o.conns, conn)
		o.mu.Unlock()
		conn.Close()
	}()
	br := bufio.NewReader(conn)
	for {
		c, err := readCall(conn, br)
		if c == nil {
			return
		}
		rule, served := o.receive(c)
		if served {
			err = errors.Join(err, rule.apply(c))
		}
		select {
		case <-c.answered:
		case <-o.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// receive counts a call, and notes it unless there is a rule for it.
func (o *origin) receive(c *call) (rule, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	r, ok := o.rules[c.method+" "+c.target]
	if !ok {
		o.calls = append(o.calls, c)
	}
	return r, ok
}

func (r rule) apply(c *call) error {
	if tag := r.answer.get("ETag"); tag != "" && c.header.Get("If-None-Match") == tag {
		return c.answer("304 Not Modified", message{fields: []field{{"ETag", tag}}})
	}
	return c.answer(r.status, r.answer)
}

// url is what a configuration names it by.
func (o *origin) url() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tls != nil {
		return "https://" + o.addr
	}
	return "http://" + o.addr
}

// secure has it speak TLS from the next connection on.
func (o *origin) secure(certificate tls.Certificate) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tls = &tls.Config{Certificates: []tls.Certificate{certificate}}
}

// take waits for a call that is as wanted, takes it and returns it.
func (o *origin) take(isWanted func(*call) error) (taken *call, err error) {
	err = eventually(func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		problem := errors.New("no call came")
		for _, c := range o.calls {
			if c.taken {
				continue
			}
			if problem = isWanted(c); problem == nil {
				c.taken, taken = true, c
				return nil
			}
		}
		return problem
	})
	return taken, err
}

func (o *origin) serves(method, target string, r rule) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rules[method+" "+target] = r
}

func (o *origin) total() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count
}

// untaken says which calls no step has taken.
func (o *origin) untaken() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var heads []string
	for _, c := range o.calls {
		if !c.taken {
			heads = append(heads, fmt.Sprintf("%q", c.head))
		}
	}
	if heads == nil {
		return nil
	}
	return fmt.Errorf("the origin got calls that the script does not know of:\n%s", strings.Join(heads, "\n"))
}

// statusLine completes a status with its reason phrase.
func statusLine(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }
