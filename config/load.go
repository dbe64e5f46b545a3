package config

import (
	"context"
	"fmt"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Load reads and parses the file at path. An error is either that of reading
// the file or [Problems].
func Load(path string, env Environment) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, env)
}

// Parse reads a configuration out of one YAML document; name is what problems
// call it. It has no side effects and opens no files. The error is [Problems],
// all of them, by line, warnings included; without an error the warnings are in
// the configuration.
func Parse(name string, data []byte, env Environment) (*Config, error) {
	c, problems := parse(name, data, env)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	c.Warnings = problems
	return c, nil
}

// Check is everything that can be said about the file at path without starting:
// the problems of [Load] and those of [Config.Verify] together. The error is
// that of reading the file.
func Check(ctx context.Context, path string, env Environment, online bool) (Problems, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	c, problems := parse(path, data, env)
	return append(problems, c.Verify(ctx, online)...).byLine(), nil
}

func readFile(path string) ([]byte, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return data, nil
}

// parse is Parse, and keeps what it understood when something is wrong.
func parse(name string, data []byte, env Environment) (*Config, Problems) {
	c, d := Defaults(), newDecoder(name, env)
	root := d.document(data)
	if d.source.isUnread = root == nil; !d.source.isUnread {
		d.section(root, "", c.keys())
		d.holdOut(c)
		if d.values < maxValues {
			d.crossCheck(c)
		}
	}
	c.source = d.source
	return c, d.problems.byLine()
}
