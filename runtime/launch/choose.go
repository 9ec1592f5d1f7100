package launch

import "strings"

// settleConfig sets ConfigFile. It also sets Overrides, because a word that is not the
// config file may be the value of an override.
func (r *reader) settleConfig(fileExists func(string) bool) {
	chosen := best(r.words, fileExists)
	switch {
	case r.config.text != "":
		chosen = -1
		r.ConfigFile = r.config.text
	case r.config.given:
		r.wrong("--config has no value; give the transport's config file, such as /etc/spectrum2/transports/NAME.cfg")
	case chosen < 0:
		r.wrong("the arguments name no config file; give the transport's config file, such as /etc/spectrum2/transports/NAME.cfg")
	default:
		r.ConfigFile = r.words[chosen].text
	}
	for _, o := range r.overrides {
		if o.word >= 0 && o.word == chosen {
			r.Ignored = append(r.Ignored, "--"+o.Key)
			continue
		}
		r.Overrides = append(r.Overrides, o.Override)
	}
}

// best returns the index of the word that is most likely the config file, or -1.
func best(words []word, fileExists func(string) bool) int {
	chosen, most := -1, -1
	for i, w := range words {
		if w.text == "" {
			continue
		}
		likely := 0
		for _, yes := range []bool{fileExists(w.text), strings.HasSuffix(w.text, ".cfg"), !w.leading, !w.loose} {
			likely <<= 1
			if yes {
				likely++
			}
		}
		if likely >= most {
			chosen, most = i, likely
		}
	}
	return chosen
}
