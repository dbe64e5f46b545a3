package config

// Secret is a string that does not show itself: formatting it, alone or inside
// a [Config], and logging it print a placeholder. Convert it to a string to use it.
type Secret string

// String is a placeholder, or "" when there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString is String, so that %#v is as discreet as %v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, so that encoders (slog's JSON handler is one) are too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
