// Package certificates rotates every certificate of the real program under clients that poll on kept connections and
// clients that watch: nobody may notice, and the old certificate has to be gone from every connection in time.
package certificates
