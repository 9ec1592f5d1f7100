// Package settings reads the keys of a transport's config that the gateway honours. Each
// section has a file.
package settings

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"spectrumlua/runtime/config"
)

// Settings are the checked keys of Spectrum's sections, including the defaults.
type Settings struct {
	Service      Service
	Identity     Identity
	Registration Registration
	Interaction  Interaction
	Features     Features
	// User are the default settings of a new user.
	User    User
	Archive Archive
}

// Read reads the sections. Its error joins an error for each wrong key.
func Read(c *config.Config) (Settings, error) {
	r := &reader{config: c}
	s := r.settings()
	return s, errors.Join(r.problems...)
}

// Malformed returns an error for each key that has a text in the place of a number or of true
// or false. Spectrum rejects these values as well.
func Malformed(c *config.Config) []error {
	r := &reader{config: c}
	r.settings()
	return r.malformed
}

func (r *reader) settings() Settings {
	return Settings{
		Service:      readService(r),
		Identity:     readIdentity(r),
		Registration: readRegistration(r),
		Interaction:  readInteraction(r),
		Features:     readFeatures(r),
		User:         readUser(r),
		Archive:      readArchive(r),
	}
}

// reader reads keys and collects what is wrong with them.
type reader struct {
	config   *config.Config
	keys     []string // those that have been read
	problems []error
	// malformed are the problems that Spectrum has with the same values.
	malformed []error
}

func (r *reader) note(key string) { r.keys = append(r.keys, key) }

func (r *reader) list(key string) []string {
	r.note(key)
	return r.config.List(key)
}

func (r *reader) text(key, byDefault string) string {
	r.note(key)
	if value, ok := r.config.Get(key); ok {
		return value
	}
	return byDefault
}

func (r *reader) flag(key string, byDefault bool) bool {
	r.note(key)
	value, ok, err := r.config.Bool(key)
	switch {
	case err != nil:
		r.problems = append(r.problems, err)
		if text, _ := r.config.Get(key); text != "" { // it means true to Spectrum
			r.malformed = append(r.malformed, err)
		}
	case ok:
		return value
	}
	return byDefault
}

// number reads a whole number in a range.
func (r *reader) number(key string, byDefault, least, most int) int {
	r.note(key)
	value, ok := r.config.Get(key)
	if !ok {
		return byDefault
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		r.wrong(key, "it has to be a whole number from %d to %d", least, most)
		if errors.Is(err, strconv.ErrSyntax) {
			r.malformed = append(r.malformed, r.problems[len(r.problems)-1])
		}
		return byDefault
	}
	return n
}

func (r *reader) wrong(key, format string, args ...any) {
	r.problems = append(r.problems, r.config.Wrong(key, fmt.Sprintf(format, args...)))
}

// address returns host:port.
func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
