// Package readiness tells when connections can be read, so that idle ones need no
// goroutine each: one waits for all of them.
//
// That is for plain connections on Linux alone. What TLS has already read ahead no
// kernel knows of, and elsewhere goroutines do as well.
package readiness
