// Package accesslog reads the access logs of web servers as sightings: one for
// each GET, in the order of time, whatever server wrote them and in however many
// files.
//
// It is made for gigabytes. A file is read in blocks of whole lines, the blocks
// are parsed on all cores, and what comes out is put back in order; memory does
// not grow with the log. A line costs no allocation except for a path, query or
// host that was not seen lately. What cannot be parsed is counted and shown, and
// ends nothing until most of a file is like that.
package accesslog
