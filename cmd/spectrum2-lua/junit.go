package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

// The elements of a JUnit file that its readers agree on.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
		took     time.Duration
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// junit encodes results as a JUnit file with one suite for each test file.
func junit(results []scripttest.Result) ([]byte, error) {
	var all junitSuites
	var total time.Duration
	for _, r := range results {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != r.File {
			all.Suites = append(all.Suites, junitSuite{Name: r.File})
		}
		suite := &all.Suites[len(all.Suites)-1]
		c := junitCase{Name: r.Name, Class: r.File, File: r.File, Time: inSeconds(r.Took), Output: strings.Join(r.Log, "\n")}
		if r.Name == "" {
			c.Name = "(the file)"
		}
		switch {
		case r.Failed():
			text := strings.Join(r.Failures, "\n")
			first, _, _ := strings.Cut(text, "\n")
			c.Failure = &junitFailure{Message: first, Text: text}
			suite.Failures++
			all.Failures++
		case r.Skipped != "":
			c.Skipped = &junitSkipped{r.Skipped}
			suite.Skipped++
			all.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
		suite.Tests++
		all.Tests++
		suite.took += r.Took
		suite.Time = inSeconds(suite.took)
		total += r.Took
	}
	all.Time = inSeconds(total)
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
