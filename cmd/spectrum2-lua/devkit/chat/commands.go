package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"spectrumlua/runtime/spelling"
)

// command is one thing that can be typed after a slash.
type command struct {
	name  string
	usage string // with the name, as /help shows it
	about string // one sentence, without its dot
	needs need
	// password is the word, counted from 1, that is one; 0 if there is none.
	// With pairs, words with a = in them do not count as it.
	password int
	pairs    bool
	// looksBack has /expect see what was shown before the command too.
	looksBack bool
	// words are what may be completed, by the place of the word; the last one
	// holds for all words after it.
	words []candidates
	run   func(*Chat, *call) error
}

// need is what a command is impossible without.
type need int

const (
	nothing need = iota
	online       // LOGIN has been sent
	connected
)

// call is a command with its words.
type call struct {
	ctx     context.Context
	command *command
	words
}

// errUsage is a command whose words do not fit.
var errUsage = errors.New("the words do not fit")

// groups are all commands, in the order of the help.
var groups []group

type group struct {
	title    string
	commands []*command
}

func init() { // not a plain value, since /help is among them
	groups = []group{
		{"You", accountCommands},
		{"Talking", talkCommands},
		{"Contacts", contactCommands},
		{"Rooms", roomCommands},
		{"Anything else", rawCommands},
		{"This program", toolCommands},
	}
}

// find finds a command by its name.
func find(name string) *command {
	for _, g := range groups {
		for _, c := range g.commands {
			if c.name == name {
				return c
			}
		}
	}
	return nil
}

func commandNames() []string {
	var names []string
	for _, g := range groups {
		for _, c := range g.commands {
			names = append(names, c.name)
		}
	}
	return names
}

// split finds the command that a line begins with, and the rest of the line.
func split(line string) (cmd *command, rest string) {
	line, isCommand := strings.CutPrefix(strings.TrimLeft(line, " \t"), "/")
	if !isCommand {
		return nil, ""
	}
	name, rest, _ := cutBlank(line)
	return find(strings.ToLower(name)), rest
}

func unknownCommand(text string) error {
	name, _, _ := cutBlank(text)
	if near := spelling.Name(name, commandNames()); near != "" {
		return fmt.Errorf("there is no command /%s; do you mean /%s?", printable(name), near)
	}
	return fmt.Errorf("there is no command /%s; /help lists them, and a text that begins with / is written with //", printable(name))
}

// possible tells why a user cannot give the command now.
func (c *command) possible(u user) error {
	switch {
	case c.needs != nothing && !u.online:
		return fmt.Errorf("%s is not logged in: /login goes online", shortName(u.jid))
	case c.needs == connected && !u.connected:
		return fmt.Errorf("%s is logged in, but the script has not said connected: until then Spectrum holds this back", shortName(u.jid))
	}
	return nil
}

// word is the next word, which has to be there.
func (c *call) word() (string, error) {
	word, ok, err := c.next()
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", errUsage
	}
	return word, nil
}

// or is the next word, or another one if there is none.
func (c *call) or(otherwise string) (string, error) {
	word, ok, err := c.next()
	if err != nil || ok {
		return word, err
	}
	return otherwise, nil
}

// end makes sure that no word is left.
func (c *call) end() error {
	if c.rest() != "" {
		return errUsage
	}
	return nil
}

// choice is the next word, which has to be one of a list.
func (c *call) choice(what, otherwise string, known []string) (string, error) {
	word, err := c.or(otherwise)
	if err != nil {
		return "", err
	}
	for _, k := range known {
		if k == word {
			return word, nil
		}
	}
	if near := spelling.Name(word, known); near != "" {
		return "", fmt.Errorf("there is no %s %q; do you mean %s?", what, word, near)
	}
	return "", fmt.Errorf("there is no %s %q; there are %s", what, word, strings.Join(known, ", "))
}
