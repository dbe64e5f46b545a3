// Package k8s holds what is in k8s to the real types of the API, to Pollard's own configuration, and, where they have been built,
// to a real API server.
package k8s
