package backend

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	dto "github.com/prometheus/client_model/go"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// metricsOf returns the values of a metric, by their labels.
func metricsOf(t *testing.T, b *Backend, name string) map[string]float64 {
	t.Helper()
	families, err := b.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "spectrum2_lua_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetName() != "jid" {
					labels = append(labels, l.GetValue())
				}
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if f.GetType() == dto.MetricType_HISTOGRAM {
				value = float64(m.GetHistogram().GetSampleCount())
			}
			all[strings.Join(labels, " ")] = value
		}
	}
	return all
}

// receive passes a message to the script and waits until it is handled.
func receive(t *testing.T, b *Backend, typ string, m proto.Message) {
	t.Helper()
	payload, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	b.host.Sessions().Receive(t.Context(), schema.TypeByName(typ), payload, nil)
	b.Probe()
}

// TestHandlersAreMeasuredFromTheFirstScrapeOn has a handler before and after it.
func TestHandlersAreMeasuredFromTheFirstScrapeOn(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/script.lua", `local on = {}
function on.login(session) session:connected() end
function on.conv_message() error "broken" end
return on
`, time.Now())
	b, _ := start(t, dir)
	user := "alice@localhost"
	receive(t, b, "login", &pb.Login{User: &user, LegacyName: proto.String("a"), Password: proto.String("p")})
	if got := metricsOf(t, b, "handler_duration_seconds"); len(got) != 0 {
		t.Errorf("%v was measured before the first scrape", got)
	}
	receive(t, b, "conv_message", &pb.ConversationMessage{UserName: &user, BuddyName: proto.String("b"), Message: proto.String("x")})
	if got := metricsOf(t, b, "handler_duration_seconds"); fmt.Sprint(got) != "map[conv_message:1]" {
		t.Errorf("%v", got)
	}
	if got := metricsOf(t, b, "script_errors_total"); got["handler"] != 1 || got["task"] != 0 {
		t.Errorf("the errors are %v", got)
	}
	if got := metricsOf(t, b, "messages_total"); got["sent connected"] != 1 {
		t.Errorf("the messages are %v", got)
	}
	if got := metricsOf(t, b, "user_mailbox_messages"); len(got) != 0 {
		t.Errorf("users are named: %v", got)
	}
	b.opts.Metrics.Users = true
	if got := metricsOf(t, b, "user_mailbox_messages"); fmt.Sprint(got) != "map[alice@localhost:0]" {
		t.Errorf("the mailboxes are %v", got)
	}
	write(t, dir+"/script.lua", "x = = 1", time.Now())
	_ = b.Load()
	if got := metricsOf(t, b, "script_loads_total"); got["success"] != 1 || got["failure"] != 1 {
		t.Errorf("the loads are %v", got)
	}
}
