// Package observe learns from requests that pass through what their URLs are
// like: which are polled, by how many at once, how often, and whether what one
// client gets is what the next would have got. It decides nothing; package
// advice draws the conclusions.
//
// Everything is learnt in bounded memory from [Sighting]s, which the proxy makes
// of live traffic and `pollard predict` of access logs. It reads no clock: time
// is that of the sightings.
package observe
