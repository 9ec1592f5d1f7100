package replay

import (
	"slices"
	"strings"

	"spectrumlua/pb"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
)

// Kind is the kind of a difference.
type Kind int

const (
	// Changed answers came, with other values.
	Changed Kind = iota
	// Missing answers did not come.
	Missing
	// Extra answers were not in the record.
	Extra
)

// Difference is an answer that differs from the record.
type Difference struct {
	Kind Kind
	// Where is the answer's position in the record. For an Extra answer it is the
	// position of the user's previous answer, or "".
	Where string
	User  string
	Type  string // the name in scripts
	// Fields are the fields of the answer; for a Changed one, only those that differ.
	Fields []Field
}

// Field is a field with its recorded and its present value in JSON. A value that does
// not exist is "".
type Field struct {
	Name    string
	Was, Is string
}

// shown is an answer in the form in which answers are compared.
type shown struct {
	where   string
	typ     string
	fields  []record.Field
	ignored map[string]bool // fields of which any value matches
	any     bool            // the record does not have the fields
}

// comparer knows the differences that do not count.
type comparer struct {
	ignore []string
	ids    map[string]bool // the ids of Spectrum, as JSON
}

// compare compares the answers of each user with the record.
func compare(run record.Run, answers []answer, ignore []string) *Result {
	c := comparer{ignore: ignore, ids: map[string]bool{}}
	was, is := map[string][]shown{}, map[string][]shown{}
	var users []string
	whole := run.Whole
	note := func(user string) {
		if !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	for _, e := range run.Entries {
		switch {
		case e.Event != "":
		case e.Out:
			note(e.User())
			s := c.show(e.Type, e.Payload)
			s.where, s.any = e.Where(), e.LeftOut
			was[e.User()] = append(was[e.User()], s)
		default:
			whole = whole || e.Type == pb.WrapperMessage_TYPE_EXIT
			c.learn(e)
		}
	}
	for _, a := range answers {
		note(a.user)
		is[a.user] = append(is[a.user], c.show(a.typ, a.payload))
	}
	result := &Result{}
	for _, user := range users {
		if user != "" {
			result.Users++
		}
		c.user(result, user, was[user], is[user], whole)
	}
	return result
}

// learn remembers an id of Spectrum. An answer must repeat such an id, but ids that the
// script creates differ in each run.
func (c *comparer) learn(e record.Entry) {
	if typ := schema.TypeByNumber(e.Type); typ != nil && typ.Payload != nil {
		fields, _ := record.Fields(typ, e.Payload)
		for _, f := range fields {
			if f.Name == "id" {
				c.ids[f.JSON] = true
			}
		}
	}
}

// show prepares an answer for a comparison.
func (c *comparer) show(number pb.WrapperMessage_Type, payload []byte) shown {
	s := shown{typ: record.TypeName(number), ignored: map[string]bool{}}
	typ := schema.TypeByNumber(number)
	if typ == nil || typ.Payload == nil {
		if payload != nil {
			s.fields = []record.Field{{Name: "payload", JSON: record.Text(typ, payload)}}
		}
	} else {
		var ok bool
		if s.fields, ok = record.Fields(typ, payload); !ok {
			s.fields = []record.Field{{Name: "payload", JSON: record.Text(nil, payload)}}
		}
	}
	for _, f := range s.fields {
		s.ignored[f.Name] = f.Name == "timestamp" || f.Name == "id" && !c.ids[f.JSON]
	}
	s.fields = slices.DeleteFunc(s.fields, func(f record.Field) bool {
		return names(typ, f.Name) || slices.Contains(c.ignore, f.Name) || slices.Contains(c.ignore, s.typ+"."+f.Name)
	})
	return s
}

// names reports whether a field holds the user's name, which assigns an answer to a user.
func names(typ *schema.Type, field string) bool {
	if typ == nil || typ.Payload == nil {
		return false
	}
	f := typ.Payload.Field(field)
	return f != nil && f.User
}

// user compares the answers of one user.
func (c *comparer) user(result *Result, user string, was, is []shown, whole bool) {
	pairs := align(len(was), len(is), func(i, j int) bool { return same(was[i], is[j]) })
	i, j, where := 0, 0, ""
	for _, p := range append(pairs, pair{len(was), len(is)}) {
		last := p.i == len(was) && p.j == len(is)
		for _, g := range gap(was[i:p.i], is[j:p.j]) {
			if g.kind == Extra && last && !whole && g.tail {
				result.Beyond++
				continue
			}
			if g.kind != Extra {
				where = g.where
			}
			result.Differences = append(result.Differences, Difference{Kind: g.kind, Where: where, User: user, Type: g.typ, Fields: g.fields})
		}
		if !last {
			result.Same++
			where = was[p.i].where
		}
		i, j = p.i+1, p.j+1
	}
}

// same reports whether an answer matches the record.
func same(was, is shown) bool {
	if was.typ != is.typ {
		return false
	}
	return was.any || len(differing(was, is)) == 0
}

// differing returns the fields that differ.
func differing(was, is shown) (fields []Field) {
	now := map[string]string{}
	for _, f := range is.fields {
		now[f.Name] = f.JSON
	}
	for _, f := range was.fields {
		value, there := now[f.Name]
		delete(now, f.Name)
		if !there || value != f.JSON && !(was.ignored[f.Name] && is.ignored[f.Name]) && !masked(f.JSON, value) {
			fields = append(fields, Field{f.Name, f.JSON, value})
		}
	}
	for _, f := range is.fields {
		if value, there := now[f.Name]; there {
			fields = append(fields, Field{f.Name, "", value})
		}
	}
	return fields
}

// masked reports whether a value matches a recorded value in which a mask replaces a
// secret.
func masked(was, is string) bool {
	parts := strings.Split(was, secret.Mask)
	if len(parts) == 1 || !strings.HasPrefix(is, parts[0]) {
		return false
	}
	rest := is[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// change is one difference between two equal answers.
type change struct {
	kind   Kind
	where  string
	typ    string
	fields []Field
	tail   bool // it is at the end of the record
}

// gap returns the differences between two lists of answers, in the order of the record. A
// new answer of the same type as a recorded one counts as the same answer, changed.
func gap(was, is []shown) (changes []change) {
	j := 0
	for _, w := range was {
		at := slices.IndexFunc(is[j:], func(s shown) bool { return s.typ == w.typ })
		if at < 0 {
			changes = append(changes, change{kind: Missing, where: w.where, typ: w.typ, fields: differing(w, shown{})})
			continue
		}
		changes = append(changes, extras(is[j:j+at], false)...)
		changes = append(changes, change{kind: Changed, where: w.where, typ: w.typ, fields: differing(w, is[j+at])})
		j += at + 1
	}
	return append(changes, extras(is[j:], true)...)
}

func extras(is []shown, tail bool) (changes []change) {
	for _, s := range is {
		changes = append(changes, change{kind: Extra, typ: s.typ, fields: differing(shown{}, s), tail: tail})
	}
	return changes
}
