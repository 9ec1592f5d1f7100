package dashboard

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"
)

//go:embed page
var pageFiles embed.FS

// assets are the files of the page with their types.
var assets = map[string]string{
	"style.css": "text/css; charset=utf-8",
	"page.js":   "text/javascript; charset=utf-8",
	"icon.svg":  "image/svg+xml",
}

// templates returns the page, and a template for each of its parts.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return t.Format("15:04:05") },
		"stamp": func(t time.Time) string { return t.Format(time.RFC3339) },
	}).ParseFS(pageFiles, "page/*.html"))
})

// partNames are the parts of the page that change. Each is a template, and the content of
// the element with this id.
var partNames = []string{"updated", "tiles", "charts", "processes", "transports", "activity", "handlers", "failures", "log"}

// page shows the page.
func (d *Dashboard) page(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	stale := d.state.at.IsZero() || len(d.streams) == 0 && time.Since(d.viewed) >= lookedFor
	d.viewed = time.Now()
	d.mu.Unlock()
	if stale {
		d.sample(r.Context()) // the last one has no errors and no log
	}
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, "page.html", d.view()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}

// parts returns the HTML of the parts that change, by their names.
func (d *Dashboard) parts() (map[string]string, error) {
	shown := d.view()
	all := map[string]string{}
	for _, name := range partNames {
		var out bytes.Buffer
		if err := templates().ExecuteTemplate(&out, name, shown); err != nil {
			return nil, err
		}
		all[name] = out.String()
	}
	return all, nil
}

// asset returns the handler of a file.
func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(text)
	}
}
