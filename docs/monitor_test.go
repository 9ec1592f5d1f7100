package docs_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"

	"spectrumlua/runtime/metrics"
)

// metricName matches the name of a metric in a text. A text such as spectrum2_lua_backend is
// that of the program.
var metricName = regexp.MustCompile(`\bspectrum2_lua_[a-z_]+\b`)

// knownMetrics returns the names that expressions may use.
func knownMetrics() []string {
	names := []string{"spectrum2_lua_backend"}
	for _, m := range metrics.All() {
		names = append(names, m.Name)
		if m.Type == metrics.Histogram {
			names = append(names, m.Name+"_bucket", m.Name+"_count", m.Name+"_sum")
		}
	}
	return names
}

// checkMetrics reports metrics in a text that do not exist.
func checkMetrics(t *testing.T, where, text string) {
	t.Helper()
	known := knownMetrics()
	for _, name := range metricName.FindAllString(text, -1) {
		if !slices.Contains(known, name) && name != strings.TrimSuffix(metrics.Prefix, "_") {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

func TestMonitoringPageHasEveryMetric(t *testing.T) {
	page := read(t, "docs/admin/monitor.md")
	list := section(t, page, "## The metrics")
	for _, m := range metrics.All() {
		labels := make([]string, len(m.Labels))
		for i, l := range m.Labels {
			labels[i] = "`" + l + "`"
		}
		hasRow(t, "The metrics", list, "`"+m.Name+"`", string(m.Type), strings.Join(labels, ", "), m.Help)
	}
	if rows := strings.Count(list, "\n| `"); rows != len(metrics.All()) {
		t.Errorf("The metrics has %d rows, but there are %d metrics", rows, len(metrics.All()))
	}
	checkMetrics(t, "monitor.md", page)
	checkMetrics(t, "troubleshoot.md", read(t, "docs/admin/troubleshoot.md"))
}

func TestDashboardShowsMetricsThatExist(t *testing.T) {
	text := read(t, "examples/monitoring/dashboard.json")
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
		t.Fatal(err)
	}
	checkMetrics(t, "dashboard.json", text)
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("%s shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			if !metricName.MatchString(target.Expr) || !balanced(target.Expr) {
				t.Errorf("%s: %s", panel.Title, target.Expr)
			}
		}
	}
	if len(dashboard.Panels) < 15 {
		t.Errorf("the dashboard has %d panels", len(dashboard.Panels))
	}
}

func TestAlertsUseMetricsThatExist(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For string
				Annotations      map[string]string
			}
		}
	}
	if err := yaml.UnmarshalStrict([]byte(read(t, "examples/monitoring/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			n++
			checkMetrics(t, rule.Alert, rule.Expr)
			if rule.Annotations["summary"] == "" || !balanced(rule.Expr) || !metricName.MatchString(rule.Expr) && !strings.HasPrefix(rule.Expr, "up{") {
				t.Errorf("%+v", rule)
			}
		}
	}
	if n < 10 {
		t.Errorf("there are %d alerts", n)
	}
	var scrape map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "examples/monitoring/prometheus.yml")), &scrape); err != nil || scrape["scrape_configs"] == nil {
		t.Errorf("%v, %v", scrape, err)
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "../examples/monitoring/alerts.yml").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// balanced reports whether the brackets of an expression match.
func balanced(expr string) bool {
	var open []rune
	pairs := map[rune]rune{')': '(', ']': '[', '}': '{'}
	for _, r := range expr {
		switch r {
		case '(', '[', '{':
			open = append(open, r)
		case ')', ']', '}':
			if len(open) == 0 || open[len(open)-1] != pairs[r] {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

func TestConfigurationPageHasTheKeysOfMetrics(t *testing.T) {
	text := section(t, read(t, "docs/admin/configuration.md"), "## `[metrics]`")
	for _, key := range metrics.Keys() {
		hasRow(t, "[metrics]", text, fmt.Sprintf("`%s`", key))
	}
}
