// Package config turns one YAML file into typed values, and says everything
// that is wrong with it at once.
//
// Every key is described in one place, where it is bound to its field
// ([Config] in keys.go, [Route] in keys_route.go): name, type, bounds, default
// and one sentence. Decoding, the commented reference that "pollard check
// --reference" prints ([Reference]) and docs/config.md ([Document]) all come
// from these tables, so they cannot disagree.
//
// Parsing is pure: bytes and an environment go in, values or [Problems] come
// out. Only [Config.Verify] looks at what the values name (certificates, and on
// request the upstream), and only [Watcher] looks at the file again.
//
// The package is imported by commands alone. What the rest of Pollard needs to
// know is handed down to it as plain values.
package config

//go:generate go test -run TestDocumentIsUpToDate -update
