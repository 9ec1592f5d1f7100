package files

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"spectrumlua/runtime/config"
)

// Settings are the checked keys of the section [files], including the defaults.
type Settings struct {
	Listen    string        // host:port; "" if the section does not set it: files are off
	PublicURL string        // without a slash at its end; "" means the address of the listener
	Folder    string        // absolute
	MaxSize   int64         // of a file, in bytes
	Quota     int64         // of all files together, in bytes
	UserQuota int64         // of the files of a user, in bytes
	Expire    time.Duration // how long a file is kept
	Cert, Key string        // absolute; "" without TLS

	where string // the position of listen in the config
}

// Defaults of the keys.
const (
	defaultMaxSize   = 100 << 20
	defaultQuota     = 10 << 30
	defaultUserQuota = 1 << 30
	defaultExpire    = 7 * 24 * time.Hour
)

// Bounds of expire.
const (
	leastExpire = time.Minute
	mostExpire  = 10 * 365 * 24 * time.Hour
)

// keys are the names of all keys of [files].
var keys = []string{"listen", "public_url", "max_size", "expire", "folder", "quota", "user_quota", "cert", "key"}

// On reports whether the transport shares files.
func (s Settings) On() bool { return s.Listen != "" }

// AnyPort reports whether the system chooses the port.
func (s Settings) AnyPort() bool { return strings.HasSuffix(s.Listen, ":0") }

// ReadSettings reads the section [files]. Its error joins an error with file and line for
// each mistake.
func ReadSettings(c *config.Config) (Settings, error) {
	r := &reader{config: c}
	s := Settings{
		Folder:    r.path("folder", c.WorkingDir()),
		Cert:      r.path("cert", c.Dir()),
		Key:       r.path("key", c.Dir()),
		MaxSize:   r.bytes("max_size", defaultMaxSize),
		Quota:     r.bytes("quota", defaultQuota),
		UserQuota: r.bytes("user_quota", defaultUserQuota),
		Expire:    r.expire(),
		where:     c.Where("files.listen"),
	}
	s.Folder = cmp.Or(s.Folder, filepath.Join(c.WorkingDir(), "files"))
	s.Listen = r.listen()
	s.PublicURL = r.publicURL(s)
	if (s.Cert == "") != (s.Key == "") {
		given := map[bool]string{true: "cert", false: "key"}[s.Cert != ""]
		r.wrong(given, "TLS needs both cert and key")
	}
	r.problems = append(r.problems, c.Unknown("files", keys)...)
	return s, errors.Join(r.problems...)
}

type reader struct {
	config   *config.Config
	problems []error
}

func (r *reader) get(key string) string {
	value, _ := r.config.Get("files." + key)
	return value
}

func (r *reader) wrong(key, format string, args ...any) {
	r.problems = append(r.problems, r.config.Wrong("files."+key, fmt.Sprintf(format, args...)))
}

func (r *reader) path(key, dir string) string {
	value := r.get(key)
	if value == "" || filepath.IsAbs(value) {
		return value
	}
	return filepath.Join(dir, value)
}

func (r *reader) bytes(key string, otherwise int64) int64 {
	value, ok, err := r.config.Bytes("files." + key)
	switch {
	case !ok:
		return otherwise
	case err != nil:
		r.problems = append(r.problems, err)
	case value <= 0:
		r.wrong(key, "it has to be more than 0")
	default:
		return value
	}
	return otherwise
}

func (r *reader) expire() time.Duration {
	value, ok, err := r.config.Number("files.expire")
	if err != nil {
		r.problems = append(r.problems, err)
	}
	if !ok || err != nil {
		return defaultExpire
	}
	if value < leastExpire.Seconds() || value > mostExpire.Seconds() {
		r.wrong("expire", "it has to be a number of seconds from %.0f to %.0f", leastExpire.Seconds(), mostExpire.Seconds())
		return defaultExpire
	}
	return time.Duration(value * float64(time.Second))
}

func (r *reader) listen() string {
	address, err := r.config.Address("files.listen", "8090")
	if err != nil {
		r.problems = append(r.problems, err)
	}
	return address
}

func (r *reader) publicURL(s Settings) string {
	value := strings.TrimRight(r.get("public_url"), "/")
	if value == "" {
		if host, _, err := net.SplitHostPort(s.Listen); err == nil && net.ParseIP(host).IsUnspecified() {
			r.wrong("listen", "public_url is missing: it is the address that clients use, such as https://files.example.org")
		}
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.wrong("public_url", "it has to be an address such as https://files.example.org or https://example.org/files")
		return ""
	}
	if s.Listen == "" {
		r.wrong("public_url", "listen is missing: it is the port or host:port where this program listens")
	}
	return value
}
