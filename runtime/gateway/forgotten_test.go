package gateway_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
)

// TestUsersAreForgottenAfterTheirSession ends sessions while something is not done yet.
func TestUsersAreForgottenAfterTheirSession(t *testing.T) {
	carol := &pb.Buddy{BuddyName: proto.String("carol")}
	leave := `<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`
	for _, c := range []struct {
		name string
		end  func(s *stage)
	}{
		{"nothing is left", func(s *stage) { s.user(leave) }},
		{"a contact is to be offered to a client that has not said what it understands", func(s *stage) {
			blocked := make(chan struct{})
			if err := s.router.For(alice, func(*router.User) { <-blocked }); err != nil {
				s.t.Fatal(err)
			}
			s.buddy(carol)
			s.user(leave) // the logout comes before the offer
			close(blocked)
		}},
		{"a contact is to be stored again", func(s *stage) {
			if err := s.store.Close(); err != nil {
				s.t.Fatal(err)
			}
			s.buddy(carol)
			s.user(leave)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := gateway.Memory(t)
			add(t, store, alice, "0")
			synctest.Test(t, func(t *testing.T) {
				s := onStageWith(t, gateway.Features(), store, settings.Service{}, settings.User{})
				defer s.stop()
				s.user(withCapabilities(desktop, "v1"))
				s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
				c.end(s)
				time.Sleep(5 * time.Minute)
				n := 0
				s.router.Each(func(*router.User) { n++ })
				synctest.Wait()
				if n != 0 {
					t.Errorf("the router keeps %d users", n)
				}
			})
		})
	}
}
