package http_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

func numbered(n int) string {
	return fmt.Sprintf(`
local spectrum, http = require "spectrum", require "spectrum.http"
local server = assert(http.serve("127.0.0.1:0", function(request)
  if request.path == "/wait" then spectrum.send("query", { config = "waits" }); spectrum.data.gate = spectrum.channel(); spectrum.data.gate:receive() end
  return "generation %[1]d"
end))
local on = {}
function on.query(m)
  if spectrum.data.gate then spectrum.data.gate:send(true) end
  spectrum.send("query", { config = server.address })
end
return on`, n)
}

// TestServerIsHandedOver reloads a script many times while clients send requests that
// they would not repeat, on connections that they keep. Each client receives its answer
// on its connection.
func TestServerIsHandedOver(t *testing.T) {
	st := luatest.Start(t, numbered(1))
	st.Receive("query", &pb.BackendConfig{Config: proto.String("x")})
	url := "http://" + st.Query() + "/"
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			for {
				select {
				case <-stop:
					return
				default:
				}
				if text, err := post(client, url); err != nil || !strings.HasPrefix(text, "generation ") {
					t.Errorf("got %q, %v", text, err)
					return
				}
			}
		})
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for n := 2; n <= 30; n++ {
		st.Write("script.lua", numbered(n))
		if err := st.Host.Load(); err != nil {
			t.Fatal(err)
		}
		if text, err := post(&http.Client{Transport: transport}, url); err != nil || text != fmt.Sprint("generation ", n) {
			t.Fatalf("got %q, %v", text, err)
		}
	}
	close(stop)
	clients.Wait()
}

func post(client *http.Client, url string) (string, error) {
	answer, err := client.Post(url, "text/plain", strings.NewReader("once"))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// TestAnswerIsFinishedInItsGeneration swaps while a request is answered.
func TestAnswerIsFinishedInItsGeneration(t *testing.T) {
	st := luatest.Start(t, numbered(1))
	st.Receive("query", &pb.BackendConfig{Config: proto.String("x")})
	url := "http://" + st.Query() + "/wait"
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answered := make(chan string)
	go func() {
		text, err := post(&http.Client{Transport: transport}, url)
		answered <- fmt.Sprint(text, err)
	}()
	st.ExpectQuery("waits")
	st.Write("script.lua", numbered(2))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.Receive("query", &pb.BackendConfig{Config: proto.String("x")})
	if got := <-answered; got != "generation 1<nil>" {
		t.Errorf("got %s", got)
	}
}
