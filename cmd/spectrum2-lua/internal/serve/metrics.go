package serve

import (
	"fmt"

	dto "github.com/prometheus/client_model/go"

	"spectrumlua/runtime/metrics"
)

// serveMetrics starts the listeners of [metrics] listen. Transports that name the same
// address share one. A listener that cannot start is an error in their logs: it is no reason
// to serve nobody.
func (p *process) serveMetrics() {
	shared := map[string][]*Transport{}
	var addresses []string
	for _, t := range p.transports {
		address := t.metrics.Listen
		if address == "" {
			continue
		}
		if shared[address] == nil {
			addresses = append(addresses, address)
		}
		shared[address] = append(shared[address], t)
		t.backend.Measure()
	}
	for _, address := range addresses {
		all := shared[address]
		s, err := metrics.Listen(address, gather(all), all[0].log)
		for _, t := range all {
			if err != nil {
				t.log.Errorf("%s: [metrics] listen: metrics are not served: %v", t.metrics.Where(), err)
			} else {
				t.log.Infof("metrics are served at http://%s%s", s.Address(), metrics.Path)
			}
		}
		if err == nil {
			p.scraped = append(p.scraped, s)
		}
	}
}

// gather returns a function that collects the metrics of transports.
func gather(all []*Transport) metrics.Gather {
	return func() ([]*dto.MetricFamily, error) {
		var families [][]*dto.MetricFamily
		for _, t := range all {
			one, err := t.backend.Metrics()
			if err != nil {
				return nil, err
			}
			families = append(families, one)
		}
		return metrics.Merge(families...), nil
	}
}

// checkMetrics tests the address of [metrics] listen.
func (t *Transport) checkMetrics() Finding {
	s, err := metrics.Listen(t.metrics.Listen, nil, t.log)
	if err != nil {
		return Finding{Failed, "metrics", fmt.Sprintf("%s: [metrics] listen: %v", t.metrics.Where(), err), "choose another port, or stop the program that uses it"}
	}
	defer s.Close()
	return Finding{Passed, "metrics", "http://" + s.Address() + metrics.Path, ""}
}
