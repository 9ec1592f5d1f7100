package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"spectrumlua/runtime/spelling"
	"spectrumlua/runtime/words"
)

// command is one command of the console.
type command struct {
	name  string
	usage string // with the name, as /help shows it
	about string // one sentence without its full stop
	needs need
	// password is the position of the password among the words, counted from 1, or
	// 0. With pairs, a word that contains = is not a password.
	password int
	pairs    bool
	// looksBack keeps the lines before the command for /expect.
	looksBack bool
	// words completes each word by its position. The last entry also completes all
	// later words.
	words []candidates
	run   func(*Chat, *call) error
}

// need is the state of the user that a command requires.
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
	words.Line
}

// errUsage means that the words of a command do not match its usage.
var errUsage = errors.New("the words do not match the usage")

// groups holds all commands in the order of the help.
var groups []group

type group struct {
	title    string
	commands []*command
}

func init() { // not in the declaration: /help refers to groups
	groups = []group{
		{"You", accountCommands},
		{"Talking", talkCommands},
		{"The transport", serviceCommands},
		{"Messages", referCommands},
		{"Files", fileCommands},
		{"Contacts", contactCommands},
		{"Rooms", roomCommands},
		{"Anything else", rawCommands},
		{"This program", toolCommands},
	}
}

// find returns the command with a name, or nil.
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

// split returns the command of a line, or nil, and the rest of the line.
func split(line string) (cmd *command, rest string) {
	line, isCommand := strings.CutPrefix(strings.TrimLeft(line, " \t"), "/")
	if !isCommand {
		return nil, ""
	}
	name, rest, _ := words.Cut(line)
	return find(strings.ToLower(name)), rest
}

func unknownCommand(text string) error {
	name, _, _ := words.Cut(text)
	if near := spelling.Name(name, commandNames()); near != "" {
		return fmt.Errorf("unknown command /%s (did you mean /%s?)", printable(name), near)
	}
	return fmt.Errorf("unknown command /%s: /help lists the commands; write // for a text that starts with /", printable(name))
}

// possible returns an error if the user cannot run the command now.
func (c *command) possible(u user) error {
	switch {
	case c.needs != nothing && !u.online:
		return fmt.Errorf("%s is not logged in: /login goes online", shortName(u.jid))
	case c.needs == connected && !u.connected:
		return fmt.Errorf("%s is logged in, but not connected: Spectrum waits for session:connected() of the script", shortName(u.jid))
	}
	return nil
}

// word returns the next word, or errUsage at the end of the line.
func (c *call) word() (string, error) {
	word, ok, err := c.Next()
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", errUsage
	}
	return word, nil
}

// or returns the next word, or a default at the end of the line.
func (c *call) or(otherwise string) (string, error) {
	word, ok, err := c.Next()
	if err != nil || ok {
		return word, err
	}
	return otherwise, nil
}

// end returns errUsage if a word is left.
func (c *call) end() error {
	if c.Rest() != "" {
		return errUsage
	}
	return nil
}

// choice returns the next word, which must be in a list.
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
		return "", fmt.Errorf("unknown %s %q (did you mean %s?)", what, word, near)
	}
	return "", fmt.Errorf("unknown %s %q: use one of %s", what, word, strings.Join(known, ", "))
}
