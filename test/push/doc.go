// Package push holds Pollard's push to its word from outside: the real program between an application that only knows
// polls, and clients of every kind. What takes simulated time is tested in package proxy; here are the process, its
// configuration and its signals: who is told what when a route is taken down or the program stops, limits, figures.
package push
