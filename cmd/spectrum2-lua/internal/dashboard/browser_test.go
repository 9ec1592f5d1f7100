//go:build e2e

package dashboard

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience limits the steps of one test in the browser.
const patience = 2 * time.Minute

// chromium is a tab of a headless Chromium.
type chromium struct {
	*testing.T
	context.Context
	mu      sync.Mutex
	console []string
	offline bool // the server does not answer any more
}

// newChromium starts a browser, and fails the test if a page has an error.
func newChromium(t *testing.T) *chromium {
	t.Helper()
	program := os.Getenv("E2E_CHROMIUM")
	if program == "" {
		t.Fatal("run.sh sets E2E_CHROMIUM")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1360, 900),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, closed := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the end of the browser
		closed()
	})
	c := &chromium{T: t, Context: ctx}
	c.do()
	if err := chromedp.Listen(ctx, c.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, text := range c.console {
			t.Errorf("the console has: %s", text)
		}
	})
	return c
}

// listen collects what the console shows.
func (c *chromium) listen(happened any) {
	text := ""
	switch e := happened.(type) {
	case *runtime.EventExceptionThrown:
		text = fmt.Sprint("an exception: ", e.ExceptionDetails.Text, " ", e.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		text = fmt.Sprint("a call of console.", e.Type)
	case *cdplog.EventEntryAdded:
		text = e.Entry.Text + " " + e.Entry.URL
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == "" || c.offline && strings.Contains(text, "net::ERR_") {
		return
	}
	c.console = append(c.console, text)
}

// do does steps.
func (c *chromium) do(steps ...chromedp.Action[chromedp.Void]) {
	c.Helper()
	if err := chromedp.Do(c.Context, steps...); err != nil {
		c.Fatal(err)
	}
}

// open opens the page of a dashboard by its token.
func (c *chromium) open(b *browser) {
	c.Helper()
	c.do(chromedp.Navigate(b.server.URL+"/?token="+b.token), chromedp.WaitReady(chromedp.CSS("#log")))
	if address := ask[string](c, `location.href`); strings.Contains(address, b.token) {
		c.Errorf("the address still has the token: %s", address)
	}
}

// await waits until the text of an element contains a part.
func (c *chromium) await(element, part string) {
	c.Helper()
	text := ""
	for !strings.Contains(text, part) {
		if c.Err() != nil {
			c.Fatalf("waiting for %q in %s, which has %q: %v", part, element, text, c.Err())
		}
		text = ask[string](c, fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, element))
	}
}

// ask evaluates an expression.
func ask[T any](c *chromium, expression string) T {
	c.Helper()
	value, err := chromedp.Run(c.Context, chromedp.Evaluate[T](expression))
	if err != nil {
		c.Fatalf("%v: %s", err, expression)
	}
	return value
}

// tabTo presses Tab until an element has the focus, and checks that the focus can be seen.
func (c *chromium) tabTo(id string) {
	c.Helper()
	var seen []string
	for range 60 {
		c.do(chromedp.KeyEvent(kb.Tab))
		focused := ask[struct{ ID, Outline string }](c, `(() => { const e = document.activeElement, s = getComputedStyle(e);
			return { ID: e.id || e.textContent.trim().slice(0, 20), Outline: s.outlineStyle + " " + s.outlineWidth } })()`)
		if focused.Outline != "solid 3px" {
			c.Errorf("the focus on %q cannot be seen: %s", focused.ID, focused.Outline)
		}
		if seen = append(seen, focused.ID); focused.ID == id {
			return
		}
	}
	c.Fatalf("Tab does not lead to %s, but to %q", id, seen)
}

// scheme selects the light or the dark style.
func scheme(name string) chromedp.Action[chromedp.Void] {
	return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

// upToDate waits until the page is kept up to date.
var upToDate = chromedp.WaitReady(chromedp.CSS(`html[data-live="yes"]`))

// call returns the step of a command.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// withoutScripts is a browser whose user has turned JavaScript off.
func withoutScripts() chromedp.Action[chromedp.Void] {
	return call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

func TestBrowserShowsChangesAtOnce(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	c := newChromium(t)
	c.open(b)
	c.do(upToDate)
	a.change(func(a *backend) { a.process.Users = 4711 })
	b.sample(t.Context())
	c.await("#processes", "4711")
	c.await("#tiles", "4,711")
	a.server.Close()
	b.sample(t.Context())
	c.await("#activity", "of a.localhost has ended")
	c.mu.Lock()
	c.offline = true
	c.mu.Unlock()
	b.server.CloseClientConnections()
	_ = b.server.Listener.Close()
	c.await("#connection", "The connection to the dashboard is lost")
}

func TestKeyboardReachesAllButtons(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	c := newChromium(t)
	c.open(b)
	c.do(upToDate)
	c.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	if skipped := ask[string](c, `document.activeElement.id`); skipped != "main" {
		t.Errorf("the first link leads to %q", skipped)
	}
	c.tabTo("reload-0")
	c.do(chromedp.KeyEvent(kb.Enter))
	c.await("#activity", "a.lua is generation 2")
	b.sample(t.Context())
	c.await("#processes", "2")
	c.tabTo("level-0") // the focus has not moved away
	c.do(chromedp.KeyEvent("d"))
	b.sample(t.Context()) // does not change the choice
	c.tabTo("set-0")
	c.do(chromedp.KeyEvent(" "))
	c.await("#activity", "the log level is debug")
	b.sample(t.Context())
	c.await("#processes", "log: debug")
	if focused := ask[string](c, `document.activeElement.id`); focused != "set-0" {
		t.Errorf("the focus has moved to %q", focused)
	}
}

func TestPageWorksWithoutScripts(t *testing.T) {
	a := newBackend(t, "a.localhost", true)
	b := open(t, Options{}, a)
	c := newChromium(t)
	c.do(withoutScripts())
	c.open(b)
	c.tabTo("Refresh")
	a.change(func(a *backend) { a.process.Users = 4711 })
	b.sample(t.Context())
	c.do(chromedp.KeyEvent(kb.Enter))
	c.await("#processes", "4711")
	c.tabTo("reload-0")
	c.do(chromedp.KeyEvent(kb.Enter))
	c.await("#activity", "a.lua is generation 2")
	if n := len(b.streams); n != 0 {
		t.Errorf("%d streams", n)
	}
}

// contrast finds the texts whose contrast is less than WCAG's AA, 4.5.
const contrast = `(() => {
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    if (e.disabled || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const front = light(parse(e instanceof SVGElement ? style.fill : style.color)), back = light(behind(e));
    const ratio = (Math.max(front, back) + .05) / (Math.min(front, back) + .05);
    if (ratio < 4.5) bad.push(e.tagName + " " + e.className + " " + ratio.toFixed(2) + ": " + e.textContent.slice(0, 30));
  }
  return bad;
})()`

func TestPageIsReadableInLightAndDark(t *testing.T) {
	b := picture(t)
	c := newChromium(t)
	c.open(b)
	backs := map[string]string{}
	for _, name := range []string{"light", "dark"} {
		c.do(scheme(name))
		if bad := ask[[]string](c, contrast); len(bad) > 0 {
			t.Errorf("%s: texts without contrast: %s", name, strings.Join(bad, "\n"))
		}
		backs[ask[string](c, `getComputedStyle(document.body).backgroundColor`)] = name
		for _, width := range []int64{320, 800, 1360, 2400} {
			c.do(chromedp.EmulateViewport(width, 900))
			if over := ask[int](c, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
				t.Errorf("%s: at a width of %d, the page is %d too wide", name, width, over)
			}
		}
	}
	if len(backs) != 2 {
		t.Errorf("light and dark look alike: %v", backs)
	}
}

// TestPicturesForTheDocs takes the pictures of docs/admin/dashboard.md, in E2E_PICTURES.
func TestPicturesForTheDocs(t *testing.T) {
	folder := os.Getenv("E2E_PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	b := picture(t)
	c := newChromium(t)
	for _, name := range []string{"light", "dark"} {
		c.do(scheme(name), chromedp.EmulateViewport(1280, 900))
		c.open(b)
		c.do(upToDate)
		shot, err := chromedp.Run(c.Context, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("%s/dashboard-%s.png", folder, name), reduced(t, shot), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
