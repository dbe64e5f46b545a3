// Package conversations holds Pollard to its word from outside: scripts of what clients say, what the upstream must
// hear and answer, and what clients then get, played against the real program.
//
// Each file in testdata is one script and one test; its name is the sentence that it proves. The tests build the
// program as a user does, start it on free ports with the script's configuration, and play both of its sides: the
// clients, and an origin that answers nothing unless the script says so, byte for byte where it wants to. That makes
// "a thousand polls wait while the upstream is in the middle of its answer" a fact of the script and no matter of
// timing. To report a bug, write down the conversation that goes wrong; a regression begins with the number of its
// issue.
//
// # Scripts
//
// A script is a txtar archive. Its comment is the script: one step a line, played in order. Lines indented by two
// spaces below a step are its block. A line that begins with # is a comment. Words are separated by spaces; a word in
// double quotes is a Go string. The files of the archive are put into the folder in which the program runs;
// pollard.yml is its configuration. In steps $ORIGIN, $FRONT and $ADMIN stand for the addresses of the origin, the
// front door and the admin listener; the program itself finds ORIGIN, a URL, in its environment, so that
// configurations say
//
//	upstream: "${ORIGIN}"
//
// A block is a message: fields, an empty line, content. In what is sent it is sent as it is; Content-Length and, in
// requests, "Host: app.test" are added where the block has no field that speaks against it, and nothing else. In what
// is expected
//
//	Name: value    is the only field of that name; several such lines are all of them, in order
//	Name: ~regexp  the same, by a regular expression
//	!Name          says that there is no such field
//
// and content, if there is an empty line, is the whole content. Of a raw block each line is sent, or expected, with
// CRLF at its end; a line that ends in \ goes without.
//
// Every step that waits does so until what it waits for has happened, at most ten seconds.
//
// # Clients
//
// A client is a connection; its name opens it. A name such as c1..c1000 is so many of them, each doing the same.
//
//	client c GET /poll [over PROTOCOL]   sends a request, and does not wait; the block has fields and content
//	client c raw [over PROTOCOL]         sends the raw block
//	client c sends "text"                sends bytes, into a tunnel or of a request
//	client c gets 200 [...]              takes the next response, interim ones included
//	client c gets cut off                the open response breaks off
//	client c reads "text"                takes exactly these bytes: of an open response or of the connection
//	client c sees the end                the server closes, having sent nothing more
//	client c hangs up                    closes
//	client c ends                        closes its sending half
//
// Protocols are http (HTTP/1.1, the default), http1.0, https, https+cert (with a client certificate), h2 (over TLS)
// and h2c. Behind the status may stand "streaming" (the head alone: the content is for later reads) and "cut off"
// (the content breaks off).
//
// # Origin
//
// A call is a request that reached the origin. Calls may be given names, to answer them in any order; without one
// each step is about the call that was taken last. Once it is answered, its connection is for the next. A script fails if it ends with calls that no step took.
//
//	origin [A] gets GET /poll            takes the first call that is so; the block has fields and content
//	origin [A] gets raw                  the head is the raw block, to the byte
//	origin [A] answers 200               with the block; interim answers (103) leave the call open
//	origin [A] says                      the raw block, as answer or a part of it; "origin A is done" when that is whole
//	origin [A] sends "text"              bytes
//	origin [A] reads "text"              takes exactly these bytes: of a late request body or a tunnel
//	origin [A] closes                    its connection; "origin A ends": its sending half; "origin A resets"
//	origin [A] is abandoned              Pollard closes the call's connection
//	origin serves GET /poll 200          from now on answers such calls by itself: with the block, or with 304 and the
//	                                     ETag to a call whose If-None-Match is the block's ETag; no step takes them
//	origin refuses / origin returns      closes its port and all connections / opens it again
//	origin speaks tls                    from now on, with a certificate for app.test that ca.pem vouches for
//	upstream count 3                     waits until so many calls have reached the origin since the start
//
// # Program
//
//	pollard serve [flags]                starts it and waits until it serves, with pollard.yml if there is one
//	pollard exits 0                      waits for its end
//	signal HUP                           or TERM, INT, USR1
//	run 1 check bad.yml                  runs another command and expects its exit code; lines of the block that
//	                                     begin with "stdout " or "stderr " must occur there; "!stderr " must not, and
//	                                     "stderr lines 2" counts
//	log 2 "text"                         waits until so many lines of its log hold the text
//	config write FILE                    puts the content of a file of the archive into pollard.yml, in place
//	config replace FILE                  the same by an atomic rename
//	config kubernetes                    before serve: lays pollard.yml out as a mounted ConfigMap
//	config swap FILE                     and then swaps its ..data link
//	file write PATH ["text"]             a file in the folder of the script; "file remove PATH"
//	certificates                         writes ca.pem, server.pem, server.key and other.key
//
// # Figures
//
//	metrics                              waits until each line of the block holds, such as
//	                                     pollard_polls_total{route="poll"} 1000: the sum over all series with these
//	                                     labels, 0 if there is none; >= and <= may precede the figure
//	admin GET /readyz 200 [body]         asks, with a body if there is one, until the status is that; lines of the block are "path JSON", such as
//	                                     0.reduction null, or !path, or "~ text", which the body must hold, or "!~ text"
//	waiting 999 /poll                    waits until so many polls wait for a call for that target
//	elapse 300ms                         lets real time pass, for intervals; never to wait for something to happen
//
// At the end of each script in which the program still runs, the sum of pollard_upstream_requests_total must be the
// origin's own count, the program must end with exit code 0 when told to, and its log must be free of panics.
package conversations
