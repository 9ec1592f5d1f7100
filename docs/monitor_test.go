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

// Places of labels: after by, in matchers, and in texts.
var (
	groupedBy = regexp.MustCompile(`\bby \(([^)]*)\)`)
	matcher   = regexp.MustCompile(`[{,]\s*(\w+)\s*[=!]~?`)
	inText    = regexp.MustCompile(`\{\{ ?(?:\$labels\.)?(\w+) ?\}\}`)
)

// usedMetrics returns the metrics in an expression.
func usedMetrics(expr string) (used []metrics.Info) {
	for _, name := range metricName.FindAllString(expr, -1) {
		for _, m := range metrics.All() {
			if name == m.Name || strings.HasPrefix(name, m.Name+"_") && m.Type == metrics.Histogram {
				used = append(used, m)
			}
		}
	}
	return used
}

// checkLabels reports labels of an expression and of its text that its metrics do not have.
func checkLabels(t *testing.T, where, expr, text string) {
	t.Helper()
	labels := []string{"jid", "job", "instance"}
	for _, m := range usedMetrics(expr) {
		labels = append(labels, m.Labels...)
		if m.Type == metrics.Histogram {
			labels = append(labels, "le")
		}
	}
	var used []string
	for _, found := range matcher.FindAllStringSubmatch(expr, -1) {
		used = append(used, found[1])
	}
	results := labels // of the expression
	if all := groupedBy.FindAllStringSubmatch(expr, -1); len(all) > 0 {
		results = strings.Split(all[0][1], ", ")
		for _, found := range all {
			used = append(used, strings.Split(found[1], ", ")...)
		}
	}
	for _, label := range used {
		if !slices.Contains(labels, label) {
			t.Errorf("%s: %s has no label %s", where, expr, label)
		}
	}
	for _, found := range inText.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(results, found[1]) {
			t.Errorf("%s: %s: the result has no label %s", where, text, found[1])
		}
	}
}

// checkRestarts reports an expression that waits for changes of a series with the pid of a
// process. Another process has another series.
func checkRestarts(t *testing.T, where, expr string) {
	t.Helper()
	if !strings.Contains(expr, "changes(") || strings.Contains(expr, " unless ") {
		return
	}
	for _, m := range usedMetrics(expr) {
		if slices.Contains(m.Labels, "pid") {
			t.Errorf("%s: %s of an ended process does not change", where, m.Name)
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
			Targets []struct{ Expr, LegendFormat string }
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
			checkLabels(t, panel.Title, target.Expr, target.LegendFormat)
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
			checkLabels(t, rule.Alert, rule.Expr, rule.Annotations["summary"])
			checkRestarts(t, rule.Alert, rule.Expr)
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
		for _, args := range [][]string{{"check", "rules", "../examples/monitoring/alerts.yml"}, {"test", "rules", "testdata/monitoring/alerts_test.yml"}} {
			if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
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
