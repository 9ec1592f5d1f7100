package xmltext

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"

	"spectrumlua/runtime/xmlns"
)

// checkName rejects names that the decoder wrongly accepts: a colon at the start or
// the end, and a local part that is not a name.
func checkName(n xmlns.Name) error {
	if strings.Contains(n.Local, ":") {
		return fmt.Errorf("%s is not a valid name: a colon must follow a prefix and precede a name", n.Local)
	}
	if n.Prefix != "" && !startsName(n.Local) {
		return fmt.Errorf("%s is not a valid name: a letter must follow the prefix", n)
	}
	return nil
}

// startsName reports whether a local part is a valid name without a prefix.
func startsName(local string) bool {
	c := local[0]
	if c < utf8.RuneSelf {
		return c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}
	_, err := xml.NewDecoder(strings.NewReader("<" + local + "/>")).RawToken()
	return err == nil
}

// nameOf returns a name of RawToken, whose Space is the prefix.
func nameOf(n xml.Name) xmlns.Name { return xmlns.Name{Prefix: n.Space, Local: n.Local} }
