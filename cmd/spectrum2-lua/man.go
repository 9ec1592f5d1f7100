package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spectrumlua/runtime/version"
)

// manPage is a manual page in roff. Its texts come from --help: indented lines keep
// their line breaks, other lines are filled.
type manPage struct{ strings.Builder }

// newManPage returns a page of section 1 with its header.
func newManPage(name, short string) *manPage {
	p := &manPage{}
	p.macro("TH", strings.ToUpper(name), "1", "", "spectrum2-lua "+version.Number, "User Commands")
	p.WriteString(".nh\n.ad l\n") // a broken name could not be copied
	p.macro("SH", "NAME")
	p.text(name + " - " + short)
	return p
}

// macro writes a roff request.
func (p *manPage) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, a := range args {
		p.WriteString(` "` + strings.ReplaceAll(roff(a), `"`, `\(dq`) + `"`)
	}
	p.WriteString("\n")
}

// roff escapes characters that have a meaning in a line of roff, and characters
// outside ASCII.
func roff(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-': // a search for the option would not find a hyphen
			b.WriteString(`\-`)
		case r > unicode.MaxASCII:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// text writes paragraphs.
func (p *manPage) text(text string) {
	literal := false
	for _, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		indented := strings.HasPrefix(line, " ") || literal && line == ""
		switch {
		case indented && !literal:
			p.macro("PP")
			p.macro("nf")
		case !indented && literal:
			p.macro("fi")
			p.macro("PP")
		case line == "" && !literal:
			p.macro("PP")
			continue
		}
		literal = indented
		line = roff(line)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		p.WriteString(line + "\n")
	}
	if literal {
		p.macro("fi")
	}
}

// section writes a heading and its text. It writes nothing if the text is empty.
func (p *manPage) section(heading, text string) {
	if strings.TrimSpace(text) != "" {
		p.macro("SH", heading)
		p.text(text)
	}
}

// term writes a term and its meaning.
func (p *manPage) term(term, meaning string) {
	p.macro("TP")
	p.macro("B", term)
	p.text(meaning)
}

func (p *manPage) flags(flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.macro("SH", "OPTIONS")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		term := "--" + f.Name
		if f.Shorthand != "" {
			term = "-" + f.Shorthand + ", " + term
		}
		if value != "" {
			term += " " + value
		}
		if zero := f.DefValue == "" || f.DefValue == "false" || f.DefValue == "0" || f.DefValue == "[]" || f.DefValue == "0s"; !zero {
			usage += " (default: " + f.DefValue + ")"
		}
		p.term(term, usage)
	})
}

// commandPage returns the manual page of a command, with the texts of --help.
func commandPage(cmd *cobra.Command) string {
	name := pageName(cmd)
	p := newManPage(name, cmd.Short)
	p.section("SYNOPSIS", synopsis(cmd))
	description := cmd.Long
	if description == "" {
		description = cmd.Short + "."
	}
	p.section("DESCRIPTION", description)
	if cmd.HasAvailableSubCommands() {
		p.macro("SH", "COMMANDS")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				p.term(sub.Name(), sub.Short+". See "+pageName(sub)+"(1).")
			}
		}
	}
	cmd.InitDefaultHelpFlag()
	p.flags(cmd.LocalFlags())
	p.section("EXAMPLES", cmd.Example)
	p.macro("SH", "EXIT STATUS")
	p.term("0", "The command succeeded.")
	p.term(fmt.Sprint(exitFailed), "The command failed.")
	p.term(fmt.Sprint(exitUsage), "The command line is wrong.")
	p.section("SEE ALSO", seeAlso(cmd))
	return p.String()
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func synopsis(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return cmd.UseLine()
	}
	return cmd.Name() + " command [arguments]"
}

func seeAlso(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return backendName + "(1)"
	}
	if cmd.Parent() != cmd.Root() {
		return pageName(cmd.Parent()) + "(1), " + pageName(cmd.Root()) + "(1)"
	}
	return pageName(cmd.Root()) + "(1), " + backendName + "(1)"
}

// backendPage returns the manual page of the backend, with the text of --help.
func backendPage(usage string) string {
	description, rest, _ := strings.Cut(usage, "\nUsage: ")
	synopsis, rest, _ := strings.Cut(rest, "\n")
	arguments, rest, _ := strings.Cut(rest, "\nTo try it by hand")
	example, exit, _ := strings.Cut(rest, "\nExit codes")
	p := newManPage(backendName, "run a Lua script as a backend of Spectrum 2")
	p.section("SYNOPSIS", synopsis)
	p.section("DESCRIPTION", description)
	p.section("OPTIONS", arguments)
	p.section("EXAMPLES", "To try it by hand"+example)
	p.section("EXIT STATUS", "Exit codes"+exit)
	p.section("SEE ALSO", "spectrum2-lua(1)")
	return p.String()
}
