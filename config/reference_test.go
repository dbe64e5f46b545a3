package config

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

func reference(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := Reference(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheReferenceIsAConfigurationAsItStands(t *testing.T) {
	c := parseText(t, reference(t))
	if len(c.Warnings) > 0 {
		t.Errorf("got warnings:\n%v", c.Warnings)
	}
}

func TestTheReferenceIsAConfigurationWithEveryKeySet(t *testing.T) {
	text := regexp.MustCompile(`(?m)^( *)#(\S)`).ReplaceAllString(reference(t), "$1$2")
	c := parseText(t, text)
	var check func(at string, keys []key)
	check = func(at string, keys []key) {
		for _, k := range keys {
			if !c.source.has(at + k.name) {
				t.Errorf("got no %s%s in the reference", at, k.name)
			}
			if g, isGroup := k.to.(group); isGroup {
				check(at+k.name+".", g.keys)
			}
		}
	}
	check("", c.keys())
	check("routes[0].", c.Routes[0].keys())
	check("webhooks[0].", c.Webhooks[0].keys())
	if len(c.Warnings) > 0 {
		t.Errorf("got warnings:\n%v", c.Warnings)
	}
}

func TestTheReferenceFitsATerminal(t *testing.T) {
	for i, line := range strings.Split(reference(t), "\n") {
		if len([]rune(line)) > referenceWidth {
			t.Errorf("got %d characters in line %d: %s", len(line), i+1, line)
		}
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	var check func(at string, keys []key)
	check = func(at string, keys []key) {
		for _, k := range keys {
			if !strings.HasSuffix(k.doc, ".") {
				t.Errorf("%s%s: got no sentence in %q", at, k.name, k.doc)
			}
			g, isGroup := k.to.(group)
			if isGroup {
				check(at+k.name+".", g.keys)
			} else if k.def == "" && k.otherwise == "" {
				t.Errorf("%s%s: got neither a default nor what holds without", at, k.name)
			}
		}
	}
	check("", (&Config{}).keys())
	check("routes[].", (&Route{}).keys())
	check("webhooks[].", (&Webhook{}).keys())
}

func TestDocumentIsUpToDate(t *testing.T) {
	const path = "../docs/config.md"
	var b bytes.Buffer
	if err := Document(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, path, b.String())
}

func TestTheExampleOfTheDocumentIsAConfiguration(t *testing.T) {
	var b bytes.Buffer
	if err := Document(&b); err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(b.String(), -1)
	if len(examples) == 0 {
		t.Fatal("got no example")
	}
	env := func(string) (string, bool) { return "0123456789abcdef", true }
	for _, e := range examples {
		if _, err := Parse("example.yml", []byte(e[1]), env); err != nil {
			t.Errorf("got problems:\n%v", err)
		}
	}
}
