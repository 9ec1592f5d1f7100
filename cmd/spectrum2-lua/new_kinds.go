package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spectrumlua/runtime/spelling"
)

// newKind is a kind of transport that new creates. The folder template/NAME has its
// script, tests and settings.
type newKind struct {
	name  string
	about string // a sentence for README.md
}

// newKinds are all kinds. The first one is the default.
var newKinds = []newKind{
	{"echo", "Its one contact echoes each message. It shows the handlers and nothing of a network."},
	{"lines", "It connects to a network that speaks lines of text over TCP or TLS. Replace the invented\nprotocol by the one of your network."},
	{"http", "It connects to a service with JSON over HTTP: a long poll receives, and requests send.\nReplace the invented protocol by the one of your network."},
	{"websocket", "It connects to a network with JSON over a WebSocket, and waits for the answers to its\nrequests. Replace the invented protocol by the one of your network."},
	{"xmpp", "It logs in to accounts on other XMPP servers, with TLS and SCRAM, for messages, presence\nand the roster. Users register with an address such as alice@example.org."},
}

// kindNames returns the names of all kinds.
func kindNames() []string {
	names := make([]string, len(newKinds))
	for i, k := range newKinds {
		names[i] = k.name
	}
	return names
}

// kindByName returns the kind with a name.
func kindByName(name string) (newKind, error) {
	names := kindNames()
	if i := slices.Index(names, name); i >= 0 {
		return newKinds[i], nil
	}
	if near := spelling.Name(name, names); near != "" {
		return newKind{}, fmt.Errorf("--kind: unknown kind %q (did you mean %s?)", name, near)
	}
	return newKind{}, fmt.Errorf("--kind: unknown kind %q: use one of %s", name, strings.Join(names, ", "))
}

// completeKinds completes the value of --kind.
func completeKinds(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return kindNames(), cobra.ShellCompDirectiveNoFileComp
}
