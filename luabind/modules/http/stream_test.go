package http_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func flush(w http.ResponseWriter, text string) {
	io.WriteString(w, text)
	http.NewResponseController(w).Flush()
}

func TestStreams(t *testing.T) {
	more := make(chan struct{}, 10)
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/lines":
			flush(w, `{"a":1}`+"\r\n")
			flush(w, `{"a":2}`+"\n\n"+`{"a":`)
			flush(w, `3}`)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			flush(w, "\ufeff: a comment\n\nevent: greeting\ndata: hello\ndata:  world\nid: 7\n\n")
			flush(w, "data\n\ndata: \r\nretry: 5\r\n\r\nevent: nothing\n\nid: \x00\ndata:x\n\nid\ndata: last\n\ndata: cut off\n")
		case "/long":
			flush(w, "data: "+strings.Repeat("x", 60)+"\ndata: "+strings.Repeat("y", 60)+"\n\ndata: ok\n\n"+strings.Repeat("z", 200)+"\n")
		case "/error":
			w.WriteHeader(403)
			io.WriteString(w, "you may not")
		case "/short":
			w.Header().Set("Content-Length", "100")
			flush(w, "one\ntwo")
		case "/closed":
			flush(w, "one\n")
			<-r.Context().Done()
		case "/wait":
			flush(w, "one\n")
			select {
			case <-more:
				flush(w, "two\n")
				<-r.Context().Done()
			case <-r.Context().Done():
			}
		case "/big":
			for range 300 {
				io.WriteString(w, strings.Repeat("0123456789abcdef", 1024))
			}
		}
	})
	cases := []struct{ name, script string }{
		{"lines", `
local s = assert(http.get(url .. "/lines", { stream = true }))
assert(s.status == 200 and s.reason == "OK" and s.url == url .. "/lines" and s.headers["Content-Type"] == "text/plain; charset=utf-8")
assert(s:read_line() == '{"a":1}')
local got = {}
for line in s:lines() do got[#got + 1] = line end
assert(table.concat(got, "|") == '{"a":2}||{"a":3}', table.concat(got, "|"))
assert(select(2, s:read_line()) == "closed by the peer")`},
		{"events", `
local s = assert(http.get(url .. "/events", { stream = true }))
local got = {}
for e in s:events() do got[#got + 1] = e.event .. "=" .. e.data .. "=" .. tostring(e.id) end
assert(table.concat(got, "|") == "greeting=hello\n world=7|message==7|message==7|message=x=7|message=last=nil", table.concat(got, "|"))
assert(select(2, s:read_event()) == "closed by the peer")`},
		{"limits", `
local s = assert(http.get(url .. "/long", { stream = true, max_size = 100 }))
local e, err = s:read_event()
assert(e == nil and err == "the event has more than 100 bytes (max_size)", err)
assert(s:read_event().data == "ok")
e, err = s:read_event()
assert(e == nil and err == "the line is too long", err)
assert(s:read_line(200) == ("z"):rep(200))`},
		{"all of it", `
local s = assert(http.get(url .. "/error", { stream = true }))
assert(s.status == 403 and s:read_all() == "you may not")
assert(s:read_all() == "")
s = assert(http.get(url .. "/big", { stream = true }))
local all, err = s:read_all(1000000)
assert(all == nil and err == "there are more than 1000000 bytes", err)
assert(#s:read(1000000) == 1000000 and s:read_some() and #s:read_all() > 3000000)`},
		{"an end too early", `
local s = assert(http.get(url .. "/short", { stream = true }))
assert(s:read_line() == "one")
local line, err = s:read_line()
assert(line == nil and err == "closed by the peer in the middle: its last bytes may be missing", err)
assert(s:read_some() == "two")`},
		{"closing", `
local s = assert(http.get(url .. "/closed", { stream = true }))
assert(s:read_line() == "one")
s:set_timeout(0.01)
assert(select(2, s:read_line()) == "timeout")
s:set_timeout(0)
local task = spectrum.spawn(function() return s:read_line() end)
spectrum.sleep(0)
local ok, err = pcall(s.read_line, s)
assert(not ok)
has(err, "another task reads from this response")
s:close()
assert(select(3, task:join(5)) == "the response is closed")
assert(select(2, s:read_event()) == "the response is closed")
s:close()`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { run(t, url, c.script) })
	}
	t.Run("a reader that is replaced loses nothing", func(t *testing.T) {
		st := luatest.Start(t, head(url)+`
local on = {}
local s
function on.conv_message(session, m)
  s = s or assert(http.get(url .. "/wait", { stream = true }))
  session:spawn("reader", function()
    if m.message == "first" then s:read_line() end
    session:conv_message { buddy_name = "b", message = m.message }
    session:conv_message { buddy_name = "b", message = s:read_line() }
  end)
end
return on`)
		st.Login("alice@localhost")
		for _, text := range []string{"first", "second", "third"} {
			st.Say("alice@localhost", "b", text)
			st.ExpectSaid(text)
		}
		more <- struct{}{}
		st.ExpectSaid("two")
	})
}

// TestStreamsEndWithTheirOwner lets a user log out in the middle of streams.
func TestStreamsEndWithTheirOwner(t *testing.T) {
	gone := make(chan string, 10)
	url := peer(t, func(w http.ResponseWriter, r *http.Request) {
		flush(w, "one\n")
		<-r.Context().Done()
		gone <- r.URL.Path
	})
	st := luatest.Start(t, head(url)+`
local on = {}
function on.login(session)
  local own = assert(http.get(url .. "/own", { stream = true }))
  local shared = assert(http.get(url .. "/shared", { stream = true, owner = spectrum }))
  session:spawn(function() while own:read_line() do end end)
  session:conv_message { buddy_name = "b", message = "streaming" }
end
return on`)
	st.Login("alice@localhost")
	st.ExpectSaid("streaming")
	st.Logout("alice@localhost")
	if path := <-gone; path != "/own" {
		t.Errorf("%s has ended", path)
	}
	st.Close()
	if path := <-gone; path != "/shared" {
		t.Errorf("%s has ended", path)
	}
}

func TestStreamsThatStall(t *testing.T) {
	url := peer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	run(t, url, `
local s, err = http.get(url, { stream = true, timeout = 0.03 })
assert(s == nil and err == "GET " .. url .. ": timeout", err)
local task = spectrum.spawn(function() return http.get(url, { stream = true }) end)
spectrum.sleep(0.01)
task:cancel()
local ok
ok, err = task:join(5)
assert(ok == nil)
has(err, "the task was cancelled")`)
}
