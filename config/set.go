package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Set gives a top-level key the value of a command-line flag, by the rules of
// the file, except that variables are the shell's business and are not expanded.
// The error is [Problems]; then nothing has changed. An unknown key, or one that
// is more than a scalar, is a mistake of the caller and panics.
func (c *Config) Set(key, text string) error {
	keys := c.keys()
	i := slices.Index(keyNames(keys), key)
	d := newDecoder("", nil)
	d.source.lines[key] = 0
	keys[i].to.decode(d, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ReplaceAll(text, "${", "$${")}, key)
	if err := d.problems.Err(); err != nil {
		return err
	}
	c.source.lines[key] = 0
	return nil
}
