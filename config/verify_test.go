package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
)

// writePair writes a self-signed certificate that is valid from now+from to
// now+to, and its key.
func writePair(t *testing.T, name string, from, to time.Duration) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names(name),
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, name+".crt", "CERTIFICATE", der), writePEM(t, name+".key", "PRIVATE KEY", secret)
}

// names is none for "".
func names(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func writePEM(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	return writeFile(t, filepath.Join(t.TempDir(), name), string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const year = 365 * day

func TestVerifyLooksAtWhatTheValuesName(t *testing.T) {
	certificate, key := writePair(t, "good", -day, year)
	_, otherKey := writePair(t, "other", -day, year)
	expired, expiredKey := writePair(t, "expired", -year, -day)
	early, earlyKey := writePair(t, "early", day, year)
	ending, endingKey := writePair(t, "ending", -day, day)
	noPEM := writeFile(t, filepath.Join(t.TempDir(), "no.pem"), "nothing")
	missing := filepath.Join(t.TempDir(), "missing.crt")

	for name, test := range map[string]struct{ yaml, want string }{
		"everything is fine": {"tls: {certificate: " + certificate + ", key: " + key + ", client_ca: " + certificate + "}", ""},
		"no upstream":        {"none", "test.yml: upstream: is required"},
		"missing file":       {"tls: {certificate: " + missing + ", key: " + key + "}", "test.yml:2: tls.certificate: open " + missing},
		"missing key":        {"tls: {certificate: " + certificate + ", key: " + missing + "}", "test.yml:2: tls.key: open " + missing},
		"no PEM":             {"tls: {certificate: " + noPEM + ", key: " + key + "}", "test.yml:2: tls.certificate: " + noPEM + " holds no certificate"},
		"another's key":      {"tls: {certificate: " + certificate + ", key: " + otherKey + "}", "test.yml:2: tls.key: " + otherKey + " does not go with"},
		"key without PEM":    {"tls: {certificate: " + certificate + ", key: " + noPEM + "}", "test.yml:2: tls.key: " + noPEM + " does not go with"},
		"client_ca":          {"tls: {certificate: " + certificate + ", key: " + key + ", client_ca: " + noPEM + "}", "test.yml:2: tls.client_ca: "},
		"expired":            {"tls: {certificate: " + expired + ", key: " + expiredKey + "}", "test.yml:2: warning: tls.certificate: expired on "},
		"not yet valid":      {"tls: {certificate: " + early + ", key: " + earlyKey + "}", "test.yml:2: warning: tls.certificate: is not valid before "},
		"ending":             {"tls: {certificate: " + ending + ", key: " + endingKey + "}", "test.yml:2: warning: tls.certificate: expires on "},
		"upstream ca":        {"upstream_tls: {ca: " + missing + "}", "test.yml:2: upstream_tls.ca: open "},
		"upstream key":       {"upstream_tls: {certificate: " + certificate + ", key: " + otherKey + "}", "test.yml:2: upstream_tls.key: "},
		"one address twice":  {"listen: '127.0.0.1:9090'", "test.yml: admin: is the address of listen too"},
		"open admin":         {"admin: ':9090'", "test.yml:2: warning: admin: is reachable from other machines"},
	} {
		text := "upstream: 'http://127.0.0.1:3000'\n" + test.yaml
		if test.yaml == "none" {
			text = "routes: []"
		}
		got := parseText(t, text).Verify(t.Context(), false).Error()
		if (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestVerifyReachesTheUpstreamOnlyWhenOnline(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	c := Defaults()
	c.Upstream = forward.Upstream{{Scheme: "http", Host: closed.Addr().String()}}
	if got := c.Verify(t.Context(), false); got != nil {
		t.Errorf("offline: got %v", got)
	}
	got := c.Verify(t.Context(), true).Error()
	if !strings.HasPrefix(got, "upstream: cannot be reached: ") {
		t.Errorf("online: got %q", got)
	}
}

func TestVerifyShakesHandsWithAnHTTPSUpstream(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	ca := writePEM(t, "ca.crt", "CERTIFICATE", server.Certificate().Raw)
	trusting := "upstream: '" + server.URL + "'\nupstream_tls: {ca: " + ca + ", server_name: example.com}"
	if got := parseText(t, trusting).Verify(t.Context(), true); got != nil {
		t.Errorf("trusted: got %v", got)
	}
	got := parseText(t, strings.Replace(trusting, "example.com", "example.org", 1)).Verify(t.Context(), true).Error()
	if !strings.Contains(got, "test.yml:1: upstream: cannot be reached: ") || !strings.Contains(got, "example.org") {
		t.Errorf("wrong name: got %q", got)
	}
}

func TestNothingIsMissedInAFileThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"upstream: http://127.0.0.1:3000\nroutes: [\n": "YAML: ", "# nothing\n": "is empty; ", "- upstream\n": "want keys and values",
	} {
		problems, err := Check(t.Context(), writeFile(t, filepath.Join(t.TempDir(), "p.yml"), text), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, want) {
			t.Errorf("%q: got %v, want one problem, %q", text, problems, want)
		}
	}
}

func TestCheckReportsWhatIsWrittenAndWhatIsNamedTogether(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "p.yml"), "tls: {certificate: /missing, key: /missing}\nlisten: 1\n")
	problems, err := Check(t.Context(), path, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	expect(t, "keys", keys, []string{"upstream", "tls.certificate", "tls.key", "listen"})
	if _, err := Check(t.Context(), path+"x", nil, false); err == nil {
		t.Error("got no error for a missing file")
	}
}

func TestWhatCannotBeReadIsNotReached(t *testing.T) {
	for _, upstream := range []string{`["http://127.0.0.1:1", "ftp://127.0.0.1"]`, `[]`, `"ftp://127.0.0.1"`} {
		text := "upstream: " + upstream + "\nroutes: [{name: r, path: /r, upstream: " + upstream + "}]\n"
		problems, err := Check(t.Context(), writeFile(t, filepath.Join(t.TempDir(), "p.yml"), text), nil, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(problems) != 2 || strings.Contains(problems.Error(), "reached") {
			t.Errorf("%s: got\n%v\nwant what is wrong with each", upstream, problems)
		}
	}
}

func TestEveryEndpointIsReachedOnline(t *testing.T) {
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	text := "upstream: [\"http://" + open.Addr().String() + "\", \"http://127.0.0.1:1\"]\n"
	problems, err := Check(t.Context(), writeFile(t, filepath.Join(t.TempDir(), "p.yml"), text), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) != 1 || !strings.Contains(problems.Error(), "cannot be reached: 127.0.0.1:1: ") {
		t.Errorf("got %v, want the one where nobody listens", problems)
	}
}
