package luabind_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// TestAskSharesThePicture follows the link of a question, which ends with the question.
func TestAskSharesThePicture(t *testing.T) {
	st := luatest.Start(t, asking(`text = "Look", picture = "GIF89a"`), "[files]\nlisten=127.0.0.1:0")
	st.Login(alice)
	q := expectQuestion(t, st, "Look")
	if len(q.GetAttachment()) != 1 || string(q.GetPicture()) != "GIF89a" {
		t.Fatalf("the question has the attachments %v", q.GetAttachment())
	}
	a := q.GetAttachment()[0]
	if a.GetMimeType() != "image/gif" || a.GetName() != "picture.gif" || a.GetSize() != 6 || !strings.HasSuffix(a.GetUrl(), "/picture.gif") {
		t.Errorf("the attachment is %v", a)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	fetch := func() (status int, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.GetUrl(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(content)
	}
	if status, body := fetch(); status != http.StatusOK || body != "GIF89a" {
		t.Errorf("the link answers %d, %q", status, body)
	}
	writes(st, "ok")
	st.Expect("answer", &pb.Answer{})
	expectNotice(t, st, "got ok, nil")
	for { // the file is removed in the background
		status, _ := fetch()
		if status == http.StatusNotFound {
			break
		}
		if status != http.StatusOK {
			t.Fatalf("the link answers %d after the end of the question", status)
		}
	}
}

// TestAskWithoutALink has no files, or a full quota.
func TestAskWithoutALink(t *testing.T) {
	for name, lines := range map[string]string{"no files": "", "a full quota": "[files]\nlisten=127.0.0.1:0\nquota=5"} {
		t.Run(name, func(t *testing.T) {
			st := luatest.Start(t, asking(`text = "Look", picture = "GIF89a"`), lines)
			st.Login(alice)
			if q := expectQuestion(t, st, "Look"); len(q.GetAttachment()) != 0 || string(q.GetPicture()) != "GIF89a" {
				t.Errorf("the question is %v", q)
			}
		})
	}
}
