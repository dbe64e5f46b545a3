// Package memorystore is coalescer.Store for instances that live in one process:
// the demo's and the tests'. What it promises is what package redisstore
// promises, and one conformance suite holds both to it.
package memorystore
