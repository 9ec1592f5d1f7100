package serve

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"spectrumlua/luabind/backend"
)

// statusEvery is how often systemd learns the number of users.
const statusEvery = 10 * time.Second

// systemd tells the service manager about the process (sd_notify(3)). It does nothing if
// another program has started the process.
type systemd struct {
	watchdog time.Duration // WatchdogSec; 0 without it
	status   string        // the last one
	// send sends variables. It ignores that nobody listens.
	send func(variables string)
}

// newSystemd reads the environment.
func newSystemd() *systemd {
	timeout, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		timeout = 0 // systemd never sets a wrong value
	}
	return &systemd{watchdog: timeout, send: func(variables string) { _, _ = daemon.SdNotify(false, variables) }}
}

func (s *systemd) tell(variables ...string) { s.send(strings.Join(variables, "\n")) }

func (s *systemd) reloading() {
	s.tell(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
}

// show sends a status if it is a new one.
func (s *systemd) show(status string) {
	if status != s.status {
		s.status = status
		s.tell("STATUS=" + status)
	}
}

// patience raises the time of the watchdog for scripts that may compute for longer.
func (s *systemd) patience(handler time.Duration) {
	if need := handler + backend.WatchdogGrace + 2*s.interval(); s.watchdog > 0 && need > s.watchdog {
		s.watchdog = need
		s.tell(fmt.Sprintf("WATCHDOG_USEC=%d", need.Microseconds()))
	}
}

// watch sends signs of life until ctx is done. alive returns while the process works: a
// script that keeps the script lock makes it wait, so that systemd kills the process.
func (s *systemd) watch(ctx context.Context, alive func()) {
	interval := s.interval()
	if interval == 0 {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		alive()
		s.tell(daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// interval is the pause between two signs of life.
func (s *systemd) interval() time.Duration { return s.watchdog / 4 }

// status describes transports in one line.
func status(transports []*Transport) string {
	users := 0
	var troubles []string
	for _, t := range transports {
		users += t.backend.Users()
		if err := t.trouble(); err != nil {
			troubles = append(troubles, "no connection to the XMPP server: "+oneLine(err.Error()))
		}
	}
	text := transports[0].config.JID()
	if n := len(transports); n > 1 {
		text = fmt.Sprintf("%d transports", n)
	}
	text += fmt.Sprintf(": %d users online", users)
	if users == 1 {
		text = strings.TrimSuffix(text, "users online") + "user online"
	}
	return strings.Join(append([]string{text}, troubles...), "; ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
