package richtext

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// schemes are the schemes of addresses that may become links. javascript: and data: must
// not be among them.
var schemes = set("http", "https", "xmpp", "mailto", "tel", "sip", "sips", "geo", "magnet", "matrix", "ftp", "ftps", "sftp",
	"irc", "ircs", "git", "ssh", "gemini", "gopher", "mumble")

// longestScheme bounds the search for the beginning of an address.
const longestScheme = 32

func set(names ...string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// safeLink returns an address as it may stand in a link, or "" if a link to it is not
// safe or not absolute.
func safeLink(address string) string {
	address = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' { // as browsers do
			return -1
		}
		return r
	}, strings.Trim(address, " \t\n\r\f\v"))
	scheme, rest, ok := strings.Cut(address, ":")
	if !ok || rest == "" || !schemes[strings.ToLower(scheme)] {
		return ""
	}
	return escapeLink(address)
}

// escapeLink escapes characters that an address may not contain.
func escapeLink(address string) string {
	const wrong = " <>\"\\^`{|}"
	if strings.IndexFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f || r == '%' || strings.ContainsRune(wrong, r) }) < 0 {
		return address
	}
	var b strings.Builder
	for i := range len(address) {
		switch c := address[i]; {
		case c < ' ' || c == 0x7f:
		case strings.IndexByte(wrong, c) >= 0, c == '%' && !(i+2 < len(address) && isHex(address[i+1]) && isHex(address[i+2])):
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// safeSource returns the address of an image, or "".
func safeSource(src string) string {
	src = safeLink(src)
	switch scheme, _, _ := strings.Cut(strings.ToLower(src), ":"); scheme {
	case "http", "https":
		return src
	}
	return ""
}

// findAddress returns where the next address in a text begins and ends, from an offset
// on. start is -1 if no address follows.
func findAddress(s string, at int) (start, end int) {
	for behind := at; ; {
		colon := strings.Index(s[behind:], "://")
		if colon < 0 {
			return -1, -1
		}
		colon += behind
		behind = colon + len("://")
		start = schemeStart(s, max(at, colon-longestScheme), colon)
		if start < 0 || !schemes[strings.ToLower(s[start:colon])] {
			continue
		}
		end = len(s)
		if n := strings.IndexFunc(s[behind:], endsAddress); n >= 0 {
			end = behind + n
		}
		if end = trimAddress(s, start, end); end > behind {
			return start, end
		}
	}
}

func endsAddress(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '<' || r == '>' || r == '"'
}

// schemeStart returns where the scheme begins that ends at an offset, or -1.
func schemeStart(s string, from, end int) int {
	start := -1
	for i := end - 1; i >= from; i-- {
		c := s[i] | 0x20
		switch {
		case c >= 'a' && c <= 'z':
			start = i
		case s[i] >= '0' && s[i] <= '9' || s[i] == '+' || s[i] == '.' || s[i] == '-':
		default:
			return start
		}
	}
	return start
}

// trimAddress leaves out punctuation after an address.
func trimAddress(s string, start, end int) int {
	end = start + len(strings.TrimRight(s[start:end], ".,;:!?'"))
	if !strings.Contains(s[start:end], "(") {
		end = start + len(strings.TrimRight(s[start:end], ")")) // (see http://example.org)
	}
	return end
}

// eachAddress calls plain and address for the parts of a text, in order.
func eachAddress(s string, plain, address func(part string)) {
	for s != "" {
		start, end := findAddress(s, 0)
		if start < 0 {
			plain(s)
			return
		}
		if start > 0 {
			plain(s[:start])
		}
		address(s[start:end])
		s = s[end:]
	}
}

// bareAddress returns an address as a reader would write it.
func bareAddress(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(strings.TrimPrefix(s, "mailto:"), "xmpp:")
	return strings.TrimSuffix(unescapeLink(s), "/")
}

// unescapeLink decodes the valid escapes of an address.
func unescapeLink(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
			b = append(b, byte(c))
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}
