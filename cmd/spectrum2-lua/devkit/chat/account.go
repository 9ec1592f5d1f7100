package chat

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

var accountCommands = []*command{
	{
		name: "login", usage: "/login [NAME [PASSWORD]] [KEY=VALUE …]", run: (*Chat).login, password: 2, pairs: true,
		about: "goes online on the other network; - as the password asks for it",
		words: []candidates{nil, nil, settingKeys},
	},
	{name: "logout", usage: "/logout", about: "goes offline", needs: online, run: (*Chat).logout},
	{
		name: "settings", usage: "/settings [KEY=VALUE …]", run: (*Chat).setSettings,
		about: "shows or changes your settings for the next /login", words: []candidates{settingKeys},
	},
	{
		name: "status", usage: "/status [SHOW] [TEXT]", about: "changes your presence", needs: online, run: (*Chat).status,
		words: []candidates{statuses},
	},
	{
		name: "as", usage: "/as USER", about: "switches to another user; the default domain is localhost", run: (*Chat).as,
		words: []candidates{users},
	},
	{name: "users", usage: "/users", about: "lists the users of this chat", run: (*Chat).listUsers},
}

// spectrumSettings are the settings that Spectrum gives a new user.
var spectrumSettings = map[string]string{"enable_transport": "1", "send_headlines": "0", "stay_connected": "0"}

func (c *Chat) login(l *call) error {
	list, err := l.All()
	if err != nil {
		return err
	}
	settings := map[string]string{}
	var plain []string
	for i, word := range list {
		if key, value, ok := strings.Cut(word, "="); ok && i > 0 || ok && len(list) == 1 {
			settings[key] = value
			continue
		}
		plain = append(plain, word)
	}
	if len(plain) > 2 {
		return errUsage
	}
	if c.people.me().online {
		return fmt.Errorf("%s is logged in already: /logout goes offline, /as switches to another user", shortName(c.people.me().jid))
	}
	if len(plain) == 2 && plain[1] == "-" {
		if plain[1], err = c.opts.Console.ReadPassword("Password: "); err != nil {
			return fmt.Errorf("reading the password: %w", err)
		}
	}
	c.people.change(func(u *user) {
		u.hinted = false
		for i, to := range []*string{&u.legacy, &u.password} {
			if i < len(plain) {
				*to = plain[i]
			}
		}
		maps.Copy(u.settings, settings)
	})
	me := c.people.me()
	all := maps.Clone(spectrumSettings)
	maps.Copy(all, me.settings)
	_, err = c.run.Spectrum.Login(me.jid, me.legacy, me.password, all)
	return err
}

func (c *Chat) logout(l *call) error {
	if err := l.end(); err != nil {
		return err
	}
	me := c.people.me()
	return c.run.Spectrum.Logout(me.jid, me.legacy)
}

func (c *Chat) setSettings(l *call) error {
	list, err := l.All()
	if err != nil {
		return err
	}
	for _, word := range list {
		if !strings.Contains(word, "=") {
			return errUsage
		}
	}
	c.people.change(func(u *user) {
		for _, word := range list {
			key, value, _ := strings.Cut(word, "=")
			u.settings[key] = value
		}
	})
	all := maps.Clone(spectrumSettings)
	maps.Copy(all, c.people.me().settings)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		c.show.line(plainLine, printable(Masked("/ " + key + "=" + all[key])[2:]))
	}
	if len(list) > 0 && c.people.me().online {
		c.show.line(plainLine, "Spectrum sends settings only at login: use /logout and /login to send the new ones.")
	}
	return nil
}

// enumValue returns the number of an enum value by the name that scripts use.
func enumValue(typ, field, name string) int32 {
	n, _ := schema.TypeByName(typ).Payload.Field(field).Enum.Number(name)
	return n
}

func enumNames(typ, field string) []string {
	return schema.TypeByName(typ).Payload.Field(field).Enum.Names
}

func (c *Chat) status(l *call) error {
	name, err := l.choice("status", "online", enumNames("status_changed", "status"))
	if err != nil {
		return err
	}
	m := &pb.Status{Status: pb.StatusType(enumValue("status_changed", "status", name)).Enum()}
	if text := l.Rest(); text != "" {
		m.StatusMessage = proto.String(text)
	}
	return c.send(pb.WrapperMessage_TYPE_STATUS_CHANGED, m)
}

func (c *Chat) as(l *call) error {
	name, err := l.word()
	if err != nil {
		return err
	}
	c.people.become(fullJID(name))
	return l.end()
}

func (c *Chat) listUsers(l *call) error {
	current := c.people.speaker()
	for _, u := range c.people.all() {
		text := printable(u.jid)
		switch {
		case u.connected:
			text += ", connected as " + printable(u.legacy)
		case u.online:
			text += ", logged in as " + printable(u.legacy) + ", not connected"
		default:
			text += ", offline"
		}
		if u.jid == current {
			text += ", the current user"
		}
		c.show.line(plainLine, text)
	}
	return l.end()
}

// send sends a message of the current user.
func (c *Chat) send(typ pb.WrapperMessage_Type, m proto.Message) error {
	return c.run.Spectrum.User(c.people.speaker()).Send(typ, m)
}
