package api

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"spectrumlua/runtime/lazy"
)

// read parses all files of a folder.
func read(files fs.FS) (*description, error) {
	d := &description{byName: map[string]*Class{}}
	names, err := fs.Glob(files, "*.lua")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		p := &parser{d: d, variables: map[string]*Class{}}
		for i, line := range strings.Split(string(text), "\n") {
			if err := p.line(strings.TrimSpace(line)); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
			}
		}
	}
	for _, c := range d.byName {
		d.classes = append(d.classes, c)
		if c.Module {
			d.modules = append(d.modules, c)
		}
	}
	byName := func(a, b *Class) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(d.classes, byName)
	slices.SortFunc(d.modules, byName)
	slices.SortFunc(d.aliases, func(a, b *Alias) int { return cmp.Compare(a.Name, b.Name) })
	return d, nil
}

// parser parses one file, line by line. It knows only the annotations that the
// files use, and rejects all others.
type parser struct {
	d         *description
	module    string            // what the file describes
	variables map[string]*Class // of the file, by the name of the local variable

	doc      []string // lines of text since the last tag
	class    *Class   // whose fields come
	alias    *Alias   // whose values come
	function Function // whose parameters and results have come
}

func (p *parser) line(line string) error {
	comment, isComment := strings.CutPrefix(line, "---")
	switch {
	case line == "" || strings.HasPrefix(line, "-- "):
		p.doc, p.class, p.alias, p.function = nil, nil, nil, Function{}
		return nil
	case !isComment:
		return p.code(line)
	case strings.HasPrefix(comment, "@"):
		tag, rest, _ := strings.Cut(comment[1:], " ")
		read := tags[tag]
		if read == nil {
			return fmt.Errorf("the tag @%s is not known here", tag)
		}
		return read(p, rest)
	case strings.HasPrefix(comment, "| "):
		return p.value(comment[2:])
	}
	p.doc = append(p.doc, strings.TrimSpace(comment))
	return nil
}

var tags map[string]func(p *parser, rest string) error

func init() { // since code refers to it
	tags = map[string]func(p *parser, rest string) error{
		"meta":     func(p *parser, rest string) error { p.module = rest; return nil },
		"class":    (*parser).classTag,
		"field":    (*parser).fieldTag,
		"alias":    (*parser).aliasTag,
		"param":    (*parser).paramTag,
		"return":   (*parser).returnTag,
		"overload": (*parser).overloadTag,
		"generic":  func(*parser, string) error { return nil },
	}
}

// text returns the documentation lines that have been read, and forgets them.
func (p *parser) text() string {
	text := strings.Join(p.doc, "\n")
	p.doc = nil
	return text
}

func (p *parser) classTag(rest string) error {
	name, parents, _ := strings.Cut(rest, ": ")
	c := p.d.byName[name]
	if c == nil {
		c = &Class{Name: name}
		p.d.byName[name] = c
	}
	c.Module = c.Module || name == p.module
	if doc := p.text(); c.Doc == "" {
		c.Doc = doc
	}
	if parents != "" {
		c.Parents = strings.Split(parents, ", ")
	}
	p.class = c
	return nil
}

func (p *parser) fieldTag(rest string) error {
	if p.class == nil {
		return fmt.Errorf("a field without a class")
	}
	name, rest, _ := strings.Cut(rest, " ")
	f := &Field{}
	f.Name, f.Optional = strings.CutSuffix(name, "?")
	f.Type, rest = cutType(rest)
	if f.Type == "" || rest != "" {
		return fmt.Errorf("%s: type expected without a text after it: write the text above the field", name)
	}
	f.Doc, f.Default = splitDefault(p.text())
	p.class.Fields = append(p.class.Fields, f)
	return nil
}

func (p *parser) aliasTag(rest string) error {
	name, rest, _ := strings.Cut(rest, " ")
	p.alias = &Alias{Name: name, Type: Type(rest), Doc: p.text()}
	p.d.aliases = append(p.d.aliases, p.alias)
	return nil
}

func (p *parser) value(rest string) error {
	if p.alias == nil {
		return fmt.Errorf("a value without an alias")
	}
	text, doc, _ := strings.Cut(rest, " # ")
	p.alias.Values = append(p.alias.Values, &Value{Text: text, Doc: doc})
	return nil
}

func (p *parser) paramTag(rest string) error {
	name, rest, _ := strings.Cut(rest, " ")
	param := &Param{}
	param.Name, param.Optional = strings.CutSuffix(name, "?")
	param.Type, rest = cutType(rest)
	param.Doc, param.Default = splitDefault(rest)
	p.function.Params = append(p.function.Params, param)
	return nil
}

func (p *parser) returnTag(rest string) error {
	r := &Return{}
	r.Type, rest = cutType(rest)
	r.Name, r.Doc, _ = strings.Cut(rest, " ")
	p.function.Returns = append(p.function.Returns, r)
	return nil
}

// overloadTag parses another form of a function. Only one kind is known: the
// first parameter may be omitted although others follow. On a class, the
// overload describes the call of the class itself.
func (p *parser) overloadTag(rest string) error {
	if p.class != nil {
		p.class.Call = Type(rest)
		return nil
	}
	params := p.function.Params
	without := strings.TrimPrefix(strings.TrimPrefix(rest, "fun("), "self: spectrum.Session, ")
	if len(params) < 2 || !strings.HasPrefix(without, params[1].Name+": ") {
		return fmt.Errorf("the overload does not begin with the second parameter")
	}
	params[0].Optional = true
	return nil
}

var (
	localPattern    = lazy.Regexp(`^local (\w+) = \{\}$`)
	functionPattern = lazy.Regexp(`^function (\w+)([.:])(\w+)\(([^)]*)\) end$`)
)

func (p *parser) code(line string) error {
	if m := localPattern().FindStringSubmatch(line); m != nil {
		if p.class == nil {
			return fmt.Errorf("%s is of no class", m[1])
		}
		p.variables[m[1]] = p.class
		return nil
	}
	m := functionPattern().FindStringSubmatch(line)
	if m == nil {
		if strings.HasPrefix(line, "return ") {
			return nil
		}
		return fmt.Errorf("this is none of the forms that are read here")
	}
	class := p.variables[m[1]]
	if class == nil {
		return fmt.Errorf("%s is of no class", m[1])
	}
	f := p.function
	f.Name, f.Method, f.Doc = m[3], m[2] == ":", p.text()
	var names []string
	for _, param := range f.Params {
		names = append(names, param.Name)
	}
	if strings.Join(names, ", ") != m[4] {
		return fmt.Errorf("%s has the parameters %q, but %q are described", f.Name, m[4], strings.Join(names, ", "))
	}
	class.Functions = append(class.Functions, &f)
	p.function = Function{}
	return nil
}

var defaultPattern = lazy.Regexp(`(?s)^(.*?) ?\(default: (.+)\)(\.?)$`)

// splitDefault cuts the default off the end of a text.
func splitDefault(text string) (doc, byDefault string) {
	m := defaultPattern().FindStringSubmatch(text)
	if m == nil {
		return text, ""
	}
	return m[1] + m[3], m[2]
}
