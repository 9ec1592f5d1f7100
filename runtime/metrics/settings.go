package metrics

import (
	"errors"
	"slices"

	"spectrumlua/runtime/config"
)

// Settings are the checked keys of the section [metrics].
type Settings struct {
	Listen string // host:port; "" means that serve offers no metrics over TCP
	Users  bool   // labels may have the JIDs of users

	where string // the position of listen in the config
}

// keys are the names of all keys of [metrics].
var keys = []string{"listen", "users"}

// Keys returns the names of all keys of [metrics].
func Keys() []string { return slices.Clone(keys) }

// ReadSettings reads the section [metrics]. Its error joins an error with file and line for
// each mistake.
func ReadSettings(c *config.Config) (Settings, error) {
	listen, wrong := c.Address("metrics.listen", "9150")
	users, _, wrongUsers := c.Bool("metrics.users")
	unknown := errors.Join(c.Unknown("metrics", keys)...)
	return Settings{Listen: listen, Users: users, where: c.Where("metrics.listen")}, errors.Join(wrong, wrongUsers, unknown)
}

// Where returns the position of listen in the config.
func (s Settings) Where() string { return s.where }
