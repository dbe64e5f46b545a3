// Package frontdoor is what clients reach: it accepts their connections, speaks TLS, HTTP/1 and HTTP/2, refuses
// whatever two HTTP parsers could read in two ways, and hands the rest to an http.Handler with the request-target
// exactly as it was sent.
//
// net/http stays the server, but it forgives and repairs before a handler can look: it joins folded lines, drops a
// Content-Length beside a Transfer-Encoding, merges equal Content-Lengths, refuses targets with a stray "%", and
// answers OPTIONS * itself. A proxy that forwards repaired messages is how requests are smuggled, and one that refuses
// harmless targets is not transparent. So every HTTP/1 connection is wrapped in a net.Conn that follows the incoming
// bytes (head, body by Content-Length or chunks, head, …) and shows net/http no byte of a head that is not vetted.
//
// # What is refused
//
// With 400 and a closed connection, and nothing of it reaches the handler: a line ending in a bare LF (RFC 9112 §2.2
// lets a recipient accept it; a balancer in front of us may not, and then the two see different messages), bare CR, NUL
// and other controls, folded lines, white space before a colon or around the first line, more than one Content-Length
// (equal ones too), one that is not digits, Content-Length beside Transfer-Encoding, a Transfer-Encoding that does
// not end in one "chunked" or comes with HTTP/1.0 (RFC 9112 §6.1, §6.3), a Host that is missing in HTTP/1.1, repeated,
// empty or no uri-host (RFC 9112 §3.2), a malformed request line, HTTP/0.9, malformed chunks and trailers. With 501
// other codings before a final "chunked" (RFC 9112 §6.1); with 505 any version but 1.0 and 1.1; with 405 CONNECT; with
// 414 a request line and with 431 a head over Options.HeaderBytes. Up to four empty lines before a request are skipped.
//
// If the framing of a body breaks, the handler's read of it fails (see [ErrMalformed]); the client gets the 400 unless its
// answer has already begun, and the connection is closed either way.
//
// # What passes
//
// Every other target, byte for byte, including "%zz", "//", "|", "#" (the upstream decides what it means) and bytes
// from 0x80. [Target] has it, and only it is to be relied on: in requests whose path net/http cannot parse, Request.URL
// is just "/". OPTIONS * passes as well. Two limits are net/http's: over HTTP/2 it resets a stream whose path has a bad
// percent-encoding, and it answers an Expect other than 100-continue with 417 itself (RFC 9110 §10.1.1).
//
// # When connections end
//
// By the limits in [Options], after a refusal, and after an answer that comes before the end of a body that does not
// arrive at once. Such a connection is closed for writing first and read a while longer, so that the client gets to see
// the answer. A handler's panic aborts the response so that it cannot be taken for a whole one.
//
// # Upgrades
//
// After the head (and body) of a request with "Connection: upgrade" the connection is not followed any more; the
// handler hijacks it, or it is closed after the response. Upgrade: h2c is not taken up.
package frontdoor
