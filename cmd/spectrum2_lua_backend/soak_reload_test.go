//go:build soak

package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// reload reloads the script and waits until the new generation runs.
func (s *soak) reload() {
	s.reloads++
	_ = s.p.Signal(syscall.SIGHUP)
	select {
	case <-s.reloaded:
	case <-time.After(time.Minute):
		s.failed.Store(true)
		s.t.Error("the script does not reload")
	}
}

// inOrder has users act before and after a reload, in a given order. Their messages from
// before are still on the way during the reload.
func (s *soak) inOrder(steps []string) {
	for _, u := range s.orderly {
		if !u.online {
			s.login(u)
		}
		s.await(u)
	}
	for _, step := range steps {
		if step == "reload" {
			s.reload()
			continue
		}
		for _, u := range s.orderly {
			switch step {
			case "message":
				for range 20 {
					s.say(u, "echo")
				}
			case "job":
				s.say(u, "job")
			case "logout":
				s.logout(u)
				s.login(u)
			}
		}
	}
	for _, u := range s.orderly {
		s.await(u)
	}
}

func permutations(of []string) (all [][]string) {
	if len(of) == 0 {
		return [][]string{nil}
	}
	for i, first := range of {
		for _, rest := range permutations(slices.Concat(of[:i], of[i+1:])) {
			all = append(all, append([]string{first}, rest...))
		}
	}
	return all
}

// bigModule is a module that takes some megabytes of memory.
var bigModule = func() string {
	var b strings.Builder
	b.WriteString("local all = {}\nfor i = 1, 20000 do all[i] = { i } end\n")
	for i := range 500 {
		fmt.Fprintf(&b, "all.f%d = function(a, b) if a then return b + %d end return all[%d] end\n", i, i, i+1)
	}
	return b.String() + "return all\n"
}()
