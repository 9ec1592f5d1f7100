package examples_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"spectrumlua/pb"
)

type wsMessage struct {
	Type     string `json:"type"`
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Text     string `json:"text,omitempty"`
	Why      string `json:"why,omitempty"`
	Online   bool   `json:"online,omitempty"`
}

// chat plays the made-up server: it welcomes one password, tells of carol, says
// everything back, and goes away at "bye".
func chat(w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer socket.CloseNow()
	ctx := context.Background()
	var m wsMessage
	if wsjson.Read(ctx, socket, &m) != nil {
		return
	}
	if m.Name != "legacy" || m.Password != "hunter2" {
		_ = wsjson.Write(ctx, socket, wsMessage{Type: "refused", Why: "who are you?"})
		return
	}
	_ = wsjson.Write(ctx, socket, wsMessage{Type: "welcome"})
	_ = wsjson.Write(ctx, socket, wsMessage{Type: "presence", Name: "carol", Online: true})
	for wsjson.Read(ctx, socket, &m) == nil && m.Text != "bye" {
		_ = wsjson.Write(ctx, socket, wsMessage{Type: "message", From: m.To, Text: m.Text})
	}
	_ = socket.Close(websocket.StatusGoingAway, "closing time")
}

func TestWebsocket(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(chat))
	defer server.Close()
	st := start(t, "websocket.lua", "[websocket]", "url=ws"+strings.TrimPrefix(server.URL, "http"))
	st.Login(alice)
	st.Expect("connected", nil)
	var b pb.Buddy
	st.Expect("buddy_changed", &b)
	if b.GetBuddyName() != "carol" || b.GetStatus() != pb.StatusType_STATUS_TYPE_ONLINE {
		t.Errorf("got %v", &b)
	}
	st.Say(alice, "carol", "hällo")
	st.ExpectSaid("hällo")
	st.Say(alice, "carol", "bye")
	var d pb.Disconnected
	st.Expect("disconnected", &d)
	if d.GetError() != pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR || !strings.Contains(d.GetMessage(), "closing time") {
		t.Errorf("got %v", &d)
	}
}
