package router

import "sync"

// Shared is what the script announces for all users with BACKEND_CONFIG. It is safe for
// concurrent use.
type Shared struct {
	mu        sync.Mutex
	announced map[string]string // by "section.key"
}

// Announce sets a key, unless it is already set: the first value stays.
func (s *Shared) Announce(section, key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.announced == nil {
		s.announced = map[string]string{}
	}
	if _, known := s.announced[section+"."+key]; !known {
		s.announced[section+"."+key] = value
	}
}

// Feature reports whether a feature is on, such as muc. What the script announces precedes
// the config.
func (r *Router) Feature(name string) bool {
	return r.Shared.Flag("features", name, r.Settings().Features[name])
}

// Flag returns the value of a boolean key, or byDefault if the script has not announced it.
func (s *Shared) Flag(section, key string, byDefault bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.announced[section+"."+key] {
	case "1", "true":
		return true
	case "0", "false":
		return false
	}
	return byDefault
}
