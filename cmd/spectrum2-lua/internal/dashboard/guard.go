package dashboard

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// tokenKey is the name of the token in the URL, and the beginning of the cookie's name.
const tokenKey = "token"

// policy is the Content-Security-Policy of all answers.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard decides which requests reach the page.
//
// The token in the URL is exchanged for a cookie at once: the address of the page then has no
// secret that a screenshot, a bookmark or a copied link would show. The cookie is HttpOnly,
// and SameSite=Strict, so that no other site can use it. Other sites cannot reach the page
// with a name that resolves to this machine either, because the name in Host must be known.
type guard struct {
	token, session string
	public         Public
	address        string // host:port of the listener
	cookie         string // browsers share cookies between the ports of a host
}

// secretText returns a text that nobody can guess.
func secretText() string { return rand.Text() }

// equal compares with a secret in constant time.
func equal(got, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(secret)) == 1
}

// listen notes the address of the listener.
func (g *guard) listen(at net.Addr) {
	g.address = at.String()
	_, port, _ := net.SplitHostPort(g.address)
	g.cookie = "spectrum2-lua-" + port
}

// known reports whether a host, with or without a port, is a name of this page.
func (g *guard) known(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil { // browsers leave out the port of HTTP
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "80"
	}
	if g.public.host != "" {
		return strings.EqualFold(name, g.public.host) // a proxy may leave out the port
	}
	own, ownPort, _ := net.SplitHostPort(g.address)
	return port == ownPort && (name == own || name == "localhost")
}

// url returns the address of the page.
func (g *guard) url() string {
	if g.public.host == "" {
		return "http://" + g.address + "/"
	}
	_, port, _ := net.SplitHostPort(g.address)
	return g.public.address(port)
}

// ours reports whether an Origin is that of this page.
func (g *guard) ours(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if g.public.host != "" {
		return g.public.ours(u)
	}
	return u.Scheme == "http" && g.known(u.Host)
}

// protect rejects requests that are not from the page of a browser with the token.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		origin := r.Header.Get("Origin")
		path := r.URL.Path
		r.URL.Path = g.public.inner(path)
		switch given := r.URL.Query(); {
		case !g.known(r.Host):
			http.Error(w, "The name in the address is not that of the dashboard. Use the address that spectrum2-lua dashboard has printed.", http.StatusMisdirectedRequest)
		case origin != "" && !g.ours(origin):
			http.Error(w, "Another site has sent this request.", http.StatusForbidden)
		case path == g.public.path && path != "": // links of the page are relative to its folder
			redirect(w, (&url.URL{Path: path + "/", RawQuery: r.URL.RawQuery}).String())
		case given.Has(tokenKey) && r.Method == http.MethodGet && r.URL.Path == "/":
			g.exchange(w, r, given.Get(tokenKey))
		case !g.entered(r):
			refuse(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// exchange answers a request with a token: with the cookie, if the token is right.
func (g *guard) exchange(w http.ResponseWriter, r *http.Request, token string) {
	if !equal(token, g.token) {
		refuse(w)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.session, Path: g.public.path + "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: g.public.scheme == "https"})
	redirect(w, g.public.path+"/")
}

// redirect sends the browser to another path, as it sees paths.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// entered reports whether a request has the cookie.
func (g *guard) entered(r *http.Request) bool {
	cookie, err := r.Cookie(g.cookie)
	return err == nil && equal(cookie.Value, g.session)
}

func refuse(w http.ResponseWriter) {
	http.Error(w, "Open the address that spectrum2-lua dashboard has printed: it has the token. A restart of the command changes it.", http.StatusUnauthorized)
}
