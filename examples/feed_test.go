package examples_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// Two processes run the bot, one after the other. Together they post each item once.
func TestFeedSurvivesARestart(t *testing.T) {
	var newest atomic.Int64
	newest.Store(1)
	looks := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<rss><channel>")
		for n := newest.Load(); n > 0; n-- {
			fmt.Fprintf(w, "<item><title>Item %d</title><link>https://example.net/%d</link></item>", n, n)
		}
		fmt.Fprint(w, "</channel></rss>")
		looks <- struct{}{}
	}))
	defer server.Close()
	store := filepath.Join(t.TempDir(), "store.sqlite")
	run := func() *luatest.Fixture {
		st := start(t, "feed.lua", "store="+store, "[feed]", "url="+server.URL, "interval=0.05")
		st.Login(alice)
		room, nickname := "news", "alice"
		user := alice
		st.Receive("join_room", &pb.Room{UserName: &user, Room: &room, Nickname: &nickname})
		st.Expect("room_subject_changed", nil)
		return st
	}
	st := run()
	<-looks
	<-looks // so the first look is over
	newest.Store(2)
	st.ExpectSaid("Item 2\nhttps://example.net/2")
	st.Close()

	st = run()
	st.ExpectSaid("Item 2\nhttps://example.net/2") // the latest, for who has just come
	newest.Store(3)
	st.ExpectSaid("Item 3\nhttps://example.net/3") // and nothing twice
	newest.Store(4)
	st.ExpectSaid("Item 4\nhttps://example.net/4")
}
