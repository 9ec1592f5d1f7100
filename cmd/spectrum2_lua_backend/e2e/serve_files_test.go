//go:build e2e

package e2e_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// filesScript returns each file of the user, with its content in the text. Then it sends a
// file that a function makes when somebody opens it.
const filesScript = `local spectrum = require "spectrum"
local files = spectrum.files
local on, runs = {}, 0

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end

function on.conv_message(session, m)
  local address = m.attachment and m.attachment[1] or m.message:match "^http%S+$"
  local file, why = files.fetch(address or assert(files.share { data = "nothing" }))
  session:conv_message {
    buddy_name = m.buddy_name, attachment = m.attachment, id = m.id,
    message = file and file.name .. " has " .. file:read_all() or why,
  }
  session:conv_message { buddy_name = m.buddy_name, message = "on demand", id = "made", attachment = { assert(files.share {
    name = "page.html",
    fetch = function()
      runs = runs + 1
      return "<b>run " .. runs .. "</b>"
    end,
  }) } }
end

return on
`

var sharedURL = regexp.MustCompile(`<url>([^<]+)</url>`)

// address returns the address of the file in a message, as old clients see it.
func (e event) address(t *testing.T) string {
	t.Helper()
	found := sharedURL.FindStringSubmatch(e.XML)
	if found == nil {
		t.Fatalf("there is no address in %s", e.XML)
	}
	return found[1]
}

// request sends a request to the file server.
func request(t *testing.T, method, url, body, ranges string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		r.Header.Set("Range", ranges)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(data)
}

// TestServeFiles sends files both ways: the client uploads one to the transport, and opens
// those of the script.
func TestServeFiles(t *testing.T) {
	onServers(t, bedConfig{script: filesScript, sections: "[files]\nlisten = 127.0.0.1:0\n"}, func(b *bed) {
		alice := b.client("alice")
		alice.online()
		alice.befriend("echo")
		info := alice.do(command{"do": "disco_info", "to": b.jid})
		if !slices.Contains(info.Features, "urn:xmpp:http:upload:0") {
			b.t.Errorf("the transport has no uploads: %v", info.Features)
		}
		alice.step("uploads a file")
		slot := alice.do(command{"do": "slot", "domain": xmppDomain, "name": "a b.txt", "size": 5, "type": "text/plain"})
		if slot.From != b.jid || slot.Put == "" {
			b.t.Fatalf("the slot: %s", slot.raw)
		}
		if res, _ := request(b.t, http.MethodPut, slot.Put, "hello", ""); res.StatusCode != http.StatusCreated {
			b.t.Fatalf("the upload: %s", res.Status)
		}
		alice.do(command{"do": "modern", "kind": "file", "to": b.contact("echo"), "url": slot.Get, "name": "a b.txt", "data": "hello"})
		answer := alice.wait("the file comes back", func(e event) bool {
			return e.Event == "message" && e.File != nil && strings.HasPrefix(e.Body, "a b.txt has hello")
		})
		if got := answer.address(b.t); got != slot.Get || *answer.File != (sharedFile{Name: "a b.txt", Type: "text/plain", Size: 5}) {
			b.t.Errorf("the file: %s", answer.XML)
		}
		res, part := request(b.t, http.MethodGet, answer.address(b.t), "", "bytes=1-3")
		if res.StatusCode != http.StatusPartialContent || part != "ell" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			b.t.Errorf("a part of the file: %s %q %v", res.Status, part, res.Header)
		}
		made := alice.wait("a file on demand", func(e event) bool { return e.Event == "message" && strings.HasPrefix(e.Body, "on demand") })
		for range 2 {
			res, page := request(b.t, http.MethodGet, made.address(b.t), "", "")
			if page != "<b>run 1</b>" || res.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
				b.t.Errorf("the file on demand: %s %q %v", res.Status, page, res.Header)
			}
		}
	})
}

// TestFilesUnderSpectrum shares a file with a user of Spectrum, who sends it back: as its
// address, because Spectrum passes nothing else.
func TestFilesUnderSpectrum(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: filesScript, sections: "[files]\nlisten = 127.0.0.1:0\n"})
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.do(command{"do": "message", "to": b.contact("echo"), "body": "go"})
	made := alice.wait("a file on demand", func(e event) bool { return e.Event == "message" && strings.HasPrefix(e.Body, "on demand") })
	url := made.address(t)
	if res, page := request(t, http.MethodGet, url, "", "bytes=3-5"); page != "<b>run 1</b>" && page != "run" {
		t.Errorf("the file on demand: %s %q", res.Status, page)
	}
	if made.File == nil || made.File.Name != "page.html" {
		t.Errorf("the description of the file: %s", made.XML)
	}
	alice.do(command{"do": "modern", "kind": "file", "to": b.contact("echo"), "url": url, "name": "x.html", "data": "12345"})
	alice.wait("the content of the user's file", func(e event) bool { return e.Event == "message" && e.Body == "page.html has <b>run 1</b>" })
}
