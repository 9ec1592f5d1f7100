package config

import "slices"

// Changes returns the keys whose values differ between two configs, sorted, as
// "section.key".
func (c *Config) Changes(next *Config) []string {
	var changed []string
	for _, key := range c.keys {
		if !slices.Equal(c.List(key), next.List(key)) {
			changed = append(changed, key)
		}
	}
	for _, key := range next.keys {
		if _, ok := c.settings[key]; !ok {
			changed = append(changed, key)
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}
