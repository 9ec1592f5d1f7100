package luabind

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// connectionOptions are the functions and settings of a connection. They belong to the
// VM of runtime.
type connectionOptions struct {
	runtime *bind.Runtime

	connect, login, read, line, send *lua.LFunction
	online, lost, failed, ping       *lua.LFunction
	delay, delayMax, timeout         time.Duration
	pingAfter, pingTimeout           time.Duration
	tries, queue                     int
}

// Defaults of the options.
const (
	defaultUnsent      = 100
	defaultLoginTime   = 60 * time.Second
	defaultPingAfter   = 60 * time.Second
	defaultPingTimeout = 30 * time.Second
)

// readOptions reads argument n. It raises an error if it is wrong.
func (s *connections) readOptions(l *lua.LState, n int) *connectionOptions {
	what := "session:connection"
	if s.session == nil {
		what = "spectrum.connection"
	}
	o := bind.OptionsAt(l, n, what)
	settings := s.host.opts.Settings
	c := &connectionOptions{
		runtime:     bind.RuntimeOf(l),
		connect:     o.Function("connect"),
		login:       o.Function("login"),
		line:        o.Function("line"),
		online:      o.Function("online"),
		lost:        o.Function("lost"),
		failed:      o.Function("failed"),
		read:        o.Function("read"),
		send:        o.Function("send"),
		ping:        o.Function("ping"),
		delay:       o.Seconds("delay", settings.LoginDelay),
		delayMax:    o.Seconds("delay_max", settings.LoginDelayMax),
		tries:       o.Int("tries", 0, 0),
		timeout:     o.Seconds("timeout", defaultLoginTime),
		queue:       o.Int("queue", defaultUnsent, 0),
		pingAfter:   o.Seconds("ping_after", defaultPingAfter),
		pingTimeout: o.Seconds("ping_timeout", defaultPingTimeout),
	}
	o.Done()
	for _, required := range []struct {
		name string
		fn   *lua.LFunction
	}{{"connect", c.connect}, {"line", c.line}} {
		if required.fn == nil {
			bind.Raise(l, "%s: %s is missing (function expected)", what, required.name)
		}
	}
	if c.read == nil {
		c.read = readFrom
	}
	if c.send == nil {
		c.send = writeTo
	}
	return c
}
