package examples_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"spectrumlua/pb"
)

func TestWebhook(t *testing.T) {
	heard := make(chan string, 10)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ From, To, Text string }
		err := json.NewDecoder(r.Body).Decode(&m)
		if m.Text == "fail" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		heard <- fmt.Sprint(r.Header.Get("Authorization"), " ", m.From, " ", m.To, " ", m.Text, " ", err)
	}))
	defer service.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := listener.Addr().String()
	_ = listener.Close() // for the script to take
	st := start(t, "webhook.lua", "[webhook]", "service="+service.URL, "listen="+listen, "token=t0ken")
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "carol", "hello")
	select {
	case got := <-heard:
		if got != "Bearer t0ken legacy carol hello <nil>" {
			t.Errorf("the service heard %q", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("the service heard nothing")
	}
	st.Say(alice, "carol", "fail")
	st.ExpectSaid("Not delivered: the service answers 418")

	for _, c := range []struct {
		name, token, body string
		want              int
	}{
		{"a message", "t0ken", `{"to": "legacy", "from": "carol", "text": "hi"}`, 204},
		{"a wrong token", "guess", `{"to": "legacy", "from": "carol", "text": "hi"}`, 401},
		{"no JSON", "t0ken", `{`, 400},
		{"nobody", "t0ken", `{"to": "nobody", "from": "carol", "text": "hi"}`, 404},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listen, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, response.StatusCode, c.want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	var m pb.ConversationMessage
	st.Expect("conv_message", &m)
	if m.GetBuddyName() != "carol" || m.GetMessage() != "hi" {
		t.Errorf("got %v", &m)
	}
}
