package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/schema"
)

// withoutCall lists types that the page need not mention: the runtime answers them, or
// Spectrum no longer uses them.
var withoutCall = []string{"ping", "pong", "stats", "exit", "api_version", "ft_start", "ft_finish", "ft_data", "ft_pause", "ft_continue"}

// TestMovingPageHasEveryMessageType compares the table of calls with the protocol. Each must have
// all types of the other.
func TestMovingPageHasEveryMessageType(t *testing.T) {
	text := read(t, "docs/guide/moving.md")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bon\.(\w+)\(`).FindAllStringSubmatch(text, -1) {
		typ := schema.TypeByName(m[1])
		if typ == nil || !typ.ToScript {
			t.Errorf("docs/guide/moving.md has on.%s, but Spectrum does not send this type", m[1])
		}
		named["on."+m[1]] = true
	}
	own := []string{"update_buddy", "spawn", "after", "every"}
	for _, m := range regexp.MustCompile(`(?:session:|spectrum\.send\(")(\w+)`).FindAllStringSubmatch(text, -1) {
		typ := schema.TypeByName(m[1])
		if (typ == nil || !typ.FromScript) && !slices.Contains(own, m[1]) {
			t.Errorf("docs/guide/moving.md has session:%s, which does not exist", m[1])
		}
		named["send "+m[1]] = true
	}
	for _, typ := range schema.Types() {
		if typ.GatewayOnly || slices.Contains(withoutCall, typ.Name) {
			continue
		}
		if typ.ToScript && !named["on."+typ.Name] {
			t.Errorf("docs/guide/moving.md lacks on.%s", typ.Name)
		}
		if typ.FromScript && !named["send "+typ.Name] && !strings.Contains(text, "spectrum."+typ.Name) {
			t.Errorf("docs/guide/moving.md lacks a way to send %s", typ.Name)
		}
	}
}
