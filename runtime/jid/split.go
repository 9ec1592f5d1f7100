package jid

import "strings"

// Split returns the parts of a JID. A part that is absent is "". It does not check the
// parts, because the JIDs in a server's stanzas are valid.
func Split(jid string) (local, domain, resource string) {
	domain, resource, _ = strings.Cut(jid, "/")
	if at := strings.IndexByte(domain, '@'); at >= 0 {
		local, domain = domain[:at], domain[at+1:]
	}
	return local, domain, resource
}

// Bare returns a JID without its resource.
func Bare(jid string) string {
	bare, _, _ := strings.Cut(jid, "/")
	return bare
}

// Valid reports whether a text is a JID. The parts have the lengths and characters of RFC
// 6122; nothing looks up the domain.
func Valid(text string) bool {
	bare, resource, hasResource := strings.Cut(text, "/")
	local, domain, hasLocal := strings.Cut(bare, "@")
	if !hasLocal {
		domain = bare
	}
	return (!hasLocal || isPart(local, ` "&':<>`)) && isPart(domain, ` "&'<>@`) && (!hasResource || isPart(resource, ""))
}

// isPart reports whether a text is valid as a part of a JID that cannot contain the excluded
// characters.
func isPart(text, excluded string) bool {
	return len(text) <= maxPart && fit(text) && !strings.ContainsAny(text, excluded)
}

// escapes has the characters that a localpart cannot contain, with their escapes
// (XEP-0106, section 4.2). The backslash is escaped only in front of an escape.
var escapes = []struct{ char, code string }{
	{" ", "20"}, {`"`, "22"}, {"&", "26"}, {"'", "27"}, {"/", "2f"},
	{":", "3a"}, {"<", "3c"}, {">", "3e"}, {"@", "40"}, {`\`, "5c"},
}

var byCode = func() map[string]string {
	m := map[string]string{}
	for _, e := range escapes {
		m[e.code] = e.char
	}
	return m
}()

// Escape converts a name to a localpart (XEP-0106). Unescape is its inverse. Use Local
// for a name that may contain invalid characters.
func Escape(name string) string {
	if !strings.ContainsAny(name, " \"&'/:<>@\\") {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c == '\\' && !startsEscape(name[i:]):
			b.WriteByte(c)
		default:
			b.WriteString(escaped(c))
		}
	}
	return b.String()
}

func escaped(c byte) string {
	for _, e := range escapes {
		if e.char[0] == c {
			return `\` + e.code
		}
	}
	return string([]byte{c})
}

// startsEscape reports whether text begins with an escape. Its hexadecimal digits may be
// in upper case, because servers convert localparts to lower case.
func startsEscape(text string) bool {
	return len(text) >= 3 && text[0] == '\\' && byCode[strings.ToLower(text[1:3])] != ""
}

// Unescape converts a localpart to the name that Escape has escaped.
func Unescape(local string) string {
	if strings.IndexByte(local, '\\') < 0 {
		return local
	}
	var b strings.Builder
	for len(local) > 0 {
		if startsEscape(local) {
			b.WriteString(byCode[strings.ToLower(local[1:3])])
			local = local[3:]
			continue
		}
		b.WriteByte(local[0])
		local = local[1:]
	}
	return b.String()
}
