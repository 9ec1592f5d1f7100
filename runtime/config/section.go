package config

import (
	"net"
	"slices"
	"strings"

	"spectrumlua/runtime/spelling"
)

// Unknown returns an *Error for each key of a section that is not one of known. It suggests
// the nearest name.
func (c *Config) Unknown(section string, known []string) []error {
	var errs []error
	for _, name := range c.Keys(section) {
		if slices.Contains(known, name) {
			continue
		}
		hint := "; the keys are " + strings.Join(known, ", ")
		if near := spelling.Name(name, known); near != "" {
			hint = "; did you mean " + near + "?"
		}
		errs = append(errs, c.Wrong(section+"."+name, "["+section+"] has no such key"+hint))
	}
	return errs
}

// Wrong returns an *Error about the value of a key, at its position.
func (c *Config) Wrong(key, text string) error {
	text = Shown(key) + ": " + text
	if s, ok := c.settings[key]; ok {
		return c.problem(s.first().line, text)
	}
	return &Error{Name: c.name, Text: text}
}

// Address returns the value of a key that names an address to listen on, as host:port, or
// "" if the key is not set. A port alone means the loopback address. The error is an
// *Error that says so with examples.
func (c *Config) Address(key, example string) (string, error) {
	value, _ := c.Get(key)
	if value == "" {
		return "", nil
	}
	address, err := ListenAddress(value)
	if err != nil {
		return "", c.Wrong(key, "it has to be a port or host:port, such as 127.0.0.1:"+example+" or [::]:"+example)
	}
	return address, nil
}

// ListenAddress completes an address to listen on: a port alone means the loopback address,
// and an empty host all addresses.
func ListenAddress(value string) (string, error) {
	if strings.Trim(value, "0123456789") == "" {
		value = "127.0.0.1:" + value
	}
	host, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return "", err
	}
	if host == "" {
		host = "::"
	}
	return net.JoinHostPort(host, port), nil
}
