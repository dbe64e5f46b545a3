// Package browser serves the script that gives push to pages that only know how
// to poll. One tag is all that a page needs:
//
//	<script src="/-/pollard/client.js"></script>
//
// The script recognises what the page polls with fetch and XMLHttpRequest, and
// where responses say Pollard-Push: 1 it answers these polls in the page, from
// one socket per browser (Action Cable at /-/pollard/cable). Without push it is
// as if it were not there. Its sources are in client, one file per concept, with
// types in their comments; client.min.js is made of them:
//
//	go generate ./push/browser
//
// What the script must never do, in the order of importance: show one user what
// was made for another; fail a poll that would have succeeded; show an older
// state after a newer one; touch what is no poll.
package browser

//go:generate go test -run TestScriptIsMadeOfItsSources -update
