package settings

// Features is the section [features], by its keys. What the script announces precedes it.
type Features map[string]bool

func readFeatures(r *reader) Features {
	f := Features{}
	for _, name := range []string{"muc", noEscaping, "send_buddies_on_login"} {
		if r.flag("features."+name, false) {
			f[name] = true
		}
	}
	return f
}
