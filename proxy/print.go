package proxy

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
)

// printedSnapshot is the heads of answers from a snapshot as bytes, but for what
// changes with every second.
type printedSnapshot struct {
	of          *coalescer.Snapshot
	ok          []byte // fields of a 200, each with its CRLF; nil until they are asked for
	notModified []byte // of a 304
	isOdd       bool   // net/http would do more than print them
}

// fields returns the fields of a, nil if they are not to be printed here.
func (s *printedSnapshot) fields(x *exchange, a coalescer.Answer) []byte {
	printed := &s.ok
	if a.NotModified {
		printed = &s.notModified
	}
	if *printed == nil && !s.isOdd {
		header := http.Header{}
		x.lasting(header, a)
		delete(header, "Age") // it is a part of ours
		if s.isOdd = isOdd(header); !s.isOdd {
			*printed = print(header)
		}
	}
	return *printed
}

// print returns fields as net/http prints them.
func print(header http.Header) []byte {
	b := bytes.NewBuffer(make([]byte, 0, 512))
	_ = header.Write(b) // which cannot fail
	return b.Bytes()
}

// isOdd reports whether net/http would look at the fields of an answer, and perhaps
// change them.
func isOdd(header http.Header) bool {
	for _, name := range [...]string{"Connection", "Transfer-Encoding", "Trailer"} {
		if _, ok := header[name]; ok {
			return true
		}
	}
	length := header["Content-Length"]
	if len(length) > 1 {
		return true
	}
	return len(length) == 1 && strings.Trim(length[0], "0123456789") != ""
}

// appendHead appends the head of an answer from memory.
func appendHead(dst []byte, a coalescer.Answer, fields []byte, key string) []byte {
	line := "HTTP/1.1 200 OK\r\n"
	if a.NotModified {
		line = "HTTP/1.1 304 Not Modified\r\n"
	}
	dst = append(append(dst, line...), fields...)
	dst = strconv.AppendInt(append(dst, "Age: "...), int64(ageOf(a)), 10)
	dst = appendHit(append(dst, "\r\nCache-Status: "...), a)
	return append(append(dst, key...), "\r\n\r\n"...)
}
