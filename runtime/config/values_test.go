package config_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/config"
)

func TestBoolParsesValues(t *testing.T) {
	tests := map[string]bool{"1": true, "true": true, "yes": true, "on": true, "TRUE": true, "Yes": true,
		"0": false, "false": false, "no": false, "off": false, "Off": false}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			c := parse(t, "[x]\na="+text+"\n", config.Options{})
			if got, ok, err := c.Bool("x.a"); got != want || !ok || err != nil {
				t.Errorf("Bool = %v, %v, %v", got, ok, err)
			}
		})
	}
	c := parse(t, "[x]\nword=maybe\nempty=\nlist=1\nlist=no\n", config.Options{
		Overrides: []config.Override{{Key: "x.over", Value: "2"}}})
	errs := map[string]string{
		"x.word":  `t.cfg:2: [x] word has to be 1, true, yes, on, 0, false, no or off, not "maybe"`,
		"x.empty": `t.cfg:3: [x] empty has to be 1, true, yes, on, 0, false, no or off, not ""`,
		"x.over":  `command line: [x] over has to be 1, true, yes, on, 0, false, no or off, not "2"`,
	}
	for key, want := range errs {
		if _, ok, err := c.Bool(key); !ok || err == nil || short(err.Error()) != want {
			t.Errorf("Bool(%q): %v, %v, want %s", key, ok, err, want)
		}
	}
	if got, ok, err := c.Bool("x.list"); !got || !ok || err != nil {
		t.Errorf("Bool of a list = %v, %v, %v, want that of its first", got, ok, err)
	}
	if got, ok, err := c.Bool("x.none"); got || ok || err != nil {
		t.Errorf("Bool of an absent key = %v, %v, %v", got, ok, err)
	}
}

func TestNumberParsesValues(t *testing.T) {
	tests := map[string]float64{"0": 0, "12": 12, "-3": -3, "+4": 4, "0.5": 0.5, ".5": 0.5, "1e3": 1000, "1E-2": 0.01,
		"007": 7, "9007199254740992": 1 << 53, "-9007199254740992": -1 << 53, "1e300": 1e300}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			c := parse(t, "[x]\na="+text+"\n", config.Options{})
			if got, ok, err := c.Number("x.a"); got != want || !ok || err != nil {
				t.Errorf("Number = %v, %v, %v", got, ok, err)
			}
		})
	}
	const no, big = "t.cfg:2: [x] a has to be a number such as 12 or 0.5, not ", ", more than a number can hold exactly; read it as text"
	for text, want := range map[string]string{
		"":                       no + `""`,
		"a":                      no + `"a"`,
		"1 2":                    no + `"1 2"`,
		"1,5":                    no + `"1,5"`,
		"0x10":                   no + `"0x10"`,
		"1_000":                  no + `"1_000"`,
		"inf":                    no + `"inf"`,
		"NaN":                    no + `"NaN"`,
		"1e":                     no + `"1e"`,
		"--1":                    no + `"--1"`,
		"9007199254740993":       `t.cfg:2: [x] a is "9007199254740993"` + big, // a float64 would round it to 2^53
		"90071992547409930":      `t.cfg:2: [x] a is "90071992547409930"` + big,
		"1e999":                  `t.cfg:2: [x] a is "1e999"` + big,
		"http://u:p@h/":          no + "the given value (not shown)",
		strings.Repeat("é", 100): no + `"` + strings.Repeat("é", 30) + `"…`,
	} {
		t.Run("not "+text, func(t *testing.T) {
			c := parse(t, "[x]\na="+text+"\n", config.Options{})
			_, ok, err := c.Number("x.a")
			if !ok || err == nil || short(err.Error()) != want {
				t.Errorf("Number: %v, %v, want %s", ok, err, want)
			}
		})
	}
	c := parse(t, "", config.Options{})
	if got, ok, err := c.Number("x.none"); got != 0 || ok || err != nil {
		t.Errorf("Number of an absent key = %v, %v, %v", got, ok, err)
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	c := parse(t, "[x]\npassword=hunter2\nApi_Key=hunter2\ntoken=hunter2\nCLIENT_SECRET=hunter2\nconnectionstring=hunter2\n", config.Options{})
	for _, key := range c.Keys("x") {
		if _, _, err := c.Number("x." + key); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Number(%q): error %v", key, err)
		}
		if _, _, err := c.Bool("x." + key); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Bool(%q): error %v", key, err)
		}
	}
}
