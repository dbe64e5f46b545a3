// Package certificates keeps track of when certificates end: those that are in
// force, and those that open connections were made with. A connection outlives
// the certificate that it was made with, and a fleet whose connections all do
// works until the first of them is lost.
//
// It reads no files and makes no connections.
package certificates
