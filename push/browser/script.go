package browser

import _ "embed"

// script is client.js as it is served: all sources in one function, so that none
// of their names is the page's, without comments and with short names inside. It
// is made of them by "go generate"; see script_test.go.
//
//go:embed client.min.js
var script []byte
