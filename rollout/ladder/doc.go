// Package ladder knows where every route stands, and who put it there.
//
// A route stands where the configuration says until somebody moves it, or a guard
// steps it down. What was moved holds, across restarts, until that route's stage or
// percentage changes in the configuration. The kill switch has all routes pass
// through; a revival puts them back to where they stood. A move may be for later
// ([Change.At]): until then the last word on its route overrules it.
//
// What must survive is kept in a folder: rollout.json, a second copy of it
// (rollout.json.bak), and audit.log, one JSON object a line. A change takes effect
// before it is written, and also where it cannot be written: whoever made it is
// told ([NotKept]).
//
// Instances of a fleet stand on one ladder as far as they have met: what each says has
// a place among what the others say ([Joint], [Ladder.Meet]). By what way they meet is
// not known here (redisladder is one), nor waited for. The package knows nothing of what runs the routes, which is
// told of each new [State].
package ladder
