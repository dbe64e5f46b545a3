package config

import (
	"testing"
	"time"
)

func TestCertificatesSayWhenEachRoleEnds(t *testing.T) {
	server, serverKey := writePair(t, "server", -day, 40*day)
	client, clientKey := writePair(t, "client", -day, 50*day)
	ca, _ := writePair(t, "ca", -day, 60*day)
	c := parseText(t, "upstream: 'https://127.0.0.1:1'\n"+
		"tls: {certificate: "+server+", key: "+serverKey+", client_ca: "+ca+"}\n"+
		"upstream_tls: {certificate: "+client+", key: "+clientKey+", ca: "+ca+"}\n"+
		"redis_tls: {certificate: "+client+", key: "+clientKey+", ca: "+ca+"}\n")
	have, err := c.Certificates()
	if err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]int{RoleServer: 40, RoleClientCA: 60, RoleUpstreamClient: 50, RoleUpstreamCA: 60, RoleRedisClient: 50, RoleRedisCA: 60} {
		if got := int(time.Until(have.Ends[role]).Round(day) / day); got != want {
			t.Errorf("%s: ends in %d days, want %d", role, got, want)
		}
	}
	if got, want := len(have.Files), 5; got != want {
		t.Errorf("got %d files, want %d", got, want)
	}
}

func TestOfAuthoritiesTheNextToEndCounts(t *testing.T) {
	now := time.Now()
	over, longOver, soon, later := now.Add(-day), now.Add(-year), now.Add(day), now.Add(year)
	for _, test := range []struct {
		a, b time.Time
		want bool
	}{
		{soon, later, true}, {later, soon, false}, {soon, over, true}, {over, soon, false}, {over, longOver, true}, {longOver, over, false},
	} {
		if got := sooner(now, test.a, test.b); got != test.want {
			t.Errorf("%v before %v: got %v, want %v", test.a, test.b, got, test.want)
		}
	}
}

func TestTermsAreOthersWhereContentOrSettingsAre(t *testing.T) {
	certificate, key := writePair(t, "server", -day, year)
	other, otherKey := writePair(t, "server", -day, year)
	terms := func(settings string) Terms {
		t.Helper()
		have, err := parseText(t, "upstream: 'http://127.0.0.1:1'\ntls: {"+settings+"}").Certificates()
		if err != nil {
			t.Fatal(err)
		}
		return have.Server
	}
	first := "certificate: " + certificate + ", key: " + key
	for name, test := range map[string]struct {
		settings string
		want     bool
	}{
		"the same":              {first, true},
		"another pair":          {"certificate: " + other + ", key: " + otherKey, false},
		"another version":       {first + ", min_version: 1.3", false},
		"clients are asked now": {first + ", client_ca: " + other, false},
	} {
		if got := terms(first).Same(terms(test.settings)); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestVerificationIsSkippedForADayAtMost(t *testing.T) {
	for name, test := range map[string]struct {
		in   time.Duration
		want string
	}{
		"longer than a day": {25 * time.Hour, "test.yml:2: upstream_tls.skip_verify_until: is more than 24h ahead"},
		"for a while":       {time.Hour, "test.yml:2: warning: upstream_tls.skip_verify_until: upstream is not verified until "},
		"over":              {-time.Hour, "test.yml:2: warning: upstream_tls.skip_verify_until: is over"},
	} {
		until := time.Now().Add(test.in).Format(time.RFC3339)
		got := parseText(t, "upstream: 'https://127.0.0.1:1'\nupstream_tls: {skip_verify_until: "+until+"}").Verify(t.Context(), false).Error()
		if len(got) < len(test.want) || got[:len(test.want)] != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestOnlineTheChainIsVerified(t *testing.T) {
	certificate, key := writePair(t, "server", -day, year)
	nameless, namelessKey := writePair(t, "", -day, year)
	for name, test := range map[string]struct{ certificate, key, want string }{
		"unknown authority": {certificate, key, "test.yml:2: warning: tls.certificate: is accepted only by clients who trust more than this system does"},
		"without a name":    {nameless, namelessKey, "test.yml:2: tls.certificate: has no subject alternative name"},
	} {
		c := parseText(t, "listen: ':1'\ntls: {certificate: "+test.certificate+", key: "+test.key+"}")
		have, err := c.Certificates()
		if err != nil {
			t.Fatal(err)
		}
		if got := c.verifyOnline(t.Context(), have).Error(); len(got) < len(test.want) || got[:len(test.want)] != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
