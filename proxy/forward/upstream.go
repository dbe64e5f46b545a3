package forward

import (
	"net/url"
	"strings"
)

// An Upstream is where requests go: to one endpoint, or to any of several that are equals.
// Each URL has a scheme, a host and perhaps a port; path and query are ignored.
//
//   - http, https: one endpoint. Its name is looked up for each connection.
//   - dns+http, dns+https: every address of the name is an endpoint.
//   - srv+http, srv+https: every address of every target of the SRV records (RFC 2782) of
//     the name, such as _web._tcp.example.org. Later priorities get requests only while
//     none of the earlier ones is sound; weights are not used.
//   - unix: the socket at the path, in cleartext.
//
// With TLS the name in the URL is verified, of srv+https without its _service._proto labels.
type Upstream []*url.URL

// String returns the URLs, with spaces between them.
func (u Upstream) String() string {
	names := make([]string, len(u))
	for i, at := range u {
		names[i] = at.String()
	}
	return strings.Join(names, " ")
}
