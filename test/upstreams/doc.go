// Package upstreams rolls the upstream's instances under the real program, one after the other, while clients poll, read
// and write: no read may fail, and no write may be made twice.
package upstreams
