package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway/disco"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// uploading gives the scene a file server.
func uploading(s *scene) {
	s.files = files.New(files.Options{Log: logrus.New(), Settings: files.Settings{
		Listen: "127.0.0.1:0", Folder: filepath.Join(s.t.TempDir(), "files"),
		MaxSize: 1000, UserQuota: 5000, Quota: 10_000, Expire: time.Hour,
	}})
	s.t.Cleanup(func() {
		if err := s.files.Close(); err != nil {
			s.t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
}

// xmlOf returns an element as text.
func xmlOf(n *xmltree.Node) string {
	text, err := n.Text(1 << 20)
	if err != nil {
		return err.Error()
	}
	return text
}

func slotRequest(name, size string) string {
	return fmt.Sprintf(`<request xmlns="urn:xmpp:http:upload:0" filename=%q size=%q content-type="text/plain"/>`, name, size)
}

func TestUsersUploadFiles(t *testing.T) {
	s := play(t, "", uploading)
	s.register()
	slot := s.result("get", transport, slotRequest("a&amp;&lt;b&gt;.txt", "5"))
	put, get := stanza.Attr(stanza.Child(slot, stanza.Upload, "put"), "url"), stanza.Attr(stanza.Child(slot, stanza.Upload, "get"), "url")
	r, err := http.NewRequestWithContext(s.ctx, "PUT", put, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil || res.StatusCode != 201 {
		t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	if res, err = http.Get(get); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "hello" || !strings.HasSuffix(get, "/a&_b_.txt") {
		t.Errorf("%s: %q", get, body)
	}
}

func TestUploadIsDiscovered(t *testing.T) {
	s := play(t, "", uploading)
	s.register()
	info := s.result("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info"/>`)
	text := xmlOf(info)
	if !strings.Contains(text, `category="store"`) || !strings.Contains(text, `var="urn:xmpp:http:upload:0"`) || !strings.Contains(text, "<value>1000</value>") {
		t.Errorf("%s", text)
	}
	// Clients ignore capabilities whose hash does not fit.
	ver := disco.Verification(stanza.Children(info))
	s.result("get", transport, `<query xmlns="http://jabber.org/protocol/disco#info" node="https://spectrum.im/spectrum2-lua#`+ver+`"/>`)
	off := play(t, "")
	off.register()
	if got := off.refused("get", transport, slotRequest("a", "1")); got != stanza.ServiceUnavailable {
		t.Errorf("without files: %s", got)
	}
}

func TestSlotsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, request string
		condition     stanza.Condition
		more          string
	}{
		{"too large", slotRequest("a", "1001"), stanza.NotAcceptable, `<file-too-large xmlns="urn:xmpp:http:upload:0"><max-file-size>1000</max-file-size>`},
		{"no size", slotRequest("a", ""), stanza.BadRequest, ""},
		{"a negative size", slotRequest("a", "-1"), stanza.BadRequest, ""},
		{"a huge size", slotRequest("a", "99999999999999999999"), stanza.BadRequest, ""},
		{"no name", slotRequest("", "1"), stanza.BadRequest, ""},
		{"another element", `<slot xmlns="urn:xmpp:http:upload:0"/>`, stanza.ServiceUnavailable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "", uploading)
			s.register()
			n := s.ask("get", transport, c.request)
			if e := stanza.ErrorOf(n); e == nil || e.Condition != c.condition || !strings.Contains(xmlOf(n), c.more) {
				t.Errorf("%s", xmlOf(n))
			}
		})
	}
	t.Run("the database is not available", func(t *testing.T) {
		s := play(t, "", uploading)
		if err := s.store.Close(); err != nil {
			t.Fatal(err)
		}
		if got := s.refused("get", transport, slotRequest("a", "1")); got != stanza.ResourceConstraint {
			t.Errorf("%s", got)
		}
	})
	t.Run("not registered", func(t *testing.T) {
		s := play(t, "", uploading)
		if got := s.refused("get", transport, slotRequest("a", "1")); got != stanza.RegistrationRequired {
			t.Errorf("%s", got)
		}
	})
}

// TestAFullQuotaSaysWhenToTryAgain has 1,000 requests at once.
func TestAFullQuotaSaysWhenToTryAgain(t *testing.T) {
	s := play(t, "", uploading)
	s.register()
	for i := range 1000 {
		s.user(fmt.Sprintf(`<iq type="get" id="u%d" from="%s" to="%s">%s</iq>`, i, desktop, transport, slotRequest("a", "1000")))
	}
	slots := 0
	for range 1000 {
		n := s.expect("an answer", func(n *xmltree.Node) bool { return n.Name == "iq" && strings.HasPrefix(stanza.Attr(n, "id"), "u") })
		switch e := stanza.ErrorOf(n); {
		case e == nil:
			slots++
		case e.Condition != stanza.ResourceConstraint || !strings.Contains(xmlOf(n), `<retry xmlns="urn:xmpp:http:upload:0" stamp="`):
			t.Fatalf("%s", xmlOf(n))
		}
	}
	if slots != 5 {
		t.Errorf("%d slots", slots)
	}
}
